"""Station alerting: a controller of its own at the other end of a real socket, that dies, lies and hangs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from alerts_kit import until
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.alert_facts import CopyState
from gateways.alerts import Endpoint
from gateways.alerts.channel import Listener, News, Outcome, Retractor
from gateways.alerts.message import Message
from gateways.alerts.station import LINE_MAX, Conversation
from gateways.alerts.stations import StationAlerting
from tests.unit.test_alerts_logfile import message

TOKEN = "0123456789abcdef"


def alert(number: int = 1) -> Message:
    return replace(message(number), station="S1")


class Controller:
    """A controller after STATION.md, written apart from the client: it takes what it is told unless it is told not to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[dict[str, Any]] = []
        self.connections = 0
        self.takes = True
        self.answers: list[bytes] = []
        """Sent at the beginning of each connection, after the hello."""
        self.stream: trio.SocketStream | None = None

    def kinds(self, *wanted: str) -> list[tuple[str, str]]:
        return [(each["type"], each.get("id", "")) for each in self.heard if each["type"] in wanted]

    async def say(self, **fields: Any) -> None:
        assert self.stream is not None
        await self.stream.send_all(msgspec.json.encode(fields) + b"\n")

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        self.stream = stream
        buffer = b""
        try:
            async with stream:
                while data := await stream.receive_some():
                    buffer += bytes(data)
                    *lines, buffer = buffer.split(b"\n")
                    for line in lines:
                        await self._hear(msgspec.json.decode(line))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _hear(self, heard: dict[str, Any]) -> None:
        self.heard.append(heard)
        if heard["type"] == "hello":
            assert (heard["version"], heard["station"], heard["token"]) == (1, "S1", TOKEN)
            await self.say(type="hello", controller="box 7", at_ms=1)
            for line in self.answers:
                await self.stream.send_all(line)  # type: ignore[union-attr]
        elif heard["type"] == "alert" and self.takes:
            await self.say(type="taken", id=heard["id"], at_ms=1_770_000_000_456, tones="on")


class Talk:
    """A controller, the channel, and what the engine was told."""

    def __init__(self, controller: Controller, sender: Any) -> None:
        self.controller = controller
        self.sender = sender
        self.news: list[News] = []

        self.takes = True
        """Does the engine take what it is told?"""

    async def tell(self, news: News) -> bool:
        return await self.answer(news)

    async def answer(self, news: News) -> bool:
        """Answer as the engine."""
        self.news.append(news)
        return self.takes


@asynccontextmanager
async def talking(**settings: Any) -> AsyncIterator[Talk]:
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        controller = Controller(listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, controller.serve, [listener])
        fast = {"beat_s": 0.1, "silence_s": 30.0, "timeout_s": 5.0, **settings}
        stations = {"S1": f"127.0.0.1:{controller.port}"}
        config = StationAlerting(stations=stations, token=TOKEN, tls=False, **fast)
        async with config.open(Path()) as sender:
            assert isinstance(sender, Listener)
            assert isinstance(sender, Retractor)
            talk = Talk(controller, sender)
            nursery.start_soon(sender.listen, talk.tell)
            yield talk
        nursery.cancel_scope.cancel()


async def test_an_alert_is_taken_and_acknowledged() -> None:
    """With the controller's own time; the acknowledgement is noted, and what is over is called off."""
    async with talking() as talk:
        assert await talk.sender.send(alert()) == Outcome(delivered=True, reached=True)
        (told,) = [each for each in talk.controller.heard if each["type"] == "alert"]
        assert told["alert"]["data"]["text"] == message().text
        assert (told["id"], told["attempt"]) == ("A1", 1)
        await talk.controller.say(type="acknowledged", id="A1", by="officer E7", at_ms=1_770_000_009_000)
        await until(lambda: talk.controller.kinds("noted"))
        (news,) = talk.news
        assert (news.alert, news.state, news.by) == ("A1", CopyState.ACKNOWLEDGED, "officer E7")
        assert news.at_ms == 1_770_000_009_000
        talk.sender.over("A1", "acknowledged by officer E7")
        talk.sender.over("A2", "of another station")
        await until(lambda: talk.controller.kinds("over"))
        assert talk.controller.kinds("noted", "over") == [("noted", "A1"), ("over", "A1")]
        await until(lambda: len(talk.controller.kinds("beat")) >= 2)


async def test_an_acknowledgement_that_is_not_durable_is_not_noted() -> None:
    """The controller says it again, until it is."""
    async with talking() as talk:
        await until(lambda: talk.controller.kinds("beat"))
        talk.takes = False
        await talk.controller.say(type="acknowledged", id="A1")
        await until(lambda: len(talk.news) == 1)
        talk.takes = True
        await talk.controller.say(type="acknowledged", id="A2")
        await until(lambda: talk.controller.kinds("noted"))
        assert talk.controller.kinds("noted") == [("noted", "A2")]


async def test_what_was_not_answered_is_said_again_after_a_reconnection() -> None:
    """Under the same id; the attempt that waits is delivered by the second connection."""
    async with talking(timeout_s=20.0) as talk, trio.open_nursery() as nursery:
        talk.controller.takes = False
        outcomes: list[Outcome] = []

        async def send() -> None:
            outcomes.append(await talk.sender.send(alert()))

        nursery.start_soon(send)
        await until(lambda: talk.controller.kinds("alert"))
        talk.controller.takes = True
        assert talk.controller.stream is not None
        await talk.controller.stream.aclose()
        await until(lambda: outcomes)
        assert outcomes == [Outcome(delivered=True, reached=True)]
        assert talk.controller.kinds("hello", "alert") == [("hello", ""), ("alert", "A1")] * 2
        assert talk.controller.connections == 2


