"""The layers over a real listener, read by `geojson` and `shapely`, which know nothing of us."""

from pathlib import Path
from typing import Any

import geojson
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from engine.model.inputs import CloseRoad, ReportIncident, ReportTraffic, ReportWeather
from engine.model.place import ResponseArea
from engine.model.roads import Stretch
from engine.model.surroundings import RecordCaution, Severity
from gateways.config import Config
from gateways.geojson.geometry import polygon, read_box
from tests import river_town
from tests.builders import small_place
from tests.live.exchange_kit import Served, degrees, serve_exchanges

AREA = ResponseArea("north", "North", ((-9_000, 0), (-9_000, 9_000), (9_000, 9_000), (9_000, 0)))
LAYERS = ("units", "incidents", "coverage", "closures", "cautions")
RING = ((-100, -100), (-100, 100), (100, 100))


async def get(served: Served, path: str, name: str = "desk", **headers: str) -> Any:
    return await served.http.get(f"/geojson/{path}", headers={**served.as_(name), **headers})


async def layer(served: Served, path: str, name: str = "desk") -> Any:
    answer = await get(served, path, name)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return geojson.loads(answer.text)


async def fill(served: Served) -> None:
    """Let something stand on every layer."""
    ask, later = served.service.ask, served.service.clock.now() + 3_600_000
    where = {"x_m": 2_345, "y_m": 1_234}
    await ask(
        ReportIncident(id="1", by="cad", type="theft", address="12 Mill Lane", caller="Ann", note="hush", **where)
    )
    await ask(CloseRoad(id="2", by="cad", stretch=Stretch(streets=("West Bridge",)), closure="bridge"))
    await ask(CloseRoad(id="3", by="cad", stretch=Stretch(polygon=RING), closure="square"))
    await ask(ReportTraffic(id="4", by="cad", stretch=Stretch(classes=("track",)), percent=150, until_ms=later))
    await ask(ReportWeather(id="5", by="cad", weather="snow", percent=130, until_ms=later))
    warning = {"severity": Severity.DANGER, "text": "violent resident", "x_m": 0, "y_m": 0, "radius_m": 150}
    await ask(RecordCaution(id="6", by="cad", caution="c", **warning))
    await ask(RecordCaution(id="7", by="cad", caution="p", polygon=RING, **warning))
    await served.until(lambda: len(served.board.world.cautions) == 2)


async def test_every_layer_is_valid_for_readers_that_we_did_not_write(tmp_path: Path) -> None:
    place = small_place(streets=river_town.graph().digest, areas=(AREA,))
    async with serve_exchanges(tmp_path, Config(), place=place) as served:
        await fill(served)
        for name in LAYERS:
            found = await layer(served, name)
            assert found.is_valid, found.errors()
            assert found["features"]
            shapes = [shape(feature["geometry"]) for feature in found["features"]]
            assert all(each.is_valid for each in shapes)
            for each in shapes:
                assert each.geom_type != "Polygon" or each.exterior.is_ccw
            assert found["bbox"] == pytest.approx(shapely.total_bounds(shapes).tolist())
            assert len({feature["id"] for feature in found["features"]}) == len(shapes)
        closures = (await layer(served, "closures"))["features"]
        assert {each["id"]: each["geometry"]["type"] for each in closures}["closure/bridge"] == "MultiLineString"
        lat, lon = degrees(0, -2_000)
        (bridge,) = [shape(each["geometry"]) for each in closures if each["id"] == "closure/bridge"]
        assert bridge.distance(shapely.Point(lon, lat)) < 1e-6
        coverage = await layer(served, "coverage")
        assert {each["properties"]["kind"] for each in coverage["features"]} == {"station", "area"}
        (north,) = [each for each in coverage["features"] if each["id"] == "area/north"]
        assert north["properties"]["open"] == 1


async def test_a_role_sees_no_more_than_in_a_list(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, Config()) as served:
        await fill(served)
        (seen,) = (await layer(served, "incidents"))["features"]
        assert seen["properties"]["address"] == "12 Mill Lane"
        text = (await get(served, "incidents", "wall")).text + (await get(served, "cautions", "wall")).text
        for secret in ("Mill", "Ann", "hush", "violent"):
            assert secret not in text
        (seen,) = (await layer(served, "incidents", "wall"))["features"]
        assert seen["geometry"]["coordinates"] == [round(each, 2) for each in seen["geometry"]["coordinates"]]
        assert "hush" not in (await get(served, "incidents")).text
        for name in ("gps", "met"):
            assert (await get(served, "units", name)).status_code == 401


async def test_an_etag_spares_what_has_not_changed(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, Config()) as served:
        first = await get(served, "units")
        again = await get(served, "units", **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        await served.service.ask(ReportIncident(id="1", by="cad", type="cardiac", x_m=0, y_m=0))
        await served.until(lambda: served.board.world.open)
        changed = await get(served, "units", **{"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200
        lat, lon = degrees(0, 4_000)
        window = f"units?bbox={lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}"
        near = (await layer(served, window))["features"]
        assert 0 < len(near) < len(served.board.world.units)
        assert (await get(served, "units?bbox=1,2,3")).status_code == 400
        assert (await get(served, "units?bbox=nan,2,3,4")).status_code == 400
        assert "units, incidents" in (await get(served, "clouds")).json()["detail"]


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_any_text_is_a_box_or_refused(text: str) -> None:
    try:
        box = read_box(text)
    except ValueError:
        return
    assert box.west <= box.east


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(41, 42), st.floats(-91, -90)), min_size=3, max_size=12, unique=True))
def test_rings_are_closed_and_turn_to_the_left(corners: list[tuple[float, float]]) -> None:
    ring = polygon(corners)["coordinates"][0]
    assert ring[0] == ring[-1]
    drawn = shapely.Polygon(ring)
    if drawn.is_valid and drawn.area > 1e-9:
        assert drawn.exterior.is_ccw
