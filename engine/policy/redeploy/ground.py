"""From points of demand and what reaches them to layers of sets: points that the same posts cover are one set.

Eight posts make at most 256 sets of a hundred thousand points (as JEMSS does, Ridler, Mason and Raith 2022), so that
counting cover takes microseconds. What has to know times keeps its points, put together where they are too many. Units
are not as busy in one part of a city as in another, so points of one set have the same busy fraction as well.
"""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.posting import ONE, Sets, list_posts
from engine.model.moves import MILLION
from engine.policy.redeploy.refused import PolicyRefused, within
from engine.policy.redeploy.survey import Bytes, Ground, Ints, Layer, Wide

LAYERS_MAX = 62
POINTS_MAX = 512
"""Points that position-aware policies look at; more are put together, square by square."""


class LayerRule(Struct, frozen=True):
    """A class of demand, as it is configured."""

    name: str
    needs: int = 0
    """Capability mask."""
    lights: bool = True
    """Under lights and sirens."""
    cover_ms: int = 330_000
    """Driving time within which a point is covered: the target less taking the call and turning out."""
    share: int = MILLION
    """Of all demand, in parts per million."""

    def __post_init__(self) -> None:
        within(f"layer {self.name}: cover_ms", self.cover_ms, 1, 86_400_000, "ms")
        within(f"layer {self.name}: share", self.share, 0, MILLION, "parts per million")


class Points(Struct, frozen=True, eq=False, weakref=True):
    """Where demand is: n points."""

    x_m: Ints
    y_m: Ints
    weight: Wide
    """int64[n], in any unit, not below 0."""


