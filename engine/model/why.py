"""Why these units: the part of a decision that a person reads, at once or years later."""

from enum import StrEnum

from msgspec import Struct

from engine.model.plans import Order


class Reason(StrEnum):
    """Why a unit was not chosen for a slot."""

    CHOSEN = "chosen"
    FARTHER = "farther"
    """Fits, but others arrive sooner."""
    SECOND_CHOICE = "second_choice"
    """Fits, perhaps sooner, but the plan would rather have another kind of unit, and one was found."""
    DEARER = "dearer"
    """Fits and would be sooner, but its price is higher: that of cover, of its crew, of the order, of a diversion."""
    ELSEWHERE = "elsewhere"
    """Fits, but in the joint solution it fills another slot."""
    CAPABILITY = "capability"
    STATUS = "status"
    """Assigned to an incident."""
    NOT_IN_SERVICE = "not_in_service"
    SHIFT = "shift"
    NO_POSITION = "no_position"
    """Might be sooner, if it is at its station: it has never said where it is."""
    STALE_POSITION = "stale_position"
    """Might be sooner, if it is where it was last seen: that was too long ago."""
    CREW_BUSY = "crew_busy"
    """Its crew is out with a cross-staffed unit."""
    UNREACHABLE = "unreachable"
    UNDERSTAFFED = "understaffed"
    """Fewer people on board than it is sent with."""
    ON_BREAK = "on_break"
    """Its meal break is not interrupted for so little."""
    NEIGHBOUR_QUOTA = "neighbour_quota"
    """As many units of that neighbour are out for us, or asked for, as was agreed."""
    DECLINED = "declined"
    """Its neighbour, or its crew, has said no, for this incident; or it has been there, and its crew was done."""
    NOT_LESS_URGENT = "not_less_urgent"
    """Under way to something that is not less urgent."""
    DIVERTED_ONCE = "diverted_once"
    """Under way, and a crew is turned round once at most."""
    ARRIVED = "arrived"
    """With its incident, and not free soon enough to be waited for."""
    SOON_FREE = "soon_free"
    """Free soon; others will still be there sooner, or its wait costs more than it saves."""
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
    turnout_ms: int = -1
    """The part of the ETA before its wheels roll: turnout, or the wait until it is free."""
    travel_ms: int = -1
    """The part on the road."""
    prices: tuple[tuple[str, int], ...] = ()
    """(what, ms): what choosing it costs beside time. divert, wait, coverage, crew, neighbour, order, penalty."""
    margin_ms: int | None = None
    """Of a chosen one: by how much the next best of those named here would be worse, prices included."""
    saves_ms: int = -1
    """Of a chosen one: what the whole answer would at least cost more without it, in ms of this incident (its dual
    price); -1: not known, or another place would stay open."""
    source: str = ""
    """It would be diverted from this incident."""
    replaces: str = ""
    """It would go in the place of this unit."""


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
    place_ms: int = -1
    """The dual price of a place: what the whole answer would cost more with one such place more, in ms of this
    incident; -1: not known, or another place would stay open for it."""


class WayWhy(Struct, frozen=True, gc=False):
    """One of the plan's ways to answer, weighed."""

    option: str
    open: int = 0
    """Places of this incident that would stay open."""
    cost: int = -1
    """Of the whole answer with this way, in weighted ms, its penalty included; -1: its bound was enough to see that it
    is worse."""


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
    order: Order = Order.CLOSEST
    """Which order ruled: that of the response area, else the plan's."""
    option: str = ""
    """The way to answer that was chosen …"""
    ways: tuple[WayWhy, ...] = ()
    """… among these; none where the plan has but one."""
    proof: Proof = Proof()
