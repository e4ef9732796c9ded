"""CAP out: ordered by a person, valid by the OASIS schema, followed by updates and a cancel, taken by receivers in order."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.model.inputs import CloseIncident, CloseRoad, OpenRoad, ReportIncident
from engine.model.roads import Stretch
from engine.model.surroundings import EndCaution, RecordCaution, Severity
from gateways.bodies import Refused
from gateways.cap.alert import CapAlert
from gateways.cap.config import CapConfig, CapRule, Outgoing, Poll, PublishConfig
from gateways.cap.poll import NoFeed, links_of
from gateways.cap.reading import Unreadable, read_alert
from gateways.cap.window import read_order
from gateways.cap.writing import write_alert
from gateways.config import Config
from gateways.web import WebConfig, serve_http
from tests.builders import NOW
from tests.cap_schema import hold, schema
from tests.live.exchange_kit import PLACE, Served, serve_exchanges
from tests.live.sink_kit import SECRET
from tests.unit.cap_kit import SQUARE, alert, circle, geocode, info, refer, when

RING = ((-500, -500), (500, -500), (500, 500), (-500, 500))


def config(*receivers: Outgoing) -> Config:
    return Config(cap=CapConfig(publish=PublishConfig(sender="alerts@smallville.example", receivers=receivers)))


def order(order_id: str = "1", **fields: Any) -> dict[str, Any]:
    said = {"scope": "Public", "categories": ["Safety"], "event": "Gas leak", "severity": "Severe", "area": "Old town"}
    said |= {"headline": "Gas leak <in> the old town & its quay", "instruction": "Keep windows shut.", "id": order_id}
    return {**said, "responses": ["Shelter"], **fields}


async def publish(served: Served, status: int = 201, name: str = "desk", **fields: Any) -> dict[str, Any]:
    body = msgspec.json.encode(order(**fields))
    answer = await served.http.post("/cap/published", content=body, headers=served.as_(name))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = msgspec.json.decode(answer.content)
    return found


async def documents(served: Served) -> list[bytes]:
    """Return what is in force, as documents, each held against the schema."""
    shown = (await served.http.get("/cap/published", headers=served.as_("desk"))).json()
    found = [(await served.http.get(each["url"], headers=served.as_("desk"))).content for each in shown]
    for document in found:
        hold(document.decode())
    return found


async def caution(served: Served, command: str = "w1", **fields: Any) -> None:
    given_ = {
        "x_m": 0,
        "y_m": 0,
        "radius_m": 710,
        "severity": Severity.DANGER,
        "text": "gas",
        "caution": "gas",
        **fields,
    }
    answer = await served.service.ask(RecordCaution(id=command, by="desk", **given_))
    assert answer.refusal is None, answer.refusal
    await served.until(lambda: served.board.world.seq >= answer.seq)


async def test_a_caution_goes_out_changes_and_ends(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        await caution(served, polygon=RING)
        told = await publish(served, caution="gas")
        assert await publish(served, 200, caution="gas") == told
        (document,) = await documents(served)
        out = read_alert(document)
        assert (out.kind, out.scope, out.infos[0].responses) == ("Alert", "Public", ("Shelter",))
        assert out.infos[0].headline == "Gas leak <in> the old town & its quay"
        assert len(out.infos[0].areas[0].polygons[0]) == 4
        ends = served.service.clock.now() + 7_200_000
        await caution(served, "w2", until_ms=ends)
        numbers = served.exchanges.numbers["cap-out"]
        await served.until(lambda: numbers().get("published_update"))
        (document,) = await documents(served)
        update = read_alert(document)
        assert update.references == (out.reference,)
        assert update.infos[0].areas[0].circles[0].radius_m == 710
        assert update.infos[0].expires_ms == ends // 1_000 * 1_000
    async with serve_exchanges(tmp_path, Config()) as served:
        await served.service.ask(EndCaution(id="e", by="desk", caution="gas", reason="mended"))
    async with serve_exchanges(tmp_path, config()) as served:
        await served.until(lambda: served.exchanges.numbers["cap-out"]().get("published_cancel"))
        assert await documents(served) == []
        cancelled = await served.http.get(f"/cap/published/{told['identifier'][:-1]}3")
        found = read_alert(cancelled.content)
        hold(cancelled.text)
        assert (found.kind, len(found.references)) == ("Cancel", 2)


async def test_a_closure_and_an_incident_and_who_may_read(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        ask = served.service.ask
        await ask(CloseRoad(id="c", by="desk", stretch=Stretch(streets=("West Bridge",)), closure="bridge"))
        fire = await ask(
            ReportIncident(id="f", by="desk", type="theft", x_m=500, y_m=0, caller="Ann", address="12 Mill Ln")
        )
        await served.until(lambda: served.board.world.open and served.board.world.road_book.closures)
        await publish(served, order_id="a", closure="bridge", categories=["Transport"], event="Bridge closed")
        private = {"scope": "Restricted", "restriction": "hospitals"}
        assert fire.incident is not None
        await publish(served, order_id="b", incident=fire.incident, radius_m=800, **private)
        found = [read_alert(document) for document in await documents(served)]
        assert len(found) == 2
        (ring,) = [each for each in found if each.scope == "Public"]
        assert 500 <= ring.infos[0].areas[0].circles[0].radius_m < 600
        text = "".join(str(each) for each in found)
        assert "Ann" not in text
        assert "Mill" not in text
        public = (await served.http.get("/cap/published")).json()
        assert [each["event"] for each in public] == ["Bridge closed"]
        (hidden,) = [each for each in found if each.scope == "Restricted"]
        assert (await served.http.get(f"/cap/published/{hidden.identifier}")).status_code == 404
        feed = (await served.http.get("/cap/feed")).text
        assert "Gas leak" in feed
        assert hidden.identifier not in feed
        await ask(OpenRoad(id="o", by="desk", closure="bridge"))
        await ask(CloseIncident(id="x", by="desk", incident=fire.incident, disposition="done"))
        numbers = served.exchanges.numbers["cap-out"]
        await served.until(lambda: numbers().get("published_cancel") == 2)


async def test_what_cannot_be_published_is_said(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, config()) as served:
        assert "nothing was published" in (await publish(served, 404, caution="none"))["detail"]
        for fields, word in (
            ({}, "exactly one"),
            ({"caution": "a", "incident": "b"}, "exactly one"),
            ({"caution": "a", "scope": "Restricted"}, "restriction"),
            ({"caution": "a", "categories": []}, "categories"),
            ({"caution": "a", "responses": ["Run"]}, "responses"),
            ({"caution": "a", "headline": ""}, "headline"),
            ({"caution": "a", "web": "javascript:1"}, "web"),
        ):
            assert word in (await publish(served, 400, **fields))["detail"]
        for name in ("calls", "met", "wall"):
            await publish(served, 401, name, caution="a")


async def test_receivers_have_every_message_in_order_over_an_outage_and_a_restart(tmp_path: Path, nursery: Any) -> None:
    taken: list[CapAlert] = []
    down = True

    async def take(request: Request) -> Response:
        body = await request.body()
        assert signed(body, dict(request.headers))
        if down:
            return Response(status_code=503)
        taken.append(read_alert(body))
        return Response(status_code=204)

    address = await nursery.start(serve_http, [Route("/in", take, methods=["POST"])], WebConfig(port=0))
    receiver = Outgoing(
        name="met", url=f"http://{address}/in", secrets=(SECRET,), allow_private=True, retry_s=0.05, retry_max_s=0.2
    )
    async with serve_exchanges(tmp_path, config(receiver)) as served:
        await caution(served)
        await publish(served, caution="gas")
        await served.until(lambda: served.exchanges.numbers["cap-out-met"]().get("failed"))
        assert served.exchanges.levels["cap-out-met"]()["waiting"] == 1
    down = False
    async with serve_exchanges(tmp_path, config(receiver)) as served:
        await served.service.ask(EndCaution(id="e", by="desk", caution="gas", reason="mended"))
        await served.until(lambda: len(taken) >= 2 and taken[-1].kind == "Cancel")
        await served.until(lambda: served.exchanges.levels["cap-out-met"]()["waiting"] == 0)
    assert list(dict.fromkeys(each.kind for each in taken)) == ["Alert", "Cancel"]
    async with serve_exchanges(tmp_path, config(receiver)) as served:
        # At least once: a stop between the receiver's answer and its being written down repeats the last message.
        await served.until(lambda: served.exchanges.levels["cap-out-met"]()["waiting"] == 0)
    assert len(taken) <= 3


async def test_what_was_forgotten_while_a_receiver_was_away_is_not_sent_to_it(tmp_path: Path, nursery: Any) -> None:
    """The message comes, late and without its words."""
    taken: list[bytes] = []
    down = True

    async def take(request: Request) -> Response:
        body = await request.body()
        if not down:
            taken.append(body)
        return Response(status_code=503 if down else 204)

    address = await nursery.start(serve_http, [Route("/in", take, methods=["POST"])], WebConfig(port=0))
    receiver = Outgoing(
        name="met", url=f"http://{address}/in", secrets=(SECRET,), allow_private=True, retry_s=0.05, retry_max_s=0.1
    )
    async with serve_exchanges(tmp_path, config(receiver)) as served:
        fire = await served.service.ask(ReportIncident(id="f", by="desk", type="theft", x_m=500, y_m=0))
        await served.until(lambda: served.board.world.open)
        await publish(served, incident=fire.incident, headline="Ann Smith is missing")
        await served.until(lambda: served.exchanges.numbers["cap-out-met"]().get("failed"))
        for erase in served.service.on_forget:
            await trio.to_thread.run_sync(erase, fire.incident)
        down = False
        await served.until(lambda: taken)
    assert b"Ann Smith" not in taken[0]
    assert read_alert(taken[0]).kind == "Alert"


async def test_a_place_of_any_name_publishes_what_can_be_read(tmp_path: Path) -> None:
    """Blanks and foreign letters have no place in an identifier, nor control characters in a feed."""
    there = msgspec.structs.replace(PLACE, id="Süd 1")
    async with serve_exchanges(tmp_path, config(), place=there) as served:
        await caution(served)
        told = await publish(served, caution="gas", headline="Gas\u0007 leak")
        document = await served.http.get(told["url"])
        assert read_alert(document.content).identifier.startswith("S-d-1.")
        feed = await served.http.get("/cap/feed")
        assert links_of(feed.content)


async def test_what_we_publish_another_turnout_understands(tmp_path: Path) -> None:
    """Our own alert, taken in by a neighbour's rules, is a caution there; our cancel ends it there."""
    rule = CapRule(name="gas", events=("gas*",), caution=Severity.DANGER)
    neighbour = Config(cap=CapConfig(rules=(rule,)))
    async with serve_exchanges(tmp_path / "us", config()) as us, serve_exchanges(tmp_path / "them", neighbour) as them:
        await caution(us)
        await publish(us, caution="gas")
        (document,) = await documents(us)
        answer = await them.http.post("/cap", content=document, headers=them.as_("met"))
        assert answer.json()["result"] == "taken"
        await them.until(lambda: them.board.world.cautions)
        identifier = read_alert(document).identifier
        await us.service.ask(EndCaution(id="e", by="desk", caution="gas", reason="mended"))
        await us.until(lambda: us.exchanges.numbers["cap-out"]().get("published_cancel"))
        cancel = await us.http.get(f"/cap/published/{identifier[:-1]}2")
        assert (await them.http.post("/cap", content=cancel.content, headers=them.as_("met"))).json()["ended"]
        await them.until(lambda: not them.board.world.cautions)