def ground_of(
    rules: tuple[LayerRule, ...], points: Points, reach_ms: Ints, busy_permille: tuple[int, ...] | Wide
) -> Ground:
    """Return the ground. reach_ms: int32[2, p, n]; busy_permille: of each layer, or of its points, int64[L, n].

    Raises PolicyRefused where there is nothing to cover, or more layers than a kernel can tell apart.
    """
    _check(rules, points)
    total = int(points.weight.sum())
    share = sum(rule.share for rule in rules)
    point_weight = _parts(points.weight, total)
    by_layer = np.asarray(busy_permille, np.int64).reshape(len(rules), -1)
    point_busy = np.broadcast_to(by_layer, (len(rules), len(points.weight)))
    layers = tuple(
        _layer(rule, rule.share * MILLION // share, points, reach_ms, busy)
        for rule, busy in zip(rules, point_busy, strict=True)
    )
    sets = _packed(layers)
    kept = together(points, point_weight)
    needs = np.array([layer.needs for layer in layers])
    parts = (sets.weight, sets.first, sets.begin, sets.post, sets.busy, sets.which, needs)
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return Ground(
        layers,
        sets,
        np.ascontiguousarray(reach_ms[:, :, kept.point]),
        kept.weight,
        point_busy[:, kept.point],
        points.x_m[kept.point],
        points.y_m[kept.point],
        digest.digest(),
    )


def _check(rules: tuple[LayerRule, ...], points: Points) -> None:
    if not rules or sum(rule.share for rule in rules) == 0:
        raise PolicyRefused("layers", "no class of demand has any share, so there is nothing to cover")
    if len(rules) > LAYERS_MAX:
        raise PolicyRefused("layers", f"{len(rules)} classes of demand are more than {LAYERS_MAX}")
    if len(points.weight) == 0 or int(points.weight.sum()) <= 0:
        raise PolicyRefused("demand", "no point has any weight, so there is nothing to cover")
    if int(points.weight.min()) < 0:
        raise PolicyRefused("demand", "a point has a weight below zero")


def _parts(weight: Wide, total: int) -> Wide:
    """Return the weights in parts of ONE, rounded down."""
    if total < 1 << 32:
        return weight * ONE // total
    return np.array([each * ONE // total for each in weight.tolist()], np.int64)


def _layer(rule: LayerRule, share: int, points: Points, reach_ms: Ints, busy_permille: Wide) -> Layer:
    mode = 0 if rule.lights else 1
    reach = reach_ms[mode]
    # Point by point: packing along the other axis, and picking columns, would hold the interpreter for 15 ms at a time.
    cover = np.ascontiguousarray(((reach >= 0) & (reach <= rule.cover_ms)).T)
    busy = busy_permille.astype(">u2").reshape(-1, 1).view(np.uint8)
    first, number = _alike(np.concatenate([np.packbits(cover, axis=1), busy], axis=1))
    # Weights are added up before they are scaled, so that a hundred thousand light points are not rounded to nothing.
    added = np.zeros(len(first), np.int64)
    np.add.at(added, number, points.weight)
    weight = _parts(added, int(points.weight.sum())) * share // MILLION
    cover_sets = np.ascontiguousarray(np.take(cover, first, axis=0).T).view(np.uint8)
    return Layer(rule.name, rule.needs, share, mode, rule.cover_ms, busy_permille[first], weight, cover_sets)


def _alike(packed: Bytes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the first row of each kind, kinds in rising order, and the kind of every row.

    As `np.unique` along an axis does; that one holds the interpreter while it sorts, and this is done beside the engine.
    """
    wide = -(-packed.shape[1] // 8) * 8
    words = np.zeros((len(packed), wide), np.uint8)
    words[:, : packed.shape[1]] = packed
    numbers = words.view(">u8").astype(np.uint64)
    order = np.lexsort(numbers.T[::-1])
    ranked = numbers[order]
    starts = np.concatenate([[True], (ranked[1:] != ranked[:-1]).any(axis=1)])
    number = np.empty(len(packed), np.intp)
    number[order] = np.cumsum(starts) - 1
    return order[starts], number


def _packed(layers: tuple[Layer, ...]) -> Sets:
    """Put the layers behind each other; sets that nobody covers have no posts."""
    weight = np.concatenate([layer.weight for layer in layers])
    first = np.cumsum([0, *(len(layer.weight) for layer in layers)]).astype(np.int64)
    sizes = np.concatenate([layer.cover.sum(axis=0, dtype=np.int64) for layer in layers])
    begin = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    post = np.empty(int(begin[-1]), np.int32)
    for layer, start, end in zip(layers, first.tolist(), first[1:].tolist(), strict=False):
        list_posts(layer.cover, begin[start : end + 1], post)
    busy, which = np.unique(np.concatenate([layer.busy_permille for layer in layers]), return_inverse=True)
    return Sets(weight, first, begin, post, busy, which.ravel().astype(np.int32), len(layers[0].cover))


class Kept(Struct, frozen=True, eq=False):
    """Points that stand for all."""

    point: npt.NDArray[np.int64]
    """Their numbers."""
    weight: Wide


def together(points: Points, weight: Wide, most: int = POINTS_MAX) -> Kept:
    """Return at most so many points, each the heaviest of its square, with the weight of all of it."""
    if len(weight) <= most:
        return Kept(np.arange(len(weight)), weight)
    x_m, y_m = points.x_m.astype(np.int64), points.y_m.astype(np.int64)
    side = max(1, int(max(np.ptp(x_m), np.ptp(y_m))) // 64)
    while True:
        square = (y_m - y_m.min()) // side * (int(np.ptp(x_m)) // side + 1) + (x_m - x_m.min()) // side
        _, number = np.unique(square, return_inverse=True)
        if int(number.max()) < most:
            break
        side += side // 4 + 1
    number = number.ravel()
    order = np.lexsort((np.arange(len(weight)), -weight, number))
    heaviest = order[np.concatenate([[True], number[order][1:] != number[order][:-1]])]
    total = np.zeros(int(number.max()) + 1, np.int64)
    np.add.at(total, number, weight)
    return Kept(heaviest, total)
