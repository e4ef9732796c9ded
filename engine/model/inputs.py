"""What the outside tells the engine. Frozen; each says who speaks and what about, none says what follows from it.

Three speakers: people and systems that command (`Command`, with an id that makes a repeat harmless), the feeds
and couriers that report, and the driver that owns the clock.
"""

from typing import TypeAlias

from engine.model.alert_facts import CopyState
from engine.model.clearing import Pace
from engine.model.crew_inputs import AnyCrewCommand
from engine.model.fixes import Fixes
from engine.model.forgetting import ForgetIncident
from engine.model.input import Command, Input
from engine.model.lifecycle import Status
from engine.model.moves import AnyMoveCommand, ProposeMoves
from engine.model.place import Place
from engine.model.response_inputs import AnyResponseCommand
from engine.model.roads import Learned, Stretch, Turnout
from engine.model.suggestions import SuggestStatus
from engine.model.surroundings import AnySurroundingsCommand

# ── the driver ──────────────────────────────────────────────────────────────────────────────────────────────


class AdoptPlace(Input, frozen=True, gc=False):
    """Decisions rest on this configuration from now on."""

    place: Place


class Resume(Input, frozen=True, gc=False):
    """The engine is back after it was down."""


class Tick(Input, frozen=True, gc=False):
    """Time has passed: see what is due."""


class PublishEpoch(Input, frozen=True, gc=False):
    """Travel times under the conditions of this epoch have been worked out beside the engine."""

    epoch: int


class LearnSpeeds(Input, frozen=True, gc=False):
    """The learner beside the engine has judged the fleet's drives anew; it replaces what was learned before."""

    learned: Learned


class LearnTurnouts(Input, frozen=True, gc=False):
    """The learner beside the engine has judged the crews' turnouts anew; they replace what was learned before."""

    turnouts: tuple[Turnout, ...]


class LearnService(Input, frozen=True, gc=False):
    """The learner beside the engine has judged anew how long work takes; it replaces what was learned before."""

    paces: dict[str, Pace]
    """By incident type."""


# ── feeds and couriers ──────────────────────────────────────────────────────────────────────────────────────


class ReportPositions(Input, frozen=True, gc=False):
    """Where units are; the newest fix of each since the last such input."""

    fixes: Fixes


class ReportAttempt(Input, frozen=True, gc=False):
    """A courier tried to deliver an alert."""

    alert: str
    rung: int
    attempt: int
    delivered: bool
    detail: str = ""


class ReportReceipt(Input, frozen=True, gc=False):
    """The recipient of an alert has acknowledged it."""

    alert: str
    by: str


class ReportCopy(Input, frozen=True, gc=False, kw_only=True):
    """One recipient's copy of an alert has come this far. An acknowledgement stops the ladder."""

    alert: str
    endpoint: str
    recipient: str
    state: CopyState
    rung: int = -1
    """Of the attempt that this is the outcome of; -1: heard of later."""
    detail: str = ""
    by: str = ""
    """Who acknowledges; "": the recipient."""
    at_ms: int = 0
    """When, by the other side's own clock; 0 if it does not say."""


# ── people and systems ──────────────────────────────────────────────────────────────────────────────────────


class ReportIncident(Command, frozen=True, gc=False):
    """A call has come in."""

    type: str
    x_m: int
    y_m: int
    priority: int | None = None
    """None: the type's own."""
    address: str = ""
    caller: str = ""
    note: str = ""
    external: str = ""
    """The reporting system's own number for it."""
    code: str = ""
    """Determinant code, as in 9-E-1. With one, `type` may be empty: the place's determinations say it."""
    due_ms: int | None = None
    """A scheduled incident: nobody is sent before then."""


class AmendIncident(Command, frozen=True, gc=False):
    """More, or better, is known. What is None stays as it was."""

    incident: str
    type: str | None = None
    priority: int | None = None
    x_m: int | None = None
    y_m: int | None = None
    address: str | None = None
    caller: str | None = None
    code: str | None = None


class CancelIncident(Command, frozen=True, gc=False):
    """Nobody is needed after all; units on their way are released."""

    incident: str
    reason: str


class CloseIncident(Command, frozen=True, gc=False):
    """The work is done and every unit is clear."""

    incident: str
    disposition: str


