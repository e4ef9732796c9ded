"""Ways to choose units for many calls at once, one small file each: ours beside what people would take otherwise.

Rule: a matcher may build what it likes while nothing is asked (tables, indices, connections); `choose` is timed. It
gets the travel times, or, where it is made to find units by distance, the positions. Its answer is one unit for each
place, or -1, and is judged by the same cost for all.
"""

import importlib
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Ints = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]

WEIGHTS: Final = (16, 8, 4, 2, 1)
"""By priority: what a ms is worth."""
OPEN_COST: Final = 1 << 34
"""Of a place that is left open: more than any time."""


class Scene(Struct, frozen=True):
    """What is asked: n units, i incidents, p places in order of urgency.

    x_m, y_m, mask: by unit; at_x_m, at_y_m: by incident; incident, needs, weight: by place; times_ms: int32[i, n].
    """

    x_m: Ints
    y_m: Ints
    mask: Wide
    at_x_m: Ints
    at_y_m: Ints
    incident: Ints
    needs: Wide
    weight: Wide
    times_ms: Ints

    def fits(self, place: int) -> npt.NDArray[np.bool_]:
        """Tell of each unit whether it can do what the place asks for."""
        needs = int(self.needs[place])
        fits: npt.NDArray[np.bool_] = (self.mask & needs) == needs
        return fits

    def cost(self, units: Ints) -> int:
        """Return the weighted ms of an answer. Raises ValueError for one that breaks the rules."""
        chosen = units[units >= 0]
        if len(np.unique(chosen)) != len(chosen):
            raise ValueError("a unit was chosen twice")
        total = 0
        for place, unit in enumerate(units.tolist()):
            if unit < 0:
                total += OPEN_COST
            elif not self.fits(place)[unit]:
                raise ValueError(f"unit {unit} cannot do what place {place} asks for")
            else:
                total += int(self.weight[place]) * int(self.times_ms[self.incident[place], unit])
        return total


class Matcher(Protocol):
    """Somebody who chooses."""

    name: str

    def prepare(self, scene: Scene) -> None: ...

    def choose(self) -> Ints: ...

    def close(self) -> None: ...


class Absent(Exception):
    """It cannot run here; the message says what is missing."""


MODULES: Final = ("turnout", "scipy_dense", "ortools_flow", "vroom_skills", "greedy", "redis_geosearch", "postgis_knn")


def roster(only: tuple[str, ...] = MODULES) -> tuple[list[Matcher], list[str]]:
    """Return the matchers that can run here, and a sentence for each that cannot."""
    found: list[Matcher] = []
    missing: list[str] = []
    for module in only:
        try:
            make: Callable[[], Matcher] = importlib.import_module(f"loadtests.matchers.{module}").make
            found.append(make())
        except ModuleNotFoundError as error:
            missing.append(f"{error.name} is not installed, so {module} is not compared")
        except Absent as error:
            missing.append(str(error))
    return found, missing


def make_scene(units: int, incidents: int, places: int, seed: int) -> Scene:
    """Draw a city: units round 40 stations, calls round 25 busy spots, eight kinds of units, two of them rare."""
    chance = np.random.default_rng(seed)
    side_m = 30_000
    stations = chance.integers(0, side_m, (40, 2))
    at = stations[chance.integers(0, 40, units)] + chance.normal(0, 1_500, (units, 2))
    spots = chance.integers(0, side_m, (25, 2))
    calls = spots[chance.integers(0, 25, incidents)] + chance.normal(0, 2_500, (incidents, 2))
    kinds = np.array([0b1, 0b11, 0b100, 0b1100, 0b10000, 0b110000, 0b1000000, 0b10000000], np.int64)
    share = np.array([0.25, 0.15, 0.2, 0.1, 0.2, 0.06, 0.03, 0.01])
    x_m, y_m = at.T.astype(np.int32)
    at_x_m, at_y_m = calls.T.astype(np.int32)
    away = np.hypot(at_x_m[:, None].astype(float) - x_m, at_y_m[:, None].astype(float) - y_m)
    times_ms = (away * 1.3 / 11 * 1000 * chance.uniform(0.8, 1.25, away.shape)).astype(np.int32)
    incident = np.sort(np.concatenate([np.arange(incidents), chance.integers(0, incidents, places - incidents)]))
    wants = np.array([0b1, 0b10, 0b100, 0b1000, 0b10000, 0b100000, 0b1000000, 0b10000000], np.int64)
    needs = chance.choice(wants, places, p=[0.3, 0.15, 0.2, 0.1, 0.15, 0.06, 0.03, 0.01])
    priority = np.sort(chance.choice(5, incidents, p=[0.2, 0.25, 0.3, 0.15, 0.1]))
    weight = np.array(WEIGHTS, np.int64)[priority][incident]
    return Scene(
        x_m,
        y_m,
        chance.choice(kinds, units, p=share),
        at_x_m,
        at_y_m,
        incident.astype(np.int32),
        needs,
        weight,
        times_ms,
    )
