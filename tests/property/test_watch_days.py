"""Days on which everything is watched closely: whatever comes, nobody who should be asked after is forgotten.

The World is held to its invariants after each turn (`test_step_invariants` says how); here the rules are strict, so
that timers, roll-calls and rungs come due all the time, and every alarm and every roll-call is held against a slow
account of what was said.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.alert_facts import AlarmAcknowledged, AlarmCleared, AlarmEscalated, AlarmKind, AlarmRaised
from engine.model.crew_facts import RollAnswered, RollCalled
from engine.model.crew_inputs import AnswerRoll, CallRoll
from engine.model.facts import AssignmentAdvanced, AssignmentEnded, EmergencyDeclared
from engine.model.inputs import AdoptPlace, AnyInput, ReportStatus, Tick
from engine.model.lifecycle import Status
from engine.model.rules import WatchRules
from engine.model.turn import Turn
from tests.property.days_kit import Steps, days, live_ten_thousand, random_steps
from tests.property.step_kit import Commands, Numbers
from tests.property.test_step_invariants import Witness
from tests.unit.engine_place import MORNING, PLANS, engine_place

STRICT = WatchRules(
    turnout_ms=20_000,
    overdue_ms=30_000,
    overdue_percent=10,
    unchanged_ms=tuple((status.value, 40_000) for status in Status if status is not Status.OFF_DUTY),
    escalate_ms=15_000,
    escalations=3,
    par_answer_ms=12_000,
)
OTHER = replace(STRICT, turnout_ms=60_000, overdue_ms=0, unchanged_ms=(("on_scene", 5_000),), escalations=1)
ROLLS = tuple(replace(plan, par_every_ms=25_000 if plan.id != "patrol" else 0) for plan in PLANS)
PLACES = (
    engine_place(plans=ROLLS, watch=STRICT),
    engine_place(plans=PLANS, watch=OTHER),
    engine_place(plans=ROLLS, watch=replace(STRICT, par_answer_ms=0, escalate_ms=0)),
)
ON_SCENE = (Status.ON_SCENE, Status.AT_PATIENT)


class Chief(Commands):
    """Commands, and among them those of a chief who calls the roll, of crews that answer, and of other rules."""

    def input_of(self, numbers: Numbers) -> AnyInput:
        """Return what these numbers mean now."""
        kind, a, b, c = numbers
        own: tuple[Callable[[int], AnyInput], ...] = (self._arrive, self._answer, self._call, self._rules)
        if kind % 6 == 0:
            return own[a % 4 if b % 8 == 0 else a % 3](c)
        return super().input_of((kind // 6 * 7 + a, a, b, c))

    def _call(self, number: int) -> AnyInput:
        names = list(self.world.open) or ["I0"]
        return self.command(CallRoll, incident=names[number % len(names)])

    def _arrive(self, number: int) -> AnyInput:
        out = [unit.id for unit in self.world.units if unit.incident is not None] or self.world.fleet.ids
        return self.command(ReportStatus, unit=out[number % len(out)], status=ON_SCENE[number % 5 == 0])

    def _answer(self, number: int) -> AnyInput:
        owing = [unit.id for unit in self.world.units if unit.roll_due_ms]
        names = owing if owing and number % 3 else self.world.fleet.ids
        return self.command(AnswerRoll, unit=names[number % len(names)])

    def _rules(self, number: int) -> AnyInput:
        return AdoptPlace(PLACES[number % len(PLACES)])


class Watcher(Witness):
    """A witness who keeps an account of roll-calls and rungs of its own."""

    def __init__(self) -> None:
        self.owing: dict[str, int] = {}
        self.rungs: dict[str, int] = {}
        self.mine: set[str] = set()
        super().__init__()
        self.commands = Chief(self.world)
        self.take(AdoptPlace(PLACES[0]), MORNING)

    def take(self, given_: Any, now: int) -> Turn:
        """Take one input and hold it against the account."""
        turn = super().take(given_, now)
        for fact in turn.facts:
            self._roll(turn, fact)
            self._rung(fact)
        assert {unit.id for unit in self.world.units if unit.roll_due_ms} == set(self.owing)
        return turn

    def _roll(self, turn: Turn, fact: Any) -> None:
        match fact:
            case RollCalled():
                assert fact.units
                assert not set(fact.units) & set(self.owing), "who owes an answer is not given more time"
                self.owing.update(dict.fromkeys(fact.units, fact.answer_by_ms))
            case RollAnswered():
                self.owing.pop(fact.unit, None)
            case AssignmentAdvanced() if fact.status not in ON_SCENE:
                self.owing.pop(fact.unit, None)
            case AssignmentEnded():
                self.owing.pop(fact.unit, None)
            case EmergencyDeclared():
                if isinstance(turn.input, Tick):
                    assert fact.unit in self.owing
                    assert turn.now >= self.owing[fact.unit] + self.world.settled.watch.par_answer_ms
                self.owing.pop(fact.unit, None)
            case AlarmRaised() if fact.about is AlarmKind.ROLL_UNANSWERED:
                assert turn.now >= self.owing[str(fact.unit)]

    def _rung(self, fact: Any) -> None:
        match fact:
            case AlarmRaised():
                assert fact.alarm not in self.rungs
                self.rungs[fact.alarm] = int(fact.about is AlarmKind.UNIT_EMERGENCY)
            case AlarmAcknowledged():
                self.mine.add(fact.alarm)
            case AlarmEscalated():
                assert fact.alarm not in self.mine, "somebody has taken it on"
                assert fact.rung == self.rungs[fact.alarm] + 1 <= self.world.settled.watch.escalations
                self.rungs[fact.alarm] = fact.rung
            case AlarmCleared():
                del self.rungs[fact.alarm]


def run(steps: Steps, restart_at: int) -> Watcher:
    watcher = Watcher()
    for number, (numbers, when) in enumerate(steps):
        if number == restart_at:
            watcher.restart()
        watcher.step(numbers, when)
    return watcher


@settings(max_examples=60, deadline=None)
@given(days(60), st.integers(0, 60))
def test_whatever_comes_everybody_is_watched(steps: Steps, restart_at: int) -> None:
    """After each turn: whoever has to be asked has a reminder or an alarm, and each alarm is about what is so."""
    run(steps, restart_at)


@pytest.mark.parametrize("seed", range(6))
def test_long_days_are_watched_to_their_end(seed: int) -> None:
    """250 inputs on one World."""
    run(random_steps(seed, 250), 120)


@pytest.mark.slow
def test_ten_thousand_days_are_watched() -> None:
    """The same, ten thousand times."""
    live_ten_thousand(lambda seed: run(random_steps(seed, 50), 25), 1_000)


def test_the_days_are_about_what_they_say() -> None:
    """Roll-calls, answers, silence, every kind of alarm and every rung do occur in them."""
    seen: dict[str, int] = {}
    for seed in range(6):
        for name, count in run(random_steps(seed, 250), 120).world.tally.items():
            seen[name] = seen.get(name, 0) + count
    for name in ("roll_calls", "roll_answers", "alarms_escalated"):
        assert seen[name] > 5
    for kind in (AlarmKind.TURNOUT, AlarmKind.OVERDUE, AlarmKind.UNCHANGED, AlarmKind.ROLL_UNANSWERED):
        assert seen[f"alarms_{kind}"] > 5
