"""Callers come as the demand says: by hour, zone and kind; and where nobody could call, that is said at once."""

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.hours import DAY_MS
from engine.sim.callers import HOUR_MS, CallList, DemandRefused, draw
from engine.sim.nature import PERFECT, Nature
from engine.sim.replicate import MONDAY_MS
from tests.unit.engine_place import engine_place

DAYS = 60
HOURLY = tuple(0.25 if hour < 8 else 1.375 for hour in range(24))
DEMAND = Demand(
    calls_per_day=300.0,
    hourly=HOURLY,
    shares=(TypeShare("medical", 1, 0.2), TypeShare("medical", 3, 0.5), TypeShare("fire", 1, 0.3)),
    zones=(Zone(0, 0, 500, 3.0), Zone(5_000, 1_000, 250, 1.0), Zone(0, -4_000, 0, 0.0)),
    care=CareTimes(on_scene_ms=900_000, transport_share=0.7, handover_ms=600_000),
)


def drawn(seed: int = 1, nature: Nature = PERFECT, **changes: Any) -> CallList:
    """Draw the calls of two months."""
    demand = replace(DEMAND, **changes)
    return draw(engine_place(), demand, nature, MONDAY_MS, MONDAY_MS + DAYS * DAY_MS, seed, 0)


def near(found: float, expected: float) -> bool:
    """Tell whether a Poisson count is within four deviations."""
    return abs(found - expected) <= 4 * math.sqrt(expected)


def test_calls_come_by_the_hour_of_the_day() -> None:
    """Each hour's count is Poisson with the rate that demand gives it; all come in order and in time."""
    calls = drawn()
    hours = np.bincount((calls.came_ms - MONDAY_MS) // HOUR_MS % 24, minlength=24)
    for hour, factor in enumerate(HOURLY):
        assert near(hours[hour], DAYS * 300 / 24 * factor), hour
    assert (np.diff(calls.came_ms) >= 0).all()
    assert calls.came_ms[0] >= MONDAY_MS
    assert calls.came_ms[-1] < MONDAY_MS + DAYS * DAY_MS


def test_hours_are_those_of_the_local_day() -> None:
    """Two hours east of Greenwich the quiet hours end two hours earlier by UTC."""
    place = engine_place(utc_offsets=((0, 2 * HOUR_MS),))
    calls = draw(place, DEMAND, PERFECT, MONDAY_MS, MONDAY_MS + DAYS * DAY_MS, 1, 0)
    hours = np.bincount((calls.came_ms - MONDAY_MS) // HOUR_MS % 24, minlength=24)
    assert near(hours[6], DAYS * 300 / 24 * 1.375)
    assert near(hours[23], DAYS * 300 / 24 * 0.25)


def test_calls_come_from_zones_by_weight() -> None:
    """Within the zone's half width, and never from where nobody lives."""
    calls = drawn()
    first = (abs(calls.x_m) <= 500) & (abs(calls.y_m) <= 500)
    second = (abs(calls.x_m - 5_000) <= 250) & (abs(calls.y_m - 1_000) <= 250)
    assert (first | second).all()
    assert near(first.sum(), len(calls) * 0.75)
    assert abs(float(calls.x_m[first].mean())) < 4 * 500 / math.sqrt(3 * first.sum())


def test_kinds_come_by_share() -> None:
    """A kind may come at several priorities, each with its share."""
    calls = drawn()
    assert calls.type == ("medical", "fire")
    for kind, priority, share in ((0, 1, 0.2), (0, 3, 0.5), (1, 1, 0.3)):
        assert near(((calls.kind == kind) & (calls.priority == priority)).sum(), share * len(calls))


def test_care_takes_as_long_as_it_says() -> None:
    """Exponential: mean and deviation are the same; so many are brought to hospital."""
    calls = drawn()
    for column, mean_ms in ((calls.work_ms, 900_000), (calls.handover_ms, 600_000)):
        assert abs(column.mean() / mean_ms - 1) < 4 / math.sqrt(len(calls))
        assert abs(column.std() / mean_ms - 1) < 8 / math.sqrt(len(calls))
    assert near(calls.transport.sum(), 0.7 * len(calls))
    assert not calls.taking_ms.any()
    assert np.median(drawn(nature=Nature()).taking_ms) == pytest.approx(60_000, rel=0.02)


def test_the_same_seed_gives_the_same_calls() -> None:
    """And what is drawn for one purpose does not move with another: twice the demand for care leaves times alone."""
    one, two, other = drawn(), drawn(), drawn(seed=2)
    for name in ("came_ms", "kind", "x_m", "work_ms", "transport"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.came_ms[:50], other.came_ms[:50])
    longer = drawn(care=CareTimes(1_800_000, 0.7, 600_000))
    assert np.array_equal(one.came_ms, longer.came_ms)
    assert np.array_equal(one.handover_ms, longer.handover_ms)
    assert (abs(longer.work_ms - 2 * one.work_ms.astype(np.int64)) <= 1).mean() > 0.999


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zones": ()}, "demand.zones: nobody lives anywhere"),
        ({"zones": (Zone(0, 0, 100, 0.0),)}, "demand.zones: nobody lives anywhere"),
        ({"calls_per_day": 0.0}, "demand.calls_per_day: nobody ever calls"),
        ({"hourly": (0.0,) * 24}, "demand.calls_per_day: nobody ever calls"),
        ({"shares": ()}, "demand.shares: no kind of call"),
        ({"zones": (Zone(0, 0, 100, 3.0), Zone(90_000, 0, 100, 1.0))}, "25.0% of the demand lies outside"),
    ],
)
def test_where_nobody_can_call_that_is_said(changes: dict[str, Any], says: str) -> None:
    """In a sentence that names the setting."""
    with pytest.raises(DemandRefused, match=says):
        drawn(**changes)
