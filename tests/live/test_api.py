"""The HTTP API over real sockets: commands as on the WebSocket, lists, preconditions, pace, errors that name the field."""

from pathlib import Path

import pytest
import trio

from engine.live.service import Stage
from gateways.api import ApiConfig
from gateways.api.operation import Deprecation, Operation
from gateways.api.reads import me
from gateways.api.shapes import Me
from tests.live.api_kit import FIRE, api_client


async def test_an_incident_from_call_to_close(tmp_path: Path) -> None:
    """Reported, seen, amended, noted, its units sent home, closed; each answer is durable and names its turn."""
    async with api_client(tmp_path) as client:
        made = await client.ask("POST", "/v1/incidents", {**FIRE, "address": "12 Mill Lane", "caller": "Ann 555"})
        assert (made.status_code, made.headers["location"]) == (201, "/v1/incidents/I1")
        assert made.json()["incident"] == "I1"
        assert (await client.ask("PATCH", "/v1/incidents/I1", {"address": "14 Mill Lane"})).status_code == 200
        assert (await client.ask("POST", "/v1/incidents/I1/notes", {"text": "smoke"})).status_code == 200
        await client.caught_up()
        seen = (await client.ask("GET", "/v1/incidents/I1")).json()
        assert (seen["address"], seen["caller"]) == ("14 Mill Lane", "Ann 555")
        assert seen["notes"][-1]["text"] == "smoke"
        assert {each["unit"] for each in seen["assigned"]}
        over = await client.ask("POST", "/v1/incidents/I1/cancel", {"reason": "false alarm"})
        assert over.status_code == 200
        await client.caught_up()
        listed = (await client.ask("GET", "/v1/incidents?open=false")).json()
        assert [each["id"] for each in listed["items"]] == ["I1"]


async def test_the_same_key_is_the_same_answer(tmp_path: Path) -> None:
    """Asked again it happens once; the same key with another body is refused, and names the header."""
    async with api_client(tmp_path) as client:
        first = await client.ask("POST", "/v1/incidents", FIRE, key="once")
        again = await client.ask("POST", "/v1/incidents", FIRE, key="once")
        other = await client.ask("POST", "/v1/incidents", {**FIRE, "address": "elsewhere"}, key="once")
        assert first.content == again.content
        assert (other.status_code, other.json()["code"], other.json()["field"]) == (422, "id_reused", "Idempotency-Key")
        assert other.headers["content-type"] == "application/problem+json"
        nothing = await client.http.post(
            "/v1/incidents", json=FIRE, headers={"Authorization": "Bearer cad.secret-of-tests"}
        )
        assert (nothing.status_code, nothing.json()["field"]) == (400, "Idempotency-Key")
        await client.caught_up()
        assert len((await client.ask("GET", "/v1/incidents")).json()["items"]) == 1


async def test_a_page_leads_to_the_next(tmp_path: Path) -> None:
    """Newest first; what comes in meanwhile is neither told twice nor moves what is still to be told."""
    async with api_client(tmp_path) as client:
        for _ in range(5):
            await client.report(incident_type="theft")
        await client.caught_up()
        first = (await client.ask("GET", "/v1/incidents?limit=2")).json()
        await client.report(incident_type="theft")
        await client.caught_up()
        second = (await client.ask("GET", f"/v1/incidents?limit=2&cursor={first['next']}")).json()
        third = (await client.ask("GET", f"/v1/incidents?limit=2&cursor={second['next']}")).json()
        told = [each["id"] for page in (first, second, third) for each in page["items"]]
        assert told == ["I5", "I4", "I3", "I2", "I1"]
        assert third["next"] is None
        wrong = await client.ask("GET", "/v1/incidents?cursor=nonsense")
        assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")
        priority = (await client.ask("GET", "/v1/incidents?priority=4&type=theft&open=true")).json()
        assert len(priority["items"]) == 6
        assert (await client.ask("GET", "/v1/units?capability=als&limit=500")).json()["items"][0]["id"] == "M1"


