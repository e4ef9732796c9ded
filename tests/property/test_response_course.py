"""Held, stacked, reopened, split, late: in whatever order, the World is whole and nobody is forgotten."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.recorder import Recorder
from engine.core.reviewing import assignments_to_review
from engine.model.facts import AssignmentEnded, DutyChanged, IncidentReported, UnitDispatched
from engine.model.fixes import Fixes
from engine.model.inputs import ReportPositions, ReportStatus, Tick
from engine.model.lifecycle import Status
from engine.model.response_facts import AssignmentDelayed, AssignmentOnTime, IncidentHeld, IncidentUnstacked
from engine.state.fleet import STANDING_FREE
from engine.state.progress import PROGRESS_MS, under_way
from tests.property import response_kit
from tests.property.days_kit import live_ten_thousand
from tests.property.step_kit import MAKERS, Commands, Numbers
from tests.property.test_step_invariants import Witness

SUBJECT = [number for number, make in enumerate(MAKERS) if make in response_kit.WEIGHTS]
DAILY = [
    number
    for number, make in enumerate(MAKERS)
    if make in (Commands.incident, Commands.status, Commands.home, Commands.close, Commands.cancel, Commands.merge)
]
KINDS = SUBJECT + DAILY + [number for number, make in enumerate(MAKERS) if make is Commands.tick]
SOON = [number for number in range(256) if number % 16 != 4] * 4 + list(range(4, 64, 16))
"""Times without the leaps over hours, but a few: after them nobody knows where anybody is."""
BYTE = st.integers(0, 255)
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), BYTE, BYTE, BYTE, BYTE), max_size=60)


class Course(Witness):
    """Holds against each turn what this subject promises."""

    def take(self, given_: Any, now: int) -> Any:
        held_before = {name: incident.held_until_ms for name, incident in self.world.open.items() if incident.held}
        turn = super().take(given_, now)
        held = {fact.incident for fact in turn.facts if isinstance(fact, IncidentHeld)}
        for fact in turn.facts:
            if isinstance(fact, UnitDispatched) and fact.by == "engine":
                assert fact.incident not in held, "nobody is sent to what is held"
            if isinstance(fact, IncidentReported) and fact.due_ms is not None and fact.due_ms > turn.now:
                assert fact.incident in held
        if isinstance(given_, Tick):
            # A hold whose time has come is over, whatever else was due.
            assert not [name for name, until in held_before.items() if until <= turn.now and self._held(name, until)]
        self._stacks_kept(turn)
        return turn

    def _held(self, name: str, until_ms: int) -> bool:
        incident = self.world.open.get(name)
        return incident is not None and incident.held_until_ms == until_ms

    def _stacks_kept(self, turn: Any) -> None:
        """Who left a stack is with its unit, in the queue, served, held or over; nobody else is stacked on the free."""
        for fact in turn.facts:
            if isinstance(fact, IncidentUnstacked):
                incident = self.world.open.get(fact.incident)
                assert (
                    incident is None
                    or incident.id in self.world.waiting
                    or incident.held
                    or incident.stacked_on
                    or incident.assigned
                )
        for unit in self.world.units:
            assert not unit.stack or unit.incident is not None


def course(steps: list[tuple[Numbers, int]], restart_at: int) -> Course:
    witness = Course()
    for number, (numbers, when) in enumerate(steps):
        if number == restart_at:
            witness.restart()
        witness.step(numbers, when)
    return witness


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 60))
def test_whatever_is_held_stacked_or_undone_nobody_is_forgotten(steps: list[Any], restart_at: int) -> None:
    """After each turn; a snapshot taken anywhere goes on alike, and the recorded facts fold to the same World."""
    witness = course([((kind, a, b, c), when) for kind, a, b, c, when in steps], restart_at)
    witness.restart()
    # All holds end by themselves: whoever is on the board then waits, is served, or waits for a busy unit.
    while holds := [incident.held_until_ms for incident in witness.world.open.values() if incident.held]:
        witness.take(Tick(), max(witness.world.now, min(holds)))
    assert not witness.world.orphans()


def random_course(seed: int, count: int) -> list[tuple[Numbers, int]]:
    dice = random.Random(seed)
    return [
        ((dice.choice(KINDS), dice.randrange(256), dice.randrange(256), dice.randrange(256)), dice.choice(SOON))
        for _ in range(count)
    ]


@pytest.mark.slow
def test_ten_thousand_courses_are_whole() -> None:
    """The same, ten thousand times."""
    live_ten_thousand(lambda seed: course(random_course(seed, 40), 20), 10_000)


def test_the_whole_subject_comes_up_in_long_days() -> None:
    """The property above would hold of days on which nothing happens: these are not such days."""
    said: dict[str, int] = {}
    for seed in range(8):
        witness = course(random_course(seed, 200), 100)
        for turn in witness.turns:
            for fact in turn.facts:
                said[type(fact).__name__] = said.get(type(fact).__name__, 0) + 1
    wanted = (
        "IncidentHeld HoldEnded IncidentStacked IncidentUnstacked IncidentReopened IncidentSplit IncidentsUnlinked "
        "AssignmentDelayed ProgressSeen"
    )
    assert not [name for name in wanted.split() if said.get(name, 0) < 3], said


def test_nobody_who_could_be_beaten_is_left_out() -> None:
    """The least time of a freed unit is a bound: whom it would beat by its real time is always reviewed."""
    compared = 0
    for seed in range(40):
        witness = course(random_course(1_000 + seed, 30), 15)
        for _ in range(3):
            _scatter(witness, seed)
            compared += _compare(witness)
        if compared >= 30:
            return
    raise AssertionError(f"only {compared} units could have been beaten")


def _scatter(witness: Course, seed: int) -> None:
    """See every unit somewhere else, so that those who are free are often the nearer ones."""
    dice, count = random.Random(seed), len(witness.world.fleet)
    x_m, y_m = ([dice.randrange(-4_000, 4_000) for _ in range(count)] for _ in range(2))
    nothing = [-1] * count
    now = witness.world.now + 1_000
    witness.take(ReportPositions(Fixes(list(range(count)), x_m, y_m, [now] * count, nothing, nothing)), now)


def _compare(witness: Course) -> int:
    world, rules = witness.world, witness.world.settled.matching
    compared = 0
    for row in [unit.row for unit in world.units if world.fleet.standing[unit.row] == STANDING_FREE]:
        recorder = Recorder(world, witness.engine.dispatch)
        recorder.facts.append(DutyChanged(world.fleet.ids[row], Status.AVAILABLE, world.now, "desk"))
        found = {each.unit for each in assignments_to_review(recorder)}
        capabilities = int(world.fleet.capability[row])
        for incident in world.open.values():
            slots = {slot.id: slot for slot in world.slots(incident)}
            for name, assignment in incident.assigned.items():
                going = assignment.status in (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE)
                if incident.held or not going or assignment.slot is None:
                    assert name not in found
                    continue
                left_ms = assignment.arrive_ms - world.now
                eta_ms = witness.engine.dispatch.estimate(world, row, incident).eta_ms
                gain_ms = left_ms - eta_ms
                wins = gain_ms > max(rules.supersede_ms, left_ms * rules.supersede_percent // 100)
                if slots[assignment.slot].fits(capabilities) and eta_ms >= 0 and wins:
                    compared += 1
                    assert name in found
    return compared


def test_who_is_late_is_said_to_be_late() -> None:
    """By a slow twin that asks for every unit's estimate: nobody under way is more than the bound late in silence."""
    late = 0
    for seed in range(40):
        witness = course(random_course(2_000 + seed, 30), 15)
        for name in [each.unit for _, each in under_way(witness.world)]:
            witness.take(witness.commands.command(ReportStatus, unit=name, status=Status.EN_ROUTE), witness.world.now)
        for number in range(12):
            witness.take(response_kit.drives(witness.commands, 3 * seed + number % 2, 1, 0), witness.world.now + 10_000)
            witness.take(Tick(), witness.world.now + PROGRESS_MS)
            late += _late(witness)
        if late >= 30:
            return
    raise AssertionError(f"only {late} units were late")


