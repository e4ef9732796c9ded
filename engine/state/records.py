"""What the World remembers of each incident, unit, alert and alarm. Mutable: only the folds of this room write."""

from enum import StrEnum

from msgspec import Struct, field

from engine.model.alert_facts import AlarmKind, CopyState, Purpose
from engine.model.facts import Choice, Shortage
from engine.model.lifecycle import PHASE_OF_RUNG, PHASE_RANK, RELEASABLE, Outcome, Phase, Status
from engine.model.moves import MoveWhy
from engine.model.plans import Mode
from engine.model.response_facts import DelayCause, Suspect
from engine.model.route import Route
from engine.model.suggestions import StatusSuggested


class Assignment(Struct):
    """A unit on an incident."""

    unit: str
    slot: str | None
    status: Status
    eta_ms: int
    sent_ms: int
    """When it was reserved or dispatched, whichever came last."""
    reported_ms: int
    """Time of the last report: an older one is refused."""
    stamps: dict[str, int]
    """When each rung was reached: the ladder that NERIS asks for."""
    by: str
    deviation: str
    diverted: bool = False
    """It came here by a diversion, so it is not diverted again."""
    spread_ms: int = -1
    route: Route | None = None
    arrive_ms: int = 0
    """Expected on scene, in ms since the epoch; moves when it is delayed."""
    late: DelayCause | None = None
    """Why it is expected later than told; None: as told."""
    to_go_ms: int = -1
    """Until it arrives, at the last look; -1: nobody could tell."""
    least_to_go_ms: int = -1
    """The least that it was: a unit whose time to go grows drives the wrong way."""
    seen_m: tuple[int, int] = (0, 0)
    """Where it was when it was last seen to move …"""
    moved_ms: int = 0
    """… and when that was."""
    destination: str | None = None
    """The hospital that it brings its patient to."""
    accounted_ms: int = 0
    """When its people on scene were last accounted for: its arrival, then each answer to a roll-call."""
    needs: tuple[str, ...] = ()
    """Services that its patient needs."""
    ranked: bool = False
    """Hospitals have been ranked for it."""
    advised: str | None = None
    """The hospital that ranked first; None: all were out."""
    said_ms: int = 0
    """When it arrives by its crew's own word, in ms since the epoch; 0: the crew has said nothing of it."""
    by_position: Status | None = None
    """The rung that its position alone has put it on; its crew's word for the same one is stronger."""


class Ended(Struct):
    """An assignment that is over."""

    assignment: Assignment
    outcome: Outcome
    at_ms: int


class Note(Struct):
    """A remark on an incident."""

    at_ms: int
    by: str
    text: str


class Words(Struct):
    """Something said between a crew and the people who dispatch."""

    at_ms: int
    by: str
    text: str
    alert: str
    """The alert that brings them to the crew; "": the crew has said them."""
    incident: str = ""
    """Where the crew was working."""


class Incident(Struct):
    """An incident, open or ended."""

    id: str
    number: int
    type: str
    priority: int
    x_m: int
    y_m: int
    plan: str
    area: str | None
    address: str
    caller: str
    external: str
    reported_ms: int
    waiting_since_ms: int
    """Since when it has lacked what it lacks now."""
    filled: dict[str, int]
    """By slot: places that are taken, or that a person has waived."""
    assigned: dict[str, Assignment]
    past: list[Ended]
    notes: list[Note]
    links: list[str]
    final: Phase | None = None
    ended_ms: int = 0
    disposition: str = ""
    merged_into: str | None = None
    recommended: tuple[Choice, ...] = ()
    short: tuple[Shortage, ...] = ()
    code: str = ""
    """Determinant code."""
    option: str = ""
    """Which of the plan's ways to answer it is being served by."""
    alarm: int = 1
    """Alarm level."""
    held_until_ms: int = 0
    """Nobody is sent before then; 0: it is not held."""
    held_reason: str = ""
    stacked_on: str | None = None
    """The busy unit that goes there next."""
    suspects: tuple[Suspect, ...] = ()
    """Open incidents that may be the same occurrence."""
    decided_seq: int = 0
    """The turn of the recommendation that stands; 0: there is none."""
    declined: list[str] = []
    """Neighbours' units that were asked for in vain: they are not asked for again."""
    same_seq: int = 0
    """The turn since when it has named the same units: only times were told anew."""
    reported_by: str = ""
    """Who took the call."""
    turned_down: list[str] = []
    """Units whose crews did not go: they are proposed again only where there is nobody else."""
    been: list[str] = []
    """Units that were there and are clear: likewise."""
    emptied_by: str = ""
    """Who released its last unit before anybody had reached it: the engine sends nobody there until a person has."""
    past_before: int = 0
    """So many of `past` were over before it was reopened."""

    @property
    def reached(self) -> bool:
        """Has any unit been there, since it was reported or came back on the board?"""
        sent = (*self.assigned.values(), *(ended.assignment for ended in self.past[self.past_before :]))
        return any(status not in RELEASABLE for assignment in sent for status in assignment.stamps)

    @property
    def held(self) -> bool:
        """Is it kept for later?"""
        return self.held_until_ms > 0

    @property
    def set_aside(self) -> bool:
        """Is it kept out of the queue: for later, or for one unit that is busy?"""
        return self.held or self.stacked_on is not None

    @property
    def open(self) -> bool:
        """Is it still on the board?"""
        return self.final is None

    @property
    def phase(self) -> Phase:
        """Where it stands: where its furthest unit stands."""
        if self.final is not None:
            return self.final
        phases = [PHASE_OF_RUNG[assignment.status] for assignment in self.assigned.values()]
        return max(phases, key=PHASE_RANK.__getitem__, default=Phase.WAITING)


