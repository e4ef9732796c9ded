"""The lane of positions: the newest fix of each unit, until the engine takes them all at once as one input.

Bounded by the size of the fleet, whatever the feeds send.
"""

import numpy as np

from engine.model.fixes import Fixes


class PositionLane:
    """Fixes that wait, by row of the unit."""

    def __init__(self) -> None:
        self._pending: dict[int, tuple[int, int, int, int, int, int]] = {}
        self.received = 0
        self.conflated = 0
        """Fixes that a newer one of the same unit overtook before the engine saw them."""

    def put(self, row: int, x_m: int, y_m: int, fix_ms: int, speed_dm_s: int, heading: int) -> None:
        """Keep the fix, unless a newer one of the same unit is waiting."""
        self.received += 1
        held = self._pending.get(row)
        if held is not None:
            self.conflated += 1
            if held[3] >= fix_ms:
                return
        self._pending[row] = (row, x_m, y_m, fix_ms, speed_dm_s, heading)

    def __len__(self) -> int:
        return len(self._pending)

    def take(self) -> Fixes:
        """Return all that wait, in order of row, and start anew."""
        rows = np.array(sorted(self._pending.values()), np.int64)
        self._pending = {}
        return Fixes(*rows.T)
