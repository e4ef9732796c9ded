"""Speed: calls a second with the full engine in the loop, turns a call, and where the time goes, room by room."""

import argparse
import cProfile
import pstats
import time
from pathlib import Path

from engine.sim.replicate import Setup, replicate
from gateways.progress import progress_bar
from gateways.simulation.running import cores, run_all
from gateways.simulation.setups import Scene, loaded, policies_of, scene_of, setup_of
from loadtests.report import Row
from loadtests.simulation_cities import PRESET, folders, over

POLICIES = (
    "nearest/home",
    "nearest+divert/compliance:q=300",
    "joint/home",
    "joint/priced:budget_permille=500",
)
AIM = 5_000
"""Calls a second on Manhattan, static; JEMSS reaches 20,000 to 50,000 without capabilities, plans or a journal."""
ROOT = Path(__file__).parents[1]
ELSEWHERE = "the rest"
DEPTH_MAX = 12
Function = tuple[str, int, str]
Shares = dict[str, float]


def speed(chosen: argparse.Namespace) -> list[Row]:
    """Measure each city under each policy: in one process, then in as many as there are cores."""
    rows: list[Row] = []
    for city, folder in folders(chosen):
        scene = scene_of(loaded(folder), PRESET)
        for policy in POLICIES:
            setup = _setup(scene, policy, chosen)
            replicate(_setup(scene, policy, chosen, days=1), 0)  # the caches of the streets are filled
            beside = sorted({1, chosen.cores or cores()})
            rows += [_measured(city, setup, processes, chosen.reps) for processes in beside]
    return rows


def _setup(scene: Scene, policy: str, chosen: argparse.Namespace, days: int | None = None) -> Setup:
    named = policies_of([policy], "nearest")[0]
    return setup_of(scene, named, days=days or chosen.days, seed=chosen.seed, warm_days=0)


def _measured(city: str, setup: Setup, processes: int, reps: int) -> Row:
    """Return how many calls a second `reps` replications in each process make, the forking included."""
    begun = time.perf_counter()
    outcomes = run_all([setup], reps * processes, processes, progress_bar)
    took_s = time.perf_counter() - begun
    calls, turns = sum(len(each.calls.came_ms) for each in outcomes), sum(each.turns for each in outcomes)
    return {
        "case": city,
        "method": setup.name,
        "processes": processes,
        "calls_per_s": round(calls / took_s, 1),
        "ms_per_call": round(took_s * 1000 / calls, 3),
        "turns_per_call": round(turns / calls, 2),
        "turns_per_s": round(turns / took_s),
        "calls": calls,
        "aim": AIM if setup.name == POLICIES[0] and city == "manhattan" else "",
    }


# ── where the time goes ─────────────────────────────────────────────────────────────────────────────────────────────


def where(chosen: argparse.Namespace) -> list[Row]:
    """Profile each city under each policy; a row for each room. A profile makes Python dearer, and kernels not."""
    rows: list[Row] = []
    for city, folder in folders(chosen):
        scene = scene_of(loaded(folder), PRESET)
        for policy in POLICIES:
            setup = _setup(scene, policy, chosen, days=chosen.profile_days)
            replicate(setup, 0)
            rows += _profiled(city, setup)
    return rows


def _profiled(city: str, setup: Setup) -> list[Row]:
    profile = cProfile.Profile()
    profile.enable()
    outcome = replicate(setup, 1)
    profile.disable()
    shares = by_room(pstats.Stats(profile))
    whole, calls = sum(shares.values()), len(outcome.calls.came_ms)
    return [
        {
            "case": city,
            "method": setup.name,
            "room": room,
            "percent": over(share * 100, whole, 1),
            "profiled_ms_per_call": over(share * 1000, calls),
        }
        for room, share in sorted(shares.items(), key=lambda each: -each[1])
    ]


def by_room(stats: pstats.Stats) -> Shares:
    """Return the seconds spent in each room; what libraries and built-ins take counts for the room that called them."""
    entries = stats.stats  # type: ignore[attr-defined]  # typeshed leaves it out, the module's own text does not
    known: dict[Function, Shares] = {}
    total: Shares = {}
    for function, (_, _, own_s, _, _) in entries.items():
        for room, share in _rooms(function, entries, known, 0).items():
            total[room] = total.get(room, 0.0) + share * own_s
    return total


def _rooms(function: Function, entries: dict[Function, tuple], known: dict[Function, Shares], depth: int) -> Shares:
    """Return the parts of a function that belong to each room: its own, or those of its callers."""
    if function in known:
        return known[function]
    own = _room(function[0])
    callers = entries[function][4]
    if own is not None or not callers or depth > DEPTH_MAX:
        return {own or ELSEWHERE: 1.0}
    known[function] = {ELSEWHERE: 1.0}  # where libraries call each other in a circle
    whole = sum(times[2] for times in callers.values()) or 1.0
    shares: Shares = {}
    for caller, times in callers.items():
        for room, share in _rooms(caller, entries, known, depth + 1).items():
            shares[room] = shares.get(room, 0.0) + share * times[2] / whole
    known[function] = shares
    return shares


def _room(file: str) -> str | None:
    """Return the room of a file of ours, as in engine.core; None for others."""
    path = Path(file)
    if not path.is_relative_to(ROOT):
        return None
    parts = path.relative_to(ROOT).parts
    return ".".join(parts[:2]) if len(parts) > 2 else parts[0]
