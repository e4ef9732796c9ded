"""What one client knows of where units are, and the part of the map that it looks at.

Pure. A client that looks at a box is told of a unit when it moves within the box, into it or out of it: so what it draws
within the box is as it is, and what goes on elsewhere costs nothing. Rule: `told` is where the client believes each unit
to be; whatever tells it of a unit, by whichever message, comes past here.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


class Box(Struct, frozen=True):
    """In local metres, edges included."""

    west_m: int
    south_m: int
    east_m: int
    north_m: int

    def holds(self, x_m: Ints, y_m: Ints) -> Bools:
        """Tell of each point whether it lies in the box."""
        found: Bools = (x_m >= self.west_m) & (x_m <= self.east_m) & (y_m >= self.south_m) & (y_m <= self.north_m)
        return found


class Window:
    """Of one client. `x_m` and `y_m`, int32[n]: where it was told that the units are."""

    def __init__(self, box: Box, x_m: Ints, y_m: Ints) -> None:
        self.box = box
        self._x_m, self._y_m = x_m.copy(), y_m.copy()

    def pick(self, rows: Ints, x_m: Ints, y_m: Ints) -> Bools:
        """Tell which of these units, that are now here, the client has to be told of; it knows them from now on."""
        seen = self.box.holds(x_m, y_m) | self.box.holds(self._x_m[rows], self._y_m[rows])
        self.know(rows[seen], x_m[seen], y_m[seen])
        return seen

    def know(self, rows: Ints, x_m: Ints, y_m: Ints) -> None:
        """Take down that the client was told of these units."""
        self._x_m[rows], self._y_m[rows] = x_m, y_m

    def turn(self, box: Box, near: Ints, x_m: Ints, y_m: Ints) -> Ints:
        """Look at another box; return the rows that the client has to be told of, rising: it knows them from now on.

        `near`: rows that may be in the box, all that are among them; `x_m` and `y_m`, int32[n]: where all units are.
        """
        there = near[box.holds(x_m[near], y_m[near])]
        drawn = np.flatnonzero(box.holds(self._x_m, self._y_m))
        rows = np.union1d(there, drawn).astype(np.int32)
        # Who was told within the old box was followed: where it is, and how old that is, is known.
        fresh: Ints = rows[~self.box.holds(self._x_m[rows], self._y_m[rows])]
        self.box = box
        self.know(fresh, x_m[fresh], y_m[fresh])
        return fresh

    def grow(self, x_m: Ints, y_m: Ints) -> None:
        """Take in the units that the place has got: the client learns of them as of everything new."""
        known = len(self._x_m)
        self._x_m = np.concatenate([self._x_m, x_m[known:]])
        self._y_m = np.concatenate([self._y_m, y_m[known:]])
