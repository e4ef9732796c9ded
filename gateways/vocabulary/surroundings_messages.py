"""Messages about places and destinations: cautions and hospitals. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from engine.model.surroundings import HospitalState, Severity
from gateways.vocabulary.road_messages import Ring
from gateways.vocabulary.words import Command, Label, Latitude, Longitude, Name, Said, Text, Whole

Radius = Annotated[int, Meta(ge=0, le=20_000)]
Services = Annotated[tuple[Name, ...], Meta(max_length=16)]


class Caution(Command, frozen=True, gc=False, kw_only=True):
    """Somebody should know this before going there."""

    lat: Latitude
    lon: Longitude
    radius_m: Radius
    severity: Severity
    text: Said
    until_ms: Whole | None = None
    """None: until it is ended."""
    caution: Label = ""
    """Your own name for it; the same name again replaces it. Empty: it is given one."""
    polygon: Ring | None = None
    """Corners [lat, lon]: it holds only within them. The circle has to hold them all."""


class EndCaution(Command, frozen=True, gc=False, kw_only=True):
    """It is no longer so."""

    caution: Name
    reason: Text = ""


class HospitalStatus(Command, frozen=True, gc=False, kw_only=True):
    """What a hospital says of itself."""

    hospital: Name
    state: HospitalState
    waiting: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Patients who wait to be taken in."""
    handover_ms: Whole | None = None
    """How long handing over takes now; None: as usual."""
    until_ms: Whole | None = None
    """The report is forgotten then; None: with the next one."""


class RankDestinations(Command, frozen=True, gc=False, kw_only=True):
    """Where should this unit bring its patient?"""

    unit: Name
    needs: Services = ()
    """Services that the patient needs."""


class ChooseDestination(Command, frozen=True, gc=False, kw_only=True):
    """It brings its patient there."""

    unit: Name
    hospital: Name
    reason: Text = ""
    """Asked for where another one ranked first."""


AnySurroundingsMessage: TypeAlias = Caution | EndCaution | HospitalStatus | RankDestinations | ChooseDestination
