"""Soft prices of crews: for all units at once the same as the sum of what is told of one; hours by the clock on the wall."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.kernels.crew_prices import PRICE_MS_MAX
from engine.kernels.match import BARRED
from engine.model.facts import PlaceAdopted
from engine.model.hours import (
    DAY_MS,
    MINUTE_MS,
    WEEK_MINUTES,
    WEEK_MS,
    day_began_ms,
    local_minute_of_week,
    on_duty,
    shift_began_ms,
    shift_left_ms,
)
from engine.model.lifecycle import DUTY, Status
from engine.model.place import Place, Shift
from engine.model.rules import WorkRules
from engine.policy import workload
from engine.state.world import World
from tests.unit.engine_place import MORNING, UNITS, engine_place

HOUR_MS = 3_600_000
DUTIES = [status for status in Status if status in DUTY]


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """Windows of whole quarters of an hour, of which some touch, over the week's end as well."""
    edges = sorted(draw(st.sets(st.integers(0, WEEK_MINUTES // 15), min_size=2, max_size=8)))
    spans = [(a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if draw(st.booleans()):
        spans = [(0, spans[0][0] or 15), *[span for span in spans if span[0] >= (spans[0][0] or 15)]]
    return Shift("any", tuple(spans))


@st.composite
def clocks(draw: st.DrawFn) -> Place:
    """Clocks that go forward and back by an hour some time around the week that is looked at."""
    first = draw(st.integers(-3 * 24, 9 * 24)) * HOUR_MS
    second = first + draw(st.integers(24, 8 * 24)) * HOUR_MS
    zone, summer = draw(st.integers(-11, 12)) * HOUR_MS, draw(st.sampled_from((HOUR_MS, -HOUR_MS)))
    offsets = ((0, zone), (MORNING + first, zone + summer), (MORNING + second, zone))
    return engine_place(utc_offsets=offsets if draw(st.booleans()) else ((0, zone),))


def _is_on(place: Place, shift: Shift, at_ms: int) -> bool:
    return on_duty(shift, local_minute_of_week(place, at_ms))


@settings(max_examples=150, deadline=None)
@given(clocks(), shifts(), st.integers(0, WEEK_MINUTES), st.integers(0, MINUTE_MS - 1))
def test_hours_of_duty_begin_and_end_where_the_clock_on_the_wall_says(
    place: Place, shift: Shift, minute: int, ms: int
) -> None:
    """Minute by minute, forwards and backwards, until somebody is off duty: nothing else is the shift's end."""
    now = MORNING + minute * MINUTE_MS + ms
    began_ms, left_ms = shift_began_ms(place, shift, now), shift_left_ms(place, shift, now)
    if not _is_on(place, shift, now):
        assert (began_ms, left_ms) == (now, 0)
        return
    floor = now - ms
    ends = next((m for m in range(1, WEEK_MINUTES + 1) if not _is_on(place, shift, floor + m * MINUTE_MS)), None)
    assert left_ms == (None if ends is None else ends * MINUTE_MS - ms)
    starts = next((m for m in range(1, WEEK_MINUTES + 1) if not _is_on(place, shift, floor - m * MINUTE_MS)), None)
    assert began_ms == (None if starts is None else floor - (starts - 1) * MINUTE_MS)


@settings(max_examples=100, deadline=None)
@given(clocks(), st.integers(0, WEEK_MS))
def test_the_day_begins_at_the_last_midnight(place: Place, after_ms: int) -> None:
    """At its beginning the clocks show 00:00, or later where they leapt over it, and never again until now."""
    now = MORNING + after_ms
    began_ms = day_began_ms(place, now)
    assert now - DAY_MS - HOUR_MS < began_ms <= now
    today, eve = (local_minute_of_week(place, at) // 1440 for at in (began_ms, began_ms - 1))
    assert local_minute_of_week(place, now) // 1440 == today
    assert eve != today


def _random_world(seed: int) -> World:
    """Units in every state of duty, rest and staffing, under rules of every kind."""
    dice = random.Random(seed)
    rules = WorkRules(
        paid_from_priority=dice.randint(1, 6),
        overtime_percent=dice.choice((0, 50, 300)),
        break_after_ms=dice.choice((HOUR_MS, 5 * HOUR_MS)),
        break_due_ms=dice.randint(0, 200_000),
        on_break_ms=dice.randint(0, 400_000),
        break_to_priority=dice.randint(0, 5),
        rest_ms=dice.choice((0, 2 * HOUR_MS)),
        rest_price_ms=dice.randint(0, 100_000),
        rotation_ms=dice.choice((0, 5_000, 30_000_000)),
        understaffed_ms=dice.choice((0, 60_000, 20_000_000)),
    )
    nights = Shift("nights", tuple((day * 1440 + 1200, day * 1440 + 1440) for day in range(7)))
    early = Shift("early", tuple((day * 1440, day * 1440 + 500 + 20 * day) for day in range(7)))
    hours = (None, "days", "nights", "early")
    units = tuple(replace(unit, shift=dice.choice(hours), staff=dice.randint(0, 5), staff_min=2) for unit in UNITS)
    place = engine_place(work=rules, units=units, shifts=(*engine_place().shifts, nights, early))
    world = World()
    world.begin(MORNING)
    world.apply(PlaceAdopted(place))
    world.now += dice.randint(0, WEEK_MS)
    for unit in world.units:
        unit.duty = dice.choice(DUTIES)
        unit.staff = dice.choice((None, 0, 1, 3, 5, 9))
        unit.jobs = dice.randint(0, 20)
        for name in ("duty_since_ms", "break_ms", "cleared_ms"):
            setattr(unit, name, dice.choice((0, world.now - dice.randint(0, 30 * HOUR_MS))))
        world.restand(unit)
    return world


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_price_of_each_unit_is_the_sum_of_its_parts(seed: int, priority: int) -> None:
    """What is told of one unit is what counted for it, in any world, at any hour, under any rules."""
    world = _random_world(seed)
    rows = np.arange(len(world.fleet), dtype=np.int32)[::-1].copy()
    prices = workload.prices_ms(world, rows, priority)
    for row, price in zip(rows.tolist(), prices.tolist(), strict=True):
        parts = workload.parts_ms(world, row, priority)
        told = sum(part for _, part in parts)
        assert price == (BARRED if told == BARRED else min(told, PRICE_MS_MAX)), parts
        assert all(parts), "a part that is nothing is not told"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_most_urgent_pay_nothing(seed: int, priority: int) -> None:
    """Above the first priority that pays, all prices are 0, but for breaks that are not interrupted at all."""
    world = _random_world(seed)
    rules = world.settled.work
    prices = workload.prices_ms(world, np.arange(len(world.fleet), dtype=np.int32), priority)
    barred = (world.fleet.on_break != 0) & (priority > rules.break_to_priority)
    assert (prices[barred] == BARRED).all()
    assert (prices[~barred] < BARRED).all()
    if priority < rules.paid_from_priority:
        assert not prices[~barred].any()
