"""The CAD listener over real sockets: what is refused and how, and that nobody can harm another."""

import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, open_websocket_url
from wsproto import ConnectionType, WSConnection
from wsproto.events import Ping, Request, TextMessage

from gateways.cad import CadConfig
from gateways.cad.client import Refused, connect
from gateways.cad.messages import VERSION, Note, ReportIncident, UnitStatus
from tests.builders import PROJECTION, Running, serve_place, token

HELLO = {"type": "hello", "version": VERSION, "token": token("cad")}
FIRE = {"type": "report_incident", "incident_type": "fire", "lat": 41.5, "lon": -90.5}


class Wire:
    """A client that says exactly what it is told to, and answers no more than it must."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any] | str) -> None:
        await self.connection.send_message(message if isinstance(message, str) else json.dumps(message))

    async def next(self) -> dict[str, Any]:
        with trio.fail_after(10):
            message: dict[str, Any] = json.loads(await self.connection.get_message())
        self.seen.append(message)
        return message

    async def until(self, **fields: object) -> dict[str, Any]:
        """Read on to the first message that has these fields."""
        while True:
            message = await self.next()
            if all(message.get(name) == value for name, value in fields.items()):
                return message

    async def ask(self, message: dict[str, Any] | str, name: str | None) -> dict[str, Any]:
        await self.send(message)
        while True:
            told = await self.next()
            if told["type"] in ("answer", "refused") and told["id"] == name:
                return told

    async def closed(self) -> int:
        """Read to the end and return the close code."""
        with trio.fail_after(10):
            while self.connection.closed is None:
                with suppress(ConnectionClosed):
                    self.seen.append(json.loads(await self.connection.get_message()))
        return self.connection.closed.code


@asynccontextmanager
async def wire(running: Running, hello: dict[str, Any] | None = HELLO) -> AsyncIterator[Wire]:
    options: dict[str, Any] = {"subprotocols": [VERSION], "max_message_size": 1 << 26}
    async with open_websocket_url(running.url, **options) as connection:
        made = Wire(connection)
        if hello is not None:
            await made.send(hello)
            assert (await made.next())["type"] == "welcome"
        yield made


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not holds():  # noqa: ASYNC110  what is waited for happens in plain counters, not in tasks
            await trio.sleep(0.005)


def stripped(running: Running) -> tuple[object, ...]:
    """Return everything on the board but its seq and time."""
    board = running.board.snapshot()
    return board.incidents, board.units, board.alarms


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


ENGINE_REFUSES = [
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


BAD_GREETINGS = [
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
        held: list[int] = []
        released, running.service._released = running.service._released, held.append  # type: ignore[method-assign]
        await client.send({**FIRE, "id": "c1"})
        await until(lambda: bool(held))
        assert "I1" in running.service.world.incidents
        for name in ("p1", "p2"):
            await client.send({"type": "ping", "id": name})
            assert await client.next() == {"type": "pong", "id": name}
        running.service._released = released  # type: ignore[method-assign]
        released(held[-1])
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
        for _ in range(12):
            await client.send("{")
        assert await client.closed() == 1008
        assert [each["type"] for each in client.seen[2:]] == ["refused"] * 10 + ["bye"]
        await until(lambda: running.statistics.ended == {"too_many_errors": 1})


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


def deaf_socket(running: Running) -> socket.socket:
    """Connect with a receive buffer so small that a client that does not read is soon felt."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", int(running.url.rpartition(":")[2])))
    return made


class Deaf:
    """A client on a bare socket, which reads only when told to."""

    def __init__(self, running: Running) -> None:
        self.stream = trio.SocketStream(trio.socket.from_stdlib_socket(deaf_socket(running)))
        self.protocol = WSConnection(ConnectionType.CLIENT)

    async def greet(self) -> None:
        await self.stream.send_all(self.protocol.send(Request(host="x", target="/", subprotocols=[VERSION])))
        self.protocol.receive_data(await self.stream.receive_some(4096))
        list(self.protocol.events())
        await self.say(HELLO)

    async def say(self, message: dict[str, Any]) -> None:
        await self.stream.send_all(self.protocol.send(TextMessage(data=json.dumps(message))))

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Read from now on, to the end of the stream."""
        text = ""
        with trio.fail_after(20):
            while data := await self.stream.receive_some(65_536):
                self.protocol.receive_data(bytes(data))
                for event in self.protocol.events():
                    if isinstance(event, TextMessage):
                        text += event.data
                        if event.message_finished:
                            yield json.loads(text)
                            text = ""

    async def reset(self) -> None:
        """Leave with a TCP reset."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


SMALL_QUEUE = {"port": 0, "queue_messages": 20, "send_s": 30.0, "ping_s": 30.0, "idle_s": 60.0}


