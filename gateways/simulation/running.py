"""Replications over all cores: each in a process of its own, forked once everything they share has been made.

Forked, because streets are large and kernels warm: a child finds both where its parent left them. Results come back in
the order in which they were asked for, whoever is done first, so the number of cores changes nothing but the time.
"""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from queue import Empty

from msgspec.structs import replace

from engine.sim.outcome import Outcome
from engine.sim.replicate import Setup, replicate
from gateways.simulation.setups import NotSimulated

Watching = Callable[[], AbstractContextManager[Callable[[str, int, int], None]]]
"""Opens a progress bar: told what is done, how much of it, and of how much. Opened once all children have been forked, as
its thread must not be there when they are."""
WHAT = "simulated days"
LOOK_S = 0.2
COLLECT_AFTER = 50_000

_setups: Sequence[Setup] = ()
_days: "multiprocessing.Queue[int] | None" = None


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Let the collector look seldom, and not at what was there before: a simulation makes few circles, and much else."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def no_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show nothing."""
    yield lambda *_: None


def cores() -> int:
    """Return how many processes may run side by side."""
    return len(os.sched_getaffinity(0))


def run_all(setups: Sequence[Setup], reps: int, processes: int, watching: Watching = no_bar) -> list[Outcome]:
    """Simulate every setup `reps` times; the outcomes by setup, then by replication.

    Raises DemandRefused and PolicyRefused from whichever replication meets them first, and NotSimulated where a process died.
    """
    tasks = [(number, rep) for rep in range(reps) for number in range(len(setups))]
    whole = sum((setup.days + setup.warm_days) * reps for setup in setups)
    found = (
        _here(setups, tasks, whole, watching) if processes <= 1 else _beside(setups, tasks, processes, whole, watching)
    )
    order = sorted(range(len(tasks)), key=lambda place: tasks[place])
    return [found[place] for place in order]


def _here(setups: Sequence[Setup], tasks: list[tuple[int, int]], whole: int, watching: Watching) -> list[Outcome]:
    done = 0
    with watching() as progress:

        def on_day(_: int) -> None:
            nonlocal done
            done += 1
            progress(WHAT, done, whole)

        return [_timed(setups[number], rep, on_day) for number, rep in tasks]


def _beside(
    setups: Sequence[Setup], tasks: list[tuple[int, int]], processes: int, whole: int, watching: Watching
) -> list[Outcome]:
    global _setups, _days  # what a forked child inherits has to be found without an argument
    context = multiprocessing.get_context("fork")
    _setups, _days = setups, context.Queue()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(_task, number, rep) for number, rep in tasks]
        try:
            with watching() as progress:
                _follow(futures, whole, progress)
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise NotSimulated(
                "A process of the simulation was killed, most likely as memory ran out: its outcomes are lost. "
                "Simulate with fewer --cores, or fewer --days or --reps."
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            _setups, _days = (), None


def _follow(futures: "list[Future[Outcome]]", whole: int, progress: Callable[[str, int, int], None]) -> None:
    assert _days is not None
    done = 0
    while not all(future.done() for future in futures):
        for future in futures:
            if future.done():
                future.result()
        try:
            done += _days.get(timeout=LOOK_S)
        except Empty:
            continue
        progress(WHAT, min(done, whole), whole)


def _task(number: int, rep: int) -> Outcome:
    days = _days
    assert days is not None
    return _timed(_setups[number], rep, lambda _: days.put(1))


def _timed(setup: Setup, rep: int, on_day: Callable[[int], None]) -> Outcome:
    began_s = time.perf_counter()
    with _rarely_collected():
        outcome = replicate(setup, rep, on_day)
    return replace(outcome, wall_s=time.perf_counter() - began_s)
