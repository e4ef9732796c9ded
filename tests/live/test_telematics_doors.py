"""The other doors over real sockets: UDP, TLS with certificates, batch frames, HTTP for fleets, MQTT through mosquitto."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx2
import msgspec
import pytest
import trio
import trustme

from gateways.mqtt import Broker, Link
from gateways.mqtt import Message as Published
from gateways.telematics import Batch, JsonLines, MqttJson, Nmea, OsmAnd, OwnTracks, Taip, Traccar, httpdoor
from gateways.telematics.batch import encode_fixes, encode_names
from gateways.telematics.fix import Fix
from gateways.telematics.httpdoor import serve_trackers
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.listener import DoorTls, Listener
from gateways.telematics.mqtt import serve_mqtt
from gateways.telematics.roster import Roster
from gateways.telematics.tcp import serve_stream
from gateways.telematics.topics import MqttFeed
from gateways.telematics.udp import serve_datagrams
from tests.live.mosquitto_kit import mosquitto, needs_mosquitto
from tests.telematics_kit import per_fix

MIDNIGHT = 1_769_990_400_000
NOW = MIDNIGHT + 50_000_000
DEVICES = {"5102": "AMB-1", "av-1": "AMB-1", "av-2": "AMB-2", "ann/phone": "AMB-2"}
PV = b">RPV46640+4197412-0752857900015802;ID=5102;*71<"
WITHIN_S = 120.0


class Feed(msgspec.Struct, frozen=True):
    name: str
    units: frozenset[str] | None = None


class Yard:
    """An intake with doors in front of it, and what came through them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.moves: list[tuple[str, Fix]] = []
        roster = Roster(DEVICES)
        sink = per_fix(roster, lambda unit, fix: self.moves.append((unit, fix)))
        self.intake = Intake(roster, HygieneSettings(), sink, lambda: NOW)

    @staticmethod
    def named(name: str) -> Feed | None:
        """One principal may move all, another its own unit; nobody else is known."""
        return {"radios": Feed("radios"), "one": Feed("one", frozenset({"AMB-1"}))}.get(name)

    @staticmethod
    def by_token(token: str | None) -> Feed | None:
        return Feed("fleet") if token == "right" else None

    async def listen(self, config: Listener) -> int:
        serve = serve_datagrams if config.transport == "udp" else serve_stream
        opened = await self.nursery.start(partial(serve, config, self.intake, self.by_token, self.named))
        return int(opened[1] if config.transport == "udp" else opened[0].socket.getsockname()[1])

    def event(self, name: str) -> int:
        return self.intake.statistics().events.get(name, 0)

    async def until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(WITHIN_S):
            while not holds():  # noqa: ASYNC110 - what is waited for happens in plain counters
                await trio.sleep(0.005)


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    async with trio.open_nursery() as nursery:
        yield Yard(nursery)
        nursery.cancel_scope.cancel()


