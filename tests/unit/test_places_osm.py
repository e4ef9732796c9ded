"""Maps become places: small ones written here, and central Helsinki where its extract is at hand."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from osm_kit import Map, ring_town

from engine.streets.graph import NOT_OPEN, Graph
from gateways.cli import main
from gateways.places import Imported, Loaded, PlaceRefused, Severity, check, import_osm, load
from gateways.places.city.fleet import KINDS

DATA = Path(os.environ.get("TURNOUT_DATA") or Path(__file__).parents[3] / "shared" / "data")
HELSINKI = DATA / "osm-helsinki" / "Helsinki.osm.pbf"


def quiet(step: str, done: int, total: int) -> None:
    assert step
    assert 0 <= done <= total


def imported(town: Map, folder: Path) -> tuple[Imported, Loaded]:
    result = import_osm(town.write(folder), folder / "out", quiet)
    loaded = load(folder / "out")
    assert loaded.place == result.place
    assert not [mistake for mistake in check(folder / "out") if mistake.severity is Severity.ERROR]
    return result, loaded


def graph_of_town(town: Map, folder: Path) -> Graph:
    graph = imported(town, folder)[1].graph
    assert graph is not None
    return graph


def arcs(graph: Graph) -> dict[tuple[str, int, int], tuple[int, int]]:
    """Return (lights, normal) ms by street name and the ends' places in hundreds of metres: 0, 5 and so on."""
    east, north = graph.x_dm - graph.x_dm.min(), graph.y_dm - graph.y_dm.min()
    at = [100 * round(x / 1000) + round(y / 1000) for x, y in zip(east.tolist(), north.tolist(), strict=True)]
    return {
        (graph.names[name], at[tail], at[head]): (lights, normal)
        for name, tail, head, lights, normal in zip(
            graph.arc_name.tolist(),
            graph.tail.tolist(),
            graph.head.tolist(),
            graph.lights_ms.tolist(),
            graph.normal_ms.tolist(),
            strict=True,
        )
    }


def test_a_square_of_streets_becomes_a_place(tmp_path: Path) -> None:
    """Two arcs a street, 500 m at 25 km/h; names; terms of the data; one post because there is no station."""
    result, loaded = imported(ring_town(), tmp_path)
    assert loaded.graph is not None
    found = arcs(loaded.graph)
    assert len(found) == loaded.graph.arcs == 8
    assert found["South Street", 0, 500] == (pytest.approx(54_000, abs=10), pytest.approx(72_000, abs=10))
    assert found["West Street", 5, 0] == found["West Street", 0, 5]
    assert loaded.graph.length_dm.tolist() == [pytest.approx(5000, abs=2)] * 8
    assert [station.id for station in result.place.stations] == ["P1"]
    assert result.notes == (
        "The extract has no station at all: one post at the best connected crossing in the middle has all units.",
        "The extract has no hospital: nobody is taken to one.",
        "Calls are made up from metres of street, 1 a day; demand.toml says how many.",
        "Local time is Etc/GMT-2, without summer time; --timezone names the real one.",
    )
    assert (result.place.id, result.place.name, result.place.timezone) == ("osm-small-town", "small-town", "Etc/GMT-2")
    assert {unit.kind for unit in result.place.units} == {kind.name for kind in KINDS}
    assert loaded.demand is not None
    assert sum(zone.weight for zone in loaded.demand.zones) == pytest.approx(2 * 220, rel=0.01)
    assert loaded.demand.care.transport_share == 0, "there is no hospital to go to"
    assert "OpenStreetMap contributors" in (tmp_path / "out" / "SOURCE-osm.txt").read_text()


def test_the_same_map_makes_the_same_bytes(tmp_path: Path) -> None:
    """No chance, no clock."""
    file = ring_town().write(tmp_path)
    for out in ("a", "b"):
        import_osm(file, tmp_path / out, quiet, name="Ring Town", units=40, timezone="Europe/Helsinki")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    place = load(tmp_path / "a").place
    assert (place.id, place.name, place.timezone) == ("osm-ring-town", "Ring Town", "Europe/Helsinki")
    assert len(place.units) == 40


