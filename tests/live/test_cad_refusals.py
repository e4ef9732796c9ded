"""What the CAD listener refuses: with code, field and reason; counted; and nothing is changed."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from gateways.cad import CadConfig
from gateways.cad.client import Refused, connect
from gateways.vocabulary.incident_messages import Note, UnitStatus
from tests.builders import Running, serve_place, token
from tests.live.cad_kit import FIRE, HELLO, until, wire


def stripped(running: Running) -> tuple[object, ...]:
    """Return everything on the board but its seq and time."""
    board = running.board.snapshot()
    return board.incidents, board.units, board.alarms


ENGINE_REFUSES: list[tuple[dict[str, Any], str, str]] = [
    ({**FIRE, "incident_type": "flood"}, "unknown_type", "incident_type"),
    ({**FIRE, "lat": 45.0}, "out_of_range", "lat"),
    ({"type": "note", "incident": "I99", "text": "x"}, "unknown_incident", "incident"),
    ({"type": "note", "incident": "I1", "text": "  "}, "missing", "text"),
    ({"type": "unit_status", "unit": "X1", "status": "en_route"}, "unknown_unit", "unit"),
    ({"type": "dispatch", "incident": "I1", "units": ["X1"]}, "unknown_unit", "units"),
    ({"type": "dispatch", "incident": "I1", "units": ["M1", "M1"]}, "repeated", "units"),
    ({"type": "unit_status", "unit": "M1", "status": "at_hospital"}, "impossible_transition", "status"),
    ({"type": "unit_status", "unit": "M1", "status": "available", "incident": "I1"}, "stale_status", "incident"),
    ({"type": "unit_status", "unit": "M3", "status": "out_of_service", "at_ms": 1}, "stale_status", "at_ms"),
    ({"type": "unit_status", "unit": "M1", "status": "available", "at_ms": 2**52}, "out_of_range", "at_ms"),
    ({"type": "divert", "unit": "M1", "incident": "I1", "reason": "x"}, "not_assigned", "unit"),
    ({"type": "resolve_emergency", "unit": "M1", "reason": "x"}, "no_emergency", "unit"),
    ({"type": "acknowledge_alarm", "alarm": "W9"}, "unknown_alarm", "alarm"),
    ({"type": "acknowledge_alert", "alert": "A999"}, "unknown_alert", "alert"),
]
EDGE_REFUSES = [
    ("{", None, "malformed", ""),
    (json.dumps({**FIRE, "id": "b1", "colour": "red"}), "b1", "unknown_field", "colour"),
    (json.dumps({**FIRE, "id": "b2"}).replace("41.5", "1e999"), None, "out_of_range", "lat"),
    (json.dumps({**FIRE, "id": "b3", "lat": 90.01}), "b3", "out_of_range", "lat"),
    (json.dumps({**FIRE, "id": "b4", "priority": 6}), "b4", "out_of_range", "priority"),
    (json.dumps({"type": "explode", "id": "b5"}), "b5", "unknown_message", "type"),
    (
        json.dumps({"type": "unit_status", "id": "b6", "unit": "M1", "status": "flying"}),
        "b6",
        "unknown_value",
        "status",
    ),
    (json.dumps(HELLO), None, "already_greeted", "type"),
]


async def test_everything_bad_is_refused_counted_and_changes_nothing(tmp_path: Path) -> None:
    """Each refusal names code and field, gives a reason, is counted, and leaves the board as it was."""
    config = CadConfig(port=0, max_errors=100)
    async with serve_place(tmp_path, cad=config) as running, wire(running) as client:
        await client.ask({**FIRE, "id": "first"}, "first")
        await client.ask({"type": "unit_status", "id": "s1", "unit": "M3", "status": "out_of_service"}, "s1")
        await until(lambda: running.board.last_update == running.service.world.seq)
        before = stripped(running)
        count = 0
        for number, (fields, code, field) in enumerate(ENGINE_REFUSES):
            name = f"e{number}"
            told = await client.ask({**fields, "id": name}, name)
            assert (told["type"], told["code"], told["field"]) == ("refused", code, field), told
            assert told["reason"]
            count += 1
        for text, bad_name, code, field in EDGE_REFUSES:
            seq = running.service.world.seq
            told = await client.ask(text, bad_name)
            assert (told["type"], told["code"], told["field"]) == ("refused", code, field), told
            assert running.service.world.seq == seq
            count += 1
        assert sum(running.statistics.refused.values()) == count
        assert running.statistics.refused["out_of_range"] == 5
        await until(lambda: running.board.world.seq == running.service.world.seq)
        assert stripped(running) == before


BAD_GREETINGS: list[tuple[dict[str, Any], str, str]] = [
    ({**HELLO, "version": "turnout.cad.v9"}, "wrong_version", "version"),
    ({**HELLO, "token": "cad.wrong"}, "unauthenticated", "token"),
    ({**HELLO, "token": token("gps")}, "unauthorised", "token"),
    ({**HELLO, "more": 1}, "unknown_field", "more"),
    ({**FIRE, "id": "c1"}, "hello_first", "type"),
]


async def test_bad_hellos_are_refused_and_shown_the_door(tmp_path: Path) -> None:
    """Refused with the field, then a goodbye, then close code 1008; the engine hears nothing of it."""
    async with serve_place(tmp_path) as running:
        seq = running.service.world.seq
        for hello, code, field in BAD_GREETINGS:
            async with wire(running, None) as client:
                await client.send(hello)
                assert await client.closed() == 1008
                refused, bye = client.seen
                assert (refused["type"], refused["code"], refused["field"]) == ("refused", code, field)
                assert (bye["type"], bye["code"]) == ("bye", 1008)
        assert running.statistics.ended == {code: 1 for _, code, _ in BAD_GREETINGS}
        assert running.service.world.seq == seq


async def test_a_crew_can_neither_dispatch_nor_speak_for_others(tmp_path: Path) -> None:
    """Rights hold on the wire, and a token bound to one unit moves no other."""
    async with serve_place(tmp_path) as running, connect(running.url, token("crew-m1")) as crew:
        await crew.ask(UnitStatus(id="1", unit="M1", status="out_of_service"))  # type: ignore[arg-type]  # as a word
        with pytest.raises(Refused, match="unauthorised: unit:"):
            await crew.ask(UnitStatus(id="2", unit="M2", status="out_of_service"))  # type: ignore[arg-type]
        with pytest.raises(Refused, match="unauthorised: type:"):
            await crew.ask(Note(id="3", incident="I1", text="x"))


async def test_an_oversized_message_ends_its_connection_alone(tmp_path: Path) -> None:
    """1009, counted; a message of exactly the limit is still read."""
    async with serve_place(tmp_path) as running, wire(running) as other:
        async with wire(running) as client:
            await client.send(json.dumps({"type": "ping", "id": "p"}).ljust(65_536))
            await client.until(type="pong")
            await client.send("x" * 65_537)
            assert await client.closed() == 1009
        await until(lambda: running.statistics.ended.get("oversized") == 1)
        await other.send({"type": "ping", "id": "q"})
        await other.until(type="pong", id="q")


async def test_too_fast_is_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    """Over the burst: refused under the command's id, counted, and taken when sent again later."""
    config = CadConfig(port=0, commands_per_s=20.0, burst=3)
    async with serve_place(tmp_path, cad=config) as running, wire(running) as client:
        for number in range(4):
            await client.send({**FIRE, "id": f"c{number}"})
        told = await client.until(type="refused")
        assert (told["id"], told["code"]) == ("c3", "rate_limited")
        assert running.statistics.rate_limited == 1
        await trio.sleep(told["retry_after_ms"] / 1000)
        assert (await client.ask({**FIRE, "id": "c3"}, "c3"))["incident"] == "I4"


async def test_ten_unreadable_messages_end_the_connection(tmp_path: Path) -> None:
    """Each is refused, the tenth is the last."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        for _ in range(10):
            await client.send("{")
        assert await client.closed() == 1008
        assert [each["type"] for each in client.seen[2:]] == ["refused"] * 10 + ["bye"]
        await until(lambda: running.statistics.ended == {"too_many_errors": 1})