def send(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", port))


# ── UDP ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_taip_by_datagram(yard: Yard) -> None:
    """The frame names its device; what cannot be read is counted and hurts nobody."""
    port = await yard.listen(Taip(port=0, transport="udp", principal="radios"))
    send(port, b"\x00\xff junk", b">RPV99999+4197412-0752857900015802;ID=5102<", PV)
    await yard.until(lambda: len(yard.moves) == 1 and yard.event("datagram") == 3)
    unit, fix = yard.moves[0]
    assert (unit, fix.lat, fix.fix_ms) == ("AMB-1", 41.97412, MIDNIGHT + 46_640_000)
    assert yard.event("malformed") == 1


NUMBERED = b">RPV46640+4197412-0752857900015802;ID=5102;#0021<"
ACKNOWLEDGED = b">ACK;#0021;ID=5102;*70<"


async def test_taip_by_datagram_is_acknowledged(yard: Yard) -> None:
    """To where it came from; a stranger's tracker keeps what it has until somebody enters it."""
    port = await yard.listen(Taip(port=0, transport="udp", principal="one"))
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tracker:
        await tracker.bind(("127.0.0.1", 0))
        for device in (b"stranger", b"av-2", b"5102"):
            await tracker.sendto(NUMBERED.replace(b"5102", device), ("127.0.0.1", port))
        with trio.fail_after(WITHIN_S):
            assert await tracker.recv(4_096) == ACKNOWLEDGED
    assert yard.event("acknowledged") == 1


async def test_taip_over_tcp_is_acknowledged_again_if_it_comes_again(yard: Yard) -> None:
    """A tracker whose line broke before the answer sends once more; the unit moves once."""
    port = await yard.listen(Taip(port=0, principal="radios"))
    for _ in range(2):
        async with await trio.open_tcp_stream("127.0.0.1", port) as tracker:
            await tracker.send_all(NUMBERED + NUMBERED.replace(b"#0021", b"#IP0:0022"))
            told = b""
            with trio.fail_after(WITHIN_S):
                while told.count(b"<") < 2:
                    told += await tracker.receive_some()
        assert told == ACKNOWLEDGED + b">SAK;ID=5102;#IP0:0022<"
    assert [unit for unit, _ in yard.moves] == ["AMB-1"]
    assert yard.intake.statistics().verdicts["duplicate"] == 3


async def test_a_principal_of_a_door_moves_its_own_units_only(yard: Yard) -> None:
    """Bound to AMB-1, it is refused for AMB-2."""
    port = await yard.listen(Taip(port=0, transport="udp", principal="one"))
    send(port, PV.replace(b"5102", b"av-2").partition(b"*")[0] + b"<", PV)
    await yard.until(lambda: yard.event("datagram") == 2)
    assert [unit for unit, _ in yard.moves] == ["AMB-1"]
    assert yard.intake.statistics().verdicts["not_allowed"] == 1


async def test_nmea_by_datagram_from_a_known_address(yard: Yard) -> None:
    """A modem that sends each sentence by itself, and no name."""
    config = Nmea(port=0, transport="udp", first_line="data", principal="radios", devices={"127.0.0.1": "av-1"})
    port = await yard.listen(config)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as modem:
        for text in (
            b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
            b"$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48\r\n",
            b"$GPGGA,123520,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*4D\r\n",
        ):
            modem.sendto(text, ("127.0.0.1", port))
    await yard.until(lambda: len(yard.moves) == 1)
    assert yard.moves[0][1].device == "av-1"
    assert yard.moves[0][1].heading_deg == 54.7


async def test_a_datagram_may_begin_with_a_token_or_a_name(yard: Yard) -> None:
    """A wrong token is counted and the rest of the datagram is not read."""
    port = await yard.listen(JsonLines(port=0, transport="udp"))
    line = msgspec.json.encode({"device": "av-1", "lat": 52.0, "lon": 5.0, "time_ms": NOW}) + b"\n"
    send(port, b'{"token":"wrong"}\n' + line, b'{"token":"right"}\n' + line)
    await yard.until(lambda: yard.event("bad_token") == 1 and len(yard.moves) == 1)
    port = await yard.listen(Taip(port=0, transport="udp", first_line="device", principal="radios"))
    send(port, b"av-2\r\n" + PV.partition(b";")[0] + b"<")
    await yard.until(lambda: len(yard.moves) == 2)
    assert yard.moves[1][0] == "AMB-2"


# ── TCP ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_nmea_over_tcp_begins_with_the_device(yard: Yard) -> None:
    """As modems are set up: a line with their name on connecting, then what the receiver says."""
    port = await yard.listen(Nmea(port=0, principal="radios"))
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(
            b"av-2\r\n$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n"
            b"$GPGGA,123520,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*4D\r\n"
        )
        await yard.until(lambda: sum(yard.intake.statistics().verdicts.values()) == 1)


async def test_batch_frames(yard: Yard) -> None:
    """A token, the names, then columns; a broken head ends the connection with a reason."""
    port = await yard.listen(Batch(port=0))
    fixes = [Fix("av-1", 52.0, 5.0, NOW - 1_000, 10.0, 90.0, 3.0), Fix("av-2", 52.1, 5.1, NOW - 1_000)]
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        frame = b'{"token":"right"}\n' + encode_names(["stranger", "av-1", "av-2"]) + encode_fixes([1, 2], fixes)
        for start in range(0, len(frame), 7):
            await stream.send_all(frame[start : start + 7])
        await yard.until(lambda: len(yard.moves) == 2)
        assert [(unit, fix.device) for unit, fix in yard.moves] == [("AMB-1", "av-1"), ("AMB-2", "av-2")]
        assert yard.moves[0][1] == msgspec.structs.replace(fixes[0], lat=pytest.approx(52.0), lon=pytest.approx(5.0))
        await stream.send_all(encode_fixes([0], fixes[:1]) + b"GET / HTTP/1.1\r\n\r\n")
        with trio.fail_after(WITHIN_S):
            answer = b"".join([part async for part in stream])
    assert b"magic" in answer
    assert yard.intake.unknown_devices()[0].device == "stranger"


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.mark.parametrize(("name", "moved"), [("radios", ["AMB-1", "AMB-2"]), ("one", ["AMB-1"]), ("stranger", [])])
async def test_a_client_certificate_says_who_it_is(
    yard: Yard, authority: trustme.CA, tmp_path: Path, name: str, moved: list[str]
) -> None:
    """mTLS: the name in the certificate is the principal, bound to its own units; one that nobody knows is refused."""
    tls = DoorTls(certificate=str(tmp_path / "server.pem"), client_ca=str(tmp_path / "ca.pem"))
    port = await yard.listen(Taip(port=0, tls=tls))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    authority.issue_cert(f"{name}", common_name=name).configure_cert(context)
    plain = await trio.open_tcp_stream("localhost", port)
    async with trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True) as stream:
        await stream.send_all(PV + PV.replace(b"5102", b"av-2").partition(b"*")[0] + b"<")
        verdicts = 2 if moved else 0
        await yard.until(
            lambda: (
                sum(yard.intake.statistics().verdicts.values()) == verdicts
                and yard.event("bad_certificate") == (not moved)
            )
        )
    assert [unit for unit, _ in yard.moves] == moved