def signed(body: bytes, headers: dict[str, str]) -> bool:
    """Verify without reading the body as JSON, which it is not."""
    made = Webhook(SECRET).sign(
        headers["webhook-id"], datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), body.decode()
    )
    return made == headers["webhook-signature"]


async def test_in_an_exercise_every_alert_says_so_and_nobody_real_is_told(tmp_path: Path) -> None:
    """The receiver of the real thing is not even opened; an exercise's alert counts among exercises only."""
    real = Outgoing(name="real", url="http://127.0.0.1:9/in", secrets=(SECRET,), allow_private=True)
    drill = msgspec.structs.replace(config(real), exercise=True)
    rule = CapRule(name="gas", events=("gas*",), caution=Severity.DANGER)
    drilled = Config(cap=CapConfig(rules=(rule,)), exercise=True)
    async with serve_exchanges(tmp_path / "us", drill) as us, serve_exchanges(tmp_path / "them", drilled) as them:
        await caution(us)
        await publish(us, caution="gas")
        (document,) = await documents(us)
        assert read_alert(document).status == "Exercise"
        assert "nothing of this has happened" in read_alert(document).note
        assert "cap-out-real" not in us.exchanges.numbers
        answer = await them.http.post("/cap", content=document, headers=them.as_("met"))
        assert answer.json()["result"] == "taken"