def test_one_ways_roundabouts_and_speeds(tmp_path: Path) -> None:
    """A one-way street has one arc; a roundabout goes round; 30 mph is 24 mph driven; signals cost."""
    town = ring_town()
    town.way(9, [1, 3], highway="secondary", name="Cut", oneway="yes", maxspeed="30 mph")
    town.node(3, highway="traffic_signals")
    found = arcs(graph_of_town(town, tmp_path))
    assert [key for key in found if key[0] == "Cut"] == [("Cut", 0, 505)]
    drive = 1000 * 707.1 / (0.8 * 30 * 1609.344 / 3600)
    assert found["Cut", 0, 505] == (pytest.approx(0.75 * drive + 1500, abs=30), pytest.approx(drive + 5000, abs=30))
    assert found["East Street", 500, 505][1] - found["East Street", 505, 500][1] == 5000
    round_about = Map({1: (0, 0), 2: (500, 0), 3: (500, 500), 4: (0, 500)})
    round_about.way(1, [1, 2, 3, 4, 1], highway="tertiary", name="Circus", junction="roundabout")
    assert list(arcs(graph_of_town(round_about, tmp_path))) == [
        ("Circus", 0, 500),
        ("Circus", 500, 505),
        ("Circus", 505, 5),
        ("Circus", 5, 0),
    ]


def test_lights_only_streets_are_closed_to_normal_driving(tmp_path: Path) -> None:
    """Pedestrian streets, bus lanes against the one-way, ways behind a rising bollard."""
    town = ring_town()
    town.way(9, [1, 3], highway="pedestrian", name="Market")
    found = arcs(graph_of_town(town, tmp_path))
    assert found["Market", 0, 505][1] == found["Market", 505, 0][1] == NOT_OPEN
    assert found["Market", 0, 505][0] > 0
    town = Map({1: (0, 0), 2: (500, 0), 3: (500, 500), 4: (0, 500), 5: (200, 0)})
    town.way(1, [1, 5, 2], highway="residential", name="South Street")
    town.way(2, [2, 3, 4, 1], highway="residential", name="Rest").node(5, barrier="bollard", bollard="rising")
    found = arcs(graph_of_town(town, tmp_path))
    assert {key for key, times in found.items() if times[1] == NOT_OPEN} == {
        ("South Street", a, b) for a, b in ((0, 200), (200, 0), (200, 500), (500, 200))
    }


def test_a_hard_barrier_cuts_a_street_but_not_a_crossing(tmp_path: Path) -> None:
    """On a way it closes; on a junction it stands on a path beside."""
    town = Map({1: (0, 0), 2: (500, 0), 3: (500, 500), 4: (0, 500), 5: (200, 0), 6: (200, -300)})
    town.way(1, [1, 5, 2], highway="residential", name="South Street").node(5, barrier="block")
    town.way(2, [2, 3, 4, 1], highway="residential", name="Rest")
    assert {name for name, _, _ in arcs(graph_of_town(town, tmp_path))} == {"Rest"}
    town.way(3, [5, 6], highway="residential", name="Side Street")
    assert {name for name, _, _ in arcs(graph_of_town(town, tmp_path))} == {"Rest", "South Street", "Side Street"}


def turns(graph: Graph) -> set[tuple[str, str]]:
    """Return the forbidden turns by the names of their streets; a U-turn names one twice."""
    names = [graph.names[row] for row in graph.arc_name.tolist()]
    return {(names[a], names[b]) for a, b in zip(graph.turn_from.tolist(), graph.turn_to.tolist(), strict=True)}


def test_turn_restrictions_become_pairs_of_arcs(tmp_path: Path) -> None:
    """no_* forbids its turn, only_* every other, U-turns included; over a way or out of nowhere is said."""
    town = ring_town().way(9, [1, 3], highway="residential", name="Cut")
    town.turn(1, "no_left_turn", 1, 2, 2)
    town.turn(2, "only_straight_on", 2, 3, 3)
    town.turn(3, "no_u_turn", 4, 1, 4)
    town.turn(4, "no_right_turn", 3, 4, 77)
    town.turn(5, "no_right_turn", 4, 1, 1, **{"except": "emergency"})
    town.relation(
        6, [("from", "way", 1), ("via", "way", 2), ("to", "way", 3)], type="restriction", restriction="no_u_turn"
    )
    result, loaded = imported(town, tmp_path)
    assert loaded.graph is not None
    assert turns(loaded.graph) == {
        ("South Street", "East Street"),
        ("East Street", "East Street"),
        ("East Street", "Cut"),
        ("West Street", "West Street"),
    }
    graph = loaded.graph
    assert (graph.head[graph.turn_from] == graph.tail[graph.turn_to]).all()
    assert result.notes[0] == (
        "3 turn restrictions were taken over; 1 over a way instead of a node were left out; "
        "1 name ways that do not meet or are not driven, and were left out."
    )


