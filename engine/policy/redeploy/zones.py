"""How demand is covered zone by zone, and what goes uncovered with a unit: the picture behind the planner's shares.

Pure, on a survey, as every policy here: a unit counts at the post where it belongs. A zone is a point of demand as the
ground keeps it, at most `ground.POINTS_MAX` of them. The shares of `planning.covers` reckon with busy units; these times
are of who is free at this moment, which is what a map can show.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.posting import ONE
from engine.model.moves import MILLION
from engine.policy.redeploy.survey import Ints, Layer, Survey

NOBODY = -1
FAR = np.iinfo(np.int32).max
Bools = npt.NDArray[np.bool_]

Change = tuple[int, int]
"""A unit, by its place in the survey, and the post where it would be; NOBODY: nowhere."""


class Zones(Struct, frozen=True, eq=False):
    """One class of demand over n zones."""

    nearest_ms: Ints
    """int32[n], driving time of the nearest free unit that counts; NOBODY where there is none."""
    covering: Ints
    """int32[n], how many of them are there in time."""
    unit: Ints
    """int32[n], place in the survey of the nearest one, of several at its post the first; NOBODY: there is none."""


class Left(Struct, frozen=True, eq=False):
    """What goes uncovered with some units: parts of all demand, in millionths, and how much of it lies in which zone."""

    share: int
    by_zone: npt.NDArray[np.int64]
    """int64[n], in parts of ONE * MILLION of all demand."""


def zones_of(survey: Survey, layer: Layer, changes: Sequence[Change] = ()) -> Zones:
    """Return how this class is covered, once these units are where they would be."""
    post = _posts(survey, changes)
    counts = _accepted(survey, layer) & (post >= 0)
    reach = survey.ground.reach_ms[layer.mode]
    here = np.bincount(post[counts], minlength=len(survey.posts))
    occupied = np.flatnonzero(here)
    zones = reach.shape[1]
    if not len(occupied):
        nobody = np.full(zones, NOBODY, np.int32)
        return Zones(nobody, np.zeros(zones, np.int32), nobody)
    ms = np.where(reach[occupied] < 0, FAR, reach[occupied])
    covering = here[occupied] @ (ms <= layer.cover_ms)
    first = ms.argmin(axis=0)
    nearest = ms[first, np.arange(zones)]
    unit = _first_units(post, counts, len(survey.posts))[occupied[first]]
    reached = nearest < FAR
    return Zones(
        np.where(reached, nearest, NOBODY).astype(np.int32),
        covering.astype(np.int32),
        np.where(reached, unit, NOBODY).astype(np.int32),
    )


def in_time(survey: Survey, zones: Zones) -> int:
    """Return the share of demand that somebody is near enough to, in parts per million."""
    weight = survey.ground.point_weight
    return int(weight[zones.covering > 0].sum()) * MILLION // max(1, int(weight.sum()))


def most_changed(survey: Survey, changes: Sequence[Change]) -> Layer | None:
    """Return the class of demand of which most is won or lost by these changes; None if none is."""
    weight = survey.ground.point_weight
    most, found = 0, None
    for layer in survey.layers:
        before, after = zones_of(survey, layer), zones_of(survey, layer, changes)
        changed = int(weight[(before.covering > 0) != (after.covering > 0)].sum()) * layer.share
        if changed > most:
            most, found = changed, layer
    return found


def left_behind(survey: Survey, gone: Sequence[int]) -> Left:
    """Return what is covered now and would not be without these units, over all classes of demand."""
    ground = survey.ground
    total = np.zeros(len(ground.point_weight), np.int64)
    for layer in survey.layers:
        reach = ground.reach_ms[layer.mode]
        covers = (reach >= 0) & (reach <= layer.cover_ms)
        accepted = _accepted(survey, layer)
        here = np.bincount(survey.post[accepted], minlength=len(survey.posts))
        leaves = np.bincount([int(survey.post[unit]) for unit in gone if accepted[unit]], minlength=len(here))
        if not leaves.any():
            continue
        before, after = here @ covers, (here - leaves.astype(np.int64)) @ covers
        total += np.where((before > 0) & (after == 0), ground.point_weight * layer.share, 0)
    return Left(int(total.sum()) // ONE, total)


def _posts(survey: Survey, changes: Sequence[Change]) -> Ints:
    post = survey.post.copy()
    for unit, to in changes:
        post[unit] = to
    return post


def _accepted(survey: Survey, layer: Layer) -> Bools:
    needs = np.uint64(layer.needs)
    accepted: Bools = (survey.capability & needs) == needs
    return accepted


def _first_units(post: Ints, counts: Bools, posts: int) -> Ints:
    """Return the first unit that counts at each post, int32[p]; NOBODY where there is none."""
    first = np.full(posts, NOBODY, np.int32)
    rows = np.flatnonzero(counts)[::-1]
    first[post[rows]] = rows
    return first
