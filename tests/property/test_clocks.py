"""Clocks over random histories of the real engine: followed live, read back from paper, and counted by a slow twin."""

from collections import Counter
from typing import Any

from hypothesis import given, settings

from engine.clocks import STANDARDS, Clocks
from engine.clocks.findings import report_of
from engine.clocks.overrides import Overrides
from engine.clocks.profiles import Event, Limit, Measure, Profile
from engine.core.engine import Engine
from engine.journal.codec import record_of, turn_of
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
)
from engine.model.input import Command
from engine.model.inputs import AdoptPlace
from engine.model.lifecycle import Status
from engine.model.response_facts import HoldEnded, IncidentReopened, IncidentSplit
from engine.model.turn import Turn
from engine.state.world import World
from tests import river_town
from tests.property.days_kit import Steps, days, random_steps
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, engine_place

ENDS = (IncidentClosed, IncidentCancelled, IncidentMerged)


def measure(name: str, start: Event, stop: Event) -> Measure:
    return Measure(name=name, start=start, stop=stop, limits=(Limit(60),))


TWINNED = Profile(
    name="twinned",
    title="What the twin counts",
    measures=(
        measure("processing", Event.REPORTED, Event.FIRST_DISPATCHED),
        measure("response", Event.REPORTED, Event.FIRST_ON_SCENE),
        measure("turnout", Event.DISPATCHED, Event.EN_ROUTE),
        measure("arrival", Event.REPORTED, Event.ON_SCENE),
    ),
)


def history(steps: Steps) -> list[Turn]:
    """Let the engine live through these steps."""
    engine = Engine(World(streets=river_town.library))
    commands = Commands(engine.world)
    turns = [engine.step(AdoptPlace(engine_place()), MORNING)]
    for numbers, when in steps:
        given_ = commands.input_of(numbers)
        if not isinstance(given_, Command) or engine.world.answer(given_) is None:
            turns.append(engine.step(given_, time_of(engine.world, when)))
    return turns


def read(turns: list[Turn], *profiles: Profile) -> Clocks:
    clocks = Clocks(profiles, keep=True)
    for turn in turns:
        clocks.feed(turn)
    return clocks


@settings(max_examples=60, deadline=None)
@given(days(80))
def test_live_figures_are_those_of_the_journal(steps: Steps) -> None:
    """What a server has counted so far, without keeping a reading, is what a report says of the same turns on paper."""
    turns = history(steps)
    paper = [turn_of(record_of(turn)) for turn in turns]
    live, report = Clocks((*STANDARDS, TWINNED)), read(paper, *STANDARDS, TWINNED)
    for turn in turns:
        live.feed(turn)
    for mine, theirs in zip(live.tallies, report.tallies, strict=True):
        assert (mine.readings, mine.total_ms, mine.within) == (theirs.readings, theirs.total_ms, theirs.within)
        assert (mine.left_out, mine.late) == (theirs.left_out, theirs.late)
        assert len(theirs.values) == theirs.readings
        assert not mine.values
    assert live.cases.unseen == 0
    overrides, again = Overrides(), Overrides()
    for one, other in zip(turns, paper, strict=True):
        overrides.feed(one)
        again.feed(other)
    assert report_of(overrides) == report_of(again)


@settings(max_examples=60, deadline=None)
@given(days(80))
def test_the_slow_twin_counts_the_same(steps: Steps) -> None:
    """It looks at the whole history again for every incident that ends."""
    turns = history(steps)
    clocks = read(turns, TWINNED)
    clocks.finish()
    twin = Twin(turns)
    for measured, tally in zip(TWINNED.measures, clocks.tallies, strict=True):
        assert sorted(tally.values) == sorted(twin.readings[measured.name]), measured.name


