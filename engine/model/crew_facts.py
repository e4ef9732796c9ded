"""Facts about crews: who is on board, roll-calls, what they said and were told, and what neighbours were asked for."""

from typing import TypeAlias

from engine.model.crew_inputs import Help
from engine.model.fact import Fact


class StaffingChanged(Fact, frozen=True, gc=False):
    """The unit has this crew now."""

    unit: str
    staff: int
    brings: int
    """Capability mask that the crew adds."""
    by: str


class RollCalled(Fact, frozen=True, gc=False):
    """These units were asked whether their people are well; each owes its own answer."""

    incident: str
    units: tuple[str, ...]
    answer_by_ms: int
    by: str


class RollAnswered(Fact, frozen=True, gc=False):
    """The unit's people are accounted for. It speaks for no other unit."""

    unit: str
    incident: str
    by: str


class AidRequested(Fact, frozen=True, gc=False):
    """A neighbour was asked for this unit, which is kept for the incident until it answers."""

    unit: str
    agency: str
    incident: str
    slot: str | None
    expires_ms: int
    by: str
    eta_ms: int = -1
    """Dispatch to arrival, if it were sent now."""
    deviation: str = ""
    """Why this unit and not the recommended one, where a person decided so."""


class AidCommitted(Fact, frozen=True, gc=False):
    """The neighbour sends it."""

    unit: str
    agency: str
    incident: str
    by: str


class AidDeclined(Fact, frozen=True, gc=False):
    """The neighbour does not send it, or has not answered in time."""

    unit: str
    agency: str
    incident: str
    reason: str
    by: str


class DispatchDeclined(Fact, frozen=True, gc=False):
    """Its crew does not go. It is sent there again only by a person's word."""

    unit: str
    incident: str
    reason: str
    at_ms: int
    by: str


class DelayReported(Fact, frozen=True, gc=False):
    """Its crew says when it arrives, and that is later than was expected."""

    unit: str
    incident: str
    arrive_ms: int
    """Expected on scene, in ms since the epoch."""
    late_ms: int
    """Against what was told when it was sent."""
    reason: str
    at_ms: int
    by: str


class HelpRequested(Fact, frozen=True, gc=False):
    """A crew asks for somebody to come as well. An alarm of the same turn puts it before a person."""

    unit: str
    incident: str | None
    """Where it is working; None if nowhere."""
    what: Help
    text: str
    at_ms: int
    by: str


class UnitTold(Fact, frozen=True, gc=False):
    """Somebody has words for a crew; the alert brings them."""

    unit: str
    incident: str | None
    """Where it is working; None if nowhere."""
    text: str
    alert: str
    by: str


class UnitSaid(Fact, frozen=True, gc=False):
    """A crew has said this."""

    unit: str
    incident: str | None
    """Where it is working; None if nowhere."""
    text: str
    at_ms: int
    by: str


AnyCrewFact: TypeAlias = (
    StaffingChanged
    | RollCalled
    | RollAnswered
    | AidRequested
    | AidCommitted
    | AidDeclined
    | DispatchDeclined
    | DelayReported
    | HelpRequested
    | UnitTold
    | UnitSaid
)