async def test_nobody_overwrites_what_they_have_not_seen(tmp_path: Path) -> None:
    """If-Match with the ETag that was seen: of two who amend, the slower one is told to look again."""
    async with api_client(tmp_path) as client:
        await client.report(incident_type="theft")
        await client.caught_up()
        seen = await client.ask("GET", "/v1/incidents/I1")
        tag = seen.headers["etag"]
        assert (await client.ask("GET", "/v1/incidents/I1", If_None_Match=tag)).status_code == 304
        faster = await client.ask("PATCH", "/v1/incidents/I1", {"address": "A"}, If_Match=tag, key="f")
        slower = await client.ask("PATCH", "/v1/incidents/I1", {"address": "B"}, If_Match=tag)
        again = await client.ask("PATCH", "/v1/incidents/I1", {"address": "A"}, If_Match=tag, key="f")
        assert (faster.status_code, slower.status_code, again.status_code) == (200, 412, 200)
        assert slower.json()["code"] == "changed_meanwhile"


REFUSED = [
    ("GET", "/v1/incidents/I9", None, {}, 404, "incident"),
    ("GET", "/v1/units/X", None, {}, 404, "unit"),
    ("GET", "/v1/nothing", None, {}, 404, None),
    ("GET", "/v1/incidents?limit=0", None, {}, 422, "limit"),
    ("GET", "/v1/incidents?frob=1", None, {}, 422, "frob"),
    ("GET", "/v1/incidents?limit=1&limit=2", None, {}, 422, "limit"),
    ("POST", "/v1/incidents", {"lat": 41.5}, {}, 422, "lon"),
    ("POST", "/v1/incidents", {**FIRE, "lat": 99}, {}, 422, "lat"),
    ("POST", "/v1/incidents", {**FIRE, "frob": 1}, {}, 422, "frob"),
    ("POST", "/v1/incidents", {**FIRE, "id": "mine"}, {}, 422, "id"),
    ("POST", "/v1/incidents", {**FIRE, "lat": 10.0}, {}, 422, "lat"),
    ("POST", "/v1/incidents", {**FIRE, "incident_type": "frob"}, {}, 422, "incident_type"),
    ("POST", "/v1/incidents/I9/notes", {"text": "x"}, {}, 404, "incident"),
    ("POST", "/v1/incidents/I1/dispatch", {"units": ["nobody"]}, {}, 422, "units"),
    ("POST", "/v1/incidents/I1/end-hold", None, {}, 409, "incident"),
    ("POST", "/v1/incidents/I1/accept", {"decision": 1}, {}, 409, "decision"),
    ("POST", "/v1/incidents/I1/notes", {"text": "x"}, {"who": "wall"}, 403, ""),
    ("POST", "/v1/units/M2/status", {"status": "available"}, {"who": "crew-m1"}, 403, "unit"),
    ("GET", "/v1/incidents", None, {"who": "gps"}, 403, ""),
    ("GET", "/v1/incidents", None, {"who": "nobody"}, 401, "Authorization"),
    ("DELETE", "/v1/incidents", None, {}, 405, None),
    ("POST", "/v1/incidents", None, {"Content_Type": "text/plain"}, 415, "Content-Type"),
]


async def test_a_refusal_says_who_has_to_act_and_which_field_to_mend(tmp_path: Path) -> None:
    """Status, code, field and a sentence; and nothing was changed."""
    async with api_client(tmp_path) as client:
        await client.report(incident_type="theft")
        for method, path, body, more, status, field in REFUSED:
            told = await client.ask(method, path, body, **more)  # type: ignore[arg-type]  # headers by name
            assert told.status_code == status, (method, path, told.text)
            assert told.headers["content-type"] == "application/problem+json"
            problem = told.json()
            assert problem["status"] == status
            assert len(problem["detail"]) > 10
            if field is not None:
                assert problem["field"] == field, (path, problem)
        assert len(client.running.service.world.incidents) == 1


