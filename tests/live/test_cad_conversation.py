"""A conversation with the CAD listener: answers, order, durability, resuming, positions, the schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from gateways.cad import CadConfig
from gateways.cad.messages import VERSION
from gateways.cad.schema import FOLDER
from tests.builders import PROJECTION, serve_place, token
from tests.live.cad_kit import FIRE, HELLO, hold, let_go, until, wire


async def test_a_conversation(tmp_path: Path) -> None:
    """Welcome, snapshot, answer and delta, each as the vocabulary says; the subprotocol is agreed on."""
    async with serve_place(tmp_path) as running, wire(running, None) as client:
        assert client.connection.subprotocol == VERSION
        await client.send(HELLO)
        welcome = await client.next()
        assert (welcome["version"], welcome["principal"], welcome["role"]) == (VERSION, "cad", "dispatcher")
        assert welcome["resumed"] is False
        assert welcome["limits"]["message_bytes"] == 65536
        assert welcome["pace"] == {"origin_ms": 0, "rate": 1.0}
        snapshot = await client.next()
        assert (snapshot["type"], snapshot["seq"], len(snapshot["units"])) == ("snapshot", welcome["seq"], 12)
        await client.send({**FIRE, "id": "c1"})
        answer, delta = sorted([await client.next(), await client.next()], key=lambda message: message["type"])
        assert (answer["type"], answer["id"], answer["incident"]) == ("answer", "c1", "I1")
        assert (delta["type"], delta["prev"], delta["seq"]) == ("delta", snapshot["seq"], answer["seq"])
        assert "E2" in {unit["id"] for unit in delta["units"]}
        assert delta["recommendations"][0]["why"]["slots"]
        await client.send({"type": "ping", "id": "p"})
        assert await client.next() == {"type": "pong", "id": "p"}


async def test_the_same_id_gets_the_same_answer_and_happens_once(tmp_path: Path) -> None:
    """Asked again at once, later, and on another connection; other contents under the id are refused."""
    async with serve_place(tmp_path) as running:
        async with wire(running) as client:
            await client.send({**FIRE, "id": "c1"})
            await client.send({**FIRE, "id": "c1"})
            first, second = await client.until(id="c1"), await client.until(id="c1")
            third = await client.ask({**FIRE, "id": "c1"}, "c1")
            other = await client.ask({**FIRE, "id": "c1", "address": "elsewhere"}, "c1")
        assert first == second == third
        assert (first["type"], first["incident"]) == ("answer", "I1")
        assert (other["code"], other["field"]) == ("id_reused", "id")
        async with wire(running) as client:
            assert await client.ask({**FIRE, "id": "c1"}, "c1") == first
        async with wire(running, {**HELLO, "token": token("desk")}) as desk:
            assert (await desk.ask({**FIRE, "id": "c1"}, "c1"))["incident"] == "I2"
        assert len(running.service.world.incidents) == 2


async def test_an_answer_comes_only_when_it_is_durable(tmp_path: Path) -> None:
    """While the journal holds its word back, the command is decided but neither answered nor shown."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        assert (await client.next())["type"] == "snapshot"
        held = hold(running)
        await client.send({**FIRE, "id": "c1"})
        await until(lambda: bool(held))
        assert "I1" in running.service.world.incidents
        for name in ("p1", "p2"):
            await client.send({"type": "ping", "id": name})
            assert await client.next() == {"type": "pong", "id": name}
        let_go(running)
        assert {(await client.next())["type"], (await client.next())["type"]} == {"answer", "delta"}


