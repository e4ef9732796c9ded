"""What crews should know of the place they go to, and where they may bring a patient: values, inputs and facts."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from engine.model.fact import Fact
from engine.model.geometry import Polygon
from engine.model.input import Command


class Severity(StrEnum):
    """How much a caution matters. Ordered from the least to the most."""

    NOTICE = "notice"
    CAUTION = "caution"
    DANGER = "danger"


class Caution(Struct, frozen=True):
    """A hazard or a hint about a place: an aggressive dog, a gas main, a violent resident."""

    id: str
    x_m: int
    y_m: int
    radius_m: int
    severity: Severity
    text: str
    until_ms: int | None
    """None: until somebody ends it."""
    polygon: Polygon | None = None
    """Only within this ring, which lies in the circle; None: in all of the circle."""


class HospitalState(StrEnum):
    """Whether a hospital takes patients."""

    OPEN = "open"
    BUSY = "busy"
    """Takes them, with delay."""
    DIVERTING = "diverting"
    """Takes none but those whom only it can help."""
    CLOSED = "closed"


class HospitalReport(Struct, frozen=True):
    """What a hospital said last."""

    hospital: str
    state: HospitalState
    waiting: int
    """Patients who wait to be taken in."""
    handover_ms: int | None
    """How long handing over takes now; None: as usual."""
    until_ms: int | None
    """The report is forgotten then; None: with the next one."""
    by: str


class Destination(Struct, frozen=True):
    """A hospital, judged for one patient."""

    hospital: str
    travel_ms: int
    """-1: there is no way."""
    delay_ms: int
    """What its load and its state add."""
    inbound: int
    """Units on their way to it or in it."""
    reason: str
    """"" for one that may be chosen; else why it is out."""


class RecordCaution(Command, frozen=True, gc=False):
    """Somebody should know this before going there."""

    x_m: int
    y_m: int
    radius_m: int
    severity: Severity
    text: str
    until_ms: int | None = None
    caution: str = ""
    """The sender's own name for it, to replace it under; empty: the engine gives it one."""
    polygon: Polygon | None = None
    """Only within this ring; the circle has to hold it."""


class EndCaution(Command, frozen=True, gc=False):
    """It is no longer so."""

    caution: str
    reason: str = ""


class ReportHospital(Command, frozen=True, gc=False):
    """What a hospital says of itself."""

    hospital: str
    state: HospitalState
    waiting: int = 0
    handover_ms: int | None = None
    until_ms: int | None = None


class RankDestinations(Command, frozen=True, gc=False):
    """Where should this unit bring its patient?"""

    unit: str
    needs: tuple[str, ...] = ()
    """Services that the patient needs."""


class ChooseDestination(Command, frozen=True, gc=False):
    """It brings its patient there."""

    unit: str
    hospital: str
    reason: str = ""
    """Asked for where another one ranked first."""


class CautionRecorded(Fact, frozen=True, gc=False):
    """Crews are told from now on."""

    caution: Caution
    by: str


class CautionEnded(Fact, frozen=True, gc=False):
    """It is no longer told."""

    caution: str
    reason: str
    by: str


class HospitalReported(Fact, frozen=True, gc=False):
    """Destinations are judged by this from now on."""

    report: HospitalReport


class HospitalReportLapsed(Fact, frozen=True, gc=False):
    """Nothing is known of it any more but what the place says."""

    hospital: str


class DestinationsRanked(Fact, frozen=True, gc=False):
    """Where the unit's patient should go, best first; those that are out come last, each with its reason."""

    unit: str
    incident: str
    needs: tuple[str, ...]
    ranked: tuple[Destination, ...]


class DestinationChosen(Fact, frozen=True, gc=False):
    """The unit brings its patient there."""

    unit: str
    incident: str
    hospital: str
    reason: str
    by: str


AnySurroundingsCommand: TypeAlias = RecordCaution | EndCaution | ReportHospital | RankDestinations | ChooseDestination

AnySurroundingsFact: TypeAlias = (
    CautionRecorded | CautionEnded | HospitalReported | HospitalReportLapsed | DestinationsRanked | DestinationChosen
)