def _late(witness: Course) -> int:
    world, late = witness.world, 0
    for incident in world.open.values():
        for name, assignment in incident.assigned.items():
            row = world.fleet.rows[name]
            eta_ms = witness.engine.dispatch.estimate(world, row, incident).eta_ms
            if assignment.status is not Status.EN_ROUTE or min(assignment.eta_ms, eta_ms) < 0:
                continue
            travel_ms = eta_ms - int(world.fleet.turnout_ms[row])
            arrive_ms = max(world.now, int(world.fleet.fix_ms[row]) + travel_ms)
            if arrive_ms - assignment.sent_ms - assignment.eta_ms > world.settled.watch.delayed_ms:
                late += 1
                assert assignment.late is not None
    return late


def test_a_delay_is_said_again_only_when_it_has_grown() -> None:
    """A second word about the same cause tells of twice the lateness: a unit that stands is not spoken of for ever."""
    told = 0
    for seed in range(40):
        told += _grown(course(random_course(3_000 + seed, 80), 40))
        if told >= 2:
            return
    raise AssertionError(f"only {told} delays grew")


def _grown(witness: Course) -> int:
    told = 0
    last: dict[tuple[str, str], AssignmentDelayed] = {}
    for fact in [fact for turn in witness.turns for fact in turn.facts]:
        if isinstance(fact, AssignmentEnded | UnitDispatched | AssignmentOnTime):
            last.pop((fact.unit, fact.incident), None)
        if isinstance(fact, AssignmentDelayed):
            before = last.get((fact.unit, fact.incident))
            last[fact.unit, fact.incident] = fact
            if before is not None and before.cause is fact.cause:
                told += 1
                assert fact.late_ms >= 2 * max(before.late_ms, witness.world.settled.watch.delayed_ms)
    return told
