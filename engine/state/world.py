"""The World: the fold of all facts. One owner, one mutator.

`apply` never judges and never refuses: whether a fact may become true was decided before it was recorded. What a
fact does is written in the `fold_*` files of this room, one function a kind of fact.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine.model.fact import Fact
from engine.model.facts import AnyFact, CommandRefused, IncidentReported
from engine.model.input import Command
from engine.model.lifecycle import DIVERTIBLE, FREE, RELEASABLE, Phase, Status
from engine.model.moves import Cover
from engine.model.paper import digest_of
from engine.model.place import Agency, IncidentType, Place
from engine.model.plans import Plan, Slot, holds
from engine.model.response_facts import RecommendationStale
from engine.model.road_facts import RoadClosed, TrafficReported
from engine.model.surroundings import Caution, CautionRecorded, HospitalReport
from engine.model.turn import Answer, Refusal, Turn
from engine.state.deadlines import Deadlines, Reminder
from engine.state.filed import Filed
from engine.state.fleet import STANDING_ASSIGNED, Fleet
from engine.state.points import Circle, Circles
from engine.state.records import Alarm, Alert, Assignment, Incident, Move, UnitRecord
from engine.state.road_book import RoadBook
from engine.state.waiting import WaitingQueue
from engine.streets.roads import Roads

Fold = Callable[["World", Any], None]
FOLDS: dict[type[Fact], Fold] = {}
"""How each kind of fact changes the World; filled by the `fold_*` files."""

Library = Callable[[Place], Roads | None]
"""Gives the roads of a place; None where it does not know its streets. Asked for places that have some."""

ANSWERED = frozenset(
    (CommandRefused, RecommendationStale, IncidentReported, RoadClosed, TrafficReported, CautionRecorded)
)
"""Facts that whoever sent a command is told of."""

LOOK_AGAIN_MS = 5_000
"""While an incident waits, the queue is matched at least this often: positions age, shifts begin."""


def folds(kind: type[Fact]) -> Callable[[Fold], Fold]:
    """Register the function below as the fold of that kind of fact."""

    def register(function: Fold) -> Fold:
        FOLDS[kind] = function
        return function

    return register


def no_streets(place: Place) -> Roads | None:
    """Know no streets: for Worlds that are shown, never decided on."""
    del place
    return None


class World:
    """Everything that is true at `seq`. A follower's World is not indexed: it is shown, never decided on."""

    def __init__(self, *, indexed: bool = True, streets: Library = no_streets) -> None:
        self.seq = 0
        self.now = 0
        self.place: Place | None = None
        self.types: dict[str, IncidentType] = {}
        self.plans: dict[str, Plan] = {}
        self.fleet = Fleet(indexed=indexed)
        self.units: list[UnitRecord] = []
        """By row."""
        self.incidents: dict[str, Incident] = {}
        """Open ones, and the latest closed ones, in the order of their reports."""
        self.open: dict[str, Incident] = {}
        self.waiting = WaitingQueue()
        """Open incidents that lack a unit of their plan, first in the queue first."""
        self.alerts: Filed[Alert] = Filed()
        """Alerts that are not over."""
        self.alarms: Filed[Alarm] = Filed()
        self.deadlines = Deadlines([], 0)
        self.road_book = RoadBook()
        self.cautions: dict[str, Caution] = {}
        """What crews should know of places, by id."""
        self.scenes = Circles() if indexed else None
        """Where the open incidents are."""
        self.hazards = Circles() if indexed else None
        """Where the cautions hold."""
        self.caution_number = 0
        self.hospitals: dict[str, HospitalReport] = {}
        """What hospitals said last, by id; one that is not named is as the place says."""
        self._streets = streets
        self._roads: tuple[Place | None, Roads | None] = (None, None)
        """Of which place, and what they are."""
        self.answers: OrderedDict[str, Answer] = OrderedDict()
        self.closed: OrderedDict[str, None] = OrderedDict()
        """Ids of ended incidents still in memory, oldest first."""
        self.incident_number = 0
        self.alert_number = 0
        self.alarm_number = 0
        self.looking_again = False
        """A reminder to match again is set, as it always is while an incident waits."""
        self.watching = False
        """A reminder to look at the units under way is set, as it always is while there are any."""
        self.relieving: dict[str, Incident] = {}
        """Incidents for which another unit is recommended in the place of one that is under way."""
        self.stacked: dict[str, Incident] = {}
        """Incidents that wait for a unit that is busy."""
        self.stations: dict[str, int] = {}
        """Their numbers in the place's list, by id."""
        self.moves: dict[str, Move] = {}
        """Proposals that stand and ordered moves that are under way, oldest first."""
        self.refused_moves: dict[tuple[str, str], int] = {}
        """By unit and post: until when a move that was refused is not proposed again."""
        self.held_moves: dict[tuple[str, str], tuple[str, int]] = {}
        """By unit and post: why the guard last held a proposal back, and when that was written down."""
        self.move_number = 0
        self.cover: tuple[Cover, ...] = ()
        self.cover_seq = 0
        """What the planner saw last, in the World of that turn; 0: it has not spoken."""
        self.forgotten: dict[str, None] = {}  # ids of incidents whose people have been erased
        self.tally: dict[str, int] = {}
        """Counts since the first turn, by name; for reports and metrics."""

    # ── the fold ────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, now: int) -> None:
        """Open the next turn. Time in the log never runs back."""
        assert now >= self.now, f"turn {self.seq + 1} at {now} would come before turn {self.seq} at {self.now}"
        self.seq += 1
        self.now = now

    def apply(self, fact: AnyFact) -> None:
        """Make the fact true."""
        FOLDS[type(fact)](self, fact)

    def finish(self, turn: Turn) -> None:
        """Close the turn: remember what its sender is told."""
        if isinstance(turn.input, Command):
            self._remember(turn.input, turn.facts)

    def fold(self, turn: Turn) -> None:
        """Take over a recorded turn without deciding anything."""
        assert turn.seq == self.seq + 1, f"turn {turn.seq} does not follow turn {self.seq}"
        self.begin(turn.now)
        for fact in turn.facts:
            self.apply(fact)
        self.finish(turn)

    def _remember(self, command: Command, facts: tuple[AnyFact, ...]) -> None:
        incident = refusal = road = caution = None
        for fact in facts:
            if type(fact) not in ANSWERED:
                continue
            if isinstance(fact, CommandRefused):
                refusal = Refusal(fact.code, fact.field, fact.reason)
            elif isinstance(fact, RecommendationStale):
                refusal = Refusal("stale_recommendation", "decision", fact.reason)
            elif isinstance(fact, IncidentReported):
                incident = fact.incident
            elif isinstance(fact, RoadClosed):
                road = fact.closure.id
            elif isinstance(fact, TrafficReported):
                road = fact.slowing.id
            elif isinstance(fact, CautionRecorded):
                caution = fact.caution.id
        answer = Answer(self.seq, incident, refusal, digest_of(command), road, caution)
        self.answers[answer_key(command)] = answer
        while len(self.answers) > self.settled.limits.answers_kept:
            self.answers.popitem(last=False)

    # ── questions ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def settled(self) -> Place:
        """The place in force. Asserts that one was adopted, which is the first thing a journal holds."""
        assert self.place is not None, "no place has been adopted yet"
        return self.place

    @property
    def roads(self) -> Roads | None:
        """The roads of the place in force; None where it has no streets, or where nobody here knows them."""
        if self._roads[0] is not self.place:
            self._roads = (self.place, None if self.place is None else self.roads_of(self.place))
        return self._roads[1]

    def roads_of(self, place: Place) -> Roads | None:
        """Return the roads that a place would have."""
        return self._streets(place) if place.streets else None

    def answer(self, command: Command) -> Answer | None:
        """Return what this command's sender was told before, if it was."""
        return self.answers.get(answer_key(command))

    def unit(self, unit_id: str) -> UnitRecord | None:
        """Return the unit, if the place knows it."""
        row = self.fleet.rows.get(unit_id)
        return None if row is None else self.units[row]

    def assignment(self, unit: UnitRecord) -> Assignment | None:
        """Return what the unit is assigned to."""
        return None if unit.incident is None else self.open[unit.incident].assigned[unit.id]

    def status(self, unit: UnitRecord) -> Status:
        """Return what the unit is doing: the rung of its assignment, else its duty."""
        assignment = self.assignment(unit)
        return unit.duty if assignment is None else assignment.status

    def slots(self, incident: Incident) -> tuple[Slot, ...]:
        """Return what the incident is to get in all: its plan, in the way chosen for it, at its alarm level."""
        return self.plans[incident.plan].wanted(incident.option, incident.alarm)

    def lacking(self, incident: Incident) -> dict[str, int]:
        """Return by slot how many places of the plan are still to be filled; slots with none are left out."""
        lacks = {}
        for slot in self.slots(incident):
            missing = slot.count - incident.filled.get(slot.id, 0)
            if missing > 0:
                lacks[slot.id] = missing
        return lacks

    def free_slot(self, incident: Incident, row: int) -> str | None:
        """Return the first slot with room that the unit fits: in the chosen way, else in one that could go on from here.

        That is a way which has all the places that are filled. None: there is no such slot.
        """
        capabilities, filled = int(self.fleet.capability[row]), incident.filled
        for option, slots in self.plans[incident.plan].ways_from(incident.option, incident.alarm):
            if option == incident.option or holds(slots, filled):
                for slot in slots:
                    if filled.get(slot.id, 0) < slot.count and slot.fits(capabilities):
                        return slot.id
        return None

    def neighbour(self, row: int) -> Agency | None:
        """Return the neighbour that the unit belongs to; None for our own."""
        number = int(self.fleet.agency[row])
        return None if number < 0 else self.settled.agencies[number]

    def aid_out(self, agency: str) -> int:
        """Return how many units of the neighbour are out for us, or were asked for. Raises StopIteration for none."""
        number = next(number for number, each in enumerate(self.settled.agencies) if each.id == agency)
        return int(((self.fleet.agency == number) & (self.fleet.standing == STANDING_ASSIGNED)).sum())

    def quota_left(self, agency: Agency) -> int:
        """Return how many more of the neighbour's units may be asked for or sent; never less than 0."""
        return max(0, agency.units_max - self.aid_out(agency.id))

    def must_ask(self, agency: Agency) -> bool:
        """Tell whether the neighbour is asked before one more of its units goes: as agreed, or beyond the quota."""
        return not agency.automatic or self.quota_left(agency) == 0

    def declined(self, incident: Incident) -> tuple[int, ...]:
        """Return the rows of neighbours' units that were asked for in vain: they are not asked for again."""
        return tuple(self.fleet.rows[unit] for unit in incident.declined)

    def understaffed(self, unit: UnitRecord) -> bool:
        """Tell whether fewer people are on board than it takes."""
        return unit.staff is not None and unit.staff < self.fleet.units[unit.row].staff_min

    def queue(self) -> list[Incident]:
        """Return the waiting incidents: most urgent first, then oldest, then by number."""
        return list(self.waiting.values())

    def orphans(self) -> list[str]:
        """Return open incidents that no unit serves and no queue, hold or stack has. There are none, or all is lost."""
        return [
            incident.id
            for incident in self.open.values()
            if not (incident.assigned or incident.id in self.waiting or incident.set_aside)
            and not self._was_served(incident)
        ]

    def awaits(self, incident: Incident) -> bool:
        """Tell whether people wait there for units: in the queue, or for the one that it is stacked on."""
        return incident.id in self.waiting or incident.id in self.stacked

    def divertible(self, assignment: Assignment) -> bool:
        """Tell whether the unit may still be sent elsewhere: not yet arrived, never diverted before, ours to send.

        A neighbour's unit that was kept without asking for it is not: for a diversion nobody would ask either. Nor is
        one with too few people: where it is going somebody knows of them, elsewhere nobody would.
        """
        row = self.fleet.rows[assignment.unit]
        if assignment.status not in DIVERTIBLE or assignment.diverted or self.understaffed(self.units[row]):
            return False
        agency = self.neighbour(row)
        unasked = assignment.status is Status.RESERVED and Status.REQUESTED not in assignment.stamps
        return agency is None or agency.automatic or not unasked

    def is_stopped(self, assignment: Assignment) -> bool:
        """Tell whether the unit will not arrive as things are: it calls for help itself, on its way."""
        unit = self.units[self.fleet.rows[assignment.unit]]
        return unit.emergency is not None and assignment.status in RELEASABLE

    def _was_served(self, incident: Incident) -> bool:
        # Every place of its plan was taken or waived: it waits for a person to close it, on the board.
        return incident.phase is Phase.WAITING and not self.lacking(incident)

    # ── shared by the folds ─────────────────────────────────────────────────────────────────────────────────

    def count(self, name: str, by: int = 1) -> None:
        """Add to a tally."""
        self.tally[name] = self.tally.get(name, 0) + by

    def restand(self, unit: UnitRecord) -> None:
        """Write the unit's availability, and that of its crew's other units, into the columns."""
        for row in (unit.row, *self.fleet.siblings[unit.row]):
            record = self.units[row]
            # Who calls for help is not sent to help, and neither is another vehicle of the same people.
            in_service = record.duty in FREE and record.emergency is None
            busy = any(self.units[other].occupied for other in self.fleet.siblings[row])
            few, assigned = self.understaffed(record), record.incident is not None
            self.fleet.restand(row, in_service=in_service, assigned=assigned, crew_busy=busy, understaffed=few)
            self.fleet.man(record)

    def seat(self, incident: Incident, unit_id: str) -> None:
        """Let an assigned unit fill the first slot that has room and that it fits, or none."""
        row, assignment = self.fleet.rows[unit_id], incident.assigned[unit_id]
        slot = assignment.slot = None if self.is_stopped(assignment) else self.free_slot(incident, row)
        if slot is not None:
            incident.filled[slot] = incident.filled.get(slot, 0) + 1
            self.settle_option(incident)

    def settle_option(self, incident: Incident) -> None:
        """Go on in the first way to answer that has all the places that are filled, the present one before others."""
        for option, slots in self.plans[incident.plan].ways_from(incident.option, incident.alarm):
            if holds(slots, incident.filled):
                incident.option = option
                return

    def requeue(self, incident: Incident) -> None:
        """Put the incident into the waiting queue, or take it out, as its slots demand."""
        self.track(incident)
        if not incident.open or incident.set_aside or not self.lacking(incident):
            self.waiting.discard(incident.id)
            # What is left of a recommendation is to replace units that are under way.
            standing = (choice for choice in incident.recommended if choice.replaces in incident.assigned)
            incident.recommended = tuple(standing) if incident.open else ()
            incident.short = ()
            self.note_relief(incident)
            return
        if incident.id not in self.waiting:
            incident.waiting_since_ms = self.now
            self.remind_pending(incident)
        self.waiting.put(incident)
        self.remind_to_look_again()

    def unstack(self, incident: Incident) -> None:
        """Take the incident off the stack of its unit, if it is on one."""
        if incident.stacked_on is not None:
            self.units[self.fleet.rows[incident.stacked_on]].stack.remove(incident.id)
            incident.stacked_on = None
            del self.stacked[incident.id]

    def track(self, incident: Incident) -> None:
        """Have the tree of open incidents hold this one where it is, or no longer, whatever became of it."""
        if self.scenes is None:
            return
        if incident.open:
            self.scenes.put(incident.id, Circle(incident.x_m, incident.y_m))
        else:
            self.scenes.take_out(incident.id)

    def track_caution(self, name: str) -> None:
        """Have the tree of cautions hold this one where it is, or no longer."""
        if self.hazards is None:
            return
        caution = self.cautions.get(name)
        if caution is not None:
            self.hazards.put(name, Circle(caution.x_m, caution.y_m, caution.radius_m))
        else:
            self.hazards.take_out(name)

    def note_relief(self, incident: Incident) -> None:
        """Keep in mind whether a unit under way there would be replaced: that is looked at again in every turn."""
        if any(choice.replaces for choice in incident.recommended):
            self.relieving[incident.id] = incident
        else:
            self.relieving.pop(incident.id, None)

    def remind_pending(self, incident: Incident) -> None:
        """Have somebody look at the incident if it still lacks something then."""
        after_ms = self.settled.limits.pending_after_ms[incident.priority - 1]
        since_ms = incident.waiting_since_ms
        self.deadlines.set(since_ms + after_ms, Reminder.PENDING, incident.id, since_ms=since_ms)

    def remind_to_look_again(self) -> None:
        """Have the queue matched again soon, whatever else happens."""
        if not self.looking_again:
            self.looking_again = True
            self.deadlines.set(self.now + LOOK_AGAIN_MS, Reminder.LOOK_AGAIN, "", since_ms=self.now)


def answer_key(command: Command) -> str:
    """Return the name under which the answer to a command is kept: ids are the sender's own."""
    return f"{command.by}/{command.id}"
