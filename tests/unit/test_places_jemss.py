"""JEMSS cities become places: a small one made here, and the two real ones where their data is at hand."""

import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from engine.model.demand import CareTimes
from engine.model.geometry import Projection
from engine.model.plans import Mode
from gateways.places import PlaceRefused, import_jemss, load
from gateways.places.jemss.calls import read_calls
from gateways.places.jemss.raster import read_raster, zones_of

DATA = Path(os.environ.get("TURNOUT_DATA") or Path(__file__).parents[3] / "shared" / "data")

SHEETS = {
    "map_1.csv": "map,1,,\nxMin,xMax,yMin,yMax,xScale,yScale\n10.0,10.1,50.0,50.1,71.5,111.3\n",
    "stations_1.csv": "stations,,,\nindex,x,y,capacity,NAME\n1,10.01,50.01,5,North\n2,10.05,50.05,5,\n",
    "hospitals_1.csv": 'hospitals,\nindex,x,y,name,address\n1,10.02,50.02,General,"1 High St, Town"\n',
    "ambulances_1.csv": "ambulances\nindex,stationIndex,class\n1,1,1\n2,2,1\n3,2,2\n",
    "priorities_1.csv": "priorities,2\npriority,name,targetResponseTime\n1,high,0.005555556\n2,low,0.0125\n",
    "gen_config.xml": """<genConfig><sim><callDistributions>
        <interarrivalTime>Exponential(1/(2*24))</interarrivalTime>
        <priority>Categorical([0.25, 0.75])</priority>
        <dispatchDelay>Normal(50/60/60/24, 0)</dispatchDelay>
        <onSceneDuration>Weibull(1, 12/60/24)</onSceneDuration>
        <transport>Bernoulli(0.8)</transport>
        <handoverDuration>Exponential(-(-4)/60/24)</handoverDuration>
        </callDistributions></sim></genConfig>""",
    "SOURCE-roads.txt": "drawn by hand",
}
NODES = "nodes,3\nindex,x,y,offRoadAccess\n1.0,10.01,50.01,1.0\n2.0,10.05,50.05,1.0\n3.0,10.09,50.01,0.0\n"
ARCS = (
    "miscData,1\narcForm,numModes\ndirected,2\n,\narcs,3,,\nindex,fromNode,toNode,mode_1,mode_2\n"
    "1.0,1.0,2.0,0.001,0.002\n2.0,2.0,3.0,0.001,0.002\n3.0,3.0,1.0,0.002,0.004\n"
)
WEIGHTS = [[0.0, 1.5, 2.0], [3.0, 0.25, 0.0]]


def tiff(
    cells: object = WEIGHTS,
    kind: str = "<f8",
    compression: int = 1,
    no_data: bytes = b"",
    model: int = 2,
    point: int = 1,
) -> bytes:
    """Write a GeoTIFF of one strip a row, the first row's upper left corner at 50.08 north, 10.01 east."""
    grid = np.asarray(cells, kind)
    order = "<" if kind[0] == "<" else ">"
    strips = [zlib.compress(row.tobytes()) if compression == 8 else row.tobytes() for row in grid]
    body = b"".join(strips)
    starts = [8 + sum(map(len, strips[:n])) for n in range(len(strips))]
    sample = {"u": 1, "i": 2, "f": 3}[kind[1]]
    entries: list[tuple[int, str, tuple[object, ...]]] = [
        *((256, "H", (grid.shape[1],)), (257, "H", (grid.shape[0],)), (258, "H", (8 * grid.itemsize,))),
        *((259, "H", (compression,)), (273, "I", tuple(starts)), (277, "H", (1,)), (278, "H", (1,))),
        *((279, "I", tuple(map(len, strips))), (339, "H", (sample,)), (33550, "d", (0.02, 0.03, 0.0))),
        (33922, "d", (0.0, 0.0, 0.0, 10.01, 50.08, 0.0)),
        (34735, "H", (1, 1, 0, 2, 1024, 0, 1, model, 1025, 0, 1, point)),
    ]
    if no_data:
        entries.append((42113, "s", (no_data + b"\0",)))
    directory, extra, at = b"", b"", 8 + len(body) + 2 + 12 * len(entries) + 4
    for tag, form, values in entries:
        count = len(values[0]) if form == "s" else len(values)  # type: ignore[arg-type]  # bytes there
        packed = struct.pack(f"{order}{count}{form}", *values)
        number = {"s": 2, "H": 3, "I": 4, "d": 12}[form]
        if len(packed) > 4:
            directory += struct.pack(order + "HHII", tag, number, count, at + len(extra))
            extra += packed
        else:
            directory += struct.pack(order + "HHI", tag, number, count) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(body))
    return head + body + struct.pack(order + "H", len(entries)) + directory + b"\0\0\0\0" + extra