class LinkIncidents(Command, frozen=True, gc=False):
    """Two incidents belong together, each with its own response."""

    incident: str
    other: str


class MergeIncident(Command, frozen=True, gc=False):
    """One occurrence was reported twice: `incident` goes on as part of `into`."""

    incident: str
    into: str


class AddNote(Command, frozen=True, gc=False):
    """Something worth writing down."""

    incident: str
    text: str


class RecommendUnits(Command, frozen=True, gc=False):
    """Look again, and say why."""

    incident: str


class ReserveUnits(Command, frozen=True, gc=False):
    """Keep these units for the incident without telling them yet."""

    incident: str
    units: tuple[str, ...]
    reason: str = ""


class DispatchUnits(Command, frozen=True, gc=False):
    """Tell these units to go."""

    incident: str
    units: tuple[str, ...]
    reason: str = ""
    """Asked for where a unit is not the recommended one."""


class DivertUnit(Command, frozen=True, gc=False):
    """Send a unit that is under way to one incident to a more urgent one."""

    unit: str
    incident: str
    reason: str


class ReleaseUnit(Command, frozen=True, gc=False):
    """The incident no longer needs this unit."""

    unit: str
    incident: str
    reason: str


class ReportStatus(Command, frozen=True, gc=False):
    """A unit's own word, or a dispatcher's on its behalf."""

    unit: str
    status: Status
    at_ms: int | None = None
    """When it became true, by the reporter's clock; None is now."""
    incident: str | None = None
    """The incident that the reporter has in mind: a report about an assignment that has ended is refused."""


class DeclareEmergency(Command, frozen=True, gc=False):
    """The unit itself needs help, now."""

    unit: str
    text: str = ""


class ResolveEmergency(Command, frozen=True, gc=False):
    """A person says that the unit is safe."""

    unit: str
    reason: str


class AcknowledgeAlarm(Command, frozen=True, gc=False):
    """A person has seen the alarm and owns it."""

    alarm: str


class AcknowledgeAlert(Command, frozen=True, gc=False):
    """A person says that the recipient has been told."""

    alert: str


class CloseRoad(Command, frozen=True, gc=False):
    """Nobody can drive through there."""

    stretch: Stretch
    reason: str = ""
    until_ms: int | None = None
    """None: until somebody opens it."""
    closure: str = ""
    """The sender's own name for it, to replace it under; empty: the engine gives it one."""


class OpenRoad(Command, frozen=True, gc=False):
    """The closure is over."""

    closure: str
    reason: str = ""


class ReportTraffic(Command, frozen=True, gc=False):
    """Driving there takes this part of its usual time until then. 100 percent under a name that is known ends it."""

    stretch: Stretch
    percent: int
    until_ms: int
    slowing: str = ""
    """The sender's own name for it, to replace it under; empty: the engine gives it one."""


class ReportWeather(Command, frozen=True, gc=False):
    """All driving takes this part of its usual time until then. 100 percent ends what was reported before."""

    weather: str
    """In words: snow, ice, heavy rain."""
    percent: int
    until_ms: int


AnyCommand: TypeAlias = (
    ReportIncident
    | AmendIncident
    | CancelIncident
    | CloseIncident
    | LinkIncidents
    | MergeIncident
    | AddNote
    | RecommendUnits
    | ReserveUnits
    | DispatchUnits
    | DivertUnit
    | ReleaseUnit
    | ReportStatus
    | DeclareEmergency
    | ResolveEmergency
    | AcknowledgeAlarm
    | AcknowledgeAlert
    | CloseRoad
    | OpenRoad
    | ReportTraffic
    | ReportWeather
    | AnyResponseCommand
    | AnyCrewCommand
    | AnySurroundingsCommand
    | AnyMoveCommand
    | ForgetIncident
)

AnyInput: TypeAlias = (
    AdoptPlace
    | Resume
    | Tick
    | PublishEpoch
    | LearnSpeeds
    | LearnTurnouts
    | LearnService
    | ProposeMoves
    | ReportPositions
    | ReportAttempt
    | ReportReceipt
    | ReportCopy
    | SuggestStatus
    | AnyCommand
)