class UnitRecord(Struct):
    """A unit's life beside its assignment."""

    id: str
    row: int
    duty: Status
    reported_ms: int
    incident: str | None = None
    emergency: str | None = None
    """The incident opened for its own emergency."""
    staff: int | None = None
    """People on board; None: its full crew, as nobody said otherwise."""
    brings: int = 0
    """Capability mask that its crew adds to the vehicle's."""
    stack: list[str] = []
    """Incidents that it goes to next, in this order."""
    duty_since_ms: int = 0
    """When its duty last began."""
    break_ms: int = 0
    """When its last break ended."""
    cleared_ms: int = 0
    """When it last came home from an incident."""
    jobs: int = 0
    """Incidents that it has come home from since its duty began, as counted when the last one ended."""
    roll_due_ms: int = 0
    """It owes an answer to a roll-call by then; 0: it does not."""
    post: str | None = None
    """Where it belongs; None: its home station."""
    move: str | None = None
    """The ordered move that is under way."""
    moves: int = 0
    """Idle moves since its duty began, as counted at the last one."""
    moved_ms: int = 0
    """When it was last moved while it stood idle; 0: never."""
    words: list[Words] = []
    """What was said to its crew and by it, the latest last."""
    suggested: StatusSuggested | None = None
    """What its position last suggested; `still_suggested` tells whether that still says anything."""

    @property
    def occupied(self) -> bool:
        """Are its people out, in need of help themselves, or with it at another post?"""
        return self.incident is not None or self.emergency is not None or self.is_away

    @property
    def is_away(self) -> bool:
        """Does it stand at, or drive to, a post where its crew's other vehicles are not?"""
        return self.post is not None or self.move is not None


class Move(Struct):
    """A move that is proposed, or ordered and under way."""

    id: str
    unit: str
    source: str
    post: str
    travel_ms: int
    """Normal driving; -1: not known."""
    mode: Mode
    idle: bool
    since_ms: int
    """When it was proposed, or ordered if it was."""
    why: MoveWhy | None = None
    """None: a person ordered it unasked."""
    ordered: bool = False
    rolled: bool = False
    """Its crew was on the road, or has said so, since the order: the next word that it is available is its arrival."""
    by: str = ""
    """Who ordered it."""


class AlertState(StrEnum):
    """Where an alert stands that is not over."""

    REQUESTED = "requested"
    """A courier is to try now: asked for again after a crash."""
    WAITING = "waiting"
    """The last attempt failed; the next one has its time."""
    DELIVERED = "delivered"
    """An endpoint has it; its recipient has not said so."""


class Copy(Struct):
    """One recipient's copy of an alert at one endpoint."""

    endpoint: str
    recipient: str
    rung: int
    state: CopyState
    since_ms: int
    detail: str = ""

    @property
    def taken(self) -> bool:
        """Is it with the recipient, or with whoever brings it?"""
        return self.state in (CopyState.SENT, CopyState.DELIVERED, CopyState.ACKNOWLEDGED)


class Alert(Struct, omit_defaults=True):
    """A message owed to a crew."""

    id: str
    purpose: Purpose
    unit: str
    incident: str
    rung: int
    endpoint: str
    attempt: int
    text: str
    state: AlertState
    created_ms: int
    rung_since_ms: int
    copies: list[Copy] = field(default_factory=list)
    """One for each recipient and endpoint that there has been news of, the first tried first."""

    def copy_of(self, endpoint: str, recipient: str) -> Copy | None:
        """Return the recipient's copy at this endpoint; None if nothing is known of it."""
        return next((each for each in self.copies if (each.endpoint, each.recipient) == (endpoint, recipient)), None)

    @property
    def taken(self) -> bool:
        """Is some copy of this rung with its recipient, or with whoever brings it?"""
        return any(each.taken and each.rung == self.rung for each in self.copies)


class Alarm(Struct):
    """A matter for a person."""

    id: str
    about: AlarmKind
    incident: str
    unit: str | None
    text: str
    raised_ms: int
    acknowledged_by: str | None = None
    rung: int = 0
    """For whom it is: it goes up while nobody acknowledges it. A unit's emergency starts above all others."""
    rung_ms: int = 0
    """Since when."""
