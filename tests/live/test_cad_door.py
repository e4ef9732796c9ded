"""The door of the CAD listener when many come at once, after a restart or in bad faith."""

import socket
from pathlib import Path

import trio

from gateways.cad import CadConfig
from gateways.cad.socket import APART_MS, HANDSHAKES
from tests.builders import Running, serve_place
from tests.live.cad_kit import FIRE, until, wire

CROWD = 3 * HANDSHAKES


async def test_a_crowd_that_comes_at_once_is_let_in_one_and_all(tmp_path: Path) -> None:
    """Three times as many as have a turn at once: all are greeted from one snapshot, and none is counted as failed."""
    config = CadConfig(port=0, max_per_principal=CROWD)
    greeted: list[str] = []

    async def come(running: Running) -> None:
        async with wire(running) as client:
            greeted.append((await client.next())["type"])

    async with serve_place(tmp_path, cad=config) as running:
        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                for _ in range(CROWD):
                    nursery.start_soon(come, running)
        await until(lambda: running.statistics.connections == 0)
        assert greeted == ["snapshot"] * CROWD
        assert running.statistics.snapshots == 1
        assert running.statistics.ended == {"gone": CROWD}
        assert running.statistics.faults == 0


async def test_who_says_nothing_keeps_nobody_out(tmp_path: Path) -> None:
    """More mute ones than have a turn at once, with a minute each: a client that speaks is let in beside them."""
    config = CadConfig(port=0, handshake_s=60.0)
    async with serve_place(tmp_path, cad=config) as running:
        mute = [connected(running) for _ in range(CROWD)]
        await until(lambda: running.statistics.connections == CROWD)
        async with wire(running) as client:
            assert (await client.ask({**FIRE, "id": "c1"}, "c1"))["type"] == "answer"
        assert running.statistics.connections >= CROWD
        for each in mute:
            each.close()
        await until(lambda: running.statistics.connections == 0)


async def test_who_stops_in_the_middle_of_a_handshake_loses_its_turn(tmp_path: Path) -> None:
    """However many begin and do not go on, each holds a turn for its time alone, and others are let in after it."""
    config = CadConfig(port=0, handshake_s=0.2)
    async with serve_place(tmp_path, cad=config) as running:
        halting = [connected(running) for _ in range(HANDSHAKES)]
        for each in halting:
            each.sendall(b"GET / HTTP/1.1\r\n")
        await until(lambda: running.statistics.ended.get("no_handshake") == HANDSHAKES)
        async with wire(running) as client:
            assert (await client.next())["type"] == "snapshot"
        assert running.statistics.faults == 0
        for each in halting:
            each.close()


async def test_a_restart_tells_each_client_another_time_to_come_back(tmp_path: Path) -> None:
    """They are spread by what it takes to welcome one."""
    ends: list[int] = []
    async with trio.open_nursery() as nursery:

        async def listen(running: Running, task_status: trio.TaskStatus[None]) -> None:
            async with wire(running) as client:
                task_status.started()
                await client.closed()
                ends.append(client.seen[-1]["retry_after_ms"])

        async with serve_place(tmp_path) as running:
            for _ in range(5):
                await nursery.start(listen, running)
    assert sorted(ends) == [number * APART_MS for number in range(5)]


def connected(running: Running) -> socket.socket:
    """Return a bare connection that has said nothing."""
    return socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])))
