"""The JSON-lines listener over real sockets: the good are served, the bad told and shown the door."""

import socket
import struct
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import trio
from trio.testing import lockstep_stream_pair, wait_all_tasks_blocked

from gateways.telematics import JsonLines, tcp
from gateways.telematics.doors import Doorkeeper
from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from gateways.telematics.tcp import _Door, serve_stream
from tests.telematics_kit import per_fix

NOW = 1_770_000_000_000
TOKEN = b'{"token":"right"}\n'


class Feed(msgspec.Struct, frozen=True):
    name: str = "vehicles"
    units: frozenset[str] | None = None


def line(second: int, device: str = "av-1") -> bytes:
    fix = {"device": device, "lat": 52.0, "lon": 5.0, "time_ms": NOW - 100_000 + second * 1_000}
    return msgspec.json.encode(fix) + b"\n"


class Yard:
    """A listener on a free port, and what came through it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.moves: list[tuple[str, Fix]] = []
        devices = {f"av-{i}": f"AMB-{i}" for i in range(3_000)}
        roster = Roster(devices)
        self.intake = Intake(roster, HygieneSettings(), per_fix(roster, self.move), lambda: NOW)
        self.port = 0

    def move(self, unit: str, fix: Fix) -> None:
        if unit == "AMB-13":
            raise RuntimeError("a fault of ours, planted")
        self.moves.append((unit, fix))

    async def listen(self, **limits: float) -> None:
        config = msgspec.structs.replace(JsonLines(port=0), **limits)

        def authorise(token: str | None) -> Feed | None:
            return Feed() if token == "right" else None

        async def serve(task_status: trio.TaskStatus[list[trio.SocketListener]]) -> None:
            await serve_stream(config, self.intake, authorise, lambda _name: None, task_status=task_status)

        (listener,) = await self.nursery.start(serve)
        self.port = listener.socket.getsockname()[1]

    async def connect(self, data: bytes = TOKEN) -> trio.SocketStream:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        await stream.send_all(data)
        return stream

    def event(self, name: str) -> int:
        return self.intake.statistics().events.get(name, 0)


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    async with trio.open_nursery() as nursery:
        yield Yard(nursery)
        nursery.cancel_scope.cancel()


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(120):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in plain counters, not in tasks
            await trio.sleep(0.005)


async def answers(stream: trio.SocketStream) -> list[dict[str, str]]:
    """All answers until the listener closes."""
    received = b""
    with trio.fail_after(120):
        async for data in stream:
            received += data
    return [msgspec.json.decode(text) for text in received.splitlines()]


async def test_fixes_move_units(yard: Yard) -> None:
    """The token and the first fixes may come in one piece or byte by byte."""
    await yard.listen()
    async with await yard.connect(TOKEN + line(1) + line(2)) as stream:
        for byte in line(3):
            await stream.send_all(bytes([byte]))
        await until(lambda: len(yard.moves) == 3)
    assert [fix.fix_ms for _, fix in yard.moves] == [NOW - 100_000 + s * 1_000 for s in (1, 2, 3)]
    assert yard.event("connection") == 1


async def test_a_large_burst_is_taken_in_turns(yard: Yard) -> None:
    """3,000 fixes in one go all arrive, in order, while another connection is served."""
    await yard.listen()
    async with await yard.connect() as big, await yard.connect() as small:
        await big.send_all(b"".join(line(1, f"av-{i}") for i in range(3_000) if i not in {0, 13}))
        await small.send_all(line(1, "av-0"))
        await until(lambda: len(yard.moves) == 2_999)
    expected = [f"AMB-{i}" for i in range(3_000) if i not in {0, 13}]
    assert [unit for unit, _ in yard.moves if unit != "AMB-0"] == expected


@pytest.mark.parametrize("first", [b'{"token":"wrong"}\n', b"hello\n", line(1), b"\n", b"\xff\n", b"[" * 9_000 + b"\n"])
async def test_the_first_line_must_be_a_token(yard: Yard, first: bytes) -> None:
    """Anything else is answered once and closed; the fixes behind it are not taken."""
    await yard.listen()
    async with await yard.connect(first + line(1)) as stream:
        (answer,) = await answers(stream)
    assert answer["refused"] == "token"
    assert yard.moves == []
    assert yard.event("bad_token") == 1


async def test_a_first_line_without_end_is_cut_off(yard: Yard) -> None:
    """Past the line limit nothing more is kept."""
    await yard.listen()
    async with await yard.connect(b"x" * 20_000) as stream:
        assert (await answers(stream))[0] == {"refused": "token", "reason": "the first line is too long"}


async def test_a_token_must_come_in_time(yard: Yard) -> None:
    """Who says nothing, or dribbles, is told and closed."""
    await yard.listen(token_wait_s=0.1)
    async with await yard.connect(b"") as silent, await yard.connect(b'{"tok') as dribbling:
        for stream in (silent, dribbling):
            assert (await answers(stream))[0] == {"refused": "token", "reason": "none within 0.1 s"}


async def test_a_silent_connection_is_closed(yard: Yard) -> None:
    """After the idle limit it is told why."""
    await yard.listen(idle_s=0.1)
    async with await yard.connect() as stream:
        assert await answers(stream) == [{"refused": "connection", "reason": "silent for 0.1 s"}]
    assert yard.event("connection_idle") == 1


async def test_a_bad_line_is_answered_and_the_next_taken(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer names the field; a second mistake soon after is counted but not answered."""
    monkeypatch.setattr(tcp, "_ANSWER_EVERY_S", 3_600.0)
    await yard.listen()
    async with await yard.connect(TOKEN + b'{"device":"av-1","lat":"x"}\n' + line(1)) as stream:
        await until(lambda: len(yard.moves) == 1)
        await stream.send_all(b"?\n" + line(2))
        await until(lambda: len(yard.moves) == 2)
        await stream.send_eof()
        told = await answers(stream)
    assert told == [{"refused": "lat", "reason": "Expected `float`, got `str`"}]
    assert yard.event("malformed") == 2


