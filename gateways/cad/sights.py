"""Who looks at which part of the map: positions go to those in whose window they are, found through an R-tree.

The tree is one of our own, over what has been *told* (the engine's runs ahead of the disk), and is kept only while
somebody has a window. Same loop, same thread as everything that touches it, which libspatialindex needs.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from engine.state.fleet import Fleet
from engine.state.index import METRES_MAX, UnitIndex
from engine.state.world import World
from gateways.cad.messages import Positions, frame_of
from gateways.cad.outbox import HELPING, Helping
from gateways.cad.stream import Follower
from gateways.cad.window import Box, Ints, Window
from gateways.views import view_positions

SLACK_M: Final = 250


class Sights:
    """Windows by client."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._x_m, self._y_m = world.fleet.x_m.copy(), world.fleet.y_m.copy()
        """Where all units are, as far as that has been told: by row."""
        self._windows: dict[Follower, Window] = {}
        self._tree: UnitIndex | None = None

    def __contains__(self, who: Follower) -> bool:
        return who in self._windows

    def watchers(self) -> list[Follower]:
        """Return who has a window."""
        return list(self._windows)

    def told(self, units: Iterable[str]) -> Ints:
        """Take down that it is being told where these units are now; return their rows."""
        fleet = self._world.fleet
        if len(fleet) > len(self._x_m):
            self._grow(fleet)
        rows = np.array([fleet.rows[unit] for unit in units], np.int32)
        self._x_m[rows], self._y_m[rows] = fleet.x_m[rows], fleet.y_m[rows]
        if self._tree is not None:
            self._tree.place_many(rows, self._x_m[rows], self._y_m[rows])
        return rows

    def told_all(self, units: Iterable[str]) -> None:
        """Take down that everybody is being told of these units, wherever they look: a delta."""
        rows = self.told(units)
        for window in self._windows.values():
            window.know(rows, self._x_m[rows], self._y_m[rows])

    def part_of(self, who: Follower, rows: Ints, helping: Helping) -> Helping | None:
        """Return what of a helping is in the client's window; None if nothing is. `rows`: of its units."""
        seen = self._windows[who].pick(rows, self._x_m[rows], self._y_m[rows])
        if seen.all():
            return helping
        if not seen.any():
            return None
        units = helping.message.units
        message = Positions(at_ms=helping.message.at_ms, units=tuple(units[i] for i in np.flatnonzero(seen).tolist()))
        return Helping(message, frame_of(message))

    def look(self, who: Follower, box: Box) -> Ints:
        """Let the client look at this box from now on; return the rows of which it has to be told."""
        if self._tree is None:
            self._tree = UnitIndex(SLACK_M)
            self._tree.place_many(np.arange(len(self._x_m)), self._x_m, self._y_m)
        window = self._windows.get(who)
        if window is None:
            # It has been told of everything up to now.
            self._windows[who] = Window(box, self._x_m, self._y_m)
            return np.empty(0, np.int32)
        near = self._tree.in_box(box.west_m, box.south_m, box.east_m, box.north_m)
        return window.turn(box, near, self._x_m, self._y_m)

    def look_everywhere(self, who: Follower) -> Ints:
        """Let the client have no window any more; return the rows of which it has to be told."""
        window = self._windows.get(who)
        if window is None:
            return np.empty(0, np.int32)
        reach_m = METRES_MAX
        everywhere = Box(-reach_m, -reach_m, reach_m, reach_m)
        rows = window.turn(everywhere, np.arange(len(self._x_m), dtype=np.int32), self._x_m, self._y_m)
        self.forget(who)
        return rows

    def renew(self, who: Follower) -> None:
        """Take down that the client has been given a new snapshot."""
        window = self._windows.get(who)
        if window is not None:
            self._windows[who] = Window(window.box, self._x_m, self._y_m)

    def forget(self, who: Follower) -> None:
        """The client has gone, or looks at everything."""
        self._windows.pop(who, None)
        if not self._windows:
            self._tree = None

    def helpings(self, rows: Ints) -> Iterator[Helping]:
        """Give where these units are, in helpings, each made when it is asked for. Who was never seen is left out."""
        seen = rows[self._world.fleet.fix_ms[rows] >= 0]
        for start in range(0, len(seen), HELPING):
            views = view_positions(self._world, seen[start : start + HELPING].tolist())
            message = Positions(at_ms=self._world.now, units=views)
            yield Helping(message, frame_of(message))

    def _grow(self, fleet: Fleet) -> None:
        known = len(self._x_m)
        self._x_m = np.concatenate([self._x_m, fleet.x_m[known:]])
        self._y_m = np.concatenate([self._y_m, fleet.y_m[known:]])
        if self._tree is not None:
            self._tree.place_many(np.arange(known, len(fleet)), self._x_m[known:], self._y_m[known:])
        for window in self._windows.values():
            window.grow(self._x_m, self._y_m)
