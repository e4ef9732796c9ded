"""Alarm companies over a real listener: alarms in, notices out, the same alarm twice, and what is rejected and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.model.inputs import CloseIncident, DispatchUnits, ReportStatus
from engine.model.lifecycle import Phase, Status
from engine.model.response_inputs import ReopenIncident
from gateways.asap.config import AsapConfig, Company, EventRule, PremisesRefused, read_premises
from gateways.asap.entrance import read_message
from gateways.bodies import Refused
from gateways.config import Config
from gateways.outward.feed import Receiver
from gateways.web import WebConfig, serve_http
from tests.live.exchange_kit import Served, degrees, serve_exchanges
from tests.live.sink_kit import SECRET

LAT, LON = degrees(500, 500)
EVENTS = {
    "burglary": EventRule(type="alarm", verified_priority=2),
    "fire": EventRule(type="fire"),
    "odd": EventRule(type="alarm", priority=5),
}


def config(**fields: Any) -> Config:
    return Config(asap=AsapConfig(companies=(Company(name="met", **fields),), events=EVENTS))


def alarm(served: Served, alarm_id: str = "CS-1", ago_s: int = 20, **fields: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(served.service.clock.now() / 1000 - ago_s, UTC).isoformat()
    where = {"lat": LAT, "lon": LON, "address": "12 Mill Lane", "kind": "commercial"}
    said = {"type": "new_alarm", "alarm_id": alarm_id, "event": "Burglary", "alarm_time": at, "location": where}
    return {**said, "details": "zone 3, back door", "callback": "555-0100", "operator": "Op 7", **fields}


async def say(served: Served, message: dict[str, Any], status: int = 200, name: str = "met") -> dict[str, Any]:
    answer = await served.http.post("/asap", content=msgspec.json.encode(message), headers=served.as_(name))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = msgspec.json.decode(answer.content)
    return found


async def test_an_alarm_is_an_incident_once_also_over_a_restart(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        first = alarm(served)
        told = await say(served, first)
        assert told == {"alarm_id": "CS-1", "result": "accepted", "incident": told["incident"]}
        incident = await served.until(lambda: served.board.world.open.get(told["incident"]))
        assert (incident.type, incident.priority, incident.address) == ("alarm", 3, "12 Mill Lane")
        assert incident.external == "asap/met/CS-1"
        assert "zone 3, back door" in incident.notes[0].text
        assert (await say(served, first))["repeated"]
        other = await say(served, {**first, "details": "zone 4 as well"})
        assert other["incident"] == told["incident"]
        verified = await say(served, alarm(served, "CS-2", verified=True))
        assert served.service.world.incidents[verified["incident"]].priority == 2
    async with serve_exchanges(tmp_path, config()) as served:
        again = await say(served, first)
        assert (again["incident"], again["repeated"]) == (told["incident"], True)
        assert len(served.service.world.open) == 2


async def test_what_is_rejected_says_why_in_the_standard_s_terms(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        for change, reason in (
            ({"event": "flood"}, "unknown_event_type"),
            ({"ago_s": 901}, "too_old"),
            ({"ago_s": -120}, "too_old"),
            ({"location": {"address": "1 Nowhere"}}, "bad_address"),
            ({"location": {"lat": 10.0, "lon": 10.0}}, "bad_address"),
            ({"alarm_time": "yesterday"}, "other"),
            ({"alarm_time": "2026-01-01T00:00:00"}, "other"),
        ):
            told = await say(served, alarm(served, "X", **change))
            assert (told["result"], told["reason"]) == ("rejected", reason)
            assert told["detail"]
        assert not served.service.world.open
        for message, word in (
            ({"type": "new_alarm"}, "alarm_id"),
            ({**alarm(served), "more": 1}, "more"),
            (alarm(served, "a b"), "alarm_id"),
            ({"type": "hello", "alarm_id": "1"}, "type"),
            (alarm(served, location={"lat": 91.0, "lon": 0.0}), "lat"),
        ):
            assert word in (await say(served, message, 400))["detail"]
        await say(served, alarm(served), 401, "wall")
        assert (await say(served, {"type": "query", "alarm_id": "no"}))["reason"] == "unknown_alarm"
        counts = served.exchanges.numbers["asap"]()
        assert counts["rejected_too_old"] == 2
        assert counts["refused_400"] == 5


async def test_updates_cancels_and_queries(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        told = await say(served, alarm(served))
        holder = {"name": "Ann Smith", "telephone": "555-0101", "eta_minutes": 15}
        update = {"type": "update", "alarm_id": "CS-1", "message_id": "m1", "key_holder": holder, "operator": "Op 8"}
        for _ in range(2):
            assert (await say(served, update))["result"] == "noted"
        incident = await served.until(lambda: served.board.world.open.get(told["incident"]))
        await served.until(lambda: len(incident.notes) == 2)
        assert incident.notes[1].text == "Alarm company: Key-holder Ann Smith, 555-0101, in 15 min (Op 8)"
        cancel = {"type": "cancel", "alarm_id": "CS-1", "reason": "user error"}
        assert (await say(served, cancel))["result"] == "noted"
        assert served.service.world.incidents[told["incident"]].open
        status = await say(served, {"type": "query", "alarm_id": "CS-1"})
        assert (status["result"], status["status"]) == ("status", "waiting")


async def test_a_company_that_may_cancel_cancels_until_somebody_is_there(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config(may_cancel=True)) as served:
        told = await say(served, alarm(served))
        cancel = {"type": "cancel", "alarm_id": "CS-1", "reason": "user error"}
        assert (await say(served, cancel))["result"] == "cancelled"
        assert served.service.world.incidents[told["incident"]].phase is Phase.CANCELLED
        second = await say(served, alarm(served, "CS-2"))
        ask = served.service.ask
        await ask(DispatchUnits(id="d", by="desk", incident=second["incident"], units=("E1",), reason="near"))
        await ask(ReportStatus(id="s", by="desk", unit="E1", status=Status.ON_SCENE))
        assert (await say(served, {**cancel, "alarm_id": "CS-2"}))["result"] == "noted"
        assert served.service.world.incidents[second["incident"]].open


async def test_a_company_is_told_what_becomes_of_its_alarms(tmp_path: Path, nursery: Any) -> None:
    notices: list[dict[str, Any]] = []
    ids: list[str] = []

    down = True

    async def take(request: Request) -> Response:
        if down:
            return Response(status_code=503)
        body = await request.body()
        Webhook(SECRET).verify(body, dict(request.headers))
        notices.append(msgspec.json.decode(body))
        ids.append(request.headers["webhook-id"])
        return Response(status_code=204)

    address = await nursery.start(serve_http, [Route("/n", take, methods=["POST"])], WebConfig(port=0))
    receiver = Receiver(url=f"http://{address}/n", secrets=(SECRET,), allow_private=True, retry_s=0.05)
    async with serve_exchanges(tmp_path, config(notices=receiver)) as served:
        incident = (await say(served, alarm(served)))["incident"]
        ask = served.service.ask
        await ask(DispatchUnits(id="d", by="desk", incident=incident, units=("E1", "E2"), reason="near"))
        await ask(ReportStatus(id="s", by="desk", unit="E1", status=Status.ON_SCENE))
        await served.until(lambda: incident in served.board.world.open)
        asked = {"id": "q1", "text": "When will the key-holder be there?"}
        path = f"/asap/{incident}/query"
        for name, status in (("desk", 200), ("met", 401)):
            answer = await served.http.post(path, json=asked, headers=served.as_(name))
            assert answer.status_code == status, answer.text
        assert (await served.http.post("/asap/I99/query", json=asked, headers=served.as_("desk"))).status_code == 404
        await served.until(lambda: served.exchanges.numbers["asap-met"]().get("failed"))
    down = False
    async with serve_exchanges(tmp_path, config(notices=receiver)) as served:
        ask = served.service.ask
        await ask(ReportStatus(id="t", by="desk", unit="E1", status=Status.AVAILABLE))
        await ask(ReportStatus(id="u", by="desk", unit="E2", status=Status.ON_SCENE))
        await ask(ReportStatus(id="v", by="desk", unit="E2", status=Status.AVAILABLE))
        await ask(CloseIncident(id="c", by="desk", incident=incident, disposition="false alarm"))
        await ask(ReopenIncident(id="r", by="desk", incident=incident, reason="smoke after all"))
        await served.until(lambda: notices and notices[-1]["notice"] == "reopened")
    seen = list(dict(zip(ids, notices, strict=True)).values())
    assert [each["notice"] for each in seen] == ["dispatched", "arrived", "operator_query", "closed", "reopened"]
    assert all((each["alarm_id"], each["incident"]) == ("CS-1", incident) for each in seen)
    assert seen[2]["text"] == asked["text"]
    assert seen[3]["disposition"] == "false alarm"


async def test_a_premise_is_found_in_the_agency_s_table(tmp_path: Path) -> None:
    table = tmp_path / "premises.csv"
    table.write_text(f'premise,address,lat,lon\nB-17,"12 Mill Lane, Smallville",{LAT},{LON}\n')
    found = msgspec.structs.replace(config(), asap=msgspec.structs.replace(config().asap, premises=str(table)))
    async with serve_exchanges(tmp_path, found) as served:
        for number, where in enumerate(({"premise": "b-17"}, {"address": "12 mill lane smallville"})):
            told = await say(served, alarm(served, f"P-{number}", location=where))
            assert told["result"] == "accepted"
            assert served.service.world.incidents[told["incident"]].x_m == 500
    for text, reason in (("a,b\n", "columns"), ("premise,address,lat,lon\nx,y,91,0\n", "line 2")):
        table.write_text(text)
        with pytest.raises(PremisesRefused, match=reason):
            read_premises(table)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(str.encode), st.integers(1, 5_000).map(lambda n: b"[" * n)
    )
)
def test_any_bytes_are_a_message_or_refused(body: bytes) -> None:
    try:
        read_message(body)
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017  both ends are fine, this is the claim about one of them
