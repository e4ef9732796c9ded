"""The client that demo and load tests use: it knows what it was told, and loses nothing over a lost connection."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request

from gateways.cad import CadConfig
from gateways.cad.client import (
    CadClient,
    Disconnected,
    FellBehind,
    Refused,
    Updates,
    connect,
    dial,
    new_id,
    reconnecting,
)
from gateways.cad.connection import Connection
from gateways.cad.messages import VERSION, Delta
from gateways.cad.mirror import Gap, Mirror
from gateways.cad.socket import RESTART
from gateways.vocabulary.incident_messages import Note, ReportIncident
from tests.builders import Running, serve_place, token
from tests.live.cad_kit import hold, let_go, until


def fire(name: str | None = None, external: str = "") -> ReportIncident:
    return ReportIncident(id=name or new_id(), incident_type="fire", lat=41.5, lon=-90.5, external=external)


async def seen(client: CadClient, holds: Callable[[Mirror], bool]) -> None:
    with trio.fail_after(120):
        while not holds(client.mirror):
            await client.changed()


def cut(running: Running) -> None:
    """End every connection of the server, in the middle of whatever it does."""
    for connection in running.hub.pump.stream.followers:
        assert isinstance(connection, Connection)
        connection.leave(RESTART)


async def test_the_mirror_shows_the_board(tmp_path: Path) -> None:
    """What one client does, another sees: incidents, units, and their end."""
    async with (
        serve_place(tmp_path) as running,
        connect(running.url, token("cad")) as one,
        connect(running.url, token("desk")) as other,
    ):
        answer = await one.ask(fire())
        assert answer.incident == "I1"
        await seen(other, lambda mirror: "I1" in mirror.incidents)
        board = running.board.snapshot()
        assert list(other.mirror.incidents.values()) == list(board.incidents)
        assert list(other.mirror.units.values()) == list(board.units)
        await one.ask(ReportIncident(id=new_id(), incident_type="theft", lat=41.5, lon=-90.5))
        assert one.mirror.gaps == other.mirror.gaps == 0


async def test_refusals_are_raised(tmp_path: Path) -> None:
    """With code, field and reason; a refused hello likewise."""
    async with serve_place(tmp_path) as running:
        async with connect(running.url, token("cad")) as client:
            with pytest.raises(Refused, match="There is no incident") as refused:
                await client.ask(Note(id="n", incident="I7", text="x"))
            assert (refused.value.code, refused.value.refusal.field) == ("unknown_incident", "incident")
        with pytest.raises(Refused, match="unauthenticated"):
            async with connect(running.url, "cad.wrong"):
                pass
        async with reconnecting(running.url, "cad.wrong") as client:
            await client.until_lost()
            with pytest.raises(Refused, match="unauthenticated"):
                await client.ask(fire())


async def test_a_lost_connection_is_said(tmp_path: Path) -> None:
    """A plain client raises Disconnected to those who wait and those who come later, and its updates end."""
    async with serve_place(tmp_path) as running, connect(running.url, token("cad")) as client:
        updates = client.updates()
        hold(running)
        raised = []

        async def wait_in_vain() -> None:
            try:
                await client.ask(fire())
            except Disconnected as error:
                raised.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_in_vain)
            await until(lambda: running.statistics.commands == 1)
            cut(running)
        assert len(raised) == 1
        with pytest.raises(Disconnected, match="going down"):
            await client.ask(fire())
        assert [delta async for delta in updates] == []
        assert isinstance(await client.until_lost(), Disconnected)


async def test_an_answer_has_its_time(tmp_path: Path) -> None:
    """An engine that says nothing ends the wait, not the client; the same id may then be asked again."""
    async with serve_place(tmp_path) as running, connect(running.url, token("cad")) as client:
        hold(running)
        with pytest.raises(trio.TooSlowError):
            await client.ask(fire("c1"), within_s=0.1)
        let_go(running)
        assert (await client.ask(fire("c1"))).incident == "I1"


async def test_one_id_waits_once(tmp_path: Path) -> None:
    """Asking twice at the same time under one id is a mistake of the caller."""
    async with (
        serve_place(tmp_path) as running,
        connect(running.url, token("cad")) as client,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(client.ask, fire("c1"))
        while "c1" not in client._asked:
            await trio.lowlevel.checkpoint()
        with pytest.raises(ValueError, match="'c1' is waiting"):
            await client.ask(fire("c1"))


async def test_commands_survive_lost_connections(tmp_path: Path) -> None:
    """Eighty commands while the server hangs up twenty times: each happens once and is answered, and no delta is missed."""
    async with serve_place(tmp_path) as running, reconnecting(running.url, token("cad")) as client:
        await seen(client, lambda mirror: mirror.seq is not None)
        updates, answers, told = client.updates(), {}, []

        async def report(number: int) -> None:
            answers[number] = (await client.ask(fire(f"c{number}", str(number)), within_s=30)).incident

        async def follow() -> None:
            told.extend([delta.seq async for delta in updates])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            async with trio.open_nursery() as askers:
                for number in range(80):
                    askers.start_soon(report, number)
                    await trio.sleep(0.005)
                    if number % 4 == 0:
                        cut(running)
            await seen(client, lambda mirror: mirror.seq == running.board.last_update)
            updates.finish()
        incidents = running.service.world.incidents
        assert len(incidents) == 80
        assert {incidents[name or ""].external for name in answers.values()} == {str(number) for number in range(80)}
        assert client.connections > 1
        assert running.statistics.resumed == client.connections - 1
        assert (client.mirror.gaps, client.mirror.snapshots) == (0, 1)
        assert told == sorted(set(told))
        assert len(told) == client.mirror.deltas
        assert list(client.mirror.incidents.values()) == list(running.board.snapshot().incidents)


async def test_a_command_survives_the_server(tmp_path: Path) -> None:
    """Decided and durable, but not answered when the server went down: asked again of the next, it happened once."""
    port, answers = 0, []
    async with trio.open_nursery() as nursery:

        async def report(client: CadClient) -> None:
            answers.append(await client.ask(fire("c1"), within_s=60))

        async with serve_place(tmp_path) as running:
            port = int(running.url.rpartition(":")[2])
            client = await nursery.start(keep_a_client, running.url)
            await seen(client, lambda mirror: mirror.seq is not None)
            held = hold(running)
            nursery.start_soon(report, client)
            await until(lambda: bool(held))
        assert answers == []
        async with serve_place(tmp_path, cad=CadConfig(port=port)) as running:
            await until(lambda: bool(answers))
            assert answers[0].incident == "I1"
            assert len(running.service.world.incidents) == 1
            await seen(client, lambda mirror: "I1" in mirror.incidents)
            assert (client.mirror.snapshots, client.mirror.gaps) == (2, 0)
        nursery.cancel_scope.cancel()


async def keep_a_client(url: str, task_status: trio.TaskStatus[CadClient]) -> None:
    async with reconnecting(url, token("cad")) as client:
        task_status.started(client)
        await trio.sleep_forever()


async def test_giving_up_is_said() -> None:
    """Where there is no server for long enough, the reason is raised to everyone who waits."""
    async with reconnecting("ws://127.0.0.1:9", token("cad"), give_up_s=0.2) as client:
        with pytest.raises(Exception, match=r"connect|HandshakeError|refused|^$"):
            await client.ask(fire())
        assert client._over is not None


def delta(seq: int, prev: int) -> Delta:
    return Delta(
        seq=seq, prev=prev, at_ms=0, incidents=(), units=(), alarms=(), cleared=(), recommendations=(), events=()
    )


def test_a_gap_or_a_repeat_is_noticed() -> None:
    """The mirror takes nothing that does not follow on what it has."""
    mirror = Mirror()
    mirror.seq = 4
    mirror.take(delta(6, 4))
    for wrong in (delta(9, 8), delta(6, 4)):
        with pytest.raises(Gap):
            mirror.take(wrong)
    assert (mirror.seq, mirror.gaps) == (6, 2)


async def test_a_slow_reader_of_updates_is_told() -> None:
    """What fits waits for it; then it learns that some were left out."""
    updates = Updates(2)
    for seq in range(1, 5):
        updates.offer(delta(seq, seq - 1))
    assert [(await anext(updates)).seq, (await anext(updates)).seq] == [1, 2]
    with pytest.raises(FellBehind):
        await anext(updates)


async def ping_at_the_close(stream: trio.SocketStream) -> None:
    """Serve a WebSocket, and answer the client's close with a ping before the close."""
    protocol = WSConnection(ConnectionType.SERVER)
    while data := await stream.receive_some(65_536):
        protocol.receive_data(bytes(data))
        for event in protocol.events():
            if isinstance(event, Request):
                await stream.send_all(protocol.send(AcceptConnection(subprotocol=VERSION)))
            elif isinstance(event, CloseConnection):
                await stream.send_all(b"\x89\x01p")
                await trio.sleep(0.01)
                await stream.send_all(protocol.send(event.response()))
                await stream.aclose()
                return


