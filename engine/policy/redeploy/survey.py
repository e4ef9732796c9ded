"""What a redeployment policy sees: columns only, so that it can be handed to a thread or a process.

A `Ground` is what stays the same for a while: demand, in layers, and which post reaches it in what time. A `Survey`
is one moment on it: who is free where, who will be, and how far it is from each of them to each post.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from engine.kernels.posting import ONE, Room, Sets
from engine.model.moves import MILLION

Ints = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.uint64]

NO_PRICE = -1


class Layer(Struct, frozen=True, eq=False):
    """One class of demand: calls that want the same capabilities within the same time."""

    name: str
    needs: int
    """Capability mask: a unit counts that has all of these bits."""
    share: int
    """Of all demand, in parts per million."""
    mode: int
    """Row of `Ground.reach_ms`: 0 under lights and sirens, 1 normal driving."""
    cover_ms: int
    """A post that is no farther away covers a point."""
    busy_permille: Wide
    """int64[s], of each set of points: how much of the time a unit is busy there."""
    weight: Wide
    """int64[s], of each set of points, in parts of `posting.ONE` of all demand."""
    cover: Bytes
    """uint8[p, s], 1 where the post covers the set."""


class Ground(Struct, frozen=True, eq=False):
    """Demand and what reaches it, the same for all surveys of an epoch and an hour."""

    layers: tuple[Layer, ...]
    sets: Sets
    """All layers' sets, as kernels read them."""
    reach_ms: Ints
    """int32[2, p, n], from each post to each point, by mode; -1 where there is no way."""
    point_weight: Wide
    """int64[n], in parts of `posting.ONE` of all demand; each layer has its share of every point."""
    point_busy: Wide
    """int64[L, n], by layer: how much of the time a unit is busy there, in permille."""
    x_m: Ints
    y_m: Ints
    digest: bytes
    """Of demand and cover: two grounds of the same digest are the same to every policy."""


class Survey(Struct, frozen=True, eq=False, kw_only=True):
    """One moment: m units that are free, b that will be, p posts."""

    seq: int
    now_ms: int
    ids: tuple[str, ...]
    rows: Ints
    """int32[m], rising: in the fleet."""
    post: Ints
    """int32[m], number of the post that each belongs to."""
    to_post_ms: Ints
    """int32[m, p], normal driving from where each is now; 0 at its own post if it stands there; -1: no way."""
    fresh: Bytes
    """uint8[m]: has just become free, so giving it another post is no idle move."""
    movable: Bytes
    """uint8[m]: those that may not be moved cover all the same."""
    capability: Masks
    """uint64[m]."""
    busy_ids: tuple[str, ...] = ()
    busy_rows: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    busy_free_ms: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    """int32[b], in how many ms each will probably be free."""
    busy_post: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    busy_to_post_ms: Ints = field(default_factory=lambda: np.empty((0, 0), np.int32))
    """int32[b, p], from where it will become free."""
    busy_capability: Masks = field(default_factory=lambda: np.empty(0, np.uint64))
    posts: tuple[str, ...]
    names: tuple[str, ...]
    """What people call the posts."""
    capacity: Ints
    """int32[p]: so many units may belong there."""
    minimum: Ints
    """int32[p]: so many are to stay, as far as they are there."""
    ground: Ground
    price: int = NO_PRICE
    """What a minute of driving costs just now, in parts per million of demand; NO_PRICE: as the policy says."""
    calls_per_day: int = 0
    """At the present hour's rate; 0: nobody knows."""
    service_ms: int = 0
    """Mean time of a unit with a call, without its way there; 0: nobody knows."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The classes of demand."""
        return self.ground.layers

    @property
    def room(self) -> Room:
        """What posts may hold and are to keep."""
        return Room(self.capacity, self.minimum)


def without_times(survey: Survey) -> Survey:
    """Return the same moment without its times from units to posts."""
    nothing = np.empty((0, 0), np.int32)
    return replace(survey, to_post_ms=nothing, busy_to_post_ms=nothing)


class Kinds(Struct, frozen=True, eq=False):
    """The units by what they count for: those that the same layers accept are of one kind."""

    accepts: Wide
    """int64[m]: bit l is set where layer l accepts the unit."""
    kinds: Wide
    """int64[C], the distinct ones, rising."""
    kind: Ints
    """int32[m]: which of them."""
    whole: Wide
    """int64[C]: all demand that counts for the kind, in parts of `posting.ONE`."""


def accepted(layers: tuple[Layer, ...], capability: Masks) -> Wide:
    """Return the bits of the layers that accept each unit, int64[m]."""
    bits = np.zeros(len(capability), np.int64)
    for number, layer in enumerate(layers):
        needs = np.uint64(layer.needs)
        bits |= ((capability & needs) == needs).astype(np.int64) << number
    return bits


def kinds_of(survey: Survey) -> Kinds:
    """Sort the units into kinds."""
    accepts = accepted(survey.layers, survey.capability)
    kinds, kind = np.unique(accepts, return_inverse=True)
    whole = [sum(layer.share for n, layer in enumerate(survey.layers) if bits >> n & 1) for bits in kinds.tolist()]
    return Kinds(accepts, kinds, kind.ravel().astype(np.int32), np.array(whole, np.int64) * ONE // MILLION)


def with_busy(sets: Sets, busy_permille: int | None) -> Sets:
    """Return the sets with another busy fraction everywhere; None leaves what was learned."""
    return sets if busy_permille is None else sets._replace(busy=np.full_like(sets.busy, busy_permille))


def millionths(value: int, whole: int) -> int:
    """Return a value of the kernels, in parts of ONE * ONE, in parts per million of `whole` parts of ONE."""
    return value * MILLION // (max(1, whole) * ONE)
