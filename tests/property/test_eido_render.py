"""Whatever has happened: every incident can be told, by NENA's schema and by our own types, the same each time."""

import json
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.model.inputs import AdoptPlace
from engine.state.image import restore, save
from engine.state.world import World
from gateways.eido import documents
from gateways.eido.pidf import Spot, Unlocatable, read, write
from gateways.eido.render import Renderer
from tests import river_town
from tests.eido_kit import CONFIG, dangling, mistakes, schema_folder
from tests.property.days_kit import Steps, random_steps
from tests.property.step_kit import PLACES, Commands, time_of
from tests.unit.engine_place import MORNING

RENDERER = Renderer(CONFIG)


def lived(steps: Steps, place: int) -> World:
    """Return the World after a day of any inputs, as a board has it."""
    engine = Engine(World(streets=river_town.library))
    for adopted in (PLACES[0], PLACES[place % len(PLACES)]):  # one of them is refused: its streets are nowhere
        engine.step(AdoptPlace(adopted), MORNING)
    commands = Commands(engine.world)
    for numbers, when in steps:
        engine.step(commands.input_of(numbers), time_of(engine.world, when))
    return restore(save(engine.world), indexed=False)


def hold_against_everything(world: World, *, schema: bool) -> int:
    for incident in world.incidents.values():
        eido = RENDERER.render(world, incident, callers=True)
        data = documents.encode(eido)
        assert documents.encode(RENDERER.render(world, incident, callers=True)) == data
        assert documents.decode(data) == eido
        parsed = json.loads(data)
        assert dangling(parsed) == set()
        if schema:
            assert mistakes(parsed) == []
        assert RENDERER.naming.find(world, parsed["$id"]) is incident
    return len(world.incidents)


@given(st.integers(0, 10**9), st.integers(0, 15))
@settings(max_examples=25, deadline=None)
def test_every_incident_of_any_day_holds_against_our_types(seed: int, place: int) -> None:
    hold_against_everything(lived(random_steps(seed, 60), place), schema=False)


@pytest.mark.parametrize("place", [0, 10, 11, 12])
def test_every_incident_of_random_days_holds_against_the_schema(place: int) -> None:
    schema_folder()
    assert hold_against_everything(lived(random_steps(20 + place, 160), place), schema=True) > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_every_incident_of_many_days_holds_against_the_schema(seed: int) -> None:
    schema_folder()
    hold_against_everything(lived(random_steps(seed, 200), random.Random(seed).randrange(16)), schema=True)


@given(
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.text(max_size=60).filter(lambda text: text.strip() == text),
)
def test_what_is_written_as_a_location_is_read_again(lat: float, lon: float, address: str) -> None:
    spot = read(write(Spot(lat, lon, address), "x", "2026-01-01T00:00:00Z"))
    assert (spot.lat, spot.lon) == (pytest.approx(lat, abs=1e-6), pytest.approx(lon, abs=1e-6))


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_reader_of_locations(text: str) -> None:
    for given_ in (text, write(Spot(1.0, 2.0, text), "x", "2026-01-01T00:00:00Z")):
        with suppress(Unlocatable):
            read(given_)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_nothing_at_all_breaks_the_decoder(data: bytes | str) -> None:
    with pytest.raises(documents.BadDocument, match=r"^\$"):
        documents.decode(data)
