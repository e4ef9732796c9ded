"""Nobody outside can stop the listener or make it wait: silence, garbage, resets and a subscriber that does not read."""

import json
import socket
import struct
from pathlib import Path

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import Request, TextMessage

from engine.model.inputs import AddNote
from gateways.eido.config import Listen
from tests.builders import token
from tests.live.eido_live import WAIT_S, Stranger, Telling, telling


async def bare(town: Telling) -> trio.SocketStream:
    """Connect a socket that is felt soon if it does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.connect(("127.0.0.1", int(town.url.split(":")[2].split("/")[0])))
    return trio.SocketStream(trio.socket.from_stdlib_socket(made))


async def until_ended(town: Telling, *causes: str) -> None:
    with trio.fail_after(WAIT_S):
        while not set(causes) <= set(town.source.statistics.ended):  # noqa: ASYNC110  plain counters have no event
            await trio.sleep(0.01)


async def test_whoever_does_not_shake_hands_or_sends_garbage_goes_alone(tmp_path: Path) -> None:
    async with telling(tmp_path, Listen(handshake_s=0.5, first_s=0.5)) as town:
        silent, garbled, reset = await bare(town), await bare(town), await bare(town)
        await garbled.send_all(b"\x00\xff\r\n\r\n" * 50)
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await reset.aclose()
        await until_ended(town, "no_handshake")
        async with Stranger(town.url) as idle:
            assert await idle.closed() == 1000
        await until_ended(town, "no_subscription")
        async with Stranger(town.url) as stranger:
            assert (await stranger.subscribe())["statusCode"] == 200
        assert town.source.statistics.faults == 0
        await silent.aclose()
        await garbled.aclose()


async def test_a_subscriber_that_takes_nothing_is_cut_off_and_the_others_are_told_at_once(tmp_path: Path) -> None:
    async with telling(tmp_path, Listen(send_s=0.5, unanswered_max=1_000)) as town:
        theft = await town.report("theft")
        deaf, protocol = await bare(town), WSConnection(ConnectionType.CLIENT)
        headers = [(b"authorization", f"Bearer {token('cad')}".encode())]
        opening = Request(host="x", target="/", subprotocols=["emergency-ent1.0"], extra_headers=headers)
        await deaf.send_all(protocol.send(opening))
        protocol.receive_data(bytes(await deaf.receive_some(4_096)))
        assert list(protocol.events())
        request = {"subscribe": {"requestId": "r", "requestType": "EIDO"}}
        await deaf.send_all(protocol.send(TextMessage(data=json.dumps(request))))
        async with Stranger(town.url) as other:
            await other.subscribe()
            await other.incidents()
            number = 0
            with trio.fail_after(120):
                while "slow" not in town.source.statistics.ended:
                    number += 1
                    await town.do(AddNote, incident=theft, text=f"{number} {'x' * 3_000}")
                    (told,) = await other.incidents()
                    assert told["notesComponent"][-1]["notesActionComments"].startswith(str(number))
        assert number > 1  # told again and again, while the one that takes nothing was still waited for
        assert town.source.statistics.faults == 0
        await deaf.aclose()