async def test_without_a_certificate_nobody_comes_in(yard: Yard, authority: trustme.CA, tmp_path: Path) -> None:
    """Neither without one, nor in the clear; the door goes on."""
    tls = DoorTls(certificate=str(tmp_path / "server.pem"), client_ca=str(tmp_path / "ca.pem"))
    port = await yard.listen(Taip(port=0, tls=tls, token_wait_s=0.5))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = await trio.open_tcp_stream("localhost", port)
    stream = trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True)
    with trio.fail_after(WITHIN_S), suppress(trio.BrokenResourceError):  # an alert, or the end: both say no
        await stream.send_all(PV)
        assert await stream.receive_some() == b""
    await plain.aclose()
    async with await trio.open_tcp_stream("localhost", port) as clear:
        await clear.send_all(PV)
        await yard.until(lambda: yard.event("connection_reset") == 2)
    assert yard.moves == []


# ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_trackers_have_a_listener_of_their_own(yard: Yard) -> None:
    """The same answers as on the common one: taken, whose token, which field; over one connection."""
    (listener,) = await yard.nursery.start(partial(serve_trackers, OsmAnd(port=0), yard.intake, yard.by_token))
    base = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
    headers = {"Authorization": "Bearer right"}
    query = "id=av-1&lat=52.0&lon=5.0&timestamp="
    async with httpx2.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
        statuses = [
            (await client.get(f"/?{query}{NOW - 3_000}")).status_code,
            (await client.get("/?id=av-1&lat=x")).status_code,
            (await client.get("/", headers={"Authorization": "Bearer wrong"})).status_code,
            (await client.post("/", content=f"{query}{NOW - 2_000}")).status_code,
            (await client.post(f"/any?{query}{NOW - 1_000}", content=b"ignored")).status_code,
            (await client.get("/?id=stranger&lat=1&lon=1&timestamp=1")).status_code,
            (await client.get("/?id=av-1&lat=x")).status_code,
            (await client.delete("/")).status_code,
            (await client.get("/", headers={"Authorization": "Bearer wrong"})).status_code,
            (await client.post("/", content=b"x" * 20_000)).status_code,
        ]
    assert statuses == [200, 400, 401, 200, 200, 400, 400, 405, 401, 413]
    assert [fix.fix_ms for _, fix in yard.moves] == [NOW - 3_000, NOW - 2_000, NOW - 1_000]
    async with await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1]) as stream:
        await stream.send_all(b"\x00\x01\r\n\r\n")
        with trio.fail_after(WITHIN_S):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 400")


async def test_a_request_may_come_in_pieces_and_several_at_once(yard: Yard) -> None:
    """Byte by byte, then two in one piece: each is answered."""
    (listener,) = await yard.nursery.start(partial(serve_trackers, OsmAnd(port=0), yard.intake, yard.by_token))

    def get(at_ms: int) -> bytes:
        query = f"id=av-1&lat=52.0&lon=5.0&timestamp={at_ms}"
        return f"GET /?{query} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer right\r\n\r\n".encode()

    async with await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1]) as stream:
        await stream.send_all(get(NOW - 9_000))
        await yard.until(lambda: len(yard.moves) == 1)
        for byte in get(NOW - 8_000):
            await stream.send_all(bytes([byte]))
        await stream.send_all(get(NOW - 7_000) + get(NOW - 6_000))
        await yard.until(lambda: len(yard.moves) == 4)
    assert [fix.fix_ms - NOW for _, fix in yard.moves] == [-9_000, -8_000, -7_000, -6_000]


