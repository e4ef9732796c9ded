"""The simulated city: a calendar round the same `Engine.step` that serves a real one.

Callers, crews and devices act at their time; what they say goes in as inputs, what the engine records comes back to
them as facts. Nothing else passes between the two, and nothing here decides who is sent or moved.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.core.engine import Engine
from engine.model.alert_facts import AlertRequested, Purpose
from engine.model.crew_facts import AidRequested, RollCalled
from engine.model.crew_inputs import AnswerAid, AnswerRoll
from engine.model.facts import AssignmentEnded, IncidentReported, UnitDispatched, UnitDiverted
from engine.model.inputs import (
    AdoptPlace,
    AnyInput,
    CloseIncident,
    PublishEpoch,
    ReportIncident,
    ReportReceipt,
    Tick,
)
from engine.model.lifecycle import Outcome as AssignmentOutcome
from engine.model.lifecycle import Status
from engine.model.moves import MoveEnded, MoveOrdered, MoveOutcome, RejectMove
from engine.model.place import Place
from engine.model.plans import Gate
from engine.model.plans import Mode as PlanMode
from engine.model.response_facts import AutoWithheld, UnitSuperseded
from engine.model.turn import Turn
from engine.policy import DispatchPolicy
from engine.policy.redeploy import Expected, Planning
from engine.policy.travel import straight_line
from engine.sim.calendar import Calendar, Entry
from engine.sim.callers import CallList
from engine.sim.cases import Cases, target_of
from engine.sim.chance import Dice
from engine.sim.crew import Crew
from engine.sim.drives import Driver
from engine.sim.duty import Duty
from engine.sim.feeds import Feed
from engine.sim.nature import Nature
from engine.sim.planner import Planner
from engine.sim.refusals import Refusals
from engine.sim.tally import Tally
from engine.state.world import World
from engine.streets.roads import Roads
from engine.streets.weighing import Mode

BY = "city"
ANSWERS_AFTER_MS = 20_000
"""A neighbour says yes or no, a crew answers a roll-call."""
UNDONE = (MoveOutcome.REFUSED, MoveOutcome.RECALLED, MoveOutcome.OUT)
STOPPED = (AssignmentOutcome.RELEASED, AssignmentOutcome.SUPERSEDED, AssignmentOutcome.CANCELLED)


class City:
    """One replication in the making."""

    def __init__(
        self,
        place: Place,
        roads: Roads | None,
        calls: CallList,
        nature: Nature,
        dispatch: DispatchPolicy,
        *,
        seed: int,
        rep: int,
        begin_ms: int,
        measured_ms: tuple[int, int],
        planning: Planning | None = None,
        expected: Expected | None = None,
    ) -> None:
        self.place = place = _served_by_itself(place)
        self.calls, self.nature, self.measured_ms = calls, nature, measured_ms
        self.engine = Engine(World(streets=lambda _: roads), dispatch)
        self.world = self.engine.world
        self.calendar = Calendar(begin_ms)
        self.dice = Dice(seed, rep)
        self.driver = Driver(roads, self.world, straight_line(place))
        self.cases = Cases(calls)
        self.tally = Tally(self, len(place.units))
        self.feed = Feed(self, seed, rep)
        self.refusals = Refusals(self)
        self.movers: dict[int, Crew] = {}
        """By row: who drives."""
        self.carried: set[int] = set()
        """Calls whose patient is on board."""
        self.turns = 0
        self._planner = Planner(self, planning, expected) if planning is not None else None
        self._commands = 0
        self._tick: Entry | None = None
        self._targets = {plan.id: target_of(place, plan.id) for plan in place.plans}
        self._hospitals = tuple((each.x_m, each.y_m) for each in place.hospitals)
        self.step(AdoptPlace(place))
        stations = self._stations = {station.id: station for station in place.stations}
        units = {unit.id: unit for unit in place.units}
        self.crews = [
            Crew(self, row, units[name], stations[units[name].station]) for row, name in enumerate(self.world.fleet.ids)
        ]
        self._answering = 0
        self.duty = Duty(self)
        self.duty.begin()
        self.feed.begin()
        if len(calls):
            self.calendar.at(int(calls.came_ms[0]) + int(calls.taking_ms[0]), self._known, 0)

    @property
    def now(self) -> int:
        """The simulated time."""
        return self.calendar.now

    def run(self, until_ms: int) -> None:
        """Let the days pass up to then."""
        self.calendar.run(until_ms)

    def measures(self) -> bool:
        """Tell whether it is one of the measured days."""
        return self.measured_ms[0] <= self.now < self.measured_ms[1]

    # ── to the engine and back ──────────────────────────────────────────────────────────────────────────────

    def step(self, given: AnyInput) -> Turn:
        """Hand the input to the engine, and tell everybody what it made true."""
        turn = self.engine.step(given, self.calendar.now)
        self.turns += 1
        for fact in turn.facts:
            hear = _HEARS.get(type(fact))
            if hear is not None:
                hear(self, fact)
        making = self.world.road_book.making
        if making is not None:
            self.calendar.at(self.now, self._publish, making[0])
        self._remind()
        if self._planner is not None:
            self._planner.saw(turn)
        return turn

    def command_id(self) -> str:
        """Return an id that no command has had."""
        self._commands += 1
        return str(self._commands)

    def _remind(self) -> None:
        due_ms = self.world.deadlines.next_ms
        if due_ms is None:
            return
        due_ms = -(-due_ms // self.nature.tick_ms) * self.nature.tick_ms
        if self._tick is None or due_ms < self._tick[0]:
            if self._tick is not None:
                self._tick.strike()
            self._tick = self.calendar.at(due_ms, self._look)

    def _look(self, _: object) -> None:
        self._tick = None
        self.step(Tick())

    def _publish(self, epoch: int) -> None:
        making = self.world.road_book.making
        if making is not None and making[0] == epoch:
            self.step(PublishEpoch(epoch))

    # ── callers ─────────────────────────────────────────────────────────────────────────────────────────────

    def _known(self, call: int) -> None:
        """The call has been taken: the engine is told."""
        calls, following = self.calls, call + 1
        if following < len(calls):
            self.calendar.at(int(calls.came_ms[following]) + int(calls.taking_ms[following]), self._known, following)
        self.feed.before_deciding()
        given = ReportIncident(
            id=self.command_id(),
            by=BY,
            type=calls.type[calls.kind[call]],
            x_m=int(calls.x_m[call]),
            y_m=int(calls.y_m[call]),
            priority=int(calls.priority[call]),
        )
        self._answering = call
        self.step(given)

    def reported(self, fact: IncidentReported) -> None:
        """The call is on the board."""
        self.cases.known(self._answering, fact.incident, self.now, self._targets[fact.plan])
        self.cases.waited[self._answering] = 1

    # ── crews ───────────────────────────────────────────────────────────────────────────────────────────────

    def number_of(self, incident: str | None) -> int:
        """Return the call behind an incident; -1 where there is none."""
        return -1 if incident is None else self.cases.of.get(incident, -1)

    def call_of(self, incident: str | None) -> int:
        """Return the call behind an incident."""
        assert incident is not None
        return self.cases.of[incident]

    def _crew(self, unit: str) -> Crew:
        return self.crews[self.world.fleet.rows[unit]]

    def dispatched(self, fact: UnitDispatched) -> None:
        """A crew is told to go."""
        call = self.number_of(fact.incident)
        if call >= 0 and self.world.now == self.cases.known_ms[call]:
            self.cases.waited[call] = 0
        crew = self._crew(fact.unit)
        self.tally.sent(crew.row)
        crew.ordered(fact.incident)

    def ended(self, fact: AssignmentEnded) -> None:
        """A unit is no longer on its incident: by its crew's own word, or because it is told so."""
        crew = self._crew(fact.unit)
        if fact.outcome is AssignmentOutcome.DIVERTED:
            return
        self.tally.free(crew.row, job=fact.outcome is AssignmentOutcome.CLEARED)
        if fact.outcome in STOPPED and crew.incident == fact.incident:
            crew.released()

    def bumped(self, fact: UnitDiverted | UnitSuperseded) -> None:
        """An incident has lost its unit to another one, or to a better unit."""
        incident = fact.source if isinstance(fact, UnitDiverted) else fact.incident
        call = self.number_of(incident)
        if call >= 0:
            self.cases.bumped[call] += 1

    def arrived(self, crew: Crew) -> int:
        """Note that the crew is on scene; return the call."""
        call = self.call_of(crew.incident)
        self.tally.arrived(crew)
        self.cases.reached(call, crew.row, crew.sent_ms, self.now)
        incident = self.world.open[_of(crew)]
        if not self.world.lacking(incident) and self.cases.complete_ms[call] < 0:
            there = all(Status.ON_SCENE in each.stamps for each in incident.assigned.values())
            if there:
                self.cases.complete_ms[call] = self.now
        return call

    def cleared(self, name: str, crew: Crew) -> None:
        """The crew is clear of its incident; the last one lets it be closed, if it has had all that its plan asks for."""
        incident = self.world.open.get(name)
        if incident is None or incident.assigned or self.world.awaits(incident):
            return
        call = self.cases.of.pop(name, -1)
        if call >= 0:
            self.cases.cleared_ms[call] = self.now
            self.carried.discard(call)
        self.step(CloseIncident(id=self.command_id(), by=crew.unit.id, incident=name, disposition="done"))

    def before_deciding(self) -> None:
        """Somebody is about to come free: where nothing is hidden, the engine knows where everybody is."""
        if self.world.waiting or self._planner is not None:
            self.feed.before_deciding()

    def tell_arrival(self, crew: Crew) -> None:
        """A device has come to a halt."""
        self.feed.arrived(crew)

    def hospital_for(self, crew: Crew) -> tuple[int, int]:
        """Return where the patient is brought: as the engine advises, or where it knows nothing better, the nearest."""
        assignment = self.world.open[_of(crew)].assigned[crew.unit.id]
        if assignment.advised is not None and self.nature.follow_advice:
            return next((each.x_m, each.y_m) for each in self.place.hospitals if each.id == assignment.advised)
        return self._hospitals[self.driver.nearest(crew.stands, self._hospitals, Mode.NORMAL)]

    def moved(self, fact: MoveOrdered) -> None:
        """A crew is told to belong elsewhere; now and then it will not."""
        crew = self._crew(fact.unit)
        refuses = self.nature.crews.refuse_moves_permille
        if fact.idle and refuses and self.dice.share("refusal", crew.row, self.now) * 1000 < refuses:
            self.calendar.at(self.now + self.nature.crews.notice_ms, self._refuse, fact)
            return
        self.tally.moved(crew.row, idle=fact.idle)
        crew.moved(self._stations[fact.post])

    def _refuse(self, fact: MoveOrdered) -> None:
        if fact.move in self.world.moves:
            self.tally.add("refused_moves", self._crew(fact.unit).row)
            self.step(
                RejectMove(id=self.command_id(), by=fact.unit, move=fact.move, unit=fact.unit, reason="not this time")
            )

    def stayed(self, fact: MoveEnded) -> None:
        """A move is over, undone or broken off: the unit belongs where the engine says."""
        crew = self._crew(fact.unit)
        if fact.outcome in UNDONE and crew.post.id != fact.post:
            crew.moved(self._stations[fact.post])

    # ── others ──────────────────────────────────────────────────────────────────────────────────────────────

    def alerted(self, fact: AlertRequested) -> None:
        """Whoever is told to stop, or of a danger, says that it knows; an order is answered by what its crew does."""
        drives = fact.purpose is Purpose.MOVE and self.world.units[self._crew(fact.unit).row].duty is Status.RETURNING
        if drives or fact.purpose in (Purpose.RELEASE, Purpose.CAUTION, Purpose.MESSAGE):
            self.calendar.at(self.now + self.nature.crews.notice_ms, self._receive, fact)

    def _receive(self, fact: AlertRequested) -> None:
        if fact.alert in self.world.alerts:
            self.step(ReportReceipt(fact.alert, fact.unit))

    def withheld(self, fact: AutoWithheld) -> None:
        """A person is asked to decide."""
        self.refusals.withheld(fact)

    def called(self, fact: RollCalled) -> None:
        """Crews are asked whether they are well."""
        for unit in fact.units:
            self.calendar.at(self.now + ANSWERS_AFTER_MS, self._answer_roll, unit)

    def _answer_roll(self, unit: str) -> None:
        self.step(AnswerRoll(id=self.command_id(), by=unit, unit=unit))

    def asked(self, fact: AidRequested) -> None:
        """A neighbour is asked for a unit, and gives it."""
        self.calendar.at(self.now + ANSWERS_AFTER_MS, self._commit, fact)

    def _commit(self, fact: AidRequested) -> None:
        self.step(
            AnswerAid(id=self.command_id(), by=fact.agency, unit=fact.unit, incident=fact.incident, committed=True)
        )


def _of(crew: Crew) -> str:
    assert crew.incident is not None
    return crew.incident


def _served_by_itself(place: Place) -> Place:
    """Return the place as if a dispatcher accepted every recommendation at once, those as well that a gate holds back."""
    plans = (
        replace(plan, mode=PlanMode.AUTO if plan.mode is PlanMode.ADVISE else plan.mode, gate=Gate())
        for plan in place.plans
    )
    return replace(place, plans=tuple(plans))


_HEARS: dict[type[Any], Callable[[City, Any], None]] = {
    IncidentReported: City.reported,
    UnitDispatched: City.dispatched,
    AssignmentEnded: City.ended,
    UnitDiverted: City.bumped,
    UnitSuperseded: City.bumped,
    AlertRequested: City.alerted,
    RollCalled: City.called,
    AidRequested: City.asked,
    AutoWithheld: City.withheld,
    MoveOrdered: City.moved,
    MoveEnded: City.stayed,
}
"""Who is told of what."""