def test_a_way_through_the_node_makes_a_restriction_unclear(tmp_path: Path) -> None:
    """Which of its two sides is meant cannot be told, so neither is closed."""
    town = ring_town().way(9, [1, 2, 3], highway="residential", name="Through")
    town.turn(1, "no_left_turn", 9, 2, 1)
    result, loaded = imported(town, tmp_path)
    assert loaded.graph is not None
    assert turns(loaded.graph) == set()
    assert "1 name ways that do not meet" in " ".join(result.notes)


def test_islands_are_left_out_and_said(tmp_path: Path) -> None:
    """An island without a bridge, and a one-way street that leads off the map."""
    town = ring_town()
    town._points |= {10: (3000, 0), 11: (3000, 400), 12: (900, 900)}
    town.way(10, [10, 11], highway="residential", name="Island Road")
    town.way(11, [3, 12], highway="residential", name="Way Out", oneway="yes")
    result, loaded = imported(town, tmp_path)
    assert loaded.graph is not None
    assert loaded.graph.nodes == 4
    assert (result.dropped.nodes, result.dropped.arcs, result.dropped.names) == (3, 3, ("Way Out", "Island Road"))
    assert result.notes[0] == (
        "Left out: 3 nodes and 3 arcs (1.0 km of street, among them Way Out, Island Road) "
        "that cannot be both reached and left by road."
    )


def test_stations_and_hospitals_of_every_shape(tmp_path: Path) -> None:
    """Points, buildings and grounds; one for each; crews stand with their service."""
    town = ring_town()
    grounds = {20: (100, 100), 21: (200, 100), 22: (200, 200), 23: (100, 200), 24: (300, 300), 25: (160, 160)}
    town._points |= grounds | {26: (400, 100)}
    town.way(20, [20, 21, 22, 23, 20], building="yes")
    town.relation(20, [("outer", "way", 20)], type="multipolygon", amenity="fire_station", name="Fire House")
    town.node(25, amenity="fire_station").node(24, amenity="police").node(26, emergency="ambulance_station")
    town.way(21, [21, 22, 24, 21], amenity="hospital", name="General Hospital")
    result, loaded = imported(town, tmp_path)
    place = result.place
    assert [(s.id, s.name) for s in place.stations] == [
        ("FS1", "Fire House"),
        ("AS1", "Ambulance Station 1"),
        ("PS1", "Police Station 1"),
    ]
    assert [(h.id, h.name) for h in place.hospitals] == [("H1", "General Hospital")]
    house, middle = place.stations[0], place.projection.to_metres(60 + 150 / 111_320, 25 + 150 / 55_660)
    assert abs(house.x_m - middle[0]) <= 2
    assert abs(house.y_m - middle[1]) <= 2
    homes = {unit.kind: unit.station for unit in place.units}
    assert (homes["engine"], homes["patrol car"], homes["rescue boat"]) == ("FS1", "PS1", "FS1")
    assert {unit.station for unit in place.units if unit.kind == "paramedic ambulance"} == {"AS1", "FS1"}
    assert loaded.demand is not None
    assert loaded.demand.care.transport_share > 0


