"""`turnout forget` on a data folder with exchanges: what neighbours have told and what was published leave no byte."""

import json
from pathlib import Path
from typing import Any

import httpx2
import trio

from gateways.places import save
from tests.live.test_eido_subscriber import PLACE, WAIT_S, Neighbourly, document, event, heard, notifier
from tests.live.test_privacy_live import serving, tell, turnout

CONFIG = """
feeds = []
[cad]
port = 0
[web]
port = 0
[planner]
policy = "none"
[cap.publish]
sender = "alerts@smallville.example"
[eido]
agency = "town.example.org"
element = "cad.town.example.org"
[eido.neighbours.next]
id = "next.example.org"
[[eido.peers]]
name = "next"
agency = "next"
url = "{url}"
token = "a.b"
accept_all = true
incident_type = "theft"
min_rate_s = 600
"""


def told(number: int, word: str) -> dict[str, Any]:
    """Return a neighbour's document full of a planted word."""
    whole = document()
    prologue = {key: whole[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
    person = {**prologue, "$id": "p", "personIncidentRoleRegistryText": ["Caller"], "name": word}
    text = json.dumps({**whole, "personComponent": [person]})
    text = text.replace("Quay", word).replace("bang", word).replace("I1x", f"I{number}x")
    made: dict[str, Any] = json.loads(text)
    return made


async def say(server: Neighbourly, *documents: Any, status: int = 200) -> None:
    server.say.put(event(*documents))
    assert (await heard(server))["eventResponse"]["statusCode"] == status


def where(folder: Path, word: str) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes())


async def kept(data: Path, word: str, *names: str) -> None:
    """Wait until files of these names hold the word."""
    with trio.fail_after(WAIT_S):
        while not all(any(found.startswith(name) for found in where(data, word)) for name in names):  # noqa: ASYNC110
            await trio.sleep(0.05)


async def publish(http: httpx2.AsyncClient, incident: str, word: str) -> None:
    order = {"id": incident, "incident": incident, "scope": "Public", "categories": ["Safety"], "severity": "Severe"}
    words = dict.fromkeys(("event", "headline", "description", "instruction", "area", "contact"), word)
    answer = await http.post("/cap/published", json={**order, **words, "web": f"https://x.example/{word}"})
    assert answer.status_code == 201, answer.text


async def test_what_was_exchanged_about_an_incident_is_erased_beside_a_server_and_without_one(tmp_path: Path) -> None:
    place, data, config = tmp_path / "place", tmp_path / "data", tmp_path / "config.toml"
    save(place, PLACE)
    with notifier() as server:
        config.write_text(CONFIG.format(url=server.url))
        options = ("--reason", "asked for", "--data", str(data), "--config", str(config))
        async with serving(place, data, config) as http:
            assert "subscribe" in await heard(server)
            await say(server, told(71, "PLANT-A"))
            await say(server, told(72, "PLANT-B"))
            # A document that does not hold is logged as it came; it names the incident.
            await say(server, {**told(71, "PLANT-A"), "eidoVersion": "9.0"}, status=400)
            for name, word in (("I1", "PLANT-A"), ("I2", "PLANT-B")):
                await publish(http, name, word)
                await tell(http, f"/v1/incidents/{name}/cancel", {"reason": word})
                await kept(data, word, "eido-next.json", "eido-2", "cap-published")
            status, said = await turnout("forget", "--incident", "I1", *options)
            assert status == 0, said
            assert where(data, "PLANT-A") == []
            assert {"eido-next.json", "cap-published.msgpack"} <= set(where(data, "PLANT-B"))
            # The neighbour goes on about it, and is answered; no word of that is written down.
            again = told(71, "PLANT-A")
            again["lastUpdateTimeStamp"] = "2026-03-02T12:00:00Z"
            await say(server, again, told(73, "PLANT-C"))
            await kept(data, "PLANT-C", "eido-next.json", "eido-2")
        server.say.put(None)
    assert where(data, "PLANT-A") == []
    status, said = await turnout("forget", "--incident", "I2", *options)
    assert status == 0, said
    assert where(data, "PLANT-B") == []
    assert {"eido-next.json"} <= set(where(data, "PLANT-C"))
    status, said = await turnout("journal", "verify", str(data / "journal"))
    assert status == 0, said
