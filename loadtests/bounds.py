"""How few high-priority calls could be late in the JEMSS cities, whatever decided: bounds, and a schedule in hindsight.

    python -m loadtests.bounds --data ../shared/data [--days 20] [--rounds 300] [--json]

The calls are drawn as `turnout sim` draws them under the preset `jemss`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.model.hours import DAY_MS
from engine.sim.bound import late_bound
from engine.sim.callers import draw
from engine.sim.foreknown import Ways, foreknown
from engine.sim.hindsight import hindsight
from engine.sim.offline import Ints, OfflineProblem
from engine.sim.replicate import MONDAY_MS
from engine.sim.unforeseen import Span, unforeseen_bound
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.weighing import Mode
from gateways.places import import_jemss, load
from gateways.simulation.presets import jemss
from loadtests.report import Row, emit, wants_json

HIGH_TO = {"manhattan": 1, "auckland": 2}
"""The table that is to be beaten pools high and medium; only Auckland has medium calls."""
WAIT_MS = 30 * 60_000
PLACES = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="Folder of the JEMSS cities.")
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=300, help="Of the search for a schedule.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows: list[Row] = []
    for city in HIGH_TO:
        if (given.data / city).is_dir():
            rows += _bounds(city, given.data, given.days, given.rounds, given.seed)
        else:
            print(f"{city} is skipped: {given.data / city} is not there")
    emit("bounds", rows, as_json=wants_json())


def _bounds(city: str, data: Path, days: int, rounds: int, seed: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        import_jemss(data / city, Path(folder) / city, lambda *_: None)
        loaded = load(Path(folder) / city)
    assert loaded.graph is not None, "the import has always written streets"
    assert loaded.demand is not None, "and demand"
    preset = jemss(loaded.place)
    roads = Roads(Network(loaded.graph), preset.place.travel)
    end_ms = MONDAY_MS + days * DAY_MS
    calls = draw(preset.place, loaded.demand, preset.nature, MONDAY_MS, end_ms, seed, 1)
    problem = foreknown(preset.place, roads, preset.nature, calls, HIGH_TO[city])
    places = _places(Ways(preset.place, roads), problem, list(zip(calls.x_m.tolist(), calls.y_m.tolist(), strict=True)))
    span = Span(MONDAY_MS, end_ms, end_ms + WAIT_MS + int(problem.work_ms.max()))
    rows: list[Row] = []
    for case, work in (
        ("bound, all known, any wait", lambda: late_bound(problem)),
        ("bound, all known, waits to 30 min", lambda: late_bound(problem, WAIT_MS)),
        ("schedule in hindsight", lambda: hindsight(problem, rounds, seed)),
        ("bound, not foreseen, from posts", lambda: unforeseen_bound(problem, span)),
        (f"bound, not foreseen, best of {PLACES} places", lambda: unforeseen_bound(problem, span, places)),
    ):
        begun = time.perf_counter()
        share = round(work().share, 4)
        took_s = round(time.perf_counter() - begun, 2)
        rows.append({"case": f"{city}, {days} days", "method": case, "late_share": share, "took_s": took_s})
    return rows


def _places(ways: Ways, problem: OfflineProblem, scenes: list[tuple[int, int]]) -> Ints:
    """Return the times from posts, hospitals and the scenes of some calls: where people are, streets are."""
    chosen = np.linspace(0, len(scenes) - 1, PLACES - len(problem.post_ms) - len(problem.hospital_ms)).astype(np.int64)
    there = ways.from_each([scenes[call] for call in chosen.tolist()], scenes, Mode.LIGHTS)
    return np.vstack((problem.post_ms, problem.hospital_ms, there))


if __name__ == "__main__":
    main()