def test_an_extract_that_ends_in_the_middle_of_a_way(tmp_path: Path) -> None:
    """What lies outside has no position: the rest of the way stays."""
    town = ring_town().way(9, [3, 999, 1], highway="residential", name="Half")
    town.way(10, [1, 3, 998], highway="residential", name="Cut")
    assert {name for name, _, _ in arcs(graph_of_town(town, tmp_path))} >= {"Cut"}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.osm.pbf", b"", "cut short"),
        ("a.osm.pbf", b"hello, this is no map at all" * 9, "something else"),
        ("a.osm", b"", "cut short"),
        ("a.osm", b"<html></html>", "something else"),
        ("a.osm", ring_town().text().encode()[:-40], "cut short"),
        ("a.osm", b'<osm version="0.6"></osm>', "holds no road that a vehicle drives"),
        ("a.txt", ring_town().text().encode(), "its name should end in .pbf"),
        (
            "a.osm",
            Map({1: (0, 0), 2: (9, 9)}).way(1, [1, 2], highway="primary", oneway="yes").text().encode(),
            "holds no two places with a road from each to the other",
        ),
    ],
)
def test_what_is_no_extract_is_refused(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    """With what it means, and without a trace."""
    (tmp_path / file).write_bytes(content)
    with pytest.raises(PlaceRefused, match=message):
        import_osm(tmp_path / file, tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_an_option_that_will_not_do_is_refused(tmp_path: Path) -> None:
    """Too few units to have one of each kind; a time zone that nobody knows."""
    file = ring_town().write(tmp_path)
    with pytest.raises(PlaceRefused, match="needs 24 to 200000 units"):
        import_osm(file, tmp_path / "out", quiet, units=5)
    with pytest.raises(PlaceRefused, match='time zone "Mars/Base" is not known'):
        import_osm(file, tmp_path / "out", quiet, timezone="Mars/Base")
    assert not (tmp_path / "out").exists()


def test_without_osmium_the_way_to_get_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: only who imports a map needs it."""
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(PlaceRefused, match=r"pip install 'turnout\[osm\]'"):
        import_osm(ring_town().write(tmp_path), tmp_path / "out", quiet)


def test_the_command_says_what_it_left_out(tmp_path: Path) -> None:
    """`turnout import osm`: notes, the next step, and a refusal as one line with exit code 1."""
    file = ring_town().write(tmp_path)
    done = CliRunner().invoke(
        main, ["import", "osm", str(file), str(tmp_path / "out"), "--name", "Ring", "--units", "30"]
    )
    assert done.exit_code == 0
    assert "The extract has no station at all" in done.stdout
    assert "imported Ring. Stations: 1, units: 30." in done.stdout
    file.write_bytes(b"")
    refused = CliRunner().invoke(main, ["import", "osm", str(file), str(tmp_path / "new")])
    assert refused.exit_code == 1
    assert "cannot be read as an OpenStreetMap extract" in refused.stderr
    assert not (tmp_path / "new").exists()


needs_helsinki = pytest.mark.skipif(
    not HELSINKI.is_file(),
    reason=f"the extract of Helsinki is not at {HELSINKI}; set TURNOUT_DATA to the data's folder",
)


@needs_helsinki
def test_central_helsinki_comes_in(tmp_path: Path) -> None:
    """A real map: most of its streets hang together, its restrictions are read, its fire station is manned."""
    result = import_osm(HELSINKI, tmp_path / "out", quiet, timezone="Europe/Helsinki")
    loaded = load(tmp_path / "out")
    assert loaded.place == result.place
    assert not [mistake for mistake in check(tmp_path / "out") if mistake.severity is Severity.ERROR]
    assert loaded.graph is not None
    assert (loaded.graph.nodes, loaded.graph.arcs) == (1896, 3012)
    assert (result.dropped.nodes, result.dropped.arcs) == (254, 349)
    assert len(loaded.graph.turn_from) == 41
    assert [station.name for station in loaded.place.stations] == ["Erottajan paloasema"]
    assert "Mannerheimintie" in loaded.graph.names
    assert 5_000 < loaded.place.travel.speed_mm_per_s < 15_000


@needs_helsinki
def test_a_pbf_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """At many lengths: never an exception of another kind, and nothing is left behind."""
    whole = HELSINKI.read_bytes()
    for length in [*range(1, 200, 37), *range(1_000, len(whole), 59_999), len(whole) - 1]:
        (tmp_path / "cut.osm.pbf").write_bytes(whole[:length])
        with pytest.raises(PlaceRefused):
            import_osm(tmp_path / "cut.osm.pbf", tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()
