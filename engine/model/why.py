"""Why these units: the part of a decision that a person reads, at once or years later."""

from enum import StrEnum

from msgspec import Struct


class Reason(StrEnum):
    """Why a unit was not chosen for a slot."""

    CHOSEN = "chosen"
    FARTHER = "farther"
    """Fits, but others arrive sooner."""
    SECOND_CHOICE = "second_choice"
    """Fits, perhaps sooner, but the plan would rather have another kind of unit, and one was found."""
    ELSEWHERE = "elsewhere"
    """Fits, but in the joint solution it fills another slot."""
    CAPABILITY = "capability"
    STATUS = "status"
    """Assigned to an incident."""
    NOT_IN_SERVICE = "not_in_service"
    SHIFT = "shift"
    NO_POSITION = "no_position"
    STALE_POSITION = "stale_position"
    CREW_BUSY = "crew_busy"
    """Its crew is out with a cross-staffed unit."""
    UNREACHABLE = "unreachable"
    FITS = "fits"
    """Only in a tally: chosen, farther, second choice and elsewhere together."""
    BEYOND = "beyond"
    """Only in a tally: outside the circle that already held enough units that fit."""


class Considered(Struct, frozen=True, gc=False):
    """One unit, judged for one slot."""

    unit: str
    reason: Reason
    rank: int = 0
    """1 is the soonest among the units that fit; 0 for one that does not."""
    eta_ms: int = -1
    """Dispatch to arrival: turnout plus travel; -1 where the unit could not be judged by time."""
    distance_m: int = -1
    """Straight line."""
    fix_age_ms: int = -1
    """Age of the position this rests on; -1: assumed at its station."""
    spread_ms: int = -1
    """Two arrivals of three lie within this much of the ETA; -1 without one."""
    clear_ms: int = -1
    """When a busy unit will probably be free, from now; -1 for one that is not on an incident."""


class Count(Struct, frozen=True, gc=False):
    """How many units of the whole fleet shared a verdict."""

    reason: Reason
    units: int


class SlotWhy(Struct, frozen=True, gc=False):
    """The judgement for one kind of slot of the plan."""

    slot: str
    wanted: int
    """How many were still to be found."""
    needs: tuple[str, ...]
    """Capabilities of the first choice."""
    considered: tuple[Considered, ...]
    """The soonest units that fit, by rank, then the nearest units that were out. Of the whole fleet the count by
    reason is in `tally`; any other unit can be asked about from the journal."""
    tally: tuple[Count, ...]


class Proof(Struct, frozen=True, gc=False):
    """The certificate of a joint answer: by weak duality nothing costs less than the sum of the prices."""

    cost: int = 0
    """Of the answer, in weighted ms, open slots included."""
    bound: int = 0
    """The sum of the dual prices: equal to the cost."""
    slots: int = 0
    """Places matched together."""
    units: int = 0
    """Units looked at."""


class Why(Struct, frozen=True, gc=False):
    """Everything a decision rested on."""

    policy: str
    travel: str
    """How times were found: "straight line" says that no streets were used."""
    plan: str
    slots: tuple[SlotWhy, ...]
