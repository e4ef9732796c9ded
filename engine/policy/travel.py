"""How long a unit needs to an incident, or to a point: over the streets as they are now, or a straight line without."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.travel import straight_line_ms
from engine.model.place import Place, TravelSettings
from engine.model.roads import Conditions
from engine.model.route import Route
from engine.state.fleet import Fleet
from engine.state.records import Incident
from engine.state.world import World
from engine.streets.oracle import Oracle
from engine.streets.roads import Roads
from engine.streets.snapping import BESIDE_ROAD_M, NEAR_ROAD_M, NOWHERE, Spot
from engine.streets.weighing import Mode

Point = tuple[int, int]
Rows = npt.NDArray[np.int32]
Times = npt.NDArray[np.int32]
_NONE = np.empty(0, np.int32)


class TravelModel(Protocol):
    """Times from units to one incident."""

    def basis(self, incident: Incident) -> str:
        """Say how times to the incident are found, in words for people."""

    def times_ms(self, fleet: Fleet, rows: Rows, incident: Incident) -> Times:
        """Return the travel time of each row in ms, int32[n]; -1 where there is no way."""

    def within_ms(self, radius_m: int, incident: Incident) -> int:
        """Return a time that no unit farther away than this, in a straight line, can beat."""

    def route(self, fleet: Fleet, row: int, incident: Incident) -> Route | None:
        """Return the unit's way to the incident; None where none is known."""

    def is_straight(self, incident: Incident) -> bool:
        """Tell whether times to the incident are along a straight line."""

    def to_points_ms(self, start: Point, to: Sequence[Point], priority: int, spot: Spot | None = None) -> list[int]:
        """Return the times from one point (x_m, y_m), or the spot of a unit there, to others; -1: there is no way."""


class StraightLine(Struct, frozen=True):
    """Distance as the crow flies, times a circuity factor, at one speed. Says so wherever it is used."""

    circuity_percent: int
    speed_mm_per_s: int

    def basis(self, incident: Incident) -> str:
        """Say how times are found."""
        del incident
        return f"straight line x {self.circuity_percent / 100:g} at {self.speed_mm_per_s * 0.0036:.0f} km/h"

    def times_ms(self, fleet: Fleet, rows: Rows, incident: Incident) -> Times:
        """Return the travel time of each row in ms, int32[n]."""
        out = np.empty(len(rows), np.int32)
        at = (incident.x_m, incident.y_m)
        straight_line_ms(rows, fleet.x_m, fleet.y_m, *at, self.circuity_percent, self.speed_mm_per_s, out)
        return out

    def within_ms(self, radius_m: int, incident: Incident) -> int:
        """Return a time that no unit farther away than this can beat."""
        del incident
        return radius_m * self.circuity_percent * 10_000 // self.speed_mm_per_s

    def route(self, fleet: Fleet, row: int, incident: Incident) -> Route | None:
        """Know no way: a straight line is none."""
        del fleet, row, incident
        return None

    def is_straight(self, incident: Incident) -> bool:
        """Always."""
        del incident
        return True

    def to_points_ms(self, start: Point, to: Sequence[Point], priority: int, spot: Spot | None = None) -> list[int]:
        """Return the times from one point to others in ms."""
        del priority, spot
        x_m, y_m = (np.array(metres, np.int32) for metres in zip(*to, strict=True)) if to else (_NONE, _NONE)
        rows, out = np.arange(len(to), dtype=np.int32), np.empty(len(to), np.int32)
        straight_line_ms(rows, x_m, y_m, *start, self.circuity_percent, self.speed_mm_per_s, out)
        found: list[int] = out.tolist()
        return found


