"""Our side of MQTT against a real mosquitto: acknowledged, bounded, back again after an outage, gone without a trace."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trustme

from gateways.mqtt import Broker, Link, Message, NotPublished, Tls
from tests.live.mosquitto_kit import Mosquitto, mosquitto, needs_mosquitto

pytestmark = needs_mosquitto
WITHIN_S = 120.0


def broker_at(server: Mosquitto, **more: object) -> Broker:
    return Broker(host="127.0.0.1", port=server.port, retry_s=0.05, retry_max_s=0.2, **more)


async def gather(link: Link, count: int) -> list[Message]:
    messages: list[Message] = []
    with trio.fail_after(WITHIN_S):
        while len(messages) < count:
            messages += await link.receive()
    return messages


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in paho's thread
            await trio.sleep(0.01)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_what_is_published_is_received(tmp_path: Path, version: str) -> None:
    """In order, acknowledged by the broker, over both versions of the protocol."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        reader = Link(broker_at(server, version=version), topics=("a/#",))
        writer = Link(broker_at(server, version=version))
        await nursery.start(reader.run)
        await nursery.start(writer.run)
        with trio.fail_after(WITHIN_S):
            await reader.online()
        for number in range(50):
            assert await writer.publish("a/b", b"%d" % number, within_s=WITHIN_S)
        messages = await gather(reader, 50)
        assert [message.payload for message in messages] == [b"%d" % number for number in range(50)]
        heard = await writer.publish("nobody/cares", b"", within_s=WITHIN_S)
        assert heard == (version == "3.1.1")
        nursery.cancel_scope.cancel()


async def test_a_retained_message_is_said_to_be_one(tmp_path: Path) -> None:
    """Whoever comes later gets the last one, marked as old."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        writer = Link(broker_at(server))
        await nursery.start(writer.run)
        await writer.publish("last", b"known", within_s=WITHIN_S, retain=True)
        reader = Link(broker_at(server), topics=("last",))
        await nursery.start(reader.run)
        assert await gather(reader, 1) == [Message("last", b"known", retained=True)]
        nursery.cancel_scope.cancel()


async def test_it_comes_back_after_the_broker_was_away(tmp_path: Path) -> None:
    """Publishing meanwhile is refused in time and says why; afterwards all works, subscriptions too."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        link = Link(broker_at(server), topics=("a",))
        await nursery.start(link.run)
        with trio.fail_after(WITHIN_S):
            await link.online()
        await server.stop()
        await until(lambda: not link.is_online)
        with pytest.raises(NotPublished, match=r"has not acknowledged within 0\.2 s"):
            await link.publish("a", b"lost", within_s=0.2)
        await server.start()
        link.broker = broker_at(server)
        await link.publish("a", b"found", within_s=WITHIN_S)
        assert [message.payload for message in await gather(link, 1)] == [b"found"]
        assert link.trouble is None
        assert link.statistics()["connection_lost"] >= 1
        nursery.cancel_scope.cancel()


