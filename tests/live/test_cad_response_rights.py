"""The whole response over the wire: refusals, rights, and one picture for all who look."""

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import msgspec
import pytest

from gateways.cad.client import Refused, connect, new_id
from gateways.cad.mirror import Mirror
from gateways.cad.schema import schemas
from gateways.vocabulary.questions import AskSuspects, AskWhy, SuspectsTold
from tests.builders import serve_place, token
from tests.live.cad_kit import HELLO, Wire, until, wire
from tests.live.response_kit import HOUR_MS, SICK, picture, place, refused, reported

REFUSALS: list[tuple[str, dict[str, object], str, str]] = [
    ("accept", {"incident": "I9", "decision": 1}, "unknown_incident", "incident"),
    ("supersede", {"incident": "I1", "unit": "B9", "replacement": "B1"}, "unknown_unit", "unit"),
    ("supersede", {"incident": "I1", "unit": "B1", "replacement": "B9"}, "unknown_unit", "replacement"),
    ("strike_alarm", {"incident": "I1"}, "no_alarms", "incident"),
    ("hold", {"incident": "I1", "until_ms": 1, "reason": "x"}, "out_of_range", "until_ms"),
    ("hold", {"incident": "I1", "until_ms": 1, "reason": ""}, "missing", "reason"),
    ("end_hold", {"incident": "I1"}, "not_held", "incident"),
    ("stack", {"incident": "I1", "unit": "B2"}, "not_assigned", "unit"),
    ("unstack", {"incident": "I1"}, "not_stacked", "incident"),
    ("reopen", {"incident": "I1", "reason": "x"}, "not_ended", "incident"),
    ("split_incident", {"incident": "I1", "reason": "x"}, "not_merged", "incident"),
    ("unlink_incidents", {"incident": "I1", "other": "I9"}, "not_linked", "other"),
    ("staffing", {"unit": "X1", "staff": 1}, "unknown_unit", "unit"),
    ("staffing", {"unit": "M1", "staff": 1, "brings": ["wings"]}, "unknown_capability", "brings"),
    ("call_roll", {"incident": "I1"}, "nobody_on_scene", "incident"),
    ("answer_roll", {"unit": "M1"}, "not_on_scene", "unit"),
    ("answer_aid", {"unit": "E3", "incident": "I1", "committed": True}, "not_requested", "unit"),
    ("caution", {"lat": 41.7, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": "x"}, "out_of_range", "lat"),
    ("caution", {"lat": 41.5, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": ""}, "missing", "text"),
    ("end_caution", {"caution": "H9"}, "unknown_caution", "caution"),
    ("hospital_status", {"hospital": "H9", "state": "open"}, "unknown_hospital", "hospital"),
    ("hospital_status", {"hospital": "H1", "state": "open", "until_ms": 1}, "out_of_range", "until_ms"),
    ("rank_destinations", {"unit": "M2"}, "not_assigned", "unit"),
    ("choose_destination", {"unit": "M2", "hospital": "H1"}, "not_assigned", "unit"),
    ("report_incident", {"lat": 41.5, "lon": -90.5}, "missing", "incident_type"),
    ("report_incident", {"lat": 41.5, "lon": -90.5, "code": "99-Z-9"}, "unknown_code", "code"),
    ("report_incident", {**SICK, "due_ms": 2**52}, "out_of_range", "due_ms"),
]


async def test_refusals_name_the_field_in_the_words_of_the_wire(tmp_path: Path) -> None:
    """Whatever the engine refuses: the code, a field that the message has, and what to do."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        await reported(client)
        wrong = []
        for kind, fields, code, field in REFUSALS:
            told = await client.say(kind, **fields)
            if (told["type"], told.get("code"), told.get("field")) != ("refused", code, field):
                wrong.append((kind, fields, told))
        assert wrong == []
        assert len(running.service.world.incidents) == 1


async def test_each_role_may_do_what_is_its_own(tmp_path: Path) -> None:
    """Call takers write down, crews speak for their own unit, observers watch."""
    orders = [
        ("accept", {"incident": "I1", "decision": 1}),
        ("strike_alarm", {"incident": "I1"}),
        ("call_roll", {"incident": "I1"}),
    ]
    danger = {"lat": 41.5, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": "gas"}
    async with serve_place(tmp_path, place=place()) as running:
        async with wire(running, {**HELLO, "token": token("calls")}) as calls:
            assert (await calls.say("caution", **danger))["type"] == "answer"
            assert (await calls.say("hospital_status", hospital="H1", state="busy"))["type"] == "answer"
            assert (await calls.say("ask_suspects", lat=41.5, lon=-90.5))["type"] == "suspects_told"
            for kind, fields in (*orders, ("staffing", {"unit": "M1", "staff": 2})):
                assert refused(await calls.say(kind, **fields)) == ("unauthorised", "type")
        async with wire(running, {**HELLO, "token": token("crew-m1")}) as crew:
            assert (await crew.say("staffing", unit="M1", staff=1))["type"] == "answer"
            for kind, fields in (
                ("staffing", {"staff": 1}),
                ("answer_roll", {}),
                ("rank_destinations", {}),
                ("choose_destination", {"hospital": "H1"}),
            ):
                assert refused(await crew.say(kind, unit="M2", **fields)) == ("unauthorised", "unit")
            for kind, fields in (*orders, ("caution", danger)):
                assert refused(await crew.say(kind, **fields)) == ("unauthorised", "type")
        async with wire(running, {**HELLO, "token": token("wall")}) as wall:
            # From several places asked, the answers would tell where the incidents are that it sees to a kilometre.
            assert refused(await wall.say("ask_suspects", lat=41.5, lon=-90.5)) == ("unauthorised", "type")
            for kind, fields in (*orders, ("caution", danger), ("staffing", {"unit": "M1", "staff": 2})):
                assert refused(await wall.say(kind, **fields)) == ("unauthorised", "type")
        assert running.service.world.unit("M1").staff == 1


# ── the same picture everywhere ─────────────────────────────────────────────────────────────────────────────


async def everything(client: Wire, now: int) -> None:
    """Let something of each kind happen: suspects, holds, stacks, cautions, hospitals, staffing, neighbours."""
    first, second = await reported(client), await reported(client)
    await client.say(
        "caution", lat=41.5, lon=-90.5, radius_m=500, severity="danger", text="gas", until_ms=now + HOUR_MS
    )
    await client.say("caution", lat=41.49, lon=-90.5, radius_m=50, severity="notice", text="code 4", caution="gate")
    await client.say("hospital_status", hospital="H2", state="closed")
    await client.say("staffing", unit="M1", staff=1)
    await client.say("dispatch", incident=first, units=["E3"], reason="it knows the place")
    await client.say("hold", incident=second, until_ms=now + HOUR_MS, reason="later")
    await client.say("end_caution", caution="gate")
    await reported(client, lat=41.51, priority=2)


def same(one: Mirror, other: Mirror) -> None:
    for field in ("seq", "incidents", "units", "alarms", "surroundings", "roads", "moves", "coverage"):
        assert getattr(one, field) == getattr(other, field), field


async def test_who_stayed_who_came_back_and_who_is_new_see_the_same(tmp_path: Path) -> None:
    """Cautions, hospitals, suspects, numbers of decisions: by deltas, by missed deltas, by a snapshot."""
    async with serve_place(tmp_path, place=place()) as running:
        async with wire(running) as leaver:
            left = await picture(leaver)
        async with wire(running) as client:
            await everything(client, running.service.clock.now())
            last = running.service.world.seq
            await until(lambda: running.board.world.seq == last)
            stayed = await picture(client)
            async with wire(running, {**HELLO, "resume_from": left.seq}) as again:
                assert again.seen[0]["resumed"] is True
                back = await picture(again, left)
            async with wire(running) as fresh:
                new = await picture(fresh)
        board = running.board.snapshot()
        assert list(stayed.incidents.values()) == list(board.incidents)
        assert stayed.surroundings == board.surroundings
        same(stayed, back)
        same(stayed, new)
        assert [view.id for view in stayed.surroundings.cautions] == ["H1"]
        assert any(view.suspects for view in stayed.incidents.values())
        assert any(view.decided_seq for view in stayed.incidents.values())
        assert {view.state for view in stayed.surroundings.hospitals} == {"open", "closed"}


async def test_what_is_sent_and_said_fits_the_schema(tmp_path: Path) -> None:
    """A whole response, message by message, in both directions."""
    read = [msgspec.json.decode(schemas()[name]) for name in ("cad.v1.server.json", "cad.v1.client.json")]
    server, outgoing = (jsonschema.Draft202012Validator(each) for each in read)
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        send = client.send

        async def checked(message: dict[str, Any] | str) -> None:
            outgoing.validate(message)
            await send(message)

        client.send = checked  # type: ignore[method-assign]  # listens in
        await everything(client, running.service.clock.now())
        await client.say("ask_suspects", lat=41.5, lon=-90.5, incident_type="sick")
        for message in client.seen:
            server.validate(message)
        assert {"delta", "answer", "suspects_told"} <= {each["type"] for each in client.seen}


async def test_the_client_asks_questions_beside_commands(tmp_path: Path) -> None:
    """`inquire` gives what was told; a server without a journal that could be asked says so."""
    async with serve_place(tmp_path, place=place()) as running, connect(running.url, token("cad")) as client:
        told = await client.inquire(AskSuspects(id=new_id(), lat=41.5, lon=-90.5))
        assert isinstance(told, SuspectsTold)
        assert told.suspects == ()
        with pytest.raises(Refused) as refusal:
            await client.inquire(AskWhy(id=new_id(), incident="I1"))
        assert refusal.value.code == "unavailable"