async def test_a_head_that_dribbles_in_is_given_up(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily: 408 and the end, counted. Who is idle between two requests is left alone for as long."""
    monkeypatch.setattr(httpdoor, "_HEAD_S", 0.3)
    (listener,) = await yard.nursery.start(partial(serve_trackers, OsmAnd(port=0), yard.intake, yard.by_token))
    port = listener.socket.getsockname()[1]
    query = b"id=av-1&lat=52.0&lon=5.0&timestamp=%d"
    post = b"POST /?%s HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer right\r\nContent-Length: 0\r\n\r\n" % query
    async with await trio.open_tcp_stream("127.0.0.1", port) as idle, trio.open_nursery() as nursery:
        await idle.send_all(post % (NOW - 9_000))
        await yard.until(lambda: len(yard.moves) == 1)
        async with await trio.open_tcp_stream("127.0.0.1", port) as slow:

            async def dribble() -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await slow.send_all(b"GET /?id=av-1 HTTP/1.1\r\nX: ")
                    while True:
                        await slow.send_all(b"x")
                        await trio.sleep(0.02)

            nursery.start_soon(dribble)
            with trio.fail_after(WITHIN_S):
                assert (await slow.receive_some()).startswith(b"HTTP/1.1 408")
        await yard.until(lambda: yard.event("slow_head") == 1)
        await idle.send_all(post % (NOW - 8_000))
        await yard.until(lambda: len(yard.moves) == 2)
        nursery.cancel_scope.cancel()


async def test_traccar_forwards_to_it(yard: Yard) -> None:
    """Its JSON, with the token in the header that `forward.header` sets."""
    (listener,) = await yard.nursery.start(partial(serve_trackers, Traccar(port=0), yard.intake, yard.by_token))
    position = {"latitude": 52.0, "longitude": 5.0, "fixTime": NOW - 1_000, "speed": 10.0}
    body = {"position": position, "device": {"id": 1, "uniqueId": "av-2"}}
    url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/telematics/traccar"
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(url, json=body, headers={"Authorization": "Bearer right"})
    assert response.status_code == 200
    assert [unit for unit, _ in yard.moves] == ["AMB-2"]


# ── MQTT ────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_mosquitto
async def test_phones_and_trackers_on_a_broker(yard: Yard, tmp_path: Path) -> None:
    """OwnTracks and JSON; a phone that breaks off is offline by its last will until it is heard again."""
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        broker = Broker(host="127.0.0.1", port=server.port, retry_s=0.05)
        feeds: list[MqttFeed] = [
            OwnTracks(broker=broker, principal="radios"),
            MqttJson(broker=broker, principal="radios"),
        ]
        for feed in feeds:
            await nursery.start(partial(serve_mqtt, feed, yard.intake, Feed("radios")))
        tracker = Link(broker)
        await nursery.start(tracker.run)

        async def say(topic: str, payload: dict[str, object]) -> None:
            text = msgspec.json.encode(payload)
            while not await tracker.publish(topic, text, within_s=WITHIN_S):  # noqa: ASYNC110  only its answer tells
                await trio.sleep(0.01)  # until our side has subscribed

        async def phone(payload: dict[str, object]) -> None:
            await say("owntracks/ann/phone", payload)

        await phone({"_type": "location", "lat": 52.0, "lon": 5.0, "tst": NOW // 1000 - 5, "vel": 36})
        position = {"lat": 52.0, "lon": 5.0, "time": NOW - 1_000}
        await say("turnout/av-1/position", position)
        await tracker.publish("turnout/av-1/position", b"rubbish", within_s=WITHIN_S)
        await yard.until(lambda: len(yard.moves) >= 2 and yard.event("malformed") == 1)
        assert {unit for unit, _ in yard.moves} == {"AMB-1", "AMB-2"}

        will = Published("owntracks/ann/phone", b'{"_type":"lwt","tst":1}')
        async with trio.open_nursery() as breaking:
            link = Link(broker, will=will)
            await breaking.start(link.run)
            with trio.fail_after(WITHIN_S):
                await link.online()
            sock = link._client.socket()
            assert sock is not None
            link._stopping.set()
            sock.shutdown(socket.SHUT_RDWR)
            breaking.cancel_scope.cancel()
        await yard.until(lambda: yard.intake.offline() == ("ann/phone",))
        await phone({"_type": "location", "lat": 52.0, "lon": 5.0, "tst": NOW // 1000 - 4})
        await yard.until(lambda: yard.intake.offline() == ())
        nursery.cancel_scope.cancel()