async def test_the_broker_keeps_messages_while_we_are_away(tmp_path: Path) -> None:
    """With a client id and `kept_s`, what came meanwhile is there when we come back."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        ours = broker_at(server, client_id="us", kept_s=600)
        async with trio.open_nursery() as first:
            link = Link(ours, topics=("a",))
            await first.start(link.run)
            with trio.fail_after(WITHIN_S):
                await link.online()
            first.cancel_scope.cancel()
        writer = Link(broker_at(server))
        await nursery.start(writer.run)
        await writer.publish("a", b"kept", within_s=WITHIN_S)
        again = Link(ours, topics=("a",))
        await nursery.start(again.run)
        assert [message.payload for message in await gather(again, 1)] == [b"kept"]
        nursery.cancel_scope.cancel()


async def test_a_wrong_password_is_said(tmp_path: Path) -> None:
    """It is refused, the reason is there for people, and it is tried again without end and without harm."""
    (tmp_path / "passwords").write_text("")
    lines = ("allow_anonymous false", f"password_file {tmp_path / 'passwords'}")
    async with mosquitto(tmp_path, *lines) as server, trio.open_nursery() as nursery:
        link = Link(broker_at(server, user="us", password="wrong"))
        await nursery.start(link.run)
        with pytest.raises(NotPublished, match="Check user, password"):
            await link.publish("a", b"", within_s=2.0)
        assert link.statistics()["connect_failed"] >= 1
        assert "wrong" not in repr(link.broker)
        nursery.cancel_scope.cancel()


async def test_nobody_is_there() -> None:
    """A broker that does not answer costs the deadline and no more, and stopping does not wait for it."""
    link = Link(Broker(host="127.0.0.1", port=1, retry_s=0.01))
    with trio.fail_after(WITHIN_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(link.run)
            with pytest.raises(NotPublished, match="cannot be reached"):
                await link.publish("a", b"", within_s=0.3)
            nursery.cancel_scope.cancel()


async def test_a_full_box_keeps_the_newest(tmp_path: Path) -> None:
    """Who does not receive makes the broker wait; memory is bounded, what is lost is counted."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        reader = Link(broker_at(server), topics=("a",), box_max=4)
        writer = Link(broker_at(server))
        await nursery.start(reader.run)
        await nursery.start(writer.run)
        with trio.fail_after(WITHIN_S):
            await reader.online()
        for number in range(8):
            await writer.publish("a", b"%d" % number, within_s=WITHIN_S)
        await until(lambda: len(reader._box) == 4)
        received = await gather(reader, 1)
        while received[-1].payload != b"7":
            received += await gather(reader, 1)
        assert len(received) + reader.statistics()["dropped"] == 8
        nursery.cancel_scope.cancel()


async def test_the_last_will_speaks_only_where_we_do_not_say_goodbye(tmp_path: Path) -> None:
    """A clean stop leaves it unread; a connection that breaks lets the broker publish it."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        reader = Link(broker_at(server), topics=("gone",))
        await nursery.start(reader.run)
        with trio.fail_after(WITHIN_S):
            await reader.online()
        for payload, clean in ((b"polite", True), (b"broken", False)):
            async with trio.open_nursery() as inner:
                link = Link(broker_at(server), will=Message("gone", payload))
                await inner.start(link.run)
                with trio.fail_after(WITHIN_S):
                    await link.online()
                if not clean:
                    socket = link._client.socket()
                    assert socket is not None
                    link._stopping.set()
                    socket.shutdown(2)
                inner.cancel_scope.cancel()
        assert [message.payload for message in await gather(reader, 1)] == [b"broken"]
        nursery.cancel_scope.cancel()


# paho leaves the socket of a handshake that failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_over_tls_with_certificates_on_both_sides(tmp_path: Path) -> None:
    """The broker asks for ours; a certificate of an authority we do not trust is not spoken to."""
    authority, stranger = trustme.CA(), trustme.CA()
    for name, cert in (("server", authority.issue_cert("localhost")), ("client", authority.issue_cert("us"))):
        cert.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{name}.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
    lines = (
        "allow_anonymous true",
        f"cafile {tmp_path / 'ca.pem'}",
        f"certfile {tmp_path / 'server.pem'}",
        f"keyfile {tmp_path / 'server.pem'}",
        "require_certificate true",
    )
    async with mosquitto(tmp_path, *lines) as server, trio.open_nursery() as nursery:
        ours = Tls(ca_file=str(tmp_path / "ca.pem"), certificate=str(tmp_path / "client.pem"))
        good = Link(Broker(host="localhost", port=server.port, tls=ours))
        await nursery.start(good.run)
        await good.publish("a", b"", within_s=WITHIN_S)
        wary = Link(Broker(host="localhost", port=server.port, tls=Tls(ca_file=str(tmp_path / "stranger.pem"))))
        await nursery.start(wary.run)
        with pytest.raises(NotPublished, match="cannot be reached"):
            await wary.publish("a", b"", within_s=1.0)
        nursery.cancel_scope.cancel()


def test_kept_messages_need_a_name() -> None:
    """A broker keeps messages for a client id."""
    with pytest.raises(ValueError, match="kept_s needs a client_id"):
        Broker(host="h", kept_s=1)
