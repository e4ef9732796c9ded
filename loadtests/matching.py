"""Who goes where, for many calls at once: ours beside what people take otherwise, in one run.

    python -m loadtests.matching [--json] [--rounds 100] [--only turnout,scipy_dense]

For each case: the time of one decision about all places together, and by how many percent the answer costs more than
the best one (weighted time to arrival; places left open are told apart). Travel times are given. Whoever finds units
by distance, because that is all that its index knows, is judged by the same times. Every optimal answer is proved by its
prices and held against scipy's.
"""

import argparse
import sys
import time

import numpy as np

from engine.kernels.match import certify_matching
from loadtests.matchers import MODULES, Matcher, Scene, make_scene, roster
from loadtests.matchers.turnout import Turnout
from loadtests.report import Row, emit, quantile

CASES = ((10_000, 50, 90), (1_000, 200, 388), (10_000, 200, 388), (100_000, 50, 90), (100_000, 200, 388))
"""Units, incidents, places."""
AIM_MS = 1.0
"""Candidate scan and exact solve of the first case."""
BUDGET_S = 3.0
"""The time of each method in one case."""
SCENES = 3
"""Different cities of each case."""
GIVE_UP_MS = 1_000.0
"""Who needs longer for one decision is not asked in the larger cases: nobody could wait for it."""
MOST_CELLS = 20_000_000
"""A dense matrix above this would need more memory than it is worth."""


def measure(matcher: Matcher, scenes: list[Scene], rounds: int) -> tuple[list[float], list[np.ndarray]]:
    """Return the times of its decisions in ms, and its answer for each scene."""
    taken: list[float] = []
    answers = []
    for scene in scenes:
        matcher.prepare(scene)
        answers.append(matcher.choose())
        begun = time.perf_counter()
        for _ in range(rounds):
            start = time.perf_counter_ns()
            matcher.choose()
            taken.append((time.perf_counter_ns() - start) / 1e6)
            if time.perf_counter() - begun > BUDGET_S / len(scenes):
                break
    return taken, answers


def run_case(case: tuple[int, int, int], matchers: list[Matcher], rounds: int) -> list[Row]:
    """Measure everybody on the same scenes."""
    units, incidents, places = case
    words = f"{incidents} incidents, {places} places x {units} units"
    scenes = [make_scene(units, incidents, places, seed) for seed in range(SCENES)]
    best = [prove(scene) for scene in scenes]
    rows: list[Row] = []
    for matcher in matchers:
        if "dense" in matcher.name and units * places > MOST_CELLS:
            continue
        print(f"{words}: {matcher.name} …", file=sys.stderr, flush=True)
        taken, answers = measure(matcher, scenes, rounds)
        worse = [
            100 * (_served(scene, answer) / _served(scene, right) - 1)
            for scene, answer, right in zip(scenes, answers, best, strict=True)
        ]
        rows.append(
            {
                "case": words,
                "method": matcher.name,
                "median_ms": round(quantile(taken, 0.5), 4),
                "p99_ms": round(quantile(taken, 0.99), 4),
                "dearer_percent": round(float(np.mean(worse)), 3),
                "left_open": int(sum(np.count_nonzero(answer < 0) for answer in answers)),
                "decisions": len(taken),
            }
        )
    return rows


def prove(scene: Scene) -> np.ndarray:
    """Return our answer after its prices have proved it. Raises ValueError if they do not."""
    ours = Turnout()
    ours.prepare(scene)
    matching = ours.matching()
    if not certify_matching(scene.times_ms, *ours.problem, matching):
        raise ValueError("the prices do not prove our answer")
    answer = ours.choose()
    scene.cost(answer)
    return answer


def _served(scene: Scene, answer: np.ndarray) -> int:
    """Return the weighted time of the places that were filled."""
    scene.cost(answer)
    return scene.cost(answer) % (1 << 34)


def scan_and_solve(case: tuple[int, int, int], rounds: int) -> Row:
    """Tell the aim beside what was reached."""
    scene = make_scene(*case, seed=0)
    ours = Turnout()
    taken, _ = measure(ours, [scene], rounds)
    median = quantile(taken, 0.5)
    return {
        "case": "aim",
        "method": "turnout",
        "median_ms": round(median, 4),
        "aim_ms": AIM_MS,
        "reached": str(median <= AIM_MS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="decisions of each method in each city, at most")
    parser.add_argument("--only", default=",".join(MODULES), help="methods, by file name")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    matchers, missing = roster(tuple(chosen.only.split(",")))
    everybody = tuple(matchers)
    for sentence in missing:
        print(sentence, file=sys.stderr)
    try:
        rows: list[Row] = []
        for case in CASES:
            rows += run_case(case, matchers, chosen.rounds)
            slow = {row["method"] for row in rows if float(row["median_ms"]) > GIVE_UP_MS}
            matchers = [matcher for matcher in matchers if matcher.name not in slow]
    finally:
        for matcher in everybody:
            matcher.close()
    rows.append(scan_and_solve(CASES[0], chosen.rounds))
    emit("matching", rows, as_json=chosen.json)


if __name__ == "__main__":
    main()
