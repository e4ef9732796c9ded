"""The operators' desk over the HTTP API: for supervisors only, each deed on record, each refusal with its status and field."""

from pathlib import Path

import pytest

from gateways.upkeep.books import OPERATIONS, READS, lines_of
from tests.live.api_kit import api_client

WHY = {"reason": "spare vehicle"}


async def test_devices_in_pages_moved_removed_and_restored(tmp_path: Path) -> None:
    """Who has moved it and why stands beside it; a restored one stands as listed."""
    async with api_client(tmp_path) as client:
        page = (await client.ask("GET", "/v1/devices?limit=5", who="desk")).json()
        rest = (await client.ask("GET", f"/v1/devices?limit=500&cursor={page['next']}", who="desk")).json()
        names = [each["device"] for each in page["items"] + rest["items"]]
        assert (len(page["items"]), names, rest["next"]) == (5, sorted(names), None)
        device, unit = names[0], names[1]
        moved = await client.ask("POST", f"/v1/devices/{device}/move", {**WHY, "unit": unit}, who="desk")
        told = moved.json()
        assert (moved.status_code, told["unit"], told["listed"]) == (200, unit, device)
        assert (told["moved_by"], told["reason"]) == ("desk", WHY["reason"])
        removed = await client.ask("POST", f"/v1/devices/{device}/remove", WHY, who="desk")
        assert removed.json()["unit"] is None
        restored = await client.ask("POST", f"/v1/devices/{device}/restore", WHY, who="desk")
        assert (restored.json()["unit"], restored.json()["moved_by"]) == (device, "")
    deeds = [(line["what"], line["by"], line["device"]) for line in lines_of(tmp_path, OPERATIONS)]
    assert deeds == [(what, "desk", device) for what in ("device_moved", "device_moved", "device_restored")]


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "field"),
    [
        ("cad", "/v1/devices/M1/move", {**WHY, "unit": "M2"}, 403, ""),
        ("desk", "/v1/devices/M1/move", {**WHY, "unit": "dragon-cart"}, 422, "unit"),
        ("desk", "/v1/devices/M1/move", {"unit": "M2"}, 422, "reason"),
        ("desk", "/v1/devices/stranger/remove", WHY, 404, "device"),
        ("desk", "/v1/devices/M1/restore", WHY, 409, "device"),
        ("desk", "/v1/exchanges/nobody/park", WHY, 404, "exchange"),
        ("desk", "/v1/recipients/reload", WHY, 503, ""),
    ],
)
async def test_what_is_not_done_is_said_and_not_on_record(
    tmp_path: Path, who: str, path: str, body: dict[str, str], status: int, field: str
) -> None:
    """Not their right; no such unit, device, exchange or table; nothing to restore; without a reason."""
    async with api_client(tmp_path) as client:
        answer = await client.ask("POST", path, body, who=who)
        assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert list(lines_of(tmp_path, OPERATIONS)) == []


async def test_readings_are_on_record_as_far_as_people_were_in_them(tmp_path: Path) -> None:
    """A supervisor's are; an observer, who is shown nobody, leaves no line; a poll is one line."""
    async with api_client(tmp_path) as client:
        incident = await client.report(caller="Ann")
        await client.caught_up()
        for who in ("desk", "wall", "desk"):
            assert (await client.ask("GET", f"/v1/incidents/{incident}", who=who)).status_code == 200
        await client.ask("GET", "/v1/incidents", who="cad")
        await client.ask("GET", "/v1/incidents", who="wall")
    lines = [(line["what"], line["by"], line["incidents"]) for line in lines_of(tmp_path, READS)]
    assert lines == [("api.incident", "desk", [incident]), ("api.incidents", "cad", [incident])]