async def test_commands_enter_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """A hundred reports and a hundred notes, sent without waiting: numbered and written in that order."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        for number in range(100):
            await client.send({**FIRE, "id": f"c{number}", "priority": 1, "external": str(number)})
        answers = [await client.until(type="answer") for _ in range(100)]
        assert [answer["incident"] for answer in answers] == [f"I{number + 1}" for number in range(100)]
        for number in range(100):
            await client.send({"type": "note", "id": f"n{number}", "incident": "I1", "text": str(number)})
        for _ in range(100):
            await client.until(type="answer")
        incidents = running.service.world.incidents
        assert [each.external for each in incidents.values()] == [str(number) for number in range(100)]
        assert [note.text for note in incidents["I1"].notes] == [str(number) for number in range(100)]


async def test_more_in_flight_than_allowed_waits_and_is_not_lost(tmp_path: Path) -> None:
    """With two in flight at most, fifty commands sent at once are all answered."""
    config = CadConfig(port=0, in_flight=2, queue_messages=4)
    async with serve_place(tmp_path, cad=config) as running, wire(running) as client:
        for number in range(50):
            await client.send({"type": "recommend", "id": f"c{number}", "incident": "I9"})
        told = [await client.until(type="refused") for _ in range(50)]
        assert [each["id"] for each in told] == [f"c{number}" for number in range(50)]


async def test_who_comes_back_goes_on_without_gap_or_repeat(tmp_path: Path) -> None:
    """With the last seq seen: every delta missed, once and in order; from an unknown seq: a snapshot."""
    async with serve_place(tmp_path) as running:
        async with wire(running) as client:
            snapshot = await client.next()
            await client.ask({**FIRE, "id": "c1"}, "c1")
            seen = snapshot["seq"] + 1
        async with wire(running, {**HELLO, "token": token("desk")}) as desk:
            for number in range(5):
                await desk.ask({**FIRE, "id": f"d{number}"}, f"d{number}")
            await desk.until(type="delta", seq=seen + 5)
        async with wire(running, {**HELLO, "resume_from": seen}) as client:
            assert client.seen[0]["resumed"] is True
            deltas = [await client.next() for _ in range(5)]
            assert [(each["type"], each["prev"], each["seq"]) for each in deltas] == [
                ("delta", seen + number, seen + number + 1) for number in range(5)
            ]
            await client.ask({**FIRE, "id": "c2"}, "c2")
            await until(lambda: running.board.last_update == seen + 6)
            await client.send({"type": "ping", "id": "p"})
            await client.until(type="pong")
            assert [each["prev"] for each in client.seen if each["type"] == "delta"][-1] == seen + 5
        for unknown in (seen + 1_000, 0):
            async with wire(running, {**HELLO, "resume_from": unknown}) as client:
                assert client.seen[0]["resumed"] is False
                assert (await client.next())["type"] == "snapshot"


async def test_positions_follow_a_snapshot_for_those_who_want_them(tmp_path: Path) -> None:
    """Units that move are told as [unit, lat, lon, ...]; to a client that does not want them, nothing."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        async with wire(running, {**HELLO, "positions": False}) as other:
            row = running.service.world.fleet.rows["M1"]
            x_m, y_m = PROJECTION.to_metres(41.52, -90.51)
            running.service.positions.put(row, x_m, y_m, running.service.clock.now(), 100, 90)
            told = await client.until(type="positions")
            assert told["units"][0][0] == "M1"
            assert told["units"][0][1:3] == pytest.approx([41.52, -90.51], abs=1e-5)
            assert told["units"][0][4:] == [10.0, 90]
            await other.send({"type": "ping", "id": "p"})
            await other.until(type="pong")
            assert "positions" not in [each["type"] for each in other.seen]
        async with wire(running) as late:
            snapshot = await late.next()
            assert snapshot["type"] == "snapshot"
            assert (await late.next())["units"] == told["units"]


async def test_what_goes_over_the_wire_fits_the_committed_schema(tmp_path: Path) -> None:
    """A recorded conversation, with refusals, alarms and positions, validates message by message."""
    read = [json.loads((FOLDER / name).read_text()) for name in ("cad.v1.server.json", "cad.v1.client.json")]
    server, outgoing = (jsonschema.Draft202012Validator(each) for each in read)
    async with serve_place(tmp_path) as running, wire(running) as client:
        said: list[dict[str, Any]] = [
            {**FIRE, "id": "c1"},
            {**FIRE, "id": "c2", "incident_type": "flood"},
            {"type": "unit_emergency", "id": "c3", "unit": "P1", "text": "shots"},
            {"type": "acknowledge_alarm", "id": "c4", "alarm": "W1"},
            {"type": "unit_status", "id": "c5", "unit": "L7", "status": "en_route"},
            {"type": "amend_incident", "id": "c6", "incident": "I1", "lat": 41.49, "lon": -90.5},
            {"type": "note", "id": "c7", "incident": "I1", "text": "ß"},
            {"type": "merge_incident", "id": "c8", "incident": "I1", "into": "I2"},
        ]
        running.service.positions.put(0, 10, 10, running.service.clock.now(), -1, -1)
        for message in said:
            outgoing.validate(message)
            await client.ask(message, str(message["id"]))
        await client.send({"type": "ping", "id": "p"})
        await client.until(type="pong")
        while "positions" not in [each["type"] for each in client.seen]:
            await client.next()
        for seen in client.seen:
            server.validate(seen)
        kinds = {each["type"] for each in client.seen}
        assert kinds >= {"welcome", "snapshot", "delta", "positions", "answer", "refused"}
