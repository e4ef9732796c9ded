"""The operators' desk of a whole server: devices moved by word, recipients read again, and who read what; all by the command line."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import trio

from gateways.upkeep.books import OPERATIONS, READS, lines_of
from tests.live.server_kit import serving, turnout

CONFIG = """\
devices = "{folder}/devices.csv"
recipients = "{folder}/recipients.csv"
[[feeds]]
protocol = "OsmAnd"
[cad]
port = 0
[web]
port = 0
[planner]
policy = "none"
[[endpoints]]
name = "mail"
[endpoints.channel]
channel = "smtp"
host = "localhost"
sender = "dispatch@example.org"
"""
PEOPLE = "name,units,endpoint,address\n"


def lay_out(folder: Path, units: list[str]) -> None:
    (folder / "devices.csv").write_text(f"device,unit\nphone,{units[0]}\nother,{units[2]}\n")
    (folder / "recipients.csv").write_text(f"{PEOPLE}Jansen,{units[0]},mail,jansen@example.org\n")


async def send(http: httpx2.AsyncClient, data: Path, at: dict[str, Any]) -> None:
    """Post a position of the phone, as its tracker does."""
    token = json.loads(dict(line.split(" = ") for line in (data / "access.toml").read_text().splitlines())["feed"])
    query = {"id": "phone", "lat": at["lat"], "lon": at["lon"], "timestamp": round(time.time() * 1000)}
    answer = await http.get("/telematics/osmand", params=query, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


async def seen(http: httpx2.AsyncClient, unit: str, after_ms: int) -> int:
    """Wait until the unit was seen later than that; return when."""
    with trio.fail_after(120):
        while True:
            told = (await http.get(f"/v1/units/{unit}")).json()
            if (told["fix_ms"] or 0) > after_ms:
                return int(told["fix_ms"])
            await trio.sleep(0.05)


async def test_a_device_is_moved_by_word_and_stays_so_until_the_list_says_something_new(tmp_path: Path) -> None:
    """Its next position moves the other vehicle; so after a restart; the list's later word counts; all is on record."""
    place, data, config = tmp_path / "city", tmp_path / "data", tmp_path / "config.toml"
    assert (await turnout("city", str(place), "--units", "24"))[0] == 0
    config.write_text(CONFIG.format(folder=tmp_path))
    at_server = ("--data", str(data))
    first, second, *_ = units = [line.split(",")[0] for line in (place / "units.csv").read_text().splitlines()[1:4]]
    lay_out(tmp_path, units)
    async with serving(place, data, config) as http:
        here = (await http.get(f"/v1/units/{first}")).json()
        await send(http, data, here)
        before_ms = await seen(http, first, 0)
        status, said = await turnout("devices", "move", "phone", second, "--reason", "spare vehicle", *at_server)
        assert status == 0, said
        assert second in said
        await send(http, data, here)
        await seen(http, second, before_ms)
        assert (await http.get(f"/v1/units/{first}")).json()["fix_ms"] == before_ms
        refused = await http.post("/v1/devices/phone/move", json={"unit": "dragon-cart", "reason": "x"})
        assert (refused.status_code, refused.json()["field"]) == (422, "unit")
    async with serving(place, data, config) as http:
        moved = [each for each in (await http.get("/v1/devices")).json()["items"] if each["moved_by"]]
        assert [(each["device"], each["unit"], each["listed"]) for each in moved] == [("phone", second, first)]
        (tmp_path / "devices.csv").write_text(f"device,unit\nphone,{units[2]}\n")
        with trio.fail_after(120):
            while any(each["moved_by"] for each in (await http.get("/v1/devices")).json()["items"]):  # noqa: ASYNC110
                await trio.sleep(0.1)
        await send(http, data, here)
        await seen(http, units[2], before_ms)
    status, said = await turnout("audit", "operations", *at_server)
    assert status == 0, said
    assert said.count("device_moved") == 1
    assert "spare vehicle" in said


async def test_recipients_are_read_again_and_readings_are_on_record(tmp_path: Path) -> None:
    """A bad table changes nothing and is named; who looked at an incident is told, until it is forgotten."""
    place, data, config = tmp_path / "city", tmp_path / "data", tmp_path / "config.toml"
    assert (await turnout("city", str(place), "--units", "24"))[0] == 0
    config.write_text(CONFIG.format(folder=tmp_path))
    reload_ = ("recipients", "reload", "--reason", "new year", "--data", str(data))
    units = [line.split(",")[0] for line in (place / "units.csv").read_text().splitlines()[1:4]]
    lay_out(tmp_path, units)
    async with serving(place, data, config) as http:
        table = tmp_path / "recipients.csv"
        table.write_text(f"{PEOPLE}Jansen,dragon-cart,mail,jansen@example.org\n")
        status, said = await turnout(*reload_)
        assert (status, "dragon-cart" in said, "stands" in said) == (1, True, True), said
        table.write_text(f"{PEOPLE}Jansen,{units[1]},mail,jansen@example.org\nIdris,{units[0]},mail,i@example.org\n")
        status, said = await turnout(*reload_)
        assert status == 0, said
        assert "2 recipients" in said
        assert "Idris" in said
        here = (await http.get(f"/v1/units/{units[0]}")).json()
        report = {"incident_type": "structure_fire", "lat": here["lat"], "lon": here["lon"], "caller": "Ann"}
        told = await http.post("/v1/incidents", json=report, headers={"Idempotency-Key": "r"})
        assert told.status_code == 201, told.text
        with trio.fail_after(120):
            while (await http.get("/v1/incidents/I1")).status_code != 200:  # noqa: ASYNC110  another process
                await trio.sleep(0.05)
        assert (await http.get("/v1/incidents/I1/why")).status_code == 200
        assert (await turnout("why", "I1", "--data", str(data)))[0] == 0
        status, said = await turnout("audit", "reads", "--incident", "I1", "--data", str(data), "--json")
        lines = [json.loads(line) for line in said.splitlines()]
        assert [(line["what"], line["by"] == "supervisor") for line in lines] == [
            ("api.incident", True),
            ("api.why", True),
            ("turnout why", False),
        ]
        await http.post("/v1/incidents/I1/cancel", json={"reason": "x"}, headers={"Idempotency-Key": "c"})
        await http.post("/v1/incidents/I1/forget", json={"reason": "x"}, headers={"Idempotency-Key": "f"})
        assert "(forgotten)" in (await turnout("audit", "reads", "--data", str(data)))[1]
        assert not any("I1" in line["incidents"] for line in lines_of(data, READS))
    assert [line["what"] for line in lines_of(data, OPERATIONS)] == ["recipients_reloaded"]
