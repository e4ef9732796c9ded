"""The OsmAnd entrance: what a tracker is told."""

from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette

from gateways.telematics import OsmAnd
from gateways.telematics.fix import Fix
from gateways.telematics.http import http_routes
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from tests.telematics_kit import per_fix

NOW = 1_770_000_000_000
GOOD = "id=phone-1&lat=52.5&lon=5.5&timestamp=1769999999"
GOOD_FIX = Fix("phone-1", 52.5, 5.5, 1_769_999_999_000)
RIGHT = "right"
PATH = "/telematics/osmand"


class Feed(msgspec.Struct, frozen=True):
    name: str
    units: frozenset[str] | None


class Entrance:
    """The routes on an application in memory, and what came out of them."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, Fix]] = []
        roster = Roster({"phone-1": "AMB-1", "phone-2": "AMB-2"})
        self.intake = Intake(
            roster, HygieneSettings(), per_fix(roster, lambda *move: self.moves.append(move)), lambda: NOW
        )
        app = Starlette(routes=http_routes(OsmAnd(), self.intake, self.authorise))
        transport = httpx2.ASGITransport(app=app)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://turnout")

    @staticmethod
    def authorise(token: str | None) -> Feed | None:
        return Feed("phones", frozenset({"AMB-1"})) if token == RIGHT else None

    async def get(self, query: str, token: str = RIGHT) -> httpx2.Response:
        return await self.client.get(f"{PATH}?{query}", headers={"Authorization": f"Bearer {token}"})

    async def post(self, content: bytes, query: str = "token=right") -> httpx2.Response:
        return await self.client.post(f"{PATH}?{query}", content=content)


@pytest.fixture
async def entrance() -> AsyncIterator[Entrance]:
    made = Entrance()
    async with made.client:
        yield made


async def test_a_position_by_get(entrance: Entrance) -> None:
    """200, nothing to read, and the unit has moved."""
    response = await entrance.get(GOOD)
    assert (response.status_code, response.content) == (200, b"")
    assert entrance.moves == [("AMB-1", GOOD_FIX)]


async def test_a_position_by_post(entrance: Entrance) -> None:
    """As a query with an empty body, as a form and as JSON, with the token in the query."""
    coords = {"latitude": 52.5, "longitude": 5.5}
    message = {"device_id": "phone-1", "location": {"timestamp": "2026-02-02T02:39:59Z", "coords": coords}}
    for content, query in [
        (b"", f"{GOOD}&token=right"),
        (GOOD.replace("9999", "9998", 1).encode(), "token=right"),
        (msgspec.json.encode(message), "token=right"),
    ]:
        response = await entrance.post(content, query)
        assert (response.status_code, response.content) == (200, b"")
    assert entrance.intake.statistics().verdicts["accepted"] == 1
    assert sum(entrance.intake.statistics().verdicts.values()) == 3


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_without_the_right_token_nothing_is_read(entrance: Entrance, token: str) -> None:
    """401 from GET and POST; counted; nothing moved."""
    responses = [await entrance.get(GOOD, token), await entrance.post(GOOD.encode(), f"token={token}")]
    assert [response.status_code for response in responses] == [401, 401]
    assert responses[0].headers["www-authenticate"] == "Bearer"
    assert "token" in responses[0].text
    assert entrance.intake.statistics().events == {"bad_token": 2}
    assert entrance.moves == []


async def test_a_refusal_names_the_field(entrance: Entrance) -> None:
    """400 with a sentence that begins with the field; counted."""
    for response, field in [
        (await entrance.get("id=phone-1&lat=abc&lon=5&timestamp=1769999999"), "lat: "),
        (await entrance.post(b'{"device_id":"phone-1","location":{}}'), "location.timestamp: "),
        (await entrance.post(b""), "id: "),
    ]:
        assert response.status_code == 400
        assert response.text.startswith(field)
    assert entrance.intake.statistics().events == {"malformed": 3}


@pytest.mark.parametrize("device", ["stranger", "phone-2"])
async def test_a_device_that_is_not_the_feeds_own(entrance: Entrance, device: str) -> None:
    """400 for an unknown device and for another feed's alike, so that a feed learns nothing about the others."""
    response = await entrance.get(GOOD.replace("phone-1", device))
    assert (response.status_code, response.text) == (400, "id: this device is not on the roster of this feed")
    assert entrance.moves == []


@pytest.mark.parametrize(
    "query",
    [
        GOOD,
        GOOD.replace("1769999999", "1769999000"),
        GOOD.replace("1769999999", "1790000000"),
        "id=phone-1&lat=0&lon=0&timestamp=1769999999",
        GOOD + "&accuracy=9000",
    ],
)
async def test_what_hygiene_drops_is_not_to_be_sent_again(entrance: Entrance, query: str) -> None:
    """200 for a repeat, a late one, one from the future, (0,0), an inaccurate one: sending again never helps."""
    await entrance.get(GOOD)
    response = await entrance.get(query)
    assert response.status_code == 200
    assert entrance.moves == [("AMB-1", GOOD_FIX)]


async def test_queries_have_a_limit(entrance: Entrance) -> None:
    """16 KiB are read, one byte more is refused with 413; counted."""
    assert (await entrance.get(f"{GOOD}&pad=".ljust(16_384, "x"))).status_code == 200
    assert (await entrance.get(f"{GOOD}&pad=".ljust(16_385, "x"))).status_code == 413
    assert entrance.intake.statistics().events == {"oversized": 1}


async def test_a_batch_is_taken_in_order(entrance: Entrance) -> None:
    """The client's batch of stored positions moves the unit to the last of them; one bad field refuses all."""
    coords = [{"latitude": 52.5 + i / 10_000, "longitude": 5.5} for i in range(3)]
    places = [{"timestamp": f"2026-02-02T02:39:0{i}Z", "coords": place} for i, place in enumerate(coords)]
    bad = {"device_id": "phone-1", "location": [*places, {"timestamp": "never", "coords": {}}]}
    assert (await entrance.post(msgspec.json.encode(bad))).status_code == 400
    assert entrance.moves == []
    good = {"device_id": "phone-1", "location": places}
    assert (await entrance.post(msgspec.json.encode(good))).status_code == 200
    assert [fix.lat for _, fix in entrance.moves] == [place["latitude"] for place in coords]
