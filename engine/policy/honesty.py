"""How far an ETA may be trusted, and when a busy unit will be free: what is told beside a time, never compared.

The spread is one standard deviation: two arrivals of three lie within it. Its parts are independent, so their squares
add: how drives differ from the map, how crews differ in turning out, how old the position is of a unit that moves,
and the way to the road.
"""

import numpy as np
import numpy.typing as npt

from engine.kernels.spread import spread
from engine.model.clearing import clear_in_ms
from engine.model.lifecycle import Status
from engine.state.records import Assignment
from engine.state.world import World
from engine.streets.snapping import MOVING_DM_S

STREETS_PERCENT = 20
"""Of the travel time over streets, until drives have been observed (JEMSS's and our own demo's drives lie near it)."""
STRAIGHT_PERCENT = 35
"""Of a travel time in a straight line: how much detours differ."""
TURNOUT_PERCENT = 40
"""Of the turnout: NFPA 1710 crews and those of Ross Valley (see `model/priors.py`) agree on about this."""
OFF_ROAD_PERCENT = 50
UNSEEN_MS_MAX = 3_600_000
"""How much nearer, or farther, a moving unit may be that has not been seen for long."""

Rows = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]


def spreads_ms(world: World, rows: Rows, travel_ms: Wide, *, straight: bool | npt.NDArray[np.bool_]) -> Wide:
    """Return the standard deviation of each row's ETA with that much travel in it, int64[n]."""
    fleet, out_ms = world.fleet, np.empty(len(rows), np.int64)
    on_streets = world.road_book.learned.spread_percent or STREETS_PERCENT
    percent = np.empty(len(rows), np.int64)
    percent[:] = np.where(straight, STRAIGHT_PERCENT, on_streets)
    spread(
        rows,
        travel_ms,
        percent,
        fleet.turnout_ms,
        TURNOUT_PERCENT,
        fleet.spots.extra_ms,
        OFF_ROAD_PERCENT,
        fleet.assumed,
        fleet.fix_ms,
        fleet.speed_dm_s,
        MOVING_DM_S,
        world.now,
        UNSEEN_MS_MAX,
        out_ms,
    )
    return out_ms


def unseen(world: World, rows: Rows) -> npt.NDArray[np.bool_]:
    """Tell of each row whether nobody knows where the unit is: its last position is too old, or there never was one.

    It is taken to be where it was last seen, or at its station.
    """
    fleet = world.fleet
    oldest_ms = max(0, world.now - world.settled.limits.stale_after_ms)
    found: npt.NDArray[np.bool_] = (fleet.assumed[rows] == 0) & (fleet.fix_ms[rows] < oldest_ms)
    return found


def clear_ms(world: World, row: int) -> int:
    """Return in how many ms a busy unit will probably be free; -1 for one that is not on an incident."""
    unit = world.units[row]
    if unit.incident is None:
        return -1
    incident = world.open[unit.incident]
    assignment = incident.assigned[unit.id]
    arrive_in_ms = max(0, assignment.sent_ms + max(0, assignment.eta_ms) - world.now)
    return clear_in_ms(
        world.road_book.service_times,
        world.types[incident.type],
        incident.priority,
        assignment.status,
        _elapsed_ms(world, assignment),
        arrive_in_ms,
    )


def _elapsed_ms(world: World, assignment: Assignment) -> int:
    """Return how long the present stage of the work has lasted: time with the patient is time on scene."""
    rung = Status.ON_SCENE if assignment.status is Status.AT_PATIENT else assignment.status
    since_ms = assignment.stamps.get(rung, assignment.stamps.get(assignment.status, assignment.reported_ms))
    return max(0, world.now - since_ms)
