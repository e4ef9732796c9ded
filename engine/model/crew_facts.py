"""Facts about crews: who is on board, roll-calls, and what neighbours were asked for."""

from typing import TypeAlias

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


AnyCrewFact: TypeAlias = StaffingChanged | RollCalled | RollAnswered | AidRequested | AidCommitted | AidDeclined
