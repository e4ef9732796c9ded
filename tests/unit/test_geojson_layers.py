"""Layers are given in parts, between which dispatch goes on: together they are what one part would be."""

import pytest

from engine.model.inputs import CloseIncident
from gateways.auth import Role
from gateways.geojson import layers
from gateways.geojson.geometry import Box, around
from gateways.redaction import Audience
from tests.unit.engine_place import Town

DESK = Audience(Role.DISPATCHER)


def flat(name: str, town: Town) -> list[layers.Feature]:
    return [each for part in layers.LAYERS[name](town.world, DESK, None) for each in part]


@pytest.mark.parametrize("name", ["units", "incidents", "coverage"])
@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_parts_are_the_whole(name: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same order, whatever their size, and none is larger than agreed."""
    town = Town()
    for number in range(5):
        town.report("medical", at=(number * 100, 0))
    whole = flat(name, town)
    assert whole
    monkeypatch.setattr(layers, "UNITS_AT_ONCE", at_once)
    monkeypatch.setattr(layers, "INCIDENTS_AT_ONCE", at_once)
    assert flat(name, town) == whole
    areas = len(town.world.settled.areas)
    assert max(len(part) for part in layers.LAYERS[name](town.world, DESK, None)) <= max(at_once, areas)


def test_an_incident_that_ends_between_two_parts_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a new one does not disturb the reading of the others."""
    monkeypatch.setattr(layers, "INCIDENTS_AT_ONCE", 1)
    town = Town()
    first, second, third = (town.report("crime", at=(number * 100, 0)) for number in range(3))
    parts = layers.incidents(town.world, DESK, None)
    assert [each[0] for each in next(parts)] == [first.id]
    town.command(CloseIncident, incident=second.id, disposition="done")
    town.report("crime", at=(900, 0))
    assert second.id not in town.world.open
    assert [each[0] for part in parts for each in part] == [third.id]


def test_a_box_around_boxes_holds_both() -> None:
    """And nothing adds nothing."""
    one, other = Box(0.0, 1.0, 2.0, 3.0), Box(-1.0, 2.0, 1.0, 5.0)
    assert around(one, other) == around(other, one) == Box(-1.0, 1.0, 2.0, 5.0)
    assert around(None, one) == around(one, None) == one
    assert around(None, None) is None
