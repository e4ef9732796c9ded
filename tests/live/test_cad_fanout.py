"""An event reaches everybody at once, whoever else does not read: shown by what came before what, never by a clock."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import trio

from gateways.cad import CadConfig
from gateways.cad.connection import Connection
from tests.builders import Running, serve_place
from tests.live.cad_kit import FIRE, HELLO, Deaf, Wire, until, wire

PATIENT = {"port": 0, "send_s": 60.0, "ping_s": 60.0, "idle_s": 120.0, "max_per_principal": 100}
FOLLOWERS = 12
BURST = 100
FOLLOW: dict[str, Any] = {**HELLO, "positions": False}


def connections(running: Running) -> list[Connection]:
    return [each for each in running.hub.pump.stream.followers if isinstance(each, Connection)]


async def burst(client: Wire, first: int) -> None:
    for number in range(first, first + BURST):
        await client.send({"type": "note", "id": f"n{number}", "incident": "I1", "text": str(number)})
    for _ in range(BURST):
        await client.until(type="answer")


async def test_who_stops_reading_in_the_middle_of_a_burst_delays_nobody(tmp_path: Path) -> None:
    """Each delta is with all others before the next is made, while one send, which may last a minute, still waits."""
    config = CadConfig(**{**PATIENT, "queue_messages": 20, "queue_bytes": 100_000})  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(serve_place(tmp_path, cad=config))
        commander = await stack.enter_async_context(wire(running))
        followers = [await stack.enter_async_context(wire(running, FOLLOW)) for _ in range(FOLLOWERS)]
        deaf = Deaf(running)
        await deaf.greet()
        await deaf.next()
        await until(lambda: len(connections(running)) == FOLLOWERS + 2)
        held = connections(running)[-1]
        waited: list[int] = []
        running.board.on_update.append(lambda _: waited.append(held._outbox._bytes))
        await commander.ask({**FIRE, "id": "c1"}, "c1")
        for number in range(BURST):
            note = {"type": "note", "id": f"n{number}", "incident": "I1", "text": "x" * 400}
            seq = (await commander.ask(note, f"n{number}"))["seq"]
            for follower in followers:
                await follower.until(type="delta", seq=seq)
        assert held._sending
        assert (running.statistics.resyncs, running.statistics.ended) == (0, {})
        assert 50_000 < max(waited) <= config.queue_bytes
        assert len(held._outbox._queue) <= 20
        while (await deaf.next())["type"] != "resync":
            pass
        assert (await deaf.next())["type"] == "snapshot"
        await deaf.reset()


async def test_what_comes_together_goes_together_and_stays_whole(tmp_path: Path) -> None:
    """Answers, deltas, pings and positions of a burst, mixed on every connection: all of it is read, in order."""
    config = CadConfig(**{**PATIENT, "ping_s": 0.02})  # type: ignore[arg-type]
    async with serve_place(tmp_path, cad=config) as running, wire(running) as one, wire(running) as two:
        await one.ask({**FIRE, "id": "c1"}, "c1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(burst, one, 0)
            nursery.start_soon(burst, two, BURST)
            for row in range(12):
                running.service.positions.put(row, 10, 10, running.service.clock.now(), -1, -1)
        for client in (one, two):
            while sum(each["type"] == "delta" for each in client.seen) < 2 * BURST + 1:
                await client.next()
            deltas = [each for each in client.seen if each["type"] == "delta"]
            assert [each["prev"] for each in deltas[1:]] == [each["seq"] for each in deltas[:-1]]
        assert running.statistics.faults == 0


async def test_a_follower_that_fails_within_a_push_harms_no_other(tmp_path: Path) -> None:
    """A fault of ours, planted where the pump sends: it ends that connection alone."""
    async with serve_place(tmp_path) as running, wire(running) as client, wire(running) as faulty:
        await faulty.until(type="snapshot")
        connections(running)[-1]._wire.send_now = None  # type: ignore[assignment, method-assign]
        answer = await client.ask({**FIRE, "id": "c1"}, "c1")
        assert answer["type"] == "answer"
        assert await faulty.closed() == 1011
        assert running.statistics.faults == 1
        assert (await client.ask({**FIRE, "id": "c2"}, "c2"))["type"] == "answer"
