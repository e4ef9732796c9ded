"""The units as columns: what the kernels read. A row is a unit's number for the life of the journal."""

import numpy as np
import numpy.typing as npt

from engine.kernels.fixes import turn_out
from engine.model.fixes import UNKNOWN, Fixes
from engine.model.lifecycle import Status
from engine.model.place import Place, Station, Unit
from engine.state.index import UnitIndex
from engine.state.records import UnitRecord
from engine.streets.roads import Roads
from engine.streets.snapping import Spots

IN_QUARTERS_M = 150
"""A unit this close to its post, in x and in y, has to turn out first."""

SETTLED_LATER = 2_000
"""Up to so many units the tree is told where they are only when it is asked: to load all of them takes 3 ms at most."""

STANDING_FREE = 0
STANDING_ASSIGNED = 1
STANDING_NOT_IN_SERVICE = 2
STANDING_CREW_BUSY = 3
STANDING_UNDERSTAFFED = 4


class Fleet:
    """Columns of n units and the R-tree over their positions. Rows only ever grow in number.

    A follower's fleet keeps no tree: it is shown, never searched.
    """

    def __init__(self, *, indexed: bool = True) -> None:
        self.stations: tuple[Station, ...] = ()
        """Of the place in force."""
        self.ids: list[str] = []
        self.rows: dict[str, int] = {}
        self.units: list[Unit] = []
        self.x_m = np.empty(0, np.int32)
        self.y_m = np.empty(0, np.int32)
        self.fix_ms = np.empty(0, np.int64)
        self.assumed = np.empty(0, np.uint8)
        self.speed_dm_s = np.empty(0, np.int16)
        self.heading = np.empty(0, np.int16)
        self.capability = np.empty(0, np.uint64)
        self.standing = np.empty(0, np.uint8)
        self.shift = np.empty(0, np.int16)
        self.turnout_ms = np.empty(0, np.int32)
        """Turnout due now: the unit's own in quarters, none on the road."""
        self.base_turnout_ms = np.empty(0, np.int32)
        self.post = np.empty(0, np.int16)
        """The place's number of the station where it belongs: its home, or where it was moved; -1: it has none."""
        self.post_x_m = np.empty(0, np.int32)
        self.post_y_m = np.empty(0, np.int32)
        self.listed = np.empty(0, np.uint8)
        """Is it one of the place's units? One that the place no longer has keeps its row and is never sent."""
        self.agency = np.empty(0, np.int16)
        """The place's number of the neighbour that it belongs to; -1: our own."""
        self.on_break = np.empty(0, np.uint8)
        self.rolling = np.empty(0, np.uint8)
        """Is its crew in the vehicle, on the way home? Then it needs no turnout, wherever it stands."""
        self.staff_short = np.empty(0, np.int16)
        """How many people it lacks of its full crew."""
        self.fresh_ms = np.empty(0, np.int64)
        """When its crew last began its duty, or came back from a break; 0: nobody said."""
        self.cleared_ms = np.empty(0, np.int64)
        """When its crew last came home from an incident; 0: never."""
        self.jobs = np.empty(0, np.int32)
        """Incidents that its crew has come home from, as counted then."""
        self.siblings: list[tuple[int, ...]] = []
        """Rows of the other units of the same crew."""
        self.tree = UnitIndex() if indexed else None
        self._moved = np.empty(0, np.uint8)
        """By row: the tree has not been told yet."""
        self._unsettled = False
        self.roads: Roads | None = None
        self.spots = Spots(0)
        """Where on the streets each unit is; worked out from its position, so in no image."""

    def __len__(self) -> int:
        return len(self.ids)

    def adopt(self, place: Place, roads: Roads | None = None) -> None:
        """Take over the units of a place: known ones keep their row and position, new ones follow in order of id.

        A unit that the new place no longer has keeps its row, unlisted and without any capability. With the place's
        roads every unit has its spot on them.
        """
        self.roads = roads
        wanted = {unit.id: unit for unit in place.units}
        fresh = sorted(unit_id for unit_id in wanted if unit_id not in self.rows)
        self.enlist([wanted[unit_id] for unit_id in fresh])
        self.stations = place.stations
        station_number = {station.id: number for number, station in enumerate(place.stations)}
        crew_shift = {crew.id: crew.shift for crew in place.crews}
        shift_number = {shift.id: number for number, shift in enumerate(place.shifts)}
        agency_number = {agency.id: number for number, agency in enumerate(place.agencies)}
        for row, unit_id in enumerate(self.ids):
            unit = wanted.get(unit_id)
            self.capability[row] = unit.capabilities if unit else 0
            self.listed[row] = unit is not None
            if unit is None:
                self.shift[row] = self.agency[row] = self.post[row] = -1
                continue
            self.units[row] = unit
            self._put_post(row, station_number[unit.station])
            self.base_turnout_ms[row] = unit.turnout_ms
            shift = unit.shift or (crew_shift[unit.crew] if unit.crew else None)
            self.shift[row] = shift_number[shift] if shift else -1
            self.agency[row] = agency_number[unit.agency] if unit.agency else -1
            if self.fix_ms[row] < 0:
                self.x_m[row], self.y_m[row] = self.post_x_m[row], self.post_y_m[row]
                self.assumed[row] = not unit.tracked
        self._pair_crews(wanted)
        self.spots = Spots(len(self.ids))
        everyone = np.arange(len(self.ids), dtype=np.int32)
        self._refresh_turnout(everyone)
        self._locate(everyone)

    def enlist(self, units: list[Unit]) -> None:
        """Give the units the next rows, in this order."""
        for unit in units:
            self.rows[unit.id] = len(self.ids)
            self.ids.append(unit.id)
            self.units.append(unit)
        for name, filler in _COLUMNS.items():
            column: npt.NDArray[np.generic] = getattr(self, name)
            grown = np.full(len(self.ids), filler, dtype=column.dtype)
            grown[: len(column)] = column
            setattr(self, name, grown)
        self._moved = np.concatenate([self._moved, np.zeros(len(self.ids) - len(self._moved), np.uint8)])

    def _pair_crews(self, wanted: dict[str, Unit]) -> None:
        rows_of: dict[str, list[int]] = {}
        for row, unit_id in enumerate(self.ids):
            crew = wanted[unit_id].crew if unit_id in wanted else None
            if crew:
                rows_of.setdefault(crew, []).append(row)
        self.siblings = [()] * len(self.ids)
        for rows in rows_of.values():
            for row in rows:
                self.siblings[row] = tuple(other for other in rows if other != row)

    def move(self, fixes: Fixes) -> None:
        """Put units where the fixes say (rows distinct)."""
        rows = np.array(fixes.unit)  # a copy: what was read from a message is not as a kernel wants it
        self.x_m[rows] = fixes.x_m
        self.y_m[rows] = fixes.y_m
        self.fix_ms[rows] = fixes.fix_ms
        self.speed_dm_s[rows] = fixes.speed_dm_s
        self.heading[rows] = fixes.heading
        self.assumed[rows] = 0
        self._refresh_turnout(rows)
        self._locate(rows)

    def _locate(self, rows: npt.NDArray[np.int32]) -> None:
        """Write down in the tree and on the streets where these units are."""
        if self.tree is not None:
            if len(self.ids) <= SETTLED_LATER:
                self._moved[rows], self._unsettled = 1, True
            else:
                self.tree.place_many(rows, self.x_m[rows], self.y_m[rows])
            if self.roads is not None:
                self.roads.put(self.spots, rows, self.x_m, self.y_m, self.speed_dm_s, self.heading)

    def belong(self, row: int, post: int) -> None:
        """Let the unit belong to that station of the place, by its number, from now on."""
        self._put_post(row, post)
        self._refresh_turnout(np.array([row], np.int32))

    def stand_at_post(self, row: int) -> None:
        """Take a unit that never had a fix to be at its post."""
        if self.fix_ms[row] < 0 and self.post[row] >= 0:
            self.x_m[row], self.y_m[row] = self.post_x_m[row], self.post_y_m[row]
            rows = np.array([row], np.int32)
            self._refresh_turnout(rows)
            self._locate(rows)

    def is_at_post(self, row: int) -> bool:
        """Tell whether the unit is where it belongs, as near as counts as in quarters."""
        east_m = abs(int(self.x_m[row]) - int(self.post_x_m[row]))
        north_m = abs(int(self.y_m[row]) - int(self.post_y_m[row]))
        return self.post[row] >= 0 and max(east_m, north_m) <= IN_QUARTERS_M

    def _put_post(self, row: int, post: int) -> None:
        station = self.stations[post]
        self.post[row], self.post_x_m[row], self.post_y_m[row] = post, station.x_m, station.y_m

    def turn_out(self, usual_ms: dict[tuple[str, str], int]) -> None:
        """Let units leave as quickly as (station, kind) have shown that they do; others as the place says."""
        for row, unit in enumerate(self.units):
            self.base_turnout_ms[row] = usual_ms.get((unit.station, unit.kind), unit.turnout_ms)
        self._refresh_turnout(np.arange(len(self.ids), dtype=np.int32))

    def _refresh_turnout(self, rows: npt.NDArray[np.int32]) -> None:
        turn_out(
            rows,
            self.x_m,
            self.y_m,
            self.post_x_m,
            self.post_y_m,
            IN_QUARTERS_M,
            self.rolling,
            self.on_break,
            self.base_turnout_ms,
            self.turnout_ms,
        )

    @property
    def index(self) -> UnitIndex:
        """The R-tree, in which everybody is where the columns say; asserts that this fleet has one."""
        assert self.tree is not None, "a follower's fleet is never searched"
        if self._unsettled:
            rows = np.flatnonzero(self._moved)
            self._moved[rows], self._unsettled = 0, False
            self.tree.place_many(rows, self.x_m[rows], self.y_m[rows])
        return self.tree

    def restore_positions(self, fixes: Fixes) -> None:
        """Put every unit back where an image says it was, without a fix where it had none."""
        # A unit that left the place without ever sending a fix still stands at the station of its last place.
        self.x_m[fixes.unit], self.y_m[fixes.unit] = fixes.x_m, fixes.y_m
        self.move(fixes.pick(fixes.fix_ms >= 0))
        self._locate(fixes.unit)

    def positions(self) -> Fixes:
        """Return the whole fleet's positions: `fix_ms` is -1 where a unit never had one."""
        rows = np.arange(len(self.ids), dtype=np.int32)
        return Fixes(rows, self.x_m, self.y_m, self.fix_ms, self.speed_dm_s, self.heading)

    def man(self, record: UnitRecord) -> None:
        """Write down who is on the unit: what they add to its vehicle, and how fresh they are."""
        row, unit = record.row, self.units[record.row]
        self.capability[row] = unit.capabilities | record.brings if self.listed[row] else 0
        self.staff_short[row] = 0 if record.staff is None else max(0, unit.staff - record.staff)
        self.fresh_ms[row] = max(record.duty_since_ms, record.break_ms)
        self.cleared_ms[row], self.jobs[row] = record.cleared_ms, record.jobs
        on_break = record.duty is Status.ON_BREAK and record.incident is None
        rolling = record.duty is Status.RETURNING
        if on_break != self.on_break[row] or rolling != self.rolling[row]:
            self.on_break[row], self.rolling[row] = on_break, rolling
            self._refresh_turnout(np.array([row], np.int32))

    def restand(
        self, row: int, *, in_service: bool, assigned: bool, crew_busy: bool, understaffed: bool = False
    ) -> None:
        """Write down whether the unit may be sent."""
        if assigned:
            self.standing[row] = STANDING_ASSIGNED
        elif not (in_service and self.listed[row]):
            self.standing[row] = STANDING_NOT_IN_SERVICE
        elif understaffed:
            self.standing[row] = STANDING_UNDERSTAFFED
        else:
            self.standing[row] = STANDING_CREW_BUSY if crew_busy else STANDING_FREE


_COLUMNS: dict[str, int] = {
    "x_m": 0,
    "y_m": 0,
    "fix_ms": -1,
    "assumed": 0,
    "speed_dm_s": UNKNOWN,
    "heading": UNKNOWN,
    "capability": 0,
    "listed": 0,
    "standing": STANDING_FREE,
    "shift": -1,
    "agency": -1,
    "on_break": 0,
    "rolling": 0,
    "staff_short": 0,
    "fresh_ms": 0,
    "cleared_ms": 0,
    "jobs": 0,
    "turnout_ms": 0,
    "base_turnout_ms": 0,
    "post": -1,
    "post_x_m": 0,
    "post_y_m": 0,
}
"""Every column, with what a new row holds."""
