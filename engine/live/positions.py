"""The lane of positions: the newest fix of each unit, until the engine takes them all at once as one input.

Bounded by the size of the fleet, whatever the feeds send. A feed may put one fix or columns of them; they meet here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.kernels.fixes import keep_newest
from engine.model.fixes import Fixes

_FIRST_ROWS: Final = 256
_KINDS: Final = (np.bool_, np.int32, np.int32, np.int64, np.int16, np.int16)
"""Of the columns by row: whether a fix waits; x_m, y_m, fix_ms, speed_dm_s, heading."""


class PositionLane:
    """Fixes that wait, by row of the unit."""

    def __init__(self) -> None:
        self._single: dict[int, tuple[int, int, int, int, int, int]] = {}
        self._columns: list[npt.NDArray[np.generic]] = [np.zeros(_FIRST_ROWS, kind) for kind in _KINDS]
        self._waiting = 0
        self.received = 0
        self.conflated = 0
        """Fixes that a newer one of the same unit overtook before the engine saw them."""

    def put(self, row: int, x_m: int, y_m: int, fix_ms: int, speed_dm_s: int, heading: int) -> None:
        """Keep the fix, unless a newer one of the same unit is waiting."""
        self.received += 1
        held = self._single.get(row)
        if held is not None:
            self.conflated += 1
            if held[3] >= fix_ms:
                return
        self._single[row] = (row, x_m, y_m, fix_ms, speed_dm_s, heading)

    def put_columns(
        self,
        rows: npt.NDArray[np.int32],
        x_m: npt.NDArray[np.int32],
        y_m: npt.NDArray[np.int32],
        fix_ms: npt.NDArray[np.int64],
        speed_dm_s: npt.NDArray[np.int16],
        heading: npt.NDArray[np.int16],
    ) -> None:
        """Keep of so many fixes at once what `put` would keep of each."""
        self.received += len(rows)
        self._keep(rows, x_m, y_m, fix_ms, speed_dm_s, heading)

    def __len__(self) -> int:
        return self._waiting + len(self._single)

    def take(self) -> Fixes:
        """Return all that wait, in order of row, and start anew."""
        if self._single:
            given = np.array(list(self._single.values()), np.int64).T
            self._single = {}
            rows, x_m, y_m, fix_ms, speed_dm_s, heading = given
            self._keep(
                rows.astype(np.int32),
                x_m.astype(np.int32),
                y_m.astype(np.int32),
                np.ascontiguousarray(fix_ms),
                speed_dm_s.astype(np.int16),
                heading.astype(np.int16),
            )
        waiting = self._columns[0]
        rows = np.flatnonzero(waiting)
        taken = Fixes(rows, *(column[rows] for column in self._columns[1:]))
        waiting[rows] = False
        self._waiting = 0
        return taken

    def _keep(
        self,
        rows: npt.NDArray[np.int32],
        x_m: npt.NDArray[np.int32],
        y_m: npt.NDArray[np.int32],
        fix_ms: npt.NDArray[np.int64],
        speed_dm_s: npt.NDArray[np.int16],
        heading: npt.NDArray[np.int16],
    ) -> None:
        if not len(rows):
            return
        size = int(rows.max()) + 1
        if size > len(self._columns[0]):
            more = max(size, 2 * len(self._columns[0])) - len(self._columns[0])
            self._columns = [np.concatenate([column, np.zeros(more, column.dtype)]) for column in self._columns]
        begun = keep_newest(rows, x_m, y_m, fix_ms, speed_dm_s, heading, *self._columns)  # type: ignore[arg-type]  # each has its kind
        self._waiting += begun
        self.conflated += len(rows) - begun
