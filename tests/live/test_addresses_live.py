"""Where is 12a Mill? Asked over the CAD socket and over HTTP: one geocoder, one answer."""

from pathlib import Path
from urllib.parse import urlencode

import httpx2

from gateways.geocoding import Geocoder
from gateways.places.addresses import Collector
from tests.builders import small_place
from tests.live.api_kit import Client, api_client
from tests.live.cad_kit import wire

SPOT = (41.5008983, -90.5)


def geocoder() -> Geocoder:
    place, found = small_place(), Collector()
    for number, y in (("10", 0), ("12", 100), ("16", 200)):
        found.add((number, "Mill Lane", "", "", ""), *place.projection.to_degrees(0, y), 2)
    return Geocoder(found.addresses(), place)


async def get(client: Client, query: dict[str, str]) -> httpx2.Response:
    return await client.ask("GET", f"/v1/addresses?{urlencode(query)}")


async def test_both_doors_ask_one_geocoder(tmp_path: Path) -> None:
    """The same answers, as many as are wanted; without a list it is said what is lacking."""
    async with api_client(tmp_path) as client, wire(client.running) as cad:
        refused = await cad.say("ask_address", text="12 mill")
        assert (refused["type"], refused["code"], refused["field"]) == ("refused", "no_addresses", "text")
        answer = await get(client, {"text": "12 mill"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_addresses")

        client.api.geocoder = client.running.hub.geocoder = geocoder()
        told = await cad.say("ask_address", text="12a mill", most=1)
        assert told["sure"] is True
        assert told["found"] == [
            {
                "address": "12a Mill Lane",
                "lat": SPOT[0],
                "lon": SPOT[1],
                "how": "house",
                "within_m": None,
                "note": "not listed: the position is that of 12",
            }
        ]
        query = {"text": "12a mill", "most": "1"}
        answer = await get(client, query)
        assert answer.json() == {"sure": told["sure"], "found": told["found"]}
        answer = await get(client, {"text": "x" * 201})
        assert answer.status_code == 422
