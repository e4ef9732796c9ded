"""`turnout run` with a watch on its positions: when they were in the World, and how old they were then.

    python -m loadtests.feeds_server WATCH run PLACE …

writes to the file WATCH, each time the engine has taken positions, one line of numbers: the time in nanoseconds, the
positions that have come into the lane since the start, and the ages of the taken ones in milliseconds (median, p99).
Nothing else is changed: the program is the one that is served.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.engine import DECIDERS
from engine.live.positions import PositionLane
from engine.model.fixes import Fixes
from engine.model.inputs import ReportPositions


def watch(file: Any) -> None:
    """Put the watch between the lane and the engine."""
    take, decide = PositionLane.take, DECIDERS[ReportPositions]
    received = [0]

    def taken(lane: PositionLane) -> Fixes:
        received[0] = lane.received
        return take(lane)

    def decided(turn: Any, given: ReportPositions) -> None:
        decide(turn, given)
        now_ns = time.time_ns()
        ages = now_ns // 1_000_000 - given.fixes.fix_ms
        median, p99 = (int(np.quantile(ages, share)) for share in (0.5, 0.99))
        file.write(f"{now_ns} {received[0]} {median} {p99}\n")

    PositionLane.take = taken  # type: ignore[method-assign]
    DECIDERS[ReportPositions] = decided


if __name__ == "__main__":
    from gateways.cli import main

    with Path(sys.argv.pop(1)).open("w", buffering=1) as told:
        watch(told)
        main()
