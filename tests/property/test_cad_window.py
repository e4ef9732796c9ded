"""A part of the map: what a client draws there is as it is, and what goes on elsewhere is not sent. Against a slow twin."""

import random

import pytest

from gateways.cad.messages import Look, Positions, decode_server
from gateways.cad.mirror import Mirror
from tests.builders import unframed
from tests.unit.hub_kit import ALL, City, Ear

Place = tuple[float, float]


class Desk:
    """A client with a window: it folds what it hears, and keeps the positions that it heard."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.ear = Ear()
        self.box: tuple[float, float, float, float] | None = None
        self.mirror: Mirror = city.mirror(city.hub.begin(ALL))
        city.hub.join(self.ear, ALL)

    def look(self, box: tuple[float, float, float, float] | None) -> None:
        self.hear()
        self.box = box
        rows = self.city.hub.look(self.ear, Look(id="x", box=box))
        for helping in self.city.hub.helpings(rows):
            self.mirror.take(helping.message)
        self.mirror.settle()

    def hear(self) -> list[tuple[Place, Place]]:
        """Fold what came; return from where to where the positions in it took their units, as it looked from here."""
        jumps = []
        for frame in self.ear.everything:
            message = decode_server(unframed(frame))
            self.mirror.settle()
            if isinstance(message, Positions):
                before = self.drawn()
                jumps += [(before[view.unit], (view.lat, view.lon)) for view in message.units]
            self.mirror.take(message)  # type: ignore[arg-type]  # the hub sends nothing else here
        self.ear.everything.clear()
        self.mirror.settle()
        return jumps

    def drawn(self) -> dict[str, Place]:
        return {name: (unit.lat, unit.lon) for name, unit in self.mirror.units.items()}

    def sees(self, at: Place) -> bool:
        if self.box is None:
            return True
        west, south, east, north = self.box
        return west <= at[1] <= east and south <= at[0] <= north


def true(city: City) -> dict[str, Place]:
    """Where the units are, unit by unit from the board."""
    return {unit.id: (unit.lat, unit.lon) for unit in city.board.snapshot().units}


def some_box(chance: random.Random, city: City) -> tuple[float, float, float, float] | None:
    if chance.random() < 0.15:
        return None
    to_degrees = city.board.world.settled.projection.to_degrees
    west, south = chance.randrange(-6_000, 5_000), chance.randrange(-1_500, 500)
    low = to_degrees(west, south)
    high = to_degrees(west + chance.randrange(200, 5_000), south + chance.randrange(400, 4_000))
    # A box that ends between two metres would leave it open on which side of it a unit stands.
    return (low[1] - 1e-6, low[0] - 1e-6, high[1] + 1e-6, high[0] + 1e-6)


def act(city: City, chance: random.Random) -> None:
    kind = chance.random()
    if kind < 0.75:
        city.move_any(chance)
    elif kind < 0.85:
        city.report()
    elif city.board.world.incidents:
        city.dispatch(chance.choice(city.board.world.fleet.ids))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_drawn_within_the_window_is_as_it_is(seed: int) -> None:
    """Whatever moves, wherever two clients look meanwhile; and nobody is sent what is neither there nor drawn there."""
    chance, city = random.Random(seed), City()
    city.report()
    desks = [Desk(city), Desk(city)]
    sent = 0
    for _ in range(250):
        act(city, chance)
        desk = chance.choice(desks)
        if chance.random() < 0.1:
            desk.look(some_box(chance, city))
        for each in desks:
            jumps = each.hear()
            sent += len(jumps)
            assert all(each.sees(before) or each.sees(after) for before, after in jumps)
            drawn = each.drawn()
            for unit, at in true(city).items():
                if each.sees(at) or each.sees(drawn[unit]):
                    assert drawn[unit] == at
    assert sent < 2 * 250, "half of it went on elsewhere"


def test_who_looks_everywhere_again_knows_everything_again() -> None:
    """And costs the hub no tree any more."""
    city = City()
    desk = Desk(city)
    desk.look((-90.51, 41.49, -90.509, 41.491))
    chance = random.Random(3)
    for _ in range(50):
        city.move_any(chance)
    assert not desk.ear.positions
    desk.look(None)
    assert desk.drawn() == true(city)
    assert city.hub._sights._tree is None
