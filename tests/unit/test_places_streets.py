"""The street columns of a place: what may stand in them, and how they become the engine's graph."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.geometry import Projection
from engine.model.place import TravelSettings
from engine.streets.graph import NOT_OPEN
from gateways.places import PlaceRefused, Streets, load, save
from gateways.places.streets import graph_of, read_streets, write_streets
from gateways.places.typical import typical_travel
from tests.unit.riverside_kit import RIVERSIDE

ORIGIN = Projection(0.0, 0.0)
SIDE_DEG = 1000 / 111_320


def ring(**columns: object) -> Streets:
    """A ring of four streets of 1,000 m, one way, at 10 m/s under lights."""
    streets = Streets(
        node_lat=np.array([0.0, 0.0, SIDE_DEG, SIDE_DEG]),
        node_lon=np.array([0.0, SIDE_DEG, SIDE_DEG, 0.0]),
        arc_from=np.array([0, 1, 2, 3], dtype=np.int32),
        arc_to=np.array([1, 2, 3, 0], dtype=np.int32),
        length_m=np.full(4, 1000, dtype=np.float32),
        lights_ms=np.full(4, 100_000, dtype=np.int32),
        normal_ms=np.full(4, 150_000, dtype=np.int32),
        arc_class=np.zeros(4, dtype=np.uint8),
        arc_name=np.array([0, 1, 0, 1], dtype=np.int32),
        classes=np.array(["street"]),
        names=np.array(["North Street", "East Way"]),
    )
    return replace(streets, **columns)


def rows(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def test_columns_become_the_engine_s_graph() -> None:
    """Decimetres about the origin; names, classes and turns as they are."""
    graph = graph_of(ring(turn_from=rows(0), turn_to=rows(1)), ORIGIN)
    assert graph.x_dm.tolist() == [0, 10_000, 10_000, 0]
    assert graph.y_dm.tolist() == [0, 0, 10_000, 10_000]
    assert (graph.tail.tolist(), graph.head.tolist()) == ([0, 1, 2, 3], [1, 2, 3, 0])
    assert graph.length_dm.tolist() == [10_000] * 4
    assert graph.lights_ms.tolist() == [100_000] * 4
    assert (graph.turn_from.tolist(), graph.turn_to.tolist()) == ([0], [1])
    assert (graph.classes, graph.names) == (("street",), ("North Street", "East Way"))
    moved = graph_of(ring(), Projection(SIDE_DEG, SIDE_DEG))
    assert (moved.x_dm[2], moved.y_dm[2]) == (0, 0)
    assert moved.digest != graph_of(ring(), ORIGIN).digest != graph.digest


def test_no_arc_is_shorter_than_the_crow_flies_and_none_is_free() -> None:
    """Whatever the source said; closed stays closed."""
    short = ring(
        length_m=np.array([0, 999.9, 1000.04, 2500], dtype=np.float32),
        lights_ms=rows(0, 1, NOT_OPEN, 7),
        normal_ms=rows(NOT_OPEN, 0, 1, 7),
        node_lat=np.array([0.0, 0.0, SIDE_DEG, SIDE_DEG]),
    )
    graph = graph_of(short, ORIGIN)
    assert graph.length_dm.tolist() == [10_000, 10_000, 10_000, 25_000]
    assert graph.lights_ms.tolist() == [1, 1, NOT_OPEN, 7]
    assert graph.normal_ms.tolist() == [NOT_OPEN, 1, 1, 7]
    here = ring(node_lat=np.zeros(4), node_lon=np.zeros(4), length_m=np.zeros(4, dtype=np.float32))
    assert graph_of(here, ORIGIN).length_dm.tolist() == [1] * 4


def test_turns_are_written_only_where_there_are_some(tmp_path: Path) -> None:
    """So files without them are the same bytes as before there were turns, and stay readable."""
    write_streets(tmp_path, ring())
    with np.load(tmp_path / "streets.npz") as archive:
        assert not {"turn_from", "turn_to"} & set(archive.files)
    assert len(read_streets(tmp_path).turn_from) == 0
    write_streets(tmp_path, ring(turn_from=rows(0, 3), turn_to=rows(1, 0)))
    assert read_streets(tmp_path).turn_to.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"turn_from": rows(0, 1), "turn_to": rows(1, 3)}, "turn_to: row 1: the arc does not begin where"),
        ({"turn_from": rows(4), "turn_to": rows(1)}, "turn_from: row 0 is 4, outside 0 to 3"),
        ({"turn_from": rows(0, 1), "turn_to": rows(1)}, "turn_to: has 1 rows; the others of its group have 2"),
        ({"arc_from": rows()}, "arc_from: holds no street"),
        ({"lights_ms": rows(5, 5, -5, 5)}, "lights_ms: row 2 is -5, outside -1 to"),
        ({"length_m": np.array([1, np.nan, 1, 1], np.float32)}, "length_m: row 1 is nan, outside 0 to"),
    ],
)
def test_wrong_turns_weights_and_empty_streets_are_refused(
    tmp_path: Path, columns: dict[str, object], message: str
) -> None:
    """A search that trusts the rows never steps outside them."""
    write_streets(tmp_path, ring(**columns))
    with pytest.raises(PlaceRefused) as refusal:
        read_streets(tmp_path)
    assert message in str(refusal.value)


def test_half_of_the_turns_is_a_missing_column(tmp_path: Path) -> None:
    """One without the other says nothing."""
    streets = ring()
    columns = {name: getattr(streets, name) for name in Streets.__struct_fields__ if name != "turn_to"}
    np.savez(tmp_path / "streets.npz", allow_pickle=False, **columns)
    with pytest.raises(PlaceRefused, match="turn_to: column is missing"):
        read_streets(tmp_path)


def test_typical_travel_leaves_closed_arcs_out() -> None:
    """An arc that is not open under lights is no way anywhere."""
    assert typical_travel(ring(lights_ms=rows(*[NOT_OPEN] * 4)), 0.0) == TravelSettings()
    assert typical_travel(ring(lights_ms=rows(100_000, NOT_OPEN, NOT_OPEN, NOT_OPEN)), 0.0).speed_mm_per_s == 10_000


def test_a_place_travels_by_its_streets_unless_it_says_straight(tmp_path: Path) -> None:
    """Its `streets` is the digest of the graph that is loaded with it; `straight` has neither."""
    plain = load(RIVERSIDE).place
    streets = ring()
    save(tmp_path, replace(plain, streets=graph_of(streets, plain.projection).digest), None, streets)
    loaded = load(tmp_path)
    assert loaded.graph is not None
    assert loaded.place.streets == loaded.graph.digest == graph_of(streets, plain.projection).digest
    settings = (tmp_path / "place.toml").read_text()
    (tmp_path / "place.toml").write_text(settings.replace('model = "streets"\n', ""))
    assert load(tmp_path).place == loaded.place
    (tmp_path / "place.toml").write_text(settings.replace('"streets"', '"straight"'))
    straight = load(tmp_path)
    assert (straight.place, straight.graph) == (plain, None)
    assert straight.streets is not None
    save(tmp_path / "again", straight.place, None, straight.streets)
    assert load(tmp_path / "again").graph is None


def test_streets_that_are_promised_must_be_there(tmp_path: Path) -> None:
    """In the folder, and when the place is saved."""
    place = load(RIVERSIDE).place
    with pytest.raises(PlaceRefused, match="is not given, but the place travels by its streets"):
        save(tmp_path, replace(place, streets="0" * 64))
    save(tmp_path, place)
    settings = (tmp_path / "place.toml").read_text()
    (tmp_path / "place.toml").write_text(settings.replace('"straight"', '"streets"'))
    with pytest.raises(PlaceRefused, match=r"travel\.model: is .*streets.npz is not there"):
        load(tmp_path)
