"""No client of the CAD listener harms another: slow, silent, rude, too many, or the server itself going down."""

from pathlib import Path

import trio
from wsproto.events import Ping, TextMessage

from gateways.cad import CadConfig
from gateways.cad.client import dial
from gateways.cad.messages import VERSION
from tests.builders import Running, serve_place, token
from tests.live.cad_kit import FIRE, HELLO, Deaf, Wire, deaf_socket, until, wire

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
        seq, notes, resyncs = None, 0, 0
        while not (resyncs and seq == running.board.last_update):
            message = await slow.next()
            resyncs += message["type"] == "resync"
            if message["type"] in ("snapshot", "delta"):
                assert message.get("prev", seq) == seq
                seq = message["seq"]
                notes = len(message["incidents"][0]["notes"]) if message["incidents"] else 0
        assert (resyncs, running.statistics.resyncs, notes) == (1, 1, 60)
        await talk(client, "m", 1)
        message = await slow.next()
        assert (message["type"], message["prev"]) == ("delta", seq)
        await slow.reset()


async def test_a_client_that_is_slow_too_often_or_too_long_is_cut_off(tmp_path: Path) -> None:
    """After the last overflow it is told 1013; one that takes nothing at all is cut when the send has its time."""
    config = CadConfig(**{**SMALL_QUEUE, "max_overflows": 1})  # type: ignore[arg-type]
    async with serve_place(tmp_path / "a", cad=config) as running, wire(running) as client:
        slow = Deaf(running)
        await slow.greet()
        await client.ask({**FIRE, "id": "c1"}, "c1")
        await talk(client, "n", 60)
        while (message := await slow.next())["type"] != "bye":
            pass
        assert message["code"] == 1013
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
            inside = running.hub.pump.stream.followers[-1]
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
        await rude.greet()
        for _ in range(10):
            await rude.stream.send_all(rude.protocol.send(TextMessage(data="{")))
        await rude.stream.send_all(rude.protocol.send(Ping(payload=b"x")))
        await until(lambda: running.statistics.ended.get("too_many_errors") == 1)
        await rude.stream.send_all(rude.protocol.send(Ping(payload=b"y")))
        await until(lambda: running.statistics.connections == 1)
        assert running.statistics.ended["websocket_error"] == 1
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
            late = Deaf(running)
            assert await late.handshake(VERSION) == 503
            await late.reset()
        assert running.statistics.ended["turned_away"] == 1


async def test_another_subprotocol_is_refused_by_the_handshake(tmp_path: Path) -> None:
    """400; without any subprotocol the client is taken at its hello."""
    async with serve_place(tmp_path) as running:
        stranger = Deaf(running)
        assert await stranger.handshake("turnout.cad.v9") == 400
        await stranger.reset()
        async with dial(running.url, subprotocols=()) as connection:
            plain = Wire(connection)
            await plain.send(HELLO)
            assert (await plain.next())["type"] == "welcome"


async def test_a_stop_tells_every_client_to_come_back(tmp_path: Path) -> None:
    """A goodbye and 1012, not a torn line; and the stop is not held up by one that does not listen."""
    ends = []
    async with trio.open_nursery() as nursery:
        stop, opened = trio.Event(), trio.Event()
        servers: list[Running] = []

        async def server() -> None:
            async with serve_place(tmp_path, cad=CadConfig(port=0, grace_s=0.5)) as running:
                servers.append(running)
                opened.set()
                await stop.wait()

        async def listen(task_status: trio.TaskStatus[None]) -> None:
            async with wire(servers[0]) as client:
                task_status.started()
                ends.append((await client.closed(), client.seen[-1]["type"]))

        nursery.start_soon(server)
        await opened.wait()
        deaf = Deaf(servers[0])
        await deaf.greet()
        for _ in range(3):
            await nursery.start(listen)
        stop.set()
    await deaf.stream.aclose()
    assert ends == [(1012, "bye")] * 3