async def test_a_refusal_silence_and_a_dead_line_are_failures() -> None:
    """Each says what is wrong, and with which station."""
    async with talking(timeout_s=0.5) as talk, trio.open_nursery() as nursery:
        talk.controller.takes = False
        await until(lambda: talk.controller.kinds("hello"))
        await until(lambda: talk.sender._links["S1"].connected)
        assert (await talk.sender.send(alert())).detail == "the controller of S1 does not answer"
        outcomes: list[Outcome] = []

        async def send() -> None:
            outcomes.append(await talk.sender.send(alert(2)))

        nursery.start_soon(send)
        await until(lambda: ("alert", "A2") in talk.controller.kinds("alert"))
        await talk.controller.say(type="refused", id="A2", reason="printer on fire")
        await until(lambda: outcomes)
        assert outcomes[0].detail == "the controller of S1 refuses it: printer on fire"
        nowhere = await talk.sender.send(replace(alert(), station="S9"))
        assert nowhere.detail == "no controller is configured for the station 'S9' of E7"


async def test_a_dead_controller_holds_up_no_other_and_trips_nothing() -> None:
    """It may owe four answers; more are refused at once, and none of it is a mark against the endpoint."""
    async with talking(timeout_s=30.0) as talk, trio.open_nursery() as nursery:
        talk.controller.takes = False
        for number in range(1, 5):
            nursery.start_soon(talk.sender.send, alert(number))
        await until(lambda: len(talk.controller.kinds("alert")) == 4)
        outcome = await talk.sender.send(alert(5))
        assert outcome == Outcome(delivered=False, detail="the controller of S1 owes 4 answers already", only_this=True)
        nursery.cancel_scope.cancel()
    stations = {f"S{number}": "10.0.0.7:7000" for number in range(20)}
    endpoint = Endpoint(name="tones", channel=StationAlerting(stations=stations, token=TOKEN), workers=1)
    assert endpoint.hands == 80


async def test_a_controller_that_says_nothing_is_left() -> None:
    """No hello, no beat: the connection is made again, and an attempt says so."""
    async with talking(silence_s=0.2, timeout_s=0.3) as talk:
        talk.controller.takes = False
        await until(lambda: talk.controller.connections >= 2)
        outcome = await talk.sender.send(alert())
        assert outcome.detail.startswith("the controller of S1 ")


async def test_what_is_not_the_contract_is_answered_and_then_left() -> None:
    """Some nonsense is answered with an error; twenty lines of it end the connection."""
    async with talking() as talk:
        await until(lambda: talk.controller.kinds("hello"))
        await talk.controller.say(type="dance")
        await until(lambda: talk.controller.kinds("error"))
        assert (await talk.sender.send(alert())).delivered
        assert talk.controller.stream is not None
        await talk.controller.stream.send_all(b"GET / HTTP/1.1\n" * 30)
        await until(lambda: talk.controller.connections == 2)
        await until(lambda: len(talk.controller.kinds("hello")) == 2)
        assert (await talk.sender.send(alert(2))).delivered


@pytest.mark.parametrize(
    ("field", "value"),
    [("stations", {}), ("stations", {"S1": "nowhere"}), ("token", "short"), ("beat_s", 0), ("colour", "red")],
)
def test_mistakes_are_refused_by_name(field: str, value: object) -> None:
    """With the path."""
    good = {"channel": "station", "stations": {"S1": "10.0.0.7:7000"}, "token": TOKEN}
    assert TOKEN not in repr(msgspec.convert(good, StationAlerting))
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(good | {field: value}, StationAlerting)


LINES = st.sampled_from(
    [
        b'{"type":"hello"}',
        b'{"type":"taken","id":"A1"}',
        b'{"type":"refused","id":"A1"}',
        b'{"type":"acknowledged","id":"A1","at_ms":-1}',
        b"{}",
        b"[" * 500,
        b"\xff",
        b"",
    ]
)


@given(st.lists(LINES | st.binary(max_size=40), max_size=40), st.integers(1, 50))
def test_whatever_a_controller_sends_there_is_no_exception_and_no_growth(lines: list[bytes], cut: int) -> None:
    """In pieces of any size; after a connection is refused nothing more is kept of it."""
    conversation = Conversation("S1", TOKEN)
    conversation.connected()
    answers: list[tuple[bool, str]] = []
    conversation.tell(alert(), lambda taken, reason: answers.append((taken, reason)))
    data = b"\n".join(lines)
    for at in range(0, len(data), cut):
        said, out, go_on = conversation.receive(data[at : at + cut])
        assert len(conversation._buffer) <= LINE_MAX
        assert len(said) <= cut
        assert out.isascii() or out.decode()
        if not go_on:
            break
    assert len(answers) <= 1


def test_a_line_without_end_ends_the_connection() -> None:
    """At 64 KiB."""
    conversation = Conversation("S1", TOKEN)
    conversation.connected()
    for _ in range(100):
        _, _, go_on = conversation.receive(b"x" * 4_096)
        if not go_on:
            return
    raise AssertionError