async def talk(client: Wire, name: str, times: int) -> None:
    """Make `times` large deltas and read every answer and delta of them."""
    for number in range(times):
        note = {"type": "note", "id": f"{name}{number}", "incident": "I1", "text": "x" * 2000}
        answer = await client.ask(note, f"{name}{number}")
        if not any(each.get("seq") == answer["seq"] for each in client.seen if each["type"] == "delta"):
            await client.until(type="delta", seq=answer["seq"])


async def test_a_slow_client_starts_over_and_delays_nobody(tmp_path: Path) -> None:
    """While one client reads nothing, another gets every delta; when it reads again, it is brought up to date."""
    async with serve_place(tmp_path, cad=CadConfig(**SMALL_QUEUE)) as running, wire(running) as client:  # type: ignore[arg-type]
        slow = Deaf(running)
        await slow.greet()
        await client.ask({**FIRE, "id": "c1"}, "c1")
        await talk(client, "n", 60)
        deltas = [each for each in client.seen if each["type"] == "delta"]
        assert [each["prev"] for each in deltas[1:]] == [each["seq"] for each in deltas[:-1]]
        assert running.statistics.resyncs == 0
        seq, known, resyncs = None, [], 0
        async for message in slow.messages():
            if message["type"] == "snapshot":
                seq = message["seq"]
                known = message["incidents"]
            elif message["type"] == "delta":
                assert message["prev"] == seq
                seq, known = message["seq"], message["incidents"]
            resyncs += message["type"] == "resync"
            if resyncs and seq == running.board.last_update:
                break
        assert (resyncs, running.statistics.resyncs) == (1, 1)
        assert len(known[0]["notes"]) == 60
        await talk(client, "m", 1)
        async for message in slow.messages():
            assert (message["type"], message["prev"]) == ("delta", seq)
            break
        await slow.reset()


async def test_a_client_that_is_slow_too_often_or_too_long_is_cut_off(tmp_path: Path) -> None:
    """After the last overflow it is told 1013; one that takes nothing at all is cut when the send has its time."""
    config = CadConfig(**{**SMALL_QUEUE, "max_overflows": 1})  # type: ignore[arg-type]
    async with serve_place(tmp_path / "a", cad=config) as running, wire(running) as client:
        slow = Deaf(running)
        await slow.greet()
        await client.ask({**FIRE, "id": "c1"}, "c1")
        await talk(client, "n", 60)
        last = {}
        async for message in slow.messages():
            last = message
            if message["type"] == "bye":
                break
        assert (last["type"], last["code"]) == ("bye", 1013)
        await slow.reset()
        await until(lambda: running.statistics.ended == {"slow": 1})
    config = CadConfig(**{**SMALL_QUEUE, "send_s": 0.1})  # type: ignore[arg-type]
    async with serve_place(tmp_path / "b", cad=config) as running, wire(running) as client:
        slow = Deaf(running)
        await slow.greet()
        await client.ask({**FIRE, "id": "c1"}, "c1")
        await talk(client, "n", 30)
        await until(lambda: running.statistics.ended == {"slow": 1})
        await slow.reset()


async def test_resets_and_faults_never_reach_another_connection(tmp_path: Path) -> None:
    """Twenty TCP resets and a fault of our own inside one connection: counted, and the others go on."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        for _ in range(20):
            rude = Deaf(running)
            await rude.greet()
            await rude.say({**FIRE, "id": "c1"})
            await rude.reset()
        await until(lambda: sum(running.statistics.ended.values()) == 20)
        async with wire(running) as faulty:
            inside = next(reversed(running.hub._listeners))
            inside._session.feed = None  # type: ignore[attr-defined]  # a fault of ours, planted
            await faulty.send({"type": "ping", "id": "p"})
            assert await faulty.closed() == 1011
        assert (running.statistics.faults, running.statistics.ended["fault"]) == (1, 1)
        assert (await client.ask({**FIRE, "id": "last"}, "last"))["type"] == "answer"
        assert running.statistics.connections == 1


async def test_a_ping_into_our_goodbye_does_not_stop_the_server(tmp_path: Path) -> None:
    """The WebSocket library raises in its own task when a ping follows our close frame: that stays in its connection."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        rude = Deaf(running)
        pings = [WSConnection(ConnectionType.CLIENT) for _ in range(1)]
        await rude.greet()
        for _ in range(10):
            await rude.stream.send_all(rude.protocol.send(TextMessage(data="{")))
        del pings
        await rude.stream.send_all(rude.protocol.send(Ping(payload=b"x")))
        await until(lambda: running.statistics.ended.get("too_many_errors") == 1)
        await rude.stream.send_all(rude.protocol.send(Ping(payload=b"y")))
        await until(lambda: running.statistics.connections == 1)
        assert (await client.ask({**FIRE, "id": "last"}, "last"))["type"] == "answer"
        await rude.stream.aclose()


