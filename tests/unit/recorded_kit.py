"""Journals of days that never were: the real engine in the simulator's city, its turns written down."""

from pathlib import Path

import numpy as np

from engine.journal import Journal
from engine.journal.codec import record_of
from engine.model.place import Hospital
from engine.model.rules import CoverageRules, Limits
from engine.model.turn import Turn
from engine.policy import JointMatch, Quiet
from engine.sim.callers import CallList
from engine.sim.city import City
from engine.sim.nature import Nature
from tests.builders import SMALL_JOURNAL
from tests.unit.engine_place import MORNING, engine_place

HOUR_MS = 3_600_000


def town():
    """Return the small town of the engine's tests, which says where cover is wanted and has a hospital."""
    points = tuple((x_m, y_m, 1) for x_m in range(-4_000, 5_000, 2_000) for y_m in range(-4_000, 5_000, 2_000))
    return engine_place(
        coverage=CoverageRules(points), hospitals=(Hospital("H", "General", 2_000, 2_000),), limits=Limits()
    )


class WrittenCity(City):
    """Keeps its turns."""

    def __init__(self, *args, **options):
        self.written: list[Turn] = []
        super().__init__(*args, **options)

    def step(self, given):
        turn = super().step(given)
        self.written.append(turn)
        return turn


def some_calls(count=24, hours=5, seed=3, types=("medical", "fire", "rescue"), spread_m=4_000):
    """Return calls of a morning and their work, all of it known."""
    chance = np.random.default_rng(seed)
    kind = chance.choice(len(types), count, p=[0.8, 0.1, 0.1]).astype(np.int16)
    return CallList(
        came_ms=MORNING + np.sort(chance.integers(60_000, hours * HOUR_MS, count)),
        taking_ms=np.zeros(count, np.int32),
        type=types,
        kind=kind,
        priority=chance.integers(1, 4, count).astype(np.int8),
        x_m=chance.integers(-spread_m, spread_m, count).astype(np.int32),
        y_m=chance.integers(-spread_m, spread_m, count).astype(np.int32),
        work_ms=chance.integers(300_000, 1_500_000, count).astype(np.int32),
        transport=chance.integers(0, 2, count).astype(np.uint8),
        handover_ms=chance.integers(300_000, 900_000, count).astype(np.int32),
    )


def lived(calls=None, place=None, until_ms=MORNING + 8 * HOUR_MS, seed=1):
    """Return a city that has met these calls from the morning until then; `written` are its turns."""
    city = WrittenCity(
        place or town(),
        None,
        some_calls() if calls is None else calls,
        Nature(),
        Quiet(JointMatch()),
        seed=seed,
        rep=0,
        begin_ms=MORNING,
        measured_ms=(MORNING, until_ms),
    )
    city.run(until_ms)
    return city


def write_journal(directory: Path, turns, settings=SMALL_JOURNAL):
    """Write the turns as a journal."""
    with Journal.open(directory, on_durable=lambda _: None, on_failure=lambda _: None, settings=settings) as journal:
        for turn in turns:
            journal.submit(record_of(turn))
    return directory
