"""Families about the engine: does it decide in time, is what it decided safe, is anything in its way?"""

import time
from collections.abc import Iterator
from typing import Final

from engine.live.lanes import CAPACITY, Lane
from engine.live.service import Service, Stage
from gateways.metrics.family import Family, counter, counters, gauge, gauges, histogram, histograms
from gateways.metrics.health import Readiness
from gateways.metrics.observed import Observed

POSITIONS: Final = "positions"


def engine_families(service: Service, observed: Observed, health: Readiness) -> Iterator[Family]:
    """Give everything about the engine."""
    yield from _latencies(observed)
    yield from _progress(service, health)
    yield from _journal(service, health)
    yield from _lanes(service)
    yield from _loop(service)


def _latencies(observed: Observed) -> Iterator[Family]:
    yield histograms(
        "decision_seconds",
        "Time the engine takes for one input, by class of input. Worry when calls take more than 25 ms at p99.",
        "input",
        observed.decisions,
    )
    yield histogram(
        "answer_seconds",
        "Time from a command entering its lane until its answer is durable. Worry beyond 50 ms at p99.",
        observed.answers,
    )
    yield histogram(
        "journal_commit_seconds",
        "Time from decided to safe on the disk, per turn. Worry beyond 50 ms at p99: the disk is slow or shared.",
        observed.commits,
    )


def _progress(service: Service, health: Readiness) -> Iterator[Family]:
    age_s = health.last_durable_age_s
    yield gauge(
        "ready",
        "1 while /readyz says 200. Worry at 0: the engine cannot take calls; /readyz says why.",
        int(health.ready),
    )
    yield gauges(
        "stage",
        "1 for the stage the engine is in. Worry at failed, and when recovering or warming lasts minutes.",
        "stage",
        {stage.value: int(stage is service.stage) for stage in Stage},
    )
    yield counter("turns", "Turns decided since this process started.", service.measures.turns)
    yield gauge(
        "last_turn_timestamp_seconds",
        "When a turn last became durable (Unix time; 0: never). Worry when older than 20 s: a heartbeat makes one "
        "every few seconds.",
        0 if age_s is None else time.time() - age_s,
    )
    yield gauge(
        "board_lag_turns",
        "Durable turns that screens and these metrics do not show yet. Worry when it stays above 1,000.",
        health.board_lag_turns,
    )


def _journal(service: Service, health: Readiness) -> Iterator[Family]:
    yield gauge(
        "journal_undurable_turns",
        "Turns on their way to the disk. Worry above 1,000: the disk does not keep up and answers wait for it.",
        service.undurable,
    )
    space = health.journal
    if space is None:
        return
    yield gauge("journal_free_bytes", "Room left on the journal's disk. Worry below a tenth.", space.free_bytes)
    yield gauge("journal_disk_bytes", "Size of the journal's disk.", space.total_bytes)
    yield gauge(
        "journal_ballast_held",
        "1 while the reserve for a full disk is there. Worry at 0: the disk was full; the next time the engine stops.",
        int(space.ballast_held),
    )


def _lanes(service: Service) -> Iterator[Family]:
    lanes = service.lanes
    depth = {lane.name.lower(): lanes.depth(lane) for lane in Lane}
    capacity = {lane.name.lower(): CAPACITY[lane] for lane in Lane}
    taken = {lane.name.lower(): lanes.taken[lane] for lane in Lane}
    yield gauges(
        "lane_depth",
        "Inputs that wait for the engine, by lane; positions: units with a newer position. Worry when a lane other "
        "than positions stays above 100.",
        "lane",
        {**depth, POSITIONS: len(service.positions)},
    )
    yield gauges("lane_capacity", "Inputs a lane holds before its senders have to wait.", "lane", capacity)
    yield counters("lane_taken", "Inputs the engine has taken, by lane.", "lane", taken)
    yield counter("positions_received", "Believed positions that reached the lane.", service.positions.received)
    yield counter(
        "positions_conflated",
        "Positions overtaken by a newer one of the same unit before the engine saw them. Harmless; many mean that "
        "trackers send in bursts.",
        service.positions.conflated,
    )


def _loop(service: Service) -> Iterator[Family]:
    yield counter(
        "loop_blocked",
        "Times the event loop stood still for more than 250 ms. Worry at any: the log has the stacks.",
        service.watchdog.blocked,
    )
    yield gauge(
        "loop_longest_block_seconds",
        "Longest time the event loop was late since the start. After 2 s by its own doing the process ends itself.",
        service.watchdog.longest_s,
    )
    yield counter(
        "clock_steps",
        "Jumps of the wall clock by more than 500 ms. Worry at any: look at time synchronisation.",
        service.clock.steps,
    )