async def test_the_silent_are_sent_away(tmp_path: Path) -> None:
    """No handshake, no hello, no pong: each has its time, and its name in the counts."""
    config = CadConfig(port=0, handshake_s=0.1, hello_s=0.1, ping_s=0.05, idle_s=0.15, grace_s=0.1)
    async with serve_place(tmp_path, cad=config) as running, wire(running) as client:
        mute = trio.SocketStream(trio.socket.from_stdlib_socket(deaf_socket(running)))
        await until(lambda: running.statistics.ended.get("no_handshake") == 1)
        assert await mute.receive_some(10) == b""
        await mute.aclose()
        async with wire(running, None) as shy:
            assert await shy.closed() == 1008
        assert running.statistics.ended["no_hello"] == 1
        gone = Deaf(running)
        await gone.greet()
        await until(lambda: running.statistics.ended.get("idle") == 1)
        await gone.stream.aclose()
        await until(lambda: running.statistics.connections == 1)
        assert (await client.ask({**FIRE, "id": "last"}, "last"))["type"] == "answer"


async def test_connections_are_counted_in_all_and_by_principal(tmp_path: Path) -> None:
    """One too many of a principal is refused by name; one too many at all by the handshake."""
    config = CadConfig(port=0, max_connections=3, max_per_principal=2)
    async with serve_place(tmp_path, cad=config) as running, wire(running), wire(running):
        async with wire(running, None) as third:
            await third.send(HELLO)
            assert await third.closed() == 1013
            assert third.seen[0]["code"] == "too_many_connections"
        await until(lambda: running.statistics.connections == 2)
        async with wire(running, {**HELLO, "token": token("desk")}):
            with pytest.raises(ConnectionRejected) as rejected:
                async with wire(running):
                    pass
            assert rejected.value.status_code == 503
        assert running.statistics.ended["turned_away"] == 1


async def test_another_subprotocol_is_refused_by_the_handshake(tmp_path: Path) -> None:
    """400; without any subprotocol the client is taken at its hello."""
    async with serve_place(tmp_path) as running:
        with pytest.raises(ConnectionRejected) as rejected:
            async with open_websocket_url(running.url, subprotocols=["turnout.cad.v9"]):
                pass
        assert rejected.value.status_code == 400
        async with open_websocket_url(running.url) as connection:
            plain = Wire(connection)
            await plain.send(HELLO)
            assert (await plain.next())["type"] == "welcome"


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
            seen = next(unit for unit in snapshot["units"] if unit["id"] == "M1")
            assert seen["lat"] == pytest.approx(41.52, abs=1e-5)


async def test_a_stop_tells_every_client_to_come_back(tmp_path: Path) -> None:
    """A goodbye and 1012, not a torn line; and the stop is not held up by one that does not listen."""
    ends = []

    async def stay(client: Wire, started: trio.Event) -> None:
        started.set()
        ends.append((await client.closed(), client.seen[-1]["type"]))

    async with trio.open_nursery() as nursery:
        opened, running_box, stop = trio.Event(), [], trio.Event()

        async def server() -> None:
            async with serve_place(tmp_path, cad=CadConfig(port=0, grace_s=0.5)) as running:
                running_box.append(running)
                opened.set()
                await stop.wait()

        nursery.start_soon(server)
        await opened.wait()
        deaf = Deaf(running_box[0])
        await deaf.greet()
        for _ in range(3):
            started = trio.Event()

            async def client(started: trio.Event = started) -> None:
                async with wire(running_box[0]) as made:
                    await stay(made, started)

            nursery.start_soon(client)
            await started.wait()
        with trio.fail_after(10):
            stop.set()
            while len(ends) < 3:
                await trio.sleep(0.01)
        await deaf.stream.aclose()
    assert ends == [(1012, "bye")] * 3


async def test_what_goes_over_the_wire_fits_the_committed_schema(tmp_path: Path) -> None:
    """A recorded conversation, with refusals, alarms and positions, validates message by message."""
    jsonschema = pytest.importorskip("jsonschema")
    from gateways.cad.schema import FOLDER

    read = [json.loads((FOLDER / name).read_text()) for name in ("cad.v1.server.json", "cad.v1.client.json")]
    server, outgoing = (jsonschema.Draft202012Validator(each) for each in read)
    async with serve_place(tmp_path) as running, wire(running) as client:
        said = [
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
        await client.until(type="positions")
        for seen in client.seen:
            server.validate(seen)
        kinds = {each["type"] for each in client.seen}
        assert kinds >= {"welcome", "snapshot", "delta", "positions", "answer", "refused"}


def test_the_report_helper_is_typed() -> None:
    """The messages are plain typed objects: a wrong field fails where it is written."""
    with pytest.raises(TypeError):
        ReportIncident(id="1", type="fire", lat=41.5, lon=-90.5)  # type: ignore[call-arg]
