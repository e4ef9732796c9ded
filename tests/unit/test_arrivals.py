"""Geofences over a stream of positions: near, slow, accurate, for long enough; else nothing."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.model.lifecycle import Status
from engine.model.suggestions import StatusSuggested, SuggestStatus
from gateways.arrivals import Arrivals
from gateways.telematics.columns import Moves, Names
from tests.unit.engine_place import Town, engine_place, facts_of


class Road:
    """A town, a unit on its way to an incident at (0, 0), and its positions."""

    def __init__(self) -> None:
        self.town = Town(engine_place())
        self.incident = self.town.report("medical", 1)
        (self.unit,) = self.incident.assigned
        self.town.says(self.unit, Status.EN_ROUTE)
        service: Any = SimpleNamespace(world=self.town.world, clock=SimpleNamespace(now=lambda: self.town.now))
        self.arrivals = Arrivals(service)
        self.arrivals.look()

    def at(self, x_m: int, y_m: int = 0, *, kmh: float = 0.0, accuracy_m: float = 5.0, after_s: int = 5) -> None:
        """Its next position."""
        self.town.now += after_s * 1_000
        row = np.array([self.town.world.fleet.rows[self.unit]], np.int32)
        one = np.array([float(x_m)])
        moves = Moves(
            Names((self.unit,)), np.zeros(1, np.int32), row, np.array([self.town.now], np.int64), one, one,
            np.array([kmh / 3.6]), np.array([np.nan]), np.array([accuracy_m]),
        )  # fmt: skip
        self.arrivals.see(row, np.array([x_m], np.int32), np.array([y_m], np.int32), moves)

    def due(self) -> list[SuggestStatus]:
        return self.arrivals.due()


def test_who_stands_there_has_probably_arrived() -> None:
    """Told once, with what it rests on, and the engine records it."""
    road = Road()
    for _ in range(3):
        road.at(40, 30)
        assert road.due() == []  # three positions, and only ten seconds
    road.at(40, 30)
    (given,) = road.due()
    assert (given.unit, given.status, given.incident) == (road.unit, Status.ON_SCENE, road.incident.id)
    assert (given.fixes, given.metres, road.town.now - given.since_ms) == (4, 50, 15_000)
    assert facts_of(road.town.step(given), StatusSuggested)
    road.at(40, 30)
    road.arrivals.look()
    assert road.due() == []


def test_who_drives_past_has_not() -> None:
    """Too fast, or out of it in between: the count begins anew."""
    road = Road()
    for _ in range(6):
        road.at(10, kmh=40)
    for x_m in (10, 10, 200, 10, 10, 10):
        road.at(x_m)
    assert road.due() == []
    road.at(10)
    assert len(road.due()) == 1


def test_a_position_that_says_too_little_counts_neither_way() -> None:
    """Within the fence or far from it, a fix good to 300 m is passed over; unknown accuracy and speed are taken."""
    road = Road()
    for x_m in (10, 900):
        road.at(x_m, accuracy_m=300.0)
    for _ in range(4):
        road.at(10, kmh=float("nan"), accuracy_m=float("nan"))
        road.at(900, accuracy_m=300.0)
    (given,) = road.due()
    assert given.fixes == 4


def test_only_who_is_on_the_way_is_watched() -> None:
    """Once the crew has said that it is there, positions suggest nothing more; on its way home they do again."""
    road = Road()
    road.town.says(road.unit, Status.ON_SCENE)
    road.arrivals.look()
    for _ in range(5):
        road.at(0)
    assert road.due() == []
    road.town.says(road.unit, Status.RETURNING)
    road.arrivals.look()
    fleet = road.town.world.fleet
    row = fleet.rows[road.unit]
    home = road.town.world.settled.stations[road.town.world.stations[fleet.units[row].station]]
    for _ in range(4):
        road.at(home.x_m, home.y_m)
    (given,) = road.due()
    assert (given.status, given.incident) == (Status.AVAILABLE, None)
