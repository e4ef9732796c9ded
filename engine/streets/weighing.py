"""From conditions to travel times: what every arc takes now, in both modes.

A closed arc is not driven through, but who stands on it may leave and an incident on it can be reached
(`closures.py`): so each arc has a time of its own, blocked or not.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.chains import sum_along
from engine.model.place import TravelSettings
from engine.model.roads import OTHER_CLASSES, Conditions
from engine.streets.closures import NO_WAY, Closures, closures_of
from engine.streets.graph import NOT_OPEN, Graph, Ints
from engine.streets.network import TURN_BACK, TURN_FORBIDDEN, Network
from engine.streets.stretches import Flags, arcs_of

ARC_MS_MAX = 86_400_000

Wide = npt.NDArray[np.int64]


class Mode(IntEnum):
    """How a unit drives."""

    LIGHTS = 0
    NORMAL = 1


class Weights(Struct, frozen=True):
    """Times of one mode, in ms; NO_WAY where there is none."""

    arc_ms: Ints
    """(arcs,) along the whole arc, closed or not. Never NO_WAY, never 0."""
    blocked: Flags
    """(arcs,) nobody drives through: closed, or not open to this mode."""
    rest_ms: Ints
    """(arcs,) from the arc's end to the junction where its chain ends; out of what is blocked for an arc that is."""
    before_ms: Ints
    """(arcs,) from the junction where its chain begins to the arc; into what is blocked for an arc that is."""
    link_ms: Ints
    """(links,) along the chain, the turn into it included."""
    turn_ms: Ints
    """(links,) the turn alone."""
    closures: Closures | None
    """What nobody drives through; None where everything is open."""


class Factors(Struct, frozen=True):
    """What today's conditions do to every arc."""

    percent: Wide
    closed: Flags


def factors_of(graph: Graph, conditions: Conditions) -> Factors:
    """Return the factor on each arc's usual time, and which arcs are closed."""
    by_class = dict(conditions.class_percent)
    others = by_class.get(OTHER_CLASSES, 100)
    per_class = np.array([by_class.get(name, others) for name in graph.classes], np.int64)
    percent = per_class[graph.arc_class]
    if conditions.arc_percent:
        single = np.array(conditions.arc_percent, np.int64)
        single = single[(single[:, 0] >= 0) & (single[:, 0] < graph.arcs)]
        percent[single[:, 0]] = percent[single[:, 0]] * single[:, 1] // 100
    if conditions.weather is not None:
        percent = percent * conditions.weather.percent // 100
    for slowing in conditions.slowings:
        slow = arcs_of(graph, slowing.stretch)
        percent[slow] = percent[slow] * slowing.percent // 100
    closed = np.zeros(graph.arcs, np.bool_)
    for closure in conditions.closures:
        closed |= arcs_of(graph, closure.stretch)
    return Factors(percent, closed)


def weigh(network: Network, factors: Factors, mode: Mode, settings: TravelSettings) -> Weights:
    """Return what everything takes in this mode."""
    graph = network.graph
    usual, other = graph.lights_ms, graph.normal_ms
    if mode is Mode.NORMAL:
        usual, other = other, usual
    shut = usual == NOT_OPEN
    base = np.where(shut, other, usual).astype(np.int64)
    arc_ms = np.clip(base * factors.percent // 100, 1, ARC_MS_MAX).astype(np.int32)
    blocked = shut | factors.closed
    through_ms = np.where(blocked, NO_WAY, arc_ms).astype(np.int32)
    rest_ms, before_ms, chain_ms = _along(network, through_ms)
    turn_ms = _turns(network, mode, settings)
    link_ms = np.minimum(chain_ms[network.links.chain] + turn_ms, NO_WAY).astype(np.int32)
    closures = closures_of(network, blocked, arc_ms, turn_ms, rest_ms, before_ms)
    return Weights(arc_ms, blocked, rest_ms, before_ms, link_ms, turn_ms, closures)


def _along(network: Network, through_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (from each arc's end to its chain's end, from its chain's beginning to the arc, all of each chain)."""
    chains = network.chains
    rest_ms, before_ms = np.empty_like(through_ms), np.empty_like(through_ms)
    chain_ms = np.empty(chains.count, np.int32)
    sum_along(chains.first, chains.members, through_ms, rest_ms, before_ms, chain_ms)
    return rest_ms, before_ms, chain_ms


def _turns(network: Network, mode: Mode, settings: TravelSettings) -> Ints:
    """Return what the turn into each link takes: forbidden turns are made under lights and sirens only."""
    forbidden = settings.lights_turn_ms if mode is Mode.LIGHTS else NO_WAY
    takes = np.zeros(3, np.int32)
    takes[TURN_BACK], takes[TURN_FORBIDDEN] = settings.uturn_ms, forbidden
    return takes[network.links.turn]
