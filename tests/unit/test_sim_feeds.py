"""What devices of simulated units tell: everything at once, or late, with noise, with losses, and nothing without a device."""

from typing import ClassVar

import numpy as np
from msgspec.structs import replace

from engine.model.hours import DAY_MS
from engine.model.inputs import AnyInput, ReportPositions
from engine.model.turn import Turn
from engine.policy import Quiet, dispatch_named
from engine.sim.callers import draw
from engine.sim.city import City
from engine.sim.nature import Feeds, Nature
from engine.sim.replicate import MONDAY_MS
from tests.unit.engine_place import engine_place
from tests.unit.test_sim_callers import DEMAND

SURE = Feeds(noise_m=0, delay_ms=0, lost_permille=0, gaps_per_day=0.0)


class Listening(City):
    """A city that keeps what was told, and where the units really were when it was handed in."""

    told: ClassVar[list[tuple[int, int, int, int]]] = []

    def step(self, given: AnyInput) -> Turn:
        """Write positions down."""
        if isinstance(given, ReportPositions):
            fixes = given.fixes
            for row, x_m, y_m, at_ms in zip(fixes.unit, fixes.x_m, fixes.y_m, fixes.fix_ms, strict=True):
                really = self.crews[row].seen(self.now)
                self.told.append((int(row), int(x_m) - really.x_m, int(y_m) - really.y_m, self.now - int(at_ms)))
        return super().step(given)


def told(feeds: Feeds) -> tuple[Listening, "np.ndarray[tuple[int, int], np.dtype[np.int64]]"]:
    """Return a day's reports: row, how far off in x and y, how old."""
    nature = replace(Nature(), feeds=feeds)
    place = engine_place()
    calls = draw(place, replace(DEMAND, calls_per_day=60.0), nature, MONDAY_MS, MONDAY_MS + DAY_MS, 1, 0)
    dispatch, _ = dispatch_named("nearest")
    Listening.told = []
    span = MONDAY_MS, MONDAY_MS + DAY_MS
    city = Listening(place, None, calls, nature, Quiet(dispatch), seed=1, rep=0, begin_ms=MONDAY_MS, measured_ms=span)
    city.run(MONDAY_MS + DAY_MS)
    return city, np.array(Listening.told, np.int64)


def test_a_sure_feed_tells_where_units_are() -> None:
    """Of everybody with a device, at once and exactly; of nobody without one."""
    city, reports = told(SURE)
    assert len(reports) > 1_000
    assert not reports[:, 1:].any()
    tracked = {crew.row for crew in city.crews if crew.unit.tracked}
    assert set(reports[:, 0].tolist()) == tracked
    assert len(tracked) < len(city.crews)


def test_reports_are_late_and_noisy_and_lost() -> None:
    """As late as the habit says; noise of that deviation for units that stand; a fifth of all lost."""
    _, sure = told(SURE)
    _, late = told(replace(SURE, delay_ms=7_000))
    assert set(late[:, 3].tolist()) == {7_000}
    _, noisy = told(replace(SURE, noise_m=10))
    assert abs(noisy[:, 1].std() - 10) < 0.5
    assert abs(noisy[:, 1].mean()) < 4 * 10 / np.sqrt(len(noisy))
    _, lossy = told(replace(SURE, lost_permille=200))
    assert abs(len(lossy) / len(sure) - 0.8) < 0.05


def test_devices_fall_silent_for_a_while() -> None:
    """Gaps begin while a device would tell something, and leave clearly fewer reports."""
    _, sure = told(SURE)
    _, gappy = told(replace(SURE, gaps_per_day=48.0, gap_ms=1_800_000))
    assert len(gappy) < 0.9 * len(sure)
