"""Geofences: from the positions of units to what they suggest about their status.

Rule: several positions in a row, slow, accurate enough, near enough, for long enough, or nothing. Each unit is watched
only while there is something to suggest: on its way to an incident, or on its way home. What is suggested goes to the
engine as an input, which alone decides what becomes of it; here nothing is ever true.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import trio
from msgspec import Struct

from engine.live.service import Service
from engine.model.lifecycle import Status
from engine.model.rules import GeofenceRules, Suggesting
from engine.model.suggestions import SuggestStatus
from engine.state.fold_suggestions import ON_THE_WAY
from engine.state.posts import post_of
from gateways.telematics.columns import Moves

LOOK_EVERY_S: Final = 1.0
_KMH: Final = 3.6


class Fence(Struct, frozen=True):
    """Where a unit is expected, and what it would mean."""

    status: Status
    incident: str | None
    x_m: int
    y_m: int
    within_m: int


class Stay(Struct):
    """The positions in a row that lie within a fence."""

    fence: Fence
    since_ms: int = 0
    last_ms: int = 0
    fixes: int = 0
    farthest_m: int = 0
    told: bool = False


class Arrivals:
    """Watches the units that are on their way. `see` is called with positions, `run` asks and tells."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._watched = np.zeros(0, np.bool_)
        self._stays: dict[int, Stay] = {}

    async def run(self) -> None:
        """Keep the fences as the World has them and suggest what is due, until cancelled."""
        while True:
            self.look()
            for given in self.due():
                await self._service.tell(given)
            await trio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Watch who is on the way now; a stay within the same fence goes on."""
        fences = self._fences()
        self._stays = {
            row: self._stays[row] if row in self._stays and self._stays[row].fence == fence else Stay(fence)
            for row, fence in fences.items()
        }
        self._watched = np.zeros(len(self._service.world.units), np.bool_)
        self._watched[list(fences)] = True

    def see(
        self, rows: npt.NDArray[np.int32], x_m: npt.NDArray[np.int32], y_m: npt.NDArray[np.int32], moves: Moves
    ) -> None:
        """Take positions of units by their rows in the World, in local metres. Of nobody watched it costs a look."""
        if not self._stays or int(rows.max()) >= len(self._watched):
            return
        for at in np.flatnonzero(self._watched[rows]).tolist():
            stay = self._stays[int(rows[at])]
            metres = float(np.hypot(float(x_m[at]) - stay.fence.x_m, float(y_m[at]) - stay.fence.y_m))
            self._weigh(stay, metres, int(moves.fix_ms[at]), float(moves.speed_mps[at]), float(moves.accuracy_m[at]))

    def begin_anew(self, units: Iterable[str]) -> None:
        """Count the positions in a row of these units from the beginning: another device tells them from now on."""
        for unit in units:
            row = self._service.world.fleet.rows[unit]
            if row in self._stays:
                self._stays[row] = Stay(self._stays[row].fence)

    def due(self) -> list[SuggestStatus]:
        """Say who has been within a fence for long enough and was not told of yet."""
        rules, now_ms = self._rules, self._service.clock.now()
        found = []
        for row, stay in self._stays.items():
            if stay.told or stay.fixes < rules.fixes or stay.last_ms - stay.since_ms < rules.for_ms:
                continue
            stay.told = True
            unit, fence = self._service.world.units[row].id, stay.fence
            since_ms = min(stay.since_ms, now_ms)
            found.append(
                SuggestStatus(
                    unit=unit,
                    status=fence.status,
                    incident=fence.incident,
                    since_ms=since_ms,
                    fixes=stay.fixes,
                    metres=stay.farthest_m,
                )
            )
        return found

    @property
    def _rules(self) -> GeofenceRules:
        return self._service.world.settled.geofence

    def _weigh(self, stay: Stay, metres: float, fix_ms: int, speed_mps: float, accuracy_m: float) -> None:
        """Count one position; NaN, for what is not known, fails every comparison below and so passes."""
        rules = self._rules
        if accuracy_m > rules.accuracy_m or fix_ms <= stay.last_ms:
            return  # says too little, for or against
        if metres > stay.fence.within_m or speed_mps * _KMH > rules.slower_than_kmh:
            stay.fixes, stay.farthest_m, stay.told = 0, 0, False
        else:
            if stay.fixes == 0:
                stay.since_ms = fix_ms
            stay.fixes += 1
            stay.farthest_m = max(stay.farthest_m, round(metres))
        stay.last_ms = fix_ms

    def _fences(self) -> dict[int, Fence]:
        """Return where each unit on its way is expected, by row."""
        world, rules = self._service.world, self._rules
        fences: dict[int, Fence] = {}
        if rules.arrived is not Suggesting.OFF:
            for incident in world.open.values():
                for unit, assignment in incident.assigned.items():
                    if assignment.status in ON_THE_WAY:
                        place = incident.x_m, incident.y_m
                        fences[world.fleet.rows[unit]] = Fence(Status.ON_SCENE, incident.id, *place, rules.arrived_m)
        if rules.in_quarters is not Suggesting.OFF:
            stations = world.settled.stations
            for record in world.units:
                if record.duty is Status.RETURNING and record.incident is None and world.fleet.listed[record.row]:
                    post = stations[world.stations[post_of(world, record)]]
                    fences[record.row] = Fence(Status.AVAILABLE, None, post.x_m, post.y_m, rules.quarters_m)
        return fences