def zipped(path: Path, **files: str | bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A JEMSS city of three streets."""
    folder = tmp_path / "smallville"
    folder.mkdir()
    for file, text in SHEETS.items():
        (folder / file).write_text(text)
    zipped(folder / "roads.zip", nodes_csv=NODES, arcs_csv=ARCS)
    zipped(folder / "people.zip", people_tif=tiff())
    return folder


def quiet(step: str, done: int, total: int) -> None:
    assert step
    assert 0 <= done <= total


def test_a_city_becomes_a_place(city: Path, tmp_path: Path) -> None:
    """Stations, hospitals, ambulances with their class, plans with their targets, calls with their times."""
    imported = import_jemss(city, tmp_path / "out", quiet)
    place = imported.place
    assert imported.notes == ()
    loaded = load(tmp_path / "out")
    assert loaded.place == place
    assert (place.id, place.name, place.timezone) == ("jemss-smallville", "Smallville", "Etc/GMT-1")
    assert [(s.id, s.name) for s in place.stations] == [("S1", "North"), ("S2", "Station 2")]
    assert [h.name for h in place.hospitals] == ["General"]
    assert [(u.id, u.station, place.names(u.capabilities), u.turnout_ms) for u in place.units] == [
        ("A01", "S1", ("ambulance", "class-1"), 50_000),
        ("A02", "S2", ("ambulance", "class-1"), 50_000),
        ("A03", "S2", ("ambulance", "class-2"), 50_000),
    ]
    plans = [(p.id, p.priorities, p.mode, p.slots[0].target_ms) for p in place.plans]
    assert plans[1:] == [("medical-1", (1,), Mode.AUTO, 480_000), ("medical-2", (2, 3, 4, 5), Mode.AUTO, 1_080_000)]
    assert loaded.demand is not None
    assert loaded.demand.calls_per_day == 48
    assert [(s.priority, s.share) for s in loaded.demand.shares] == [(1, 0.25), (2, 0.75)]
    assert loaded.demand.care == CareTimes(720_000, 0.8, 240_000)
    assert loaded.streets is not None
    assert loaded.streets.lights_ms.tolist() == [86_400, 86_400, 172_800]
    assert loaded.streets.normal_ms.tolist() == [172_800, 172_800, 345_600]
    assert loaded.streets.arc_from.tolist() == [0, 1, 2]
    assert loaded.streets.length_m[0] == pytest.approx(np.hypot(0.04 * 71_500, 0.04 * 111_320), rel=2e-3)
    assert (tmp_path / "out" / "SOURCE-roads.txt").read_text() == "drawn by hand"
    assert import_jemss(city, tmp_path / "out", quiet, "Europe/Berlin").place.timezone == "Europe/Berlin"


def test_given_lengths_and_two_way_streets_are_kept(city: Path, tmp_path: Path) -> None:
    """A graph may give kilometres, and each street once for both directions."""
    arcs = (
        ARCS.replace("directed", "undirected").replace("toNode,", "toNode,distance,").replace(",0.00", ",7.5,0.00", 1)
    )
    arcs = arcs.replace("2.0,3.0,0.0", "2.0,3.0,1.25,0.0").replace("3.0,1.0,0.0", "3.0,1.0,2.0,0.0")
    zipped(city / "roads.zip", nodes_csv=NODES, arcs_csv=arcs)
    import_jemss(city, tmp_path / "out", quiet)
    streets = load(tmp_path / "out").streets
    assert streets is not None
    assert streets.length_m.tolist() == [7500, 1250, 2000] * 2
    assert streets.arc_from.tolist() == [0, 1, 2, 1, 2, 0]
    assert streets.arc_to.tolist() == [1, 2, 0, 0, 1, 2]


def test_a_dead_end_is_left_out_and_said(city: Path, tmp_path: Path) -> None:
    """A street that leads in but not out, a loop and a slower double: gone, and told in a sentence."""
    nodes = NODES + "4.0,10.09,50.05,0.0\n"
    arcs = ARCS + "4.0,2.0,4.0,0.001,0.002\n5.0,1.0,1.0,0.001,0.002\n6.0,1.0,2.0,0.009,0.001\n"
    zipped(city / "roads.zip", nodes_csv=nodes, arcs_csv=arcs)
    imported = import_jemss(city, tmp_path / "out", quiet)
    (note,) = imported.notes
    assert note == (
        "Left out: 1 node and 1 arc (2.9 km of street) that cannot be both reached and left by road; "
        "1 loop; 1 arc beside a faster one between the same nodes."
    )
    streets = load(tmp_path / "out").streets
    assert streets is not None
    assert streets.arc_to.tolist() == [1, 2, 0]
    assert streets.normal_ms.tolist() == [86_400, 172_800, 345_600]


def test_streets_that_lead_nowhere_and_back_are_refused(city: Path, tmp_path: Path) -> None:
    """One-way streets into a dead end: nobody could ever come back."""
    zipped(city / "roads.zip", nodes_csv=NODES, arcs_csv=ARCS.rpartition("3.0,3.0")[0])
    with pytest.raises(PlaceRefused, match="holds no two places with a road from each to the other"):
        import_jemss(city, tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "compression"),
    [("<f8", 1), (">f8", 1), ("<f4", 8), (">u2", 8), ("<i4", 1), ("<u1", 8)],
)
def test_rasters_of_all_common_kinds_are_read_alike(tmp_path: Path, kind: str, compression: int) -> None:
    """Both byte orders, whole and broken numbers, plain and deflated strips."""
    cells = [[0, 1, 2], [3, 4, 0]]
    zipped(tmp_path / "r.zip", a_tif=tiff(cells, kind, compression))
    raster = read_raster(tmp_path, "r.zip")
    assert raster.weight.tolist() == cells
    assert (raster.north, raster.west, raster.step_lat, raster.step_lon) == (50.08, 10.01, 0.03, 0.02)


def test_a_point_raster_begins_half_a_cell_outward(tmp_path: Path) -> None:
    """Its tie point names the middle of the first cell. Cells without data weigh nothing."""
    zipped(tmp_path / "r.zip", a_tif=tiff([[-9, 1], [2, np.nan]], no_data=b"-9", point=2))
    with pytest.raises(PlaceRefused, match="has nan in row 1, column 1"):
        read_raster(tmp_path, "r.zip")
    zipped(tmp_path / "r.zip", a_tif=tiff([[np.nan, 1], [2, 3]], no_data=b"nan", point=2))
    raster = read_raster(tmp_path, "r.zip")
    assert raster.weight.tolist() == [[0, 1], [2, 3]]
    assert raster.north == pytest.approx(50.095)
    assert raster.west == pytest.approx(10.0)


def test_zones_hold_the_cells_within_them(tmp_path: Path) -> None:
    """Each cell's weight lies in the square that its middle falls into; the first row is the north."""
    zipped(tmp_path / "r.zip", a_tif=tiff())
    projection = Projection(50.05, 10.05)
    zones = zones_of(read_raster(tmp_path, "r.zip"), projection, 250)
    assert sum(zone.weight for zone in zones) == 6.75
    for row, column, weight in ((0, 1, 1.5), (0, 2, 2.0), (1, 0, 3.0), (1, 1, 0.25)):
        x, y = projection.to_metres(50.08 - (row + 0.5) * 0.03, 10.01 + (column + 0.5) * 0.02)
        holds = [z.weight for z in zones if abs(z.x_m - x) <= z.half_m and abs(z.y_m - y) <= z.half_m]
        assert holds == [weight]


BAD_TABLES = [
    ("map_1.csv", "10.0,10.1", "10.2,10.1", "map_1.csv: xMin, xMax"),
    ("map_1.csv", "yMin", "ymin", 'table "map" has no column "yMin"'),
    ("stations_1.csv", "10.01", "NaN", 'stations_1.csv: line 3, x: "NaN" is not a number'),
    ("stations_1.csv", "stations", "bases", 'stations_1.csv: has no table "stations"; it has bases'),
    ("stations_1.csv", "10.01,50.01", "11.01,50.01", "lies outside the bounds"),
    ("ambulances_1.csv", "3,2,2", "3,9,2", "ambulances_1.csv: line 5, stationIndex: there is no station 9"),
    ("ambulances_1.csv", "1,1,1\n2,2,1\n3,2,2\n", "", "names no units"),
    ("priorities_1.csv", "2,low,0.0125\n", "", "has 1 priorities; gen_config.xml draws 2"),
    ("gen_config.xml", "</genConfig>", "", "gen_config.xml: is not valid XML"),
    ("gen_config.xml", "1/(2*24)", "1/0", 'interarrivalTime: "Exponential(1/0)" cannot be worked out'),
    ("gen_config.xml", "1/(2*24)", "0", "the mean time between calls must be above zero"),
    ("gen_config.xml", "1/(2*24)", "open('x')", "is not plain arithmetic"),
    ("gen_config.xml", "0.25, 0.75", "0.25, 0.5", "priority: must be Categorical"),
    ("gen_config.xml", "Weibull(1,", "Weibull(0,", "onSceneDuration: Weibull with 2 parameters is not known"),
    ("gen_config.xml", "Bernoulli(0.8)", "Bernoulli(1.8)", "transport: the mean 1.8 is out of range"),
    ("gen_config.xml", "handoverDuration", "handover", "handoverDuration: is missing under"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BAD_TABLES)
def test_a_wrong_table_is_refused_by_name(
    city: Path, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    """And nothing is written."""
    text = (city / file).read_text()
    assert old in text
    (city / file).write_text(text.replace(old, new))
    with pytest.raises(PlaceRefused) as refusal:
        import_jemss(city, tmp_path / "out", quiet)
    assert message in str(refusal.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("nodes", "arcs", "message"),
    [
        (NODES.replace("50.05", "nan"), ARCS, "roads.zip/nodes.csv: line 4, y: nan is not a finite number"),
        (NODES.replace("50.05", "x"), ARCS, 'table "nodes" cannot be read'),
        (NODES.replace("50.05", "500"), ARCS, "must be degrees"),
        (NODES, ARCS.replace("3.0,3.0,1.0", "3.0,4.0,1.0"), "names a node outside 1 to 3"),
        (NODES, ARCS.replace("0.001", "-0.001"), "travel times must be between zero and one day"),
        (NODES, ARCS.replace("mode_1", "mode_9"), 'roads.zip/arcs.csv: has no column "mode_1"'),
        (NODES, "nothing", 'has no table "arcs"'),
    ],
)
def test_wrong_streets_are_refused(city: Path, tmp_path: Path, nodes: str, arcs: str, message: str) -> None:
    """By file and line inside the zip."""
    zipped(city / "roads.zip", nodes_csv=nodes, arcs_csv=arcs)
    with pytest.raises(PlaceRefused) as refusal:
        import_jemss(city, tmp_path / "out", quiet)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GIF89a", "the raster is not a TIFF file"),
        (tiff(model=1), "is not in degrees; convert it to EPSG:4326"),
        (tiff(compression=5), "is compressed in way 5"),
        (tiff([[-1.0]]), "has -1.0 in row 0, column 0"),
        (tiff([[0.0]]), "is empty: no cell has a weight"),
        (tiff(no_data=b"none"), "marks missing data as"),
        (tiff().replace(struct.pack("<d", 50.08), struct.pack("<d", 95.0)), "which is not on earth"),
    ],
)
def test_a_wrong_raster_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Rather than read wrongly: demand in the sea looks like demand."""
    zipped(tmp_path / "r.zip", a_tif=content)
    with pytest.raises(PlaceRefused) as refusal:
        read_raster(tmp_path, "r.zip")
    assert message in str(refusal.value)


def test_a_raster_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """At every length: never an exception of another kind, never a short map."""
    whole = tiff(compression=8)
    for length in range(len(whole)):
        zipped(tmp_path / "r.zip", a_tif=whole[:length])
        with pytest.raises(PlaceRefused, match="raster"):
            read_raster(tmp_path, "r.zip")


def test_a_zip_cut_anywhere_is_refused(city: Path, tmp_path: Path) -> None:
    """At every length, for the streets as for the raster."""
    for file in ("roads.zip", "people.zip"):
        whole = (city / file).read_bytes()
        for length in range(0, len(whole), 13):
            (city / file).write_bytes(whole[:length])
            with pytest.raises(PlaceRefused, match=f"{file}: is not a whole zip"):
                import_jemss(city, tmp_path / "out", quiet)
        (city / file).write_bytes(whole)


def test_any_flipped_byte_of_a_zip_is_refused_or_harmless(city: Path) -> None:
    """Damage never shows as anything but a refusal; what still passes reads the same weights."""
    whole = (city / "people.zip").read_bytes()
    for position, mask in ((position, mask) for position in range(len(whole)) for mask in (0xFF, 0x01, 0x40)):
        (city / "people.zip").write_bytes(whole[:position] + bytes([whole[position] ^ mask]) + whole[position + 1 :])
        try:
            raster = read_raster(city, "people.zip")
        except PlaceRefused:
            continue
        assert raster.weight.tolist() == WEIGHTS


@pytest.mark.parametrize("file", [*SHEETS, "roads.zip", "people.zip"])
def test_a_missing_file_is_named(city: Path, tmp_path: Path, file: str) -> None:
    """All but the notes on the sources are needed."""
    (city / file).unlink()
    if file.startswith("SOURCE"):
        import_jemss(city, tmp_path / "out", quiet)
        return
    with pytest.raises(PlaceRefused, match=r"is missing|one zipped demand raster"):
        import_jemss(city, tmp_path / "out", quiet)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    """With what to do instead."""
    with pytest.raises(PlaceRefused, match="is not a folder: name the folder of one JEMSS city"):
        import_jemss(tmp_path / "nowhere", tmp_path / "out", quiet)


REAL = [
    # name, stations, hospitals, units, calls a day, nodes, arcs, raster total
    ("manhattan", 8, 10, 12, 451.2, 16_811, 24_437, 3757.807839713),
    ("auckland", 14, 4, 16, 280.0, 54_370, 90_638, 828627782.0854019),
]


@pytest.mark.parametrize(("name", "stations", "hospitals", "units", "calls", "nodes", "arcs", "total"), REAL)
def test_the_real_cities_come_in_whole(
    tmp_path: Path,
    name: str,
    stations: int,
    hospitals: int,
    units: int,
    calls: float,
    nodes: int,
    arcs: int,
    total: float,
) -> None:
    """Nothing of stations, streets or demand is lost on the way, and travel is plausible."""
    if not (DATA / name).is_dir():
        pytest.skip(f"the JEMSS data of {name} is not at {DATA}; set TURNOUT_DATA to its folder")
    imported = import_jemss(DATA / name, tmp_path / name, quiet)
    place = imported.place
    loaded = load(tmp_path / name)
    assert loaded.place == place
    assert (len(place.stations), len(place.hospitals), len(place.units)) == (stations, hospitals, units)
    assert loaded.demand is not None
    assert loaded.streets is not None
    assert loaded.demand.calls_per_day == calls
    assert sum(zone.weight for zone in loaded.demand.zones) == pytest.approx(total, rel=1e-12)
    assert (len(loaded.streets.node_lat), len(loaded.streets.arc_to)) == (nodes, arcs)
    assert (imported.notes, imported.dropped.nodes) == ((), 0)
    assert loaded.graph is not None
    assert loaded.graph.digest == place.streets
    assert (loaded.graph.lights_ms <= loaded.graph.normal_ms).all()
    assert loaded.graph.normal_ms.sum() > 1.3 * loaded.graph.lights_ms.sum()
    assert 110 < place.travel.circuity_percent < 200
    assert 5_000 < place.travel.speed_mm_per_s < 25_000
    assert read_calls(DATA / name).transport_share == loaded.demand.care.transport_share
