"""Decisions about positions: which of the reported fixes become true."""

import numpy as np

from engine.core.recorder import Recorder
from engine.kernels.fixes import believable
from engine.model.facts import PositionsMoved
from engine.model.inputs import ReportPositions

AHEAD_MS_MAX = 5_000
"""A fix may bear a time this far ahead of ours; feeds clamp what lies further ahead before it comes here."""


def report_positions(turn: Recorder, given: ReportPositions) -> None:
    """Take the fixes that are newer than what is known and lie inside the place; count the others."""
    fleet, fixes = turn.world.fleet, given.fixes
    good = np.empty(len(fixes), np.bool_)
    # What was read from a message is not as a kernel wants it: it may not be written to, and lies as it came.
    unit, x_m, y_m, fix_ms = np.array(fixes.unit), np.array(fixes.x_m), np.array(fixes.y_m), np.array(fixes.fix_ms)
    latest_ms, bounds = turn.now + AHEAD_MS_MAX, turn.world.settled.bounds
    ignored = believable(unit, x_m, y_m, fix_ms, fleet.fix_ms, latest_ms, bounds, good)
    turn.record(PositionsMoved(fixes if ignored == 0 else fixes.pick(good), ignored))
