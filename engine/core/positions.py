"""Decisions about positions: which of the reported fixes become true."""

import numpy as np

from engine.core.recorder import Recorder
from engine.model.facts import PositionsMoved
from engine.model.inputs import ReportPositions

AHEAD_MS_MAX = 5_000
"""A fix may bear a time this far ahead of ours; feeds clamp what lies further ahead before it comes here."""


def report_positions(turn: Recorder, given: ReportPositions) -> None:
    """Take the fixes that are newer than what is known and lie inside the place; count the others."""
    fleet = turn.world.fleet
    fixes = given.fixes
    x_min, y_min, x_max, y_max = turn.world.settled.bounds
    known = (fixes.unit >= 0) & (fixes.unit < len(fleet))
    rows = np.where(known, fixes.unit, 0)
    good = (
        known
        & (fixes.fix_ms > fleet.fix_ms[rows])
        & (fixes.fix_ms <= turn.now + AHEAD_MS_MAX)
        & (fixes.x_m >= x_min)
        & (fixes.x_m <= x_max)
        & (fixes.y_m >= y_min)
        & (fixes.y_m <= y_max)
    )
    ignored = len(fixes) - int(np.count_nonzero(good))
    turn.record(PositionsMoved(fixes if ignored == 0 else fixes.pick(good), ignored))