async def test_a_neighbour_that_polls_our_feed_hears_of_the_end(tmp_path: Path) -> None:
    """Atom from us, polled by another Turnout over its guarded client: the caution comes, and goes with our cancel."""
    rule = CapRule(name="gas", events=("gas*",), caution=Severity.DANGER)
    async with serve_exchanges(tmp_path / "us", config()) as us:
        await caution(us)
        await publish(us, caution="gas")
        base = str(us.http.base_url).rstrip("/")
        polls = (
            Poll(name="us", url=f"{base}/cap/feed", every_s=0.05, allow_private=True),
            Poll(name="gone", url=f"{base}/nothing", every_s=0.05, allow_private=True),
        )
        async with serve_exchanges(tmp_path / "them", Config(cap=CapConfig(rules=(rule,), polls=polls))) as them:
            await them.until(lambda: them.board.world.cautions)
            await us.service.ask(EndCaution(id="e", by="desk", caution="gas", reason="mended"))
            await them.until(lambda: not them.board.world.cautions)
            counts = them.exchanges.numbers["cap"]
            await them.until(lambda: counts().get("cancelled") == 1)
            assert counts()["taken"] == 1
            assert counts()["poll_failed"] > 0


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_none(data: bytes) -> None:
    with pytest.raises(NoFeed):
        links_of(data)


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(words, words, st.booleans())
def test_whatever_is_written_is_valid_and_reads_back(headline: str, note: str, update: bool) -> None:
    first = read_alert(
        alert("A1", info(area=SQUARE + circle(3, 4, 1.25) + geocode("SAME", "01"), expires=when(NOW + 1_000)))
    )
    said = msgspec.structs.replace(first.infos[0], headline=headline, event="Gas", instruction=note)
    more = {"references": (first.reference,)} if update else {}
    made = msgspec.structs.replace(first, infos=(said, said), note=note, **more)
    document = write_alert(made)
    xmlschema_of().validate(document.decode())
    back = read_alert(document)
    assert back.reference == made.reference
    assert back.references == made.references
    assert back.infos[0].areas[0].geocodes == first.infos[0].areas[0].geocodes


@cache
def xmlschema_of() -> Any:
    return xmlschema.XMLSchema(str(schema()))


def test_the_schema_refuses_what_is_wrong() -> None:
    """The judge itself is held against documents that it must and must not pass."""
    oasis = xmlschema_of()
    assert oasis.is_valid(alert("A", info()).decode())
    assert oasis.is_valid(alert("A", references=refer("B", NOW), msgType="Cancel").decode())
    assert not oasis.is_valid(alert("A", info(severity="Bad")).decode())
    with pytest.raises(Unreadable):
        read_alert(alert("A", info(severity="Bad")))


def test_a_second_judge_agrees() -> None:
    """capvalidator, written for the World Meteorological Organization."""
    capvalidator = pytest.importorskip("capvalidator", reason="capvalidator (with lxml, signxml) is not installed")
    assert capvalidator.check_schema(write_alert(read_alert(alert("A", info())))).passed
    assert not capvalidator.check_schema(alert("A", info(severity="Bad"))).passed


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=200), st.integers(1, 5_000).map(lambda n: b"[" * n)))
def test_any_bytes_are_an_order_or_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_order(body)
