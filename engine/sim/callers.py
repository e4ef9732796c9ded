"""Who calls, when, from where and what about: a whole replication's calls, drawn before anything is decided.

From demand (Poisson by the hour of the local day, over zones and kinds), from a recorded list, or from a journal: then
the calls are given and only what nobody wrote down is drawn.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.demand import Demand, Zone
from engine.model.hours import DAY_MS, local_minute_of_week
from engine.model.place import Place
from engine.sim.chance import stream
from engine.sim.nature import Nature

Wide = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
HOUR_MS = 3_600_000


class CallList(Struct, frozen=True):
    """n calls in order of time, as columns. Times are ms since the epoch, durations ms."""

    came_ms: Wide
    taking_ms: Ints
    """Until the engine is told."""
    type: tuple[str, ...]
    """The kinds that there are."""
    kind: npt.NDArray[np.int16]
    """Row of `type`."""
    priority: npt.NDArray[np.int8]
    x_m: Ints
    y_m: Ints
    work_ms: Ints
    """With the patient, or at the fire."""
    transport: npt.NDArray[np.uint8]
    """1: somebody has to go to hospital."""
    handover_ms: Ints

    def __len__(self) -> int:
        return len(self.came_ms)


class DemandRefused(ValueError):
    """No calls can be drawn from this demand; the sentence names what is wrong."""


def draw(place: Place, demand: Demand, nature: Nature, begin_ms: int, end_ms: int, seed: int, rep: int) -> CallList:
    """Draw all calls of one replication.

    Raises DemandRefused where nobody would ever call, or from outside the place.
    """
    _check(place, demand)
    came_ms = _times(place, demand, begin_ms, end_ms, seed, rep)
    count = len(came_ms)
    zones = _columns(demand.zones)
    zone = _pick(zones.weight, stream(seed, rep, "where").random(count))
    inside = stream(seed, rep, "where in the zone")
    half_m = zones.half_m[zone]
    x_m, y_m = (
        axis[zone] + np.rint((2 * inside.random(count) - 1) * half_m).astype(np.int32)
        for axis in (zones.x_m, zones.y_m)
    )
    share = _pick(np.array([each.share for each in demand.shares]), stream(seed, rep, "what").random(count))
    types = tuple(dict.fromkeys(each.type for each in demand.shares))
    care = demand.care
    taking = nature.taking_ms * np.exp(nature.taking_spread * stream(seed, rep, "taking").standard_normal(count))
    return CallList(
        came_ms,
        np.rint(taking).astype(np.int32),
        types,
        np.array([types.index(each.type) for each in demand.shares], np.int16)[share],
        np.array([each.priority for each in demand.shares], np.int8)[share],
        np.clip(x_m, place.bounds[0], place.bounds[2]).astype(np.int32),
        np.clip(y_m, place.bounds[1], place.bounds[3]).astype(np.int32),
        _exponential(care.on_scene_ms, seed, rep, "work", count),
        (stream(seed, rep, "transport").random(count) < care.transport_share).astype(np.uint8),
        _exponential(care.handover_ms, seed, rep, "handover", count),
    )


class Columns(NamedTuple):
    """Zones as columns, in their order."""

    x_m: Ints
    y_m: Ints
    half_m: Ints
    weight: npt.NDArray[np.float64]


@lru_cache(maxsize=2)
def _columns(zones: tuple[Zone, ...]) -> Columns:
    """Return the zones as columns. A city has a hundred thousand, the same in every replication."""
    rows = [(zone.x_m, zone.y_m, zone.half_m) for zone in zones]
    x_m, y_m, half_m = np.array(rows, np.int32).reshape(-1, 3).T.copy()
    return Columns(x_m, y_m, half_m, np.array([zone.weight for zone in zones], np.float64))


def _check(place: Place, demand: Demand) -> None:
    zones = _columns(demand.zones)
    total = float(zones.weight.sum())
    if total <= 0:
        raise DemandRefused(
            "demand.zones: nobody lives anywhere, as no zone has a weight: there is nothing to simulate."
        )
    if demand.calls_per_day <= 0 or max(demand.hourly) <= 0:
        raise DemandRefused("demand.calls_per_day: nobody ever calls: there is nothing to simulate.")
    if not demand.shares or sum(share.share for share in demand.shares) <= 0:
        raise DemandRefused("demand.shares: no kind of call has a share: there is nothing to simulate.")
    west, south, east, north = place.bounds
    inside = (west <= zones.x_m) & (zones.x_m <= east) & (south <= zones.y_m) & (zones.y_m <= north)
    part = float(zones.weight[~inside].sum()) / total
    if part:
        raise DemandRefused(
            f"demand.zones: {part:.1%} of the demand lies outside the bounds of {place.name}. "
            "Does the raster belong to this place? Correct it, or widen the bounds in place.toml."
        )


def _times(place: Place, demand: Demand, begin_ms: int, end_ms: int, seed: int, rep: int) -> Wide:
    """Thin a Poisson process of the busiest hour (Lewis and Shedler 1979)."""
    per_ms = demand.calls_per_day * max(demand.hourly) / DAY_MS
    when = stream(seed, rep, "when")
    count = when.poisson(per_ms * (end_ms - begin_ms))
    at_ms: Wide = np.sort(begin_ms + (when.random(count) * (end_ms - begin_ms)).astype(np.int64))
    if min(demand.hourly) == max(demand.hourly):
        return at_ms
    hours = np.arange(begin_ms // HOUR_MS, end_ms // HOUR_MS + 1)
    factor = [demand.hourly[local_minute_of_week(place, int(hour) * HOUR_MS) // 60 % 24] for hour in hours]
    kept = stream(seed, rep, "whether").random(count) * max(demand.hourly)
    rate = np.array(factor)[at_ms // HOUR_MS - hours[0]]
    return np.compress(kept < rate, at_ms)


def _pick(weight: npt.NDArray[np.float64], even: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    sums = np.cumsum(weight)
    rows: npt.NDArray[np.intp] = np.searchsorted(sums, even * sums[-1], side="right")
    return np.minimum(rows, len(weight) - 1)


def _exponential(mean_ms: int, seed: int, rep: int, purpose: str, count: int) -> Ints:
    drawn = stream(seed, rep, purpose).standard_exponential(count) * mean_ms
    return np.rint(np.minimum(drawn, DAY_MS / 2)).astype(np.int32)
