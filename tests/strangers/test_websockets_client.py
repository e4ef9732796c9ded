"""A client that we did not write (`websockets`, without trio) holds the whole conversation with the CAD listener."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateways.cad import CadConfig
from gateways.cad.messages import VERSION
from tests.builders import serve_place, token
from tests.live.cad_kit import FIRE, HELLO, until

WITHIN_S = 120.0
Message = dict[str, Any]


class Client:
    """Sends and reads whole messages; blocks, so it lives in a thread."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, message: Message) -> None:
        self.connection.send(json.dumps(message))

    def next(self) -> Message:
        message: Message = json.loads(self.connection.recv(WITHIN_S))
        return message

    def until(self, **fields: object) -> Message:
        while True:
            message = self.next()
            if all(message.get(name) == value for name, value in fields.items()):
                return message

    def ask(self, message: Message) -> Message:
        self.send(message)
        return self.until(id=message["id"])

    def closed(self) -> tuple[int, str]:
        """Read to the end; return the code and reason of the server's close frame."""
        with suppress(ConnectionClosed):
            while True:
                self.next()
        end = self.connection.protocol.close_rcvd
        assert end is not None
        return end.code, end.reason


@contextmanager
def client(url: str, hello: Message | None = HELLO) -> Iterator[Client]:
    with connect(url, subprotocols=[Subprotocol(VERSION)], open_timeout=WITHIN_S, max_size=None) as connection:
        assert connection.subprotocol == VERSION
        made = Client(connection)
        if hello is not None:
            made.send(hello)
        yield made


async def aside(call: Callable[[], None]) -> None:
    """Run what blocks in a thread, while the server runs in the loop."""
    with trio.fail_after(120):
        await trio.to_thread.run_sync(call)


async def test_a_whole_conversation(tmp_path: Path) -> None:
    """Hello, snapshot, answer, delta; the same command again is answered the same and happens once."""

    def converse(url: str) -> None:
        with client(url) as one:
            welcome, snapshot = one.next(), one.next()
            assert (welcome["type"], welcome["version"], welcome["resumed"]) == ("welcome", VERSION, False)
            assert (snapshot["type"], snapshot["seq"], len(snapshot["units"])) == ("snapshot", welcome["seq"], 12)
            one.send({**FIRE, "id": "c1"})
            both = sorted([one.next(), one.next()], key=lambda message: str(message["type"]))
            answer, delta = both
            assert (answer["type"], delta["type"], answer["incident"]) == ("answer", "delta", "I1")
            assert (delta["prev"], delta["seq"]) == (snapshot["seq"], answer["seq"])
            assert one.ask({**FIRE, "id": "c1"}) == answer
            assert one.ask({**FIRE, "id": "c1", "note": "other"})["code"] == "id_reused"
        with client(url) as again:
            assert again.ask({**FIRE, "id": "c1"}) == answer

    async with serve_place(tmp_path) as running:
        await aside(partial(converse, running.url))
        assert list(running.service.world.incidents) == ["I1"]


async def test_a_line_that_is_torn_is_taken_up_again(tmp_path: Path) -> None:
    """The TCP connection is cut without a word; the client resumes and misses and repeats nothing."""

    def converse(url: str) -> None:
        with client(url) as one:
            seen = one.until(type="snapshot")["seq"]
            one.send({**FIRE, "id": "c1"})
            seen = max(seen, one.until(type="delta")["seq"])
            one.connection.socket.shutdown(socket.SHUT_RDWR)
        with client(url) as other:
            for number in range(5):
                assert other.ask({**FIRE, "id": f"d{number}"})["type"] == "answer"
        with client(url, {**HELLO, "resume_from": seen}) as back:
            assert back.next()["resumed"] is True
            deltas = [back.next() for _ in range(5)]
            assert [each["type"] for each in deltas] == ["delta"] * 5
            assert [each["prev"] for each in deltas] == [seen, *(each["seq"] for each in deltas[:-1])]
            assert back.ask({"type": "ping", "id": "p"}) == {"type": "pong", "id": "p"}
        with client(url, {**HELLO, "resume_from": seen + 1_000}) as lost:
            assert lost.next()["resumed"] is False
            assert lost.next()["type"] == "snapshot"

    async with serve_place(tmp_path) as running:
        await aside(partial(converse, running.url))
        assert running.statistics.resumed == 1


async def test_refusals_name_what_is_wrong_and_the_connection_goes_on(tmp_path: Path) -> None:
    """An unknown field, a missing right, a unit that is not there; and then an order that is good."""

    def converse(url: str) -> None:
        with client(url, {**HELLO, "token": token("wall")}) as observer:
            refused = observer.ask({**FIRE, "id": "c1"})
            assert (refused["type"], refused["code"]) == ("refused", "unauthorised")
        with client(url) as one:
            refused = one.ask({**FIRE, "id": "c2", "colour": "red"})
            assert (refused["code"], refused["field"]) == ("unknown_field", "colour")
            assert one.ask({"type": "unit_status", "id": "c3", "unit": "X9", "status": "available"})["field"] == "unit"
            assert one.ask({**FIRE, "id": "c4"})["incident"] == "I1"

    async with serve_place(tmp_path) as running:
        await aside(partial(converse, running.url))


async def test_the_close_codes_are_those_of_the_protocol(tmp_path: Path) -> None:
    """1008 without a good token, 1009 too large, 1013 too many of one name, 1000 a client's own goodbye; 400, 503 before."""

    def converse(url: str) -> None:
        with client(url, {**HELLO, "token": "cad.wrong"}) as stranger:
            assert stranger.next()["code"] == "unauthenticated"
            assert stranger.closed()[0] == 1008
        with client(url) as loud:
            loud.send({"type": "note", "id": "n", "incident": "I1", "text": "x" * 70_000})
            assert loud.closed()[0] == 1009
        with client(url) as one, client(url) as two, client(url, None) as third:
            assert (one.next()["type"], two.next()["type"]) == ("welcome", "welcome")
            third.send(HELLO)
            assert third.closed()[0] == 1013
        with pytest.raises(InvalidStatus) as refused:
            connect(url, subprotocols=[Subprotocol("turnout.cad.v9")])
        assert refused.value.response.status_code == 400

    async with serve_place(tmp_path, cad=CadConfig(port=0, max_per_principal=2)) as running:
        await aside(partial(converse, running.url))
        await until(lambda: running.statistics.connections == 0)
        assert running.statistics.ended["gone"] == 2
        assert running.statistics.faults == 0


async def test_pings_of_both_sides_are_answered_and_a_stop_says_come_back(tmp_path: Path) -> None:
    """Its keep-alive and ours cross deltas unharmed; at the end it is told 1012."""
    ends: list[tuple[int, str]] = []
    config = CadConfig(port=0, ping_s=0.02, idle_s=30.0)
    async with trio.open_nursery() as nursery:
        talked = trio.Event()
        from_thread = trio.lowlevel.current_trio_token()

        def converse(url: str) -> None:
            with client(url) as one:
                one.until(type="snapshot")
                for number in range(100):
                    assert one.ask({**FIRE, "id": f"c{number}"})["type"] == "answer"
                    assert one.connection.ping().wait(WITHIN_S)
                from_thread.run_sync_soon(talked.set)
                ends.append(one.closed())

        async with serve_place(tmp_path, cad=config) as running:
            nursery.start_soon(aside, partial(converse, running.url))
            with trio.fail_after(120):
                await talked.wait()
    assert [code for code, _ in ends] == [1012]