async def test_a_ping_that_crosses_our_close_harms_nobody() -> None:
    """The library fails over a pong that it may no longer send; whoever leaves must not hear of it."""
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, ping_at_the_close, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        port = listener.socket.getsockname()[1]
        left = False
        async with dial(f"ws://127.0.0.1:{port}"):
            pass
        left = True
        nursery.cancel_scope.cancel()
    assert left


async def test_a_cancelled_client_is_cancelled(tmp_path: Path) -> None:
    """What is passed over at the close is the library's own cancellation, never ours."""
    async with serve_place(tmp_path) as running:
        with trio.move_on_after(0.05) as scope:
            async with connect(running.url, token("cad")):
                await trio.sleep_forever()
        assert scope.cancelled_caught


async def test_everybody_who_waits_for_a_change_hears_of_it(tmp_path: Path) -> None:
    """Two tasks of one program wait on the same client: neither takes the news from the other."""
    heard: list[str] = []

    async def wait(name: str, client: CadClient) -> None:
        await client.changed()
        heard.append(name)

    async with serve_place(tmp_path) as running, connect(running.url, token("cad")) as client:
        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait, "one", client)
                nursery.start_soon(wait, "two", client)
                await trio.lowlevel.checkpoint()
                await client.ask(fire())
    assert sorted(heard) == ["one", "two"]