@pytest.mark.parametrize("together", [True, False])
async def test_ten_bad_lines_end_the_connection(yard: Yard, together: bool) -> None:
    """The last answer says so; the good lines among them were taken; the sender's further bytes do no harm."""
    await yard.listen()
    async with await yard.connect() as stream:
        pieces = [line(1), *[b"?\n"] * 10, line(2)]
        for sent, piece in enumerate([b"".join(pieces)] if together else pieces):
            await stream.send_all(piece)
            if not together:  # each is read by itself
                await until(lambda sent=sent: len(yard.moves) + yard.event("malformed") > min(sent, 10))
        told = await answers(stream)
    assert told[-1]["refused"] == "connection"
    assert told[-1]["reason"].startswith("10 bad lines; the last: line: JSON is malformed")
    assert yard.event("malformed") == 10
    assert len(yard.moves) == (2 if together else 1)


async def test_the_last_answer_reaches_a_sender_that_is_still_sending(yard: Yard) -> None:
    """What it sends meanwhile is read away: bytes left unread would reset the connection and lose the answer."""
    await yard.listen()
    async with await yard.connect(TOKEN + b"?\n" * 10 + b"x" * 2_000_000) as stream:
        assert (await answers(stream))[-1]["refused"] == "connection"


async def test_connections_are_limited(yard: Yard) -> None:
    """One too many is told so; when one leaves, the next is served."""
    await yard.listen(max_connections=2)
    first, second = await yard.connect(), await yard.connect()
    await until(lambda: yard.event("connection") == 2)
    async with await trio.open_tcp_stream("127.0.0.1", yard.port) as third:
        assert (await answers(third))[0]["reason"] == "2 are open already; try later"
    await first.aclose()
    await wait_all_tasks_blocked(0.05)
    async with await yard.connect(TOKEN + line(1)):
        await until(lambda: len(yard.moves) == 1)
    await second.aclose()


async def test_resets_and_faults_never_stop_the_listener(yard: Yard) -> None:
    """Twenty resets in the middle of a line and one fault in our own sink: counted, and the next is served."""
    await yard.listen()
    for _ in range(20):
        stream = await yard.connect(TOKEN + b'{"dev')
        linger = struct.pack("ii", 1, 0)  # close with a reset
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await stream.aclose()
    async with await yard.connect(TOKEN + line(1, "av-13")) as faulty:
        assert await answers(faulty) == []
    async with await yard.connect(TOKEN + line(1)):
        await until(lambda: len(yard.moves) == 1)
    await until(lambda: yard.event("connection_reset") == 20)
    assert yard.event("connection_failed") == 1


async def test_a_sender_that_never_reads_is_dropped(yard: Yard) -> None:
    """Answers it does not read must not hold the connection for ever: the send has a deadline."""
    config = JsonLines(send_s=0.1)
    door = _Door(config, yard.intake, Doorkeeper(config, lambda _token: Feed(), lambda _name: None), None)
    client, ours = lockstep_stream_pair()  # here a send lasts until the other side has read
    yard.nursery.start_soon(door.welcome, ours)
    await client.send_all(TOKEN + b"?\n")
    await until(lambda: yard.event("connection_reset") == 1)
    assert yard.event("malformed") == 1


async def test_cancelling_ends_at_once() -> None:
    """With connections open and in the middle of a line, the listener stops when told, and the senders see it."""
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            yard = Yard(nursery)
            await yard.listen()
            streams = [await yard.connect(TOKEN + b'{"dev') for _ in range(5)]
            await until(lambda: yard.event("connection") == 5)
            nursery.cancel_scope.cancel()
        for stream in streams:
            assert await answers(stream) == []
            await stream.aclose()
    with pytest.raises(OSError, match="all attempts to connect"):
        await yard.connect()
