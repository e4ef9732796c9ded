"""Ladders over random histories of the real engine: monotone, and equal to what the facts say, counted by a slow twin."""

from typing import Any

from hypothesis import given, settings

from engine.journal.codec import record_of, turn_of
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    IncidentCancelled,
    IncidentClosed,
    UnitDispatched,
)
from engine.model.lifecycle import Status
from engine.model.response_facts import IncidentReopened, IncidentSplit
from engine.model.turn import Turn
from engine.state.world import World
from gateways.neris.ladders import Ladders, Local
from gateways.neris.nemsis import etimes
from gateways.times import iso
from tests.property.days_kit import Steps, days, random_steps
from tests.property.test_clocks import history

RUNGS = {
    Status.DISPATCHED: "time_dispatch",
    Status.EN_ROUTE: "time_enroute_to_scene",
    Status.STAGING: "time_staging",
    Status.ON_SCENE: "time_on_scene",
    Status.AT_PATIENT: "time_at_patient",
    Status.TRANSPORTING: "time_enroute_hospital",
    Status.AT_HOSPITAL: "time_arrived_hospital",
}
UPWARDS = (
    "time_dispatch",
    "time_enroute_to_scene",
    "time_on_scene",
    "time_at_patient",
    "time_enroute_hospital",
    "time_arrived_hospital",
    "time_unit_clear",
)


def told(turns: list[Turn]) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Return, for each ended incident, the units sent and their moments: by facts alone, slowly."""
    out: dict[str, list[tuple[str, dict[str, str]]]] = {}
    ended: set[str] = set()

    def latest(incident: str, unit: str) -> dict[str, str] | None:
        return next((times for name, times in reversed(out.get(incident, [])) if name == unit), None)

    for turn in turns:
        for fact in turn.facts:
            match fact:
                case UnitDispatched():
                    out.setdefault(fact.incident, []).append((fact.unit, {"time_dispatch": iso(turn.now)}))
                case AssignmentAdvanced() if fact.status in RUNGS:
                    times = latest(fact.incident, fact.unit)
                    assert times is not None
                    times.setdefault(RUNGS[fact.status], iso(fact.at_ms))
                case AssignmentEnded():
                    times = latest(fact.incident, fact.unit)
                    if times is not None and "time_unit_clear" not in times:
                        times["time_unit_clear"] = iso(fact.at_ms)
                case AssignmentMoved():
                    times = latest(fact.incident, fact.unit)
                    if times is not None and "time_unit_clear" not in times:
                        out[fact.incident] = [each for each in out[fact.incident] if each[1] is not times]
                        out.setdefault(fact.into, []).append((fact.unit, times))
                case IncidentClosed() | IncidentCancelled():
                    ended.add(fact.incident)
                case IncidentReopened() | IncidentSplit():
                    ended.discard(fact.incident)
                case _:
                    pass
    return {name: out.get(name, []) for name in ended}


def check(steps: Steps) -> int:
    turns = [turn_of(record_of(turn)) for turn in history(steps)]
    ladders = Ladders(World(indexed=False), Local())
    for turn in turns:
        ladders.feed(turn)
    expected = told(turns)
    assert ladders.ended.keys() == expected.keys()
    for name, ladder in ladders.ended.items():
        lines = [unit for unit in ladder.mod_unit_response if unit.time_dispatch is not None]
        found = [(unit.unit_id_reported, _times(unit)) for unit in lines]
        assert sorted(found, key=str) == sorted(expected[name], key=str)
        for _, times in found:
            moments = [times[rung] for rung in UPWARDS if rung in times]
            assert moments == sorted(moments)
            assert all(times["time_dispatch"] <= moment for moment in times.values())
        for unit in lines:
            assert unit.time_turnout is None or unit.time_turnout >= 0
            assert unit.time_travel is None or unit.time_travel >= 0
            assert unit.time_canceled_enroute in (None, unit.time_unit_clear)
        assert len(etimes(ladder)) == len(lines)
    return len(expected)


def _times(unit: Any) -> dict[str, str]:
    names = (*RUNGS.values(), "time_unit_clear")
    return {name: getattr(unit, name) for name in names if getattr(unit, name) is not None}


@settings(max_examples=40, deadline=None)
@given(days(60))
def test_ladders_are_monotone_and_say_what_the_facts_say(steps: Steps) -> None:
    check(steps)


def test_long_days_end_incidents() -> None:
    """The random days really hold what is compared."""
    assert sum(check(random_steps(seed, 400)) for seed in range(8)) > 20
