"""From the command line to a demo, and from its end to an exit status."""

import sys
from pathlib import Path

import trio
from msgspec.structs import replace
from rich.console import Console

from engine.journal import JournalError
from gateways import log, progress
from gateways.demo import summary, voices
from gateways.demo.audit import Audit, audit
from gateways.demo.scene import DemoRefused, Scene, set_scene
from gateways.demo.screen import Lines, Terminal
from gateways.demo.show import Cues, Performance, perform
from gateways.demo.supervisor import EngineWillNotStart
from gateways.places import PlaceRefused

DISAGREES = 1
"""Exit status where something was lost, or does not agree."""
REFUSED = 2
"""Exit status where the demo could not be given."""


def run_demo(
    place: Path | None,
    seconds: float | None,
    pace: float,
    units: int,
    seed: int,
    travel: str,
    data: Path | None,
    crash_at: float | None,
    close_at: float | None = None,
    *,
    exercise: bool = False,
    feed: str | None = None,
    as_json: bool,
) -> int:
    """Give the demo; return the exit status: 0 if everything that was accepted is there and agrees."""
    log.configure("warning")
    aside = Console(stderr=True)
    front = aside if as_json else Console()
    try:
        _check_feed(feed)
        scene = _set(place, data, units, seed, pace, travel, exercise=exercise)
        scene = replace(scene, feed=feed)
        _check_closing(scene, close_at)
        performance = _perform(front, scene, Cues(seconds, crash_at, close_at), board=not as_json and front.is_terminal)
        found = _audit(aside, scene, performance)
    except PlaceRefused as refusal:
        sentences = [f"turnout: {each}" for each in refusal.mistakes]
    except (DemoRefused, EngineWillNotStart, JournalError) as refusal:
        sentences = [f"turnout: {refusal}"]
    else:
        return _say(scene, performance, found, as_json=as_json)
    for sentence in sentences:
        aside.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return REFUSED


def _set(
    place: Path | None, data: Path | None, units: int, seed: int, pace: float, travel: str, *, exercise: bool
) -> Scene:
    with progress.progress_bar() as report:
        return set_scene(place, data, units, seed, pace, report, straight=travel == "straight", exercise=exercise)


def _check_feed(feed: str | None) -> None:
    if feed == "mqtt" and voices.broker_program() is None:
        raise DemoRefused(
            "--feed mqtt: there is no mosquitto on the PATH. Install it (Debian: apt-get install mosquitto)."
        )


def _check_closing(scene: Scene, close_at: float | None) -> None:
    if close_at is not None and not scene.place.streets:
        raise DemoRefused(f"--close-at: {scene.place.name} travels in straight lines; no street of it can be closed.")


def _perform(front: Console, scene: Scene, cues: Cues, *, board: bool) -> Performance:
    front.print(f"{scene.place.name}: {len(scene.place.units)} units. Data in {scene.data}", highlight=False)
    front.print("Starting the engine. (The first time on a machine its kernels are compiled: about a minute.)")
    screen = Terminal(front) if board else Lines(front)
    failure: BaseException | None = None
    try:
        performance = trio.run(perform, scene, cues, screen)
    except* (EngineWillNotStart, JournalError) as group:
        failure = group
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
    if failure is not None:
        raise failure
    if not performance.opened:
        raise DemoRefused("stopped before the engine was there.")
    return performance


def _audit(aside: Console, scene: Scene, performance: Performance) -> Audit:
    with aside.status("Reading the journal, and deciding everything again …"):
        folder = scene.data if scene.exercise else None
        return audit(scene.journal, performance.ledger, performance.since_ms, folder)


def _say(scene: Scene, performance: Performance, found: Audit, *, as_json: bool) -> int:
    told = summary.Summary(
        holds=found.holds and performance.stopped_cleanly,
        place=scene.place.name,
        units=len(scene.place.units),
        pace=scene.pace.rate,
        seconds=round(performance.seconds, 1),
        stopped_cleanly=performance.stopped_cleanly,
        outages=performance.outages,
        answered=summary.latency(performance.ledger.answer_ms),
        recommended=summary.latency(performance.ledger.recommend_ms),
        ledger=summary.ledger_figures(performance.ledger),
        audit=found,
        data=str(scene.data),
    )
    if as_json:
        sys.stdout.write(summary.as_json(told) + "\n")
    else:
        summary.show(Console(), told)
    return 0 if told.holds else DISAGREES