def test_long_histories_reach_what_short_ones_do_not() -> None:
    """Twenty worlds of 150 inputs: every measure has readings, incidents are robbed and joined, and the twin agrees."""
    readings: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for seed in range(20):
        turns = history(random_steps(seed, 150))
        clocks, twin = read(turns, TWINNED), Twin(turns)
        clocks.finish()
        for measured, tally in zip(TWINNED.measures, clocks.tallies, strict=True):
            assert sorted(tally.values) == sorted(twin.readings[measured.name]), (seed, measured.name)
            readings[measured.name] += tally.readings
            late.update(tally.late)
    assert all(readings[measured.name] > 0 for measured in TWINNED.measures)
    assert late["robbed of a unit"]
    assert late["joined by another report"]


class Twin:
    """Readings by measure, each from a walk over all facts so far."""

    def __init__(self, turns: list[Turn]) -> None:
        self.readings: dict[str, list[int]] = {measured.name: [] for measured in TWINNED.measures}
        self._facts: list[tuple[int, Any]] = []
        self._counted: set[tuple[str, Any]] = set()
        for turn in turns:
            for fact in turn.facts:
                self._facts.append((turn.now, fact))
                if isinstance(fact, ENDS):
                    self._read(fact.incident, merged=isinstance(fact, IncidentMerged))
        for name in sorted(self._open()):
            self._read(name, merged=False)

    def _read(self, incident: str, *, merged: bool) -> None:
        episodes = {key: each for key, each in self._episodes().items() if each["incident"] == incident}
        start_ms = self._start(incident, len(self._facts))
        for name, rung in (("processing", Status.DISPATCHED), ("response", Status.ON_SCENE)):
            stops = [each["stamps"][rung] for each in episodes.values() if rung in each["stamps"]]
            if stops and not merged:
                self._take(name, incident, min(stops) - start_ms)
        for key, each in episodes.items():
            stamps = each["stamps"]
            if Status.EN_ROUTE in stamps and ("read", key) not in self._counted:
                self._take("turnout", key, stamps[Status.EN_ROUTE] - stamps[Status.DISPATCHED])
            if Status.ON_SCENE in stamps and ("read", key) not in self._counted:
                self._take("arrival", key, stamps[Status.ON_SCENE] - start_ms)
            self._counted.add(("read", key))

    def _take(self, name: str, key: Any, ms: int) -> None:
        if (name, key) not in self._counted:
            self._counted.add((name, key))
            self.readings[name].append(max(0, ms))

    def _episodes(self) -> dict[int, dict[str, Any]]:
        """Return every assignment that was ever sent, by the number of the fact that sent it."""
        episodes: dict[int, dict[str, Any]] = {}
        out: dict[str, int] = {}
        for number, (now, fact) in enumerate(self._facts):
            if isinstance(fact, UnitDispatched):
                out[fact.unit] = number
                episodes[number] = {"incident": fact.incident, "stamps": {Status.DISPATCHED: now}}
            elif isinstance(fact, AssignmentAdvanced):
                episodes[out[fact.unit]]["stamps"].setdefault(fact.status, fact.at_ms)
            elif isinstance(fact, AssignmentMoved) and fact.unit in out:
                episodes[out[fact.unit]]["incident"] = fact.into
            elif isinstance(fact, AssignmentEnded):
                out.pop(fact.unit, None)
        return episodes

    def _start(self, incident: str, before: int) -> int:
        """Return where the clock starts, by the facts before that number: the earliest of all that were joined."""
        own = 0
        joined: dict[str, int] = {}
        for number, (now, fact) in enumerate(self._facts[:before]):
            if isinstance(fact, IncidentReported) and fact.incident == incident:
                own = now if fact.due_ms is None else max(now, fact.due_ms)
            elif isinstance(fact, HoldEnded) and fact.incident == incident:
                own = min(own, now)
            elif isinstance(fact, IncidentMerged) and fact.into == incident:
                joined[fact.incident] = self._start(fact.incident, number)
            elif isinstance(fact, IncidentSplit) and fact.source == incident:
                joined.pop(fact.incident, None)
        return min((own, *joined.values()))

    def _open(self) -> set[str]:
        names: set[str] = set()
        for _, fact in self._facts:
            if isinstance(fact, (IncidentReported, IncidentReopened, IncidentSplit)):
                names.add(fact.incident)
            elif isinstance(fact, ENDS):
                names.discard(fact.incident)
        return names
