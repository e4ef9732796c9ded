"""What save writes, load reads back unchanged; what is not a place is not written over."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.moves import MoveRules
from engine.model.place import Access, AlertSettings, Profile, TravelSettings
from engine.model.plans import Mode
from engine.model.rules import Limits
from gateways.places import PlaceRefused, Streets, load, save
from gateways.places.streets import read_streets, write_streets
from gateways.places.toml_out import document, pairs
from gateways.places.typical import typical_travel
from tests.unit.riverside_kit import RIVERSIDE


def test_a_saved_place_reads_back_the_same(tmp_path: Path) -> None:
    """Place and demand are equal, and a second save makes the same bytes."""
    first = load(RIVERSIDE)
    save(tmp_path / "a", first.place, first.demand)
    second = load(tmp_path / "a")
    assert second == first
    save(tmp_path / "b", second.place, second.demand)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in RIVERSIDE.iterdir())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


PROFILES = (Profile(("primary", "ring"), tuple(range(101, 125)) * 7), Profile((), tuple(range(20, 188))))


def test_every_setting_survives(tmp_path: Path) -> None:
    """Also odd milliseconds, and values that differ from every default."""
    place = replace(
        load(RIVERSIDE).place,
        travel=TravelSettings(117, 12_345, 2, 1_501, 9_001, 0, PROFILES, 133, Access.NODE),
        alerts=AlertSettings(("hook", "sms", "log"), 7, 1_501, 30_002, 120_003),
        limits=Limits(1, (2, 3, 4, 5, 6), 7, 8, 9, 10, 11_001),
        moves=MoveRules(Mode.AUTO, 2, 12_345, 1_201_001, 5, 60_002, 3, 4_004, 5_005),
        name='Quote " back \\ tab \t del \x7f ünï',
    )
    save(tmp_path / "p", place)
    assert load(tmp_path / "p").place == place
    settings = (tmp_path / "p" / "place.toml").read_text()
    assert "123, 124]" in settings, "a day like every other is written once"
    (tmp_path / "p" / "place.toml").write_text(settings.replace("123, 124]", "123]"))
    with pytest.raises(
        PlaceRefused, match=r"travel\.profile\[0\]\.percent: needs 24 hours of a day or 168 .* found 23"
    ):
        load(tmp_path / "p")


def test_the_room_of_stations_survives(tmp_path: Path) -> None:
    """Where no station has a limit, no column says so; where one has, all do."""
    whole = load(RIVERSIDE).place
    assert [(at.capacity, at.minimum) for at in whole.stations[:2]] == [(7, 2), (6, 1)]
    bare = replace(whole, stations=tuple(replace(at, capacity=0, minimum=0) for at in whole.stations))
    save(tmp_path / "bare", bare)
    assert (tmp_path / "bare" / "stations.csv").read_text().startswith("id,name,lat,lon,post\n")
    assert load(tmp_path / "bare").place == bare


def test_a_save_replaces_the_whole_earlier_place(tmp_path: Path) -> None:
    """No file of the earlier place stays behind to be read with the new one."""
    folder = Path(shutil.copytree(RIVERSIDE, tmp_path / "p"))
    whole = load(RIVERSIDE).place
    anywhere = tuple(replace(plan, areas=()) for plan in whole.plans)
    bare = replace(whole, hospitals=(), areas=(), plans=anywhere)
    save(folder, bare)
    loaded = load(folder)
    assert loaded.demand is None
    assert loaded.place == bare
    assert not (folder / "areas.geojson").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """A slip in a path must not spread files over somebody's work."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(PlaceRefused, match="holds other files"):
        save(tmp_path, load(RIVERSIDE).place)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """The reason is the system's own."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceRefused, match="cannot be written"):
        save(tmp_path / "file" / "place", load(RIVERSIDE).place)


scalars = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
scalars = scalars.filter(lambda value: not (isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value)))


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.one_of(scalars, st.lists(scalars))))
def test_written_toml_reads_back(values: dict[str, object]) -> None:
    """The standard library's reader is the judge of our small writer."""
    import tomllib

    assert tomllib.loads(document(pairs(values)).decode()) == values


def street_graph() -> Streets:
    """A ring of four streets of 1,000 m, one way, at 10 m/s under lights."""
    side = 1000 / 111_320
    return Streets(
        node_lat=np.array([0.0, 0.0, side, side]),
        node_lon=np.array([0.0, side, side, 0.0]),
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


def test_streets_come_back_column_by_column(tmp_path: Path) -> None:
    """And the same streets make the same bytes."""
    streets = street_graph()
    write_streets(tmp_path, streets)
    first = (tmp_path / "streets.npz").read_bytes()
    again = read_streets(tmp_path)
    for name in Streets.__struct_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(streets, name))
        assert getattr(again, name).dtype == getattr(streets, name).dtype
    write_streets(tmp_path, again)
    assert (tmp_path / "streets.npz").read_bytes() == first


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("node_lat", np.array([0.0, np.nan, 0.0, 0.0]), "node_lat: row 1 is nan, outside -90 to 90"),
        ("arc_to", np.array([1, 2, 3, 4], dtype=np.int32), "arc_to: row 3 is 4, outside 0 to 3"),
        ("lights_ms", np.array([1, -2, 1, 1], dtype=np.int32), "lights_ms: row 1 is -2, outside"),
        ("normal_ms", np.array([1, 1, 1], dtype=np.int32), "normal_ms: has 3 rows; the others of its group have 4"),
        ("length_m", np.ones(4), "length_m: must be a list of float32; found float64"),
        ("arc_name", np.array([0, 1, 2, 0], dtype=np.int32), "arc_name: row 2 is 2, outside 0 to 1"),
    ],
)
def test_a_wrong_column_is_refused_by_name(tmp_path: Path, column: str, value: object, message: str) -> None:
    """Kernels that trust these arrays never see a row out of range."""
    write_streets(tmp_path, replace(street_graph(), **{column: value}))
    with pytest.raises(PlaceRefused) as refusal:
        read_streets(tmp_path)
    assert message in str(refusal.value)


def test_a_missing_column_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    """At every length that the file may have been cut to."""
    np.savez(tmp_path / "streets.npz", node_lat=np.zeros(1))
    with pytest.raises(PlaceRefused, match="node_lon: column is missing"):
        read_streets(tmp_path)
    write_streets(tmp_path, street_graph())
    whole = (tmp_path / "streets.npz").read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "streets.npz").write_bytes(whole[:length])
        with pytest.raises(PlaceRefused, match="cannot be read"):
            read_streets(tmp_path)


def test_typical_travel_is_the_streets_own_speed_and_detour() -> None:
    """On the ring: 10 m/s; within 300 s a unit drives 1, 2 and 3 sides to go 1, √2 and 1 sides straight."""
    travel = typical_travel(street_graph(), 0.0)
    assert travel == TravelSettings(round(100 * 6 / (2 + 2**0.5)), 10_000)
    assert typical_travel(street_graph(), 0.0, within_s=1) == TravelSettings()