async def test_bodies_that_cannot_be_read(tmp_path: Path) -> None:
    """400 for what is no JSON, 413 for what is too much."""
    headers = {
        "Authorization": "Bearer cad.secret-of-tests",
        "Content-Type": "application/json",
        "Idempotency-Key": "x",
    }
    async with api_client(tmp_path) as client:
        for content, status in (
            (b"{", 400),
            (b"\xff\xfe", 400),
            (b"[" * 60_000, 422),
            (b" " * 70_000, 413),
            (b"[]", 422),
        ):
            told = await client.http.post("/v1/incidents", content=content, headers=headers)
            assert told.status_code == status, told.text


async def test_one_principal_is_held_to_a_pace(tmp_path: Path) -> None:
    """429 says when to come back; a crew that calls for help is heard; others are not held up."""
    async with api_client(tmp_path, config=ApiConfig(requests_per_s=0.01, burst=3)) as client:
        answers = [await client.ask("GET", "/v1/me", who="crew-m1") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert int(answers[3].headers["retry-after"]) > 50
        assert answers[0].headers["ratelimit"].startswith('"principal";r=2;t=')
        assert answers[0].headers["ratelimit-policy"] == '"principal";q=3;w=300'
        help_ = await client.ask("POST", "/v1/units/M1/emergency", {"text": "help"}, who="crew-m1")
        assert help_.status_code == 200
        assert (await client.ask("GET", "/v1/me")).status_code == 200


async def test_guessing_tokens_is_slowed_down(tmp_path: Path) -> None:
    """Beyond a few wrong tokens even a guess is not looked at; who has a right one is served."""
    async with api_client(tmp_path, config=ApiConfig(wrong_tokens_per_s=0.01, wrong_tokens_burst=2)) as client:
        codes = [(await client.ask("GET", "/v1/me", who=f"guess{number}")).status_code for number in range(3)]
        assert codes == [401, 401, 429]
        assert (await client.ask("GET", "/v1/me")).status_code == 200


async def test_head_and_options(tmp_path: Path) -> None:
    """HEAD is GET without its body; OPTIONS needs no token and tells what a path takes."""
    async with api_client(tmp_path) as client:
        got, head = await client.ask("GET", "/v1/roads"), await client.ask("HEAD", "/v1/roads")
        assert (head.content, head.headers["etag"]) == (b"", got.headers["etag"])
        assert head.headers["content-length"] == str(len(got.content))
        told = await client.http.options("/v1/incidents/I1")
        assert (told.status_code, told.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PATCH")
        assert told.headers["accept-patch"] == "application/json"
        wrong = await client.ask("PUT", "/v1/incidents/I1")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PATCH")


async def test_an_answer_that_does_not_come_in_time(tmp_path: Path) -> None:
    """503 says to ask again under the same key; then the answer is there, and it happened once."""
    async with api_client(tmp_path, config=ApiConfig(durable_s=0.3)) as client:
        service = client.running.service
        held: list[int] = []
        vars(service)["_released"] = held.append
        late = await client.ask("POST", "/v1/incidents", FIRE, key="late")
        assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "not_durable", "1")
        del vars(service)["_released"]
        with trio.fail_after(120):
            while not held:  # noqa: ASYNC110  a plain list
                await trio.sleep(0.01)
        service._released(held[-1])
        again = await client.ask("POST", "/v1/incidents", FIRE, key="late")
        assert (again.status_code, again.json()["incident"]) == (201, "I1")
        service.stage = Stage.STOPPING
        assert (await client.ask("POST", "/v1/incidents", FIRE)).status_code == 503
        service.stage = Stage.READY


async def test_what_will_go_says_so(tmp_path: Path) -> None:
    """Deprecation (RFC 9745), Sunset (RFC 8594) and the successor, on every answer."""
    going = Operation(
        method="GET",
        path="/v1/me",
        name="me",
        tag="me",
        summary="",
        right=None,
        answers=Me,
        handle=me,
        deprecated=Deprecation(1_800_000_000, 1_840_000_000, "/v2/me"),
    )
    async with api_client(tmp_path, served=(going,)) as client:
        told = await client.ask("GET", "/v1/me")
        assert told.headers["deprecation"] == "@1800000000"
        assert told.headers["sunset"] == "Sat, 22 Apr 2028 07:06:40 GMT"
        assert told.headers["link"] == '</v2/me>; rel="successor-version"'


async def test_why_and_reports_are_read_off_the_journal(tmp_path: Path) -> None:
    """The account of an incident and the three reports, by processes of their own; people's data only for whom it is."""
    async with api_client(tmp_path) as client:
        await client.report(caller="CANARY-CALLER", address="CANARY-STREET", note="CANARY-NOTE")
        told = await client.ask("GET", "/v1/incidents/I1/why")
        assert told.status_code == 200, told.text
        assert told.json()["incident"] == "I1"
        assert "CANARY-CALLER" in told.text
        hidden = await client.ask("GET", "/v1/incidents/I1/why", who="wall")
        assert hidden.status_code == 200
        assert "CANARY" not in hidden.text
        assert (await client.ask("GET", "/v1/incidents/I99/why")).status_code == 404
        for name in ("clocks", "overrides", "shadow"):
            report = await client.ask("GET", f"/v1/reports/{name}?from_ms=0")
            assert report.status_code == 200, report.text
        assert (await client.ask("GET", "/v1/reports/clocks?profile=frob")).status_code == 404


async def test_every_list_answers(tmp_path: Path) -> None:
    """Each reading operation without parameters gives 200 for a dispatcher."""
    async with api_client(tmp_path) as client:
        await client.report()
        caution = {"lat": 41.5, "lon": -90.5, "radius_m": 50, "severity": "danger", "text": "dog"}
        made = await client.ask("POST", "/v1/cautions", caution)
        assert (made.status_code, "caution" in made.json()) == (201, True)
        await client.caught_up()
        for name in (
            "me",
            "incidents",
            "units",
            "roster",
            "alarms",
            "moves",
            "coverage",
            "roads",
            "cautions",
            "hospitals",
        ):
            told = await client.ask("GET", f"/v1/{name}")
            assert told.status_code == 200, (name, told.text)
        assert (await client.ask("GET", "/v1/cautions")).json()["items"][0]["text"] == "dog"
        assert (await client.ask("GET", "/v1/incidents/I1/recommendation")).json()["incident"] == "I1"
        asked = await client.ask("POST", "/v1/suspects", FIRE)
        assert asked.json()["suspects"][0]["incident"] == "I1"
        staffed = await client.ask("POST", "/v1/units/M1/staffing", {"staff": 2})
        assert staffed.status_code == 200
        await client.caught_up()
        roster = (await client.ask("GET", "/v1/roster")).json()["items"]
        assert {each["unit"]: each["staff"] for each in roster}["M1"] == 2


@pytest.mark.parametrize("path", ["/docs", "/docs/websocket", "/v1/openapi.json", "/v1/asyncapi.json"])
async def test_documents_are_served_to_anybody(tmp_path: Path, path: str) -> None:
    """Without a token, self-contained: a page names no other machine and runs no script."""
    async with api_client(tmp_path) as client:
        told = await client.http.get(path)
        assert told.status_code == 200
        assert len(told.content) > 10_000
        if path.startswith("/docs"):
            assert "<script" not in told.text
            assert "http://" not in told.text
            assert "https://" not in told.text
        assert (await client.http.get(path, headers={"If-None-Match": told.headers["etag"]})).status_code == 304
