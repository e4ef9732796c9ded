"""`turnout forget` and `turnout retention` on a whole server's data folder: beside it, and without it."""

from pathlib import Path
from typing import Any

import httpx2
import trio

from engine.core.engine import Engine
from engine.journal import Journal, verify
from engine.journal.codec import record_of
from engine.journal.keys import Keyring
from engine.model.fixes import Fixes
from engine.model.inputs import AdoptPlace, CancelIncident, ReportIncident, ReportPositions
from gateways.config import Retention
from gateways.due import what_is_due
from tests.builders import NOW, SMALL_JOURNAL, small_place
from tests.live.server_kit import serving, turnout

WORD = b"PLANT"
DAY_MS = 86_400_000


def where(folder: Path) -> list[str]:
    """Return the files that hold what was planted."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and WORD in path.read_bytes()]


async def tell(http: httpx2.AsyncClient, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    told = await http.post(path, json=body, headers={"Idempotency-Key": f"{path}{len(body)}"})
    assert told.status_code == status, told.text
    answer: dict[str, Any] = told.json()
    return answer


async def incident(http: httpx2.AsyncClient, name: str) -> None:
    """Report one, note on it, send whoever is nearest, and call it off; all with planted words."""
    unit = (await http.get("/v1/units?status=available&limit=1")).json()["items"][0]
    report = {
        "incident_type": "structure_fire",
        "lat": unit["lat"],
        "lon": unit["lon"],
        "address": "PLANT-STREET",
        "caller": "PLANT-CALLER",
        "note": "PLANT-1",
    }
    told = await http.post("/v1/incidents", json=report, headers={"Idempotency-Key": name})
    assert told.status_code == 201, told.text
    assert told.json()["incident"] == name
    await tell(http, f"/v1/incidents/{name}/notes", {"text": "PLANT-NOTE"})
    body = {"units": [unit["id"]], "reason": "PLANT-REASON"}
    await http.post(f"/v1/incidents/{name}/dispatch", json=body, headers={"Idempotency-Key": f"d-{name}"})
    await tell(http, f"/v1/incidents/{name}/cancel", {"reason": "PLANT-CANCEL"})


async def test_after_forgetting_no_byte_of_the_folder_holds_it(tmp_path: Path) -> None:
    """Over the API, by the command beside the server, and by the command alone; journal whole, replay the same."""
    place, data, config = tmp_path / "city", tmp_path / "data", tmp_path / "config.toml"
    assert (await turnout("city", str(place), "--units", "24"))[0] == 0
    config.write_text(
        'feeds = []\n[cad]\nport = 0\n[web]\nport = 0\n[planner]\npolicy = "none"\n[retention]\nhold = ["I4"]\n'
    )
    async with serving(place, data, config) as http:
        for name in ("I1", "I2", "I3", "I4"):
            await incident(http, name)
        assert (await turnout("journal", "snapshot", str(data / "journal")))[0] == 0
        with trio.fail_after(120):
            while not (data / "alerts.log").exists():  # noqa: ASYNC110  another process writes it
                await trio.sleep(0.1)
        held = await http.post("/v1/incidents/I4/forget", json={"reason": "x"}, headers={"Idempotency-Key": "h"})
        assert (held.status_code, held.json()["field"]) == (403, "incident")
        await tell(http, "/v1/incidents/I1/forget", {"reason": "asked for"})
        seen = (await http.get("/v1/incidents/I1")).json()
        assert (seen["address"], seen["caller"], seen["notes"][0]["text"]) == ("[erased]",) * 3
        ask = ("forget", "--incident", "I2", "--reason", "asked for", "--data", str(data))
        status, said = await turnout(*ask, "--token", "supervisor.wrong")
        assert (status, "Nobody has this token" in said, "Traceback" in said) == (1, True, False), said
        status, said = await turnout(*ask)
        assert status == 0, said
        assert "still hold" not in said
        refused = await turnout(
            "forget", "--incident", "I4", "--reason", "x", "--data", str(data), "--config", str(config)
        )
        assert refused[0] == 1
        assert "on hold" in refused[1]
    assert where(data), "I3 and I4 are still to be found"
    for name in ("I3", "I4"):
        status, said = await turnout("forget", "--incident", name, "--reason", "asked for", "--data", str(data))
        assert status == 0, said
    assert where(data) == []
    for command in ("verify", "replay"):
        status, said = await turnout("journal", command, str(data / "journal"))
        assert status == 0, said
    status, said = await turnout("why", "I1", "--data", str(data))
    assert status == 0
    assert "[erased]" in said
    assert "PLANT" not in said


async def test_what_is_kept_too_long_is_named_and_then_erased(tmp_path: Path) -> None:
    """Positions by their files, incidents one by one; what is on hold stays; a dry run changes nothing."""
    journal = tmp_path / "journal"
    engine, keys = Engine(), Keyring(journal)
    with Journal.open(journal, on_durable=lambda _: None, on_failure=print, settings=SMALL_JOURNAL) as log:

        def give(given: Any, at_ms: int) -> None:
            log.submit(record_of(engine.step(given, at_ms), keys))

        give(AdoptPlace(small_place()), NOW)
        for number in (1, 2):
            report = ReportIncident(
                id=f"r{number}", by="a", type="theft", x_m=0, y_m=0, address="PLANT", note="x" * 3_000
            )
            give(report, NOW)
            give(CancelIncident(id=f"c{number}", by="a", incident=f"I{number}", reason="none"), NOW)
        for number in range(1, 600):
            give(ReportPositions(Fixes([1], [number], [0], [NOW + number], [0], [0])), NOW + number)
            give(
                ReportIncident(id=f"m{number}", by="a", type="theft", x_m=0, y_m=0, note="x" * 3_000),
                NOW + number * 60_000,
            )
    now_ms = NOW + 40 * DAY_MS
    due = what_is_due(journal, Retention(positions_days=39.9, incidents_days=30, hold=("I2",)), now_ms)
    assert (due.incidents, due.held) == (("I1",), ("I2",))
    assert due.tracks >= 1
    assert what_is_due(journal, Retention(positions_days=50, incidents_days=50), now_ms).tracks == 0
    config = tmp_path / "config.toml"
    config.write_text('[retention]\npositions_days = 0.001\nincidents_days = 0.001\nhold = ["I2"]\n')
    options = ("--data", str(tmp_path), "--config", str(config))
    tracks = len(list(journal.glob("*.track")))
    status, said = await turnout("retention", *options)
    assert status == 0, said
    assert len(list(journal.glob("*.track"))) == tracks
    status, said = await turnout("retention", "--apply", *options)
    assert status == 0, said
    assert len(list(journal.glob("*.track"))) < tracks
    assert verify(journal).tracks_expired >= 1
    assert Keyring(journal).is_destroyed(1)
    assert not Keyring(journal).is_destroyed(2)
