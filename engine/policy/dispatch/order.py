"""Who goes first among those that fit: whoever is closest, the stations in the order of the response area, or both.

Station order: the earlier station goes, whatever the time; within a station, and among all that the area does not
name, whoever is there first. Blended: the stations' order, unless another unit saves more than the plan's `blend_ms`.
An area's order overrides the plan's; without an area, or in one without stations, the closest goes.
"""

import numpy as np
import numpy.typing as npt

from engine.model.place import Place, ResponseArea
from engine.model.plans import Order
from engine.state.records import Incident
from engine.state.world import World

ORDER_MS_MAX = 1 << 30
"""The price of the last station in the order; what any time costs is less than the step from one to the next."""
Wide = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def order_of(world: World, incident: Incident) -> tuple[Order, tuple[str, ...]]:
    """Return which order rules the incident, and the stations in theirs."""
    area = _area(world.settled, incident.area)
    if area is None or not area.stations:
        return Order.CLOSEST, ()
    return area.order or world.plans[incident.plan].order, area.stations


def _area(place: Place, name: str | None) -> ResponseArea | None:
    return next((area for area in place.areas if area.id == name), None)


def ranks(place: Place, stations: tuple[str, ...], station: npt.NDArray[np.int16], free: Flags) -> Wide:
    """Return each unit's place in the order by its post, int64[n]; those of other stations share the last.

    station: int16[n], number in the place's list. A busy unit does not stand ready in its station: it ranks last too.
    """
    due = {name: rank for rank, name in reversed(list(enumerate(stations)))}
    by_number = np.array([*(due.get(each.id, len(stations)) for each in place.stations), len(stations)], np.int64)
    found: Wide = np.where(free, by_number[station], len(stations))
    return found


def station_prices_ms(rank: Wide, whole_ms: Wide, fits: Flags) -> Wide:
    """Return for each unit a price by its rank that no time outweighs, int64[n].

    whole_ms: all that each costs besides, int64[n], read where `fits`.
    """
    if not fits.any():
        return np.zeros(len(rank), np.int64)
    step_ms = int(whole_ms[fits].max()) - int(whole_ms[fits].min()) + 1
    # Stations whose units could not go at all take no step, so that the last step stays within its bound.
    present = np.unique(rank[fits])
    steps = np.minimum(np.searchsorted(present, rank), ORDER_MS_MAX // step_ms)
    found: Wide = np.minimum(steps * step_ms, ORDER_MS_MAX)
    return found


def blend_prices_ms(rank: Wide, eta_ms: Wide, fits: Flags, free: Flags, wanted: int, blend_ms: int) -> Wide:
    """Return what each unit has to save, int64[n]: nothing if it is among the first `wanted` free ones in the order."""
    price = np.full(len(rank), blend_ms, np.int64)
    ready = np.flatnonzero(fits & free)
    due = ready[np.lexsort((ready, eta_ms[ready], rank[ready]))[:wanted]]
    price[due] = 0
    return price