class OverStreets(Struct, frozen=True):
    """Exact times over the street graph under the conditions of one epoch.

    An incident with no road near is served along a straight line, as somebody has to go, and the basis says so. A
    unit with no road near has no way.
    """

    roads: Roads
    oracle: Oracle
    epoch: int
    settings: TravelSettings
    straight: StraightLine

    def basis(self, incident: Incident) -> str:
        """Say how times to this incident are found."""
        if self.is_straight(incident):
            return f"{self.straight.basis(incident)}: no road within {NEAR_ROAD_M} m of the incident"
        how = "lights and sirens" if self._mode(incident) is Mode.LIGHTS else "normal driving"
        return f"streets, {how}, epoch {self.epoch}"

    def times_ms(self, fleet: Fleet, rows: Rows, incident: Incident) -> Times:
        """Return the travel time of each row in ms, int32[n]; -1 where there is no way."""
        if self.is_straight(incident):
            return self.straight.times_ms(fleet, rows, incident)
        spot = self.roads.spot(incident.x_m, incident.y_m)
        return self.oracle.times_ms(fleet.spots, rows, spot, self._mode(incident))

    def within_ms(self, radius_m: int, incident: Incident) -> int:
        """Return a time that no unit farther away than this can beat."""
        if self.is_straight(incident):
            return self.straight.within_ms(radius_m, incident)
        on_road_m = max(0, radius_m - 2 * BESIDE_ROAD_M)
        return on_road_m * 1_000_000 // self.oracle.metric(self._mode(incident)).fastest_mm_per_s

    def route(self, fleet: Fleet, row: int, incident: Incident) -> Route | None:
        """Return the unit's way to the incident over the streets; None where there is none."""
        start = (int(fleet.x_m[row]), int(fleet.y_m[row]))
        at = (incident.x_m, incident.y_m)
        return self.roads.route(self.oracle.conditions, start, at, self._mode(incident), fleet.spots[row])

    def is_straight(self, incident: Incident) -> bool:
        """Tell whether no road is near the incident."""
        return self.roads.spot(incident.x_m, incident.y_m).arc == NOWHERE

    def to_points_ms(self, start: Point, to: Sequence[Point], priority: int, spot: Spot | None = None) -> list[int]:
        """Return the times in ms, -1 where there is no way; along a straight line where one end has no road near."""
        leaves = spot or self.roads.spot(*start)
        arrives = self.roads.spots_at(tuple(to))
        found = self.roads.times_ms(self.oracle.conditions, leaves, arrives, self._mode_at(priority))
        if leaves.arc != NOWHERE and all(each.arc != NOWHERE for each in arrives):
            return found
        straight = self.straight.to_points_ms(start, to, priority)
        known = [NOWHERE not in (leaves.arc, each.arc) for each in arrives]
        return [ms if on_road else other for ms, other, on_road in zip(found, straight, known, strict=True)]

    def _mode(self, incident: Incident) -> Mode:
        return self._mode_at(incident.priority)

    def _mode_at(self, priority: int) -> Mode:
        return Mode.LIGHTS if self.settings.under_lights(priority) else Mode.NORMAL


def straight_line(place: Place) -> StraightLine:
    """Return the place's straight-line travel."""
    return StraightLine(place.travel.circuity_percent, place.travel.speed_mm_per_s)


class _Basis(NamedTuple):
    """What a model was made for: it is the same as long as these are."""

    place: Place
    conditions: Conditions
    epoch: int
    model: TravelModel


_MODELS: "WeakKeyDictionary[World, _Basis]" = WeakKeyDictionary()


def travel_model(world: World) -> TravelModel:
    """Return how times are found in this World: over its streets, if it has any."""
    place, book = world.settled, world.road_book
    known = _MODELS.get(world)
    if known is None or known[0] is not place or known[1] is not book.current or known[2] != book.epoch:
        known = _MODELS[world] = _Basis(place, book.current, book.epoch, _model(world))
    return known[3]


def _model(world: World) -> TravelModel:
    place, book = world.settled, world.road_book
    if world.roads is None:
        return straight_line(place)
    oracle = world.roads.oracle(book.current)
    return OverStreets(world.roads, oracle, book.epoch, place.travel, straight_line(place))
