"""Web Push: a push service that is not ours decrypts what it got, by RFC 8291 from first principles, and checks who we are."""

import base64
import hashlib
import hmac
import json
import threading
import time
from pathlib import Path

import pytest
import trio
from alerts_kit import Behaviour, Seen, answer
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from engine.model.alert_facts import Purpose
from gateways.alerts import BrowserPush
from gateways.alerts.message import Message
from gateways.outward import subscriptions
from gateways.outward.subscriptions import PER_UNIT_MAX, Keys, Subscription, Subscriptions

CONTACT = "mailto:ops@turnout.example"


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    key = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def opened(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Return what is in a message of one record (RFC 8188, 2; RFC 8291, 3)."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, record = body[21 : 21 + length], body[21 + length :]
    assert len(record) <= size
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    secret = _hkdf(auth, shared, b"WebPush: info\x00" + point_of(key) + sender, 32)
    cipher = AESGCM(_hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16))
    padded = cipher.decrypt(_hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12), record, None).rstrip(b"\x00")
    assert padded[-1:] == b"\x02", "the delimiter of the last record"
    return padded[:-1]


def test_our_reader_reads_the_example_of_the_standard() -> None:
    """RFC 8291, appendix A: keys, message and text, as facts."""
    key = ec.derive_private_key(
        int.from_bytes(plain("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), ec.SECP256R1()
    )
    body = plain(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl"
        "95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert opened(body, key, plain("BTBZMqHH6r4Tts7J_aSIgg")) == b"When I grow up, I want to be a watermelon"


class Browser:
    """A browser that has subscribed."""

    def __init__(self, endpoint: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen bytes ok"
        self.subscription = Subscription(endpoint, Keys(coded(point_of(self.key)), coded(self.auth)))


def message(unit: str = "E7", alert: str = "A7") -> Message:
    return Message(
        place="riverside",
        alert=alert,
        purpose=Purpose.DISPATCH,
        created_ms=1_770_000_000_123,
        unit=unit,
        unit_kind="engine",
        incident="I12",
        incident_type="fire",
        type_name="Structure fire",
        priority=1,
        address="12 Quay",
        lat=52.1,
        lon=4.9,
        text="E7 GO I12 P1 Structure fire, 12 Quay",
        rung=0,
        attempt=1,
    )


class Service:
    """A push service: keeps what it is sent, and answers as it is told."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.seen: list[tuple[str, Seen]] = []
        self.url = ""

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, self._hear, 0)
            self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            task_status.started()

    async def _hear(self, stream: trio.SocketStream) -> None:
        async with stream:
            received = b""
            while b"\r\n\r\n" not in received:
                received += await stream.receive_some(65_536)
            head, _, body = received.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            while len(body) < int(headers["content-length"]):
                body += await stream.receive_some(65_536)
            seen = Seen(headers, body)
            self.seen.append((first.split(" ")[1], seen))
            await self.behaviour(seen, stream)


async def test_a_push_is_for_one_browser_only_and_says_who_sends_it(tmp_path: Path) -> None:
    """Every browser of the unit, each with its own key; a signature for that service, with our contact; nothing in clear."""
    service = Service(answer(201))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.serve)
        book = Subscriptions(tmp_path)
        browsers = [Browser(f"{service.url}/one"), Browser(f"{service.url}/two")]
        for browser in browsers:
            await book.add("E7", browser.subscription)
        await book.add("E8", Browser(f"{service.url}/other").subscription)
        async with BrowserPush(contact=CONTACT, allow_private=True).open(tmp_path) as sender:
            outcome = await sender.send(message())
        assert outcome.delivered
        nursery.cancel_scope.cancel()
    assert sorted(path for path, _ in service.seen) == ["/one", "/two"]
    for path, seen in service.seen:
        browser = browsers[0] if path == "/one" else browsers[1]
        told = json.loads(opened(seen.body, browser.key, browser.auth))
        assert told["body"] == "E7 GO I12 P1 Structure fire, 12 Quay"
        assert (told["alert"], told["purpose"]) == ("A7", "dispatch")
        assert b"Quay" not in seen.body
        assert (seen.headers["content-encoding"], seen.headers["urgency"], seen.headers["ttl"]) == (
            "aes128gcm",
            "high",
            "300",
        )
        assert seen.headers["topic"] == "A7"
        _check_signature(seen.headers["authorization"], service.url, book.public_key())


async def test_long_words_in_any_script_fit_into_a_push(tmp_path: Path) -> None:
    """Cut to what a push service takes, in bytes and not within a letter."""
    service = Service(answer(201))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.serve)
        browser = Browser(f"{service.url}/one")
        await Subscriptions(tmp_path).add("E7", browser.subscription)
        async with BrowserPush(contact=CONTACT, allow_private=True).open(tmp_path) as sender:
            assert (await sender.send(replace(message(), text="東京" * 2_000))).delivered
        nursery.cancel_scope.cancel()
    ((_, seen),) = service.seen
    assert len(seen.body) <= 4_096
    told = json.loads(opened(seen.body, browser.key, browser.auth))
    assert set(told["body"]) == {"東", "京"}


def _check_signature(header: str, audience: str, public_key: str) -> None:
    """Check a VAPID header (RFC 8292, 3): ES256 over the two parts, our key, this service, not for too long."""
    assert header.startswith("vapid ")
    given = dict(part.strip().split("=", 1) for part in header.removeprefix("vapid ").split(","))
    assert given["k"].rstrip("=") == public_key.rstrip("=")
    head, claims, signature = given["t"].split(".")
    assert json.loads(plain(head))["alg"] == "ES256"
    told = json.loads(plain(claims))
    assert (told["aud"], told["sub"]) == (audience, CONTACT)
    assert 0 < int(told["exp"]) - time.time() <= 24 * 3_600
    raw = plain(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), plain(public_key))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(der, f"{head}.{claims}x".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(("status", "left"), [(410, 0), (404, 0), (429, 1), (500, 1)])
async def test_a_browser_that_is_gone_is_forgotten_and_a_failure_is_told(
    tmp_path: Path, status: int, left: int
) -> None:
    """Gone is gone; what may pass is tried again by the ladder. Either way it is a failed attempt, with its reason."""
    service = Service(answer(status))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.serve)
        book = Subscriptions(tmp_path)
        await book.add("E7", Browser(f"{service.url}/one").subscription)
        async with BrowserPush(contact=CONTACT, allow_private=True).open(tmp_path) as sender:
            outcome = await sender.send(message())
        nursery.cancel_scope.cancel()
    assert not outcome.delivered
    assert f"HTTP {status}" in outcome.detail
    assert len(await book.of("E7")) == left


async def test_nobody_is_sent_to_addresses_that_a_browser_made_up(tmp_path: Path) -> None:
    """A private address, plain http, keys that are no point: refused in words; a unit without a browser as well."""
    book = Subscriptions(tmp_path)
    async with BrowserPush(contact=CONTACT).open(tmp_path) as sender:
        outcome = await sender.send(message())
        assert "no browser of E7" in outcome.detail
        await book.add("E7", Browser("http://example.org/push").subscription)
        assert "must be https" in (await sender.send(message())).detail
        await book.add("E7", Browser("https://127.0.0.1:9/push").subscription)
        outcome = await sender.send(message())
        assert not outcome.delivered
        assert "127.0.0.1" in outcome.detail
        await book.remove("https://127.0.0.1:9/push")
        await book.add("E7", Subscription("https://push.example/x", Keys("A" * 87, "A" * 22)))
        outcome = await sender.send(message())
        assert not outcome.delivered
        assert await book.of("E7") == []


def rights(folder: Path) -> set[int]:
    """Return what others than the owner may do with the files."""
    return {path.stat().st_mode & 0o077 for path in folder.iterdir()}


async def test_subscriptions_are_bounded_kept_and_private(tmp_path: Path) -> None:
    """Eight browsers of a unit; the same one again moves to its new unit; the files are their owner's."""
    book = Subscriptions(tmp_path)
    for number in range(PER_UNIT_MAX + 2):
        await book.add("E7", Browser(f"https://push.example/{number}").subscription)
    assert [each.endpoint[-1] for each in await book.of("E7")] == list("23456789")
    again = (await book.of("E7"))[0]
    await book.add("E8", again)
    assert again in await Subscriptions(tmp_path).of("E8")
    assert again not in await book.of("E7")
    assert book.public_key() == Subscriptions(tmp_path).public_key()
    assert rights(tmp_path) == {0}
    (tmp_path / "subscriptions.json").write_text("torn")
    assert await book.of("E8") == []


async def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop goes on while it is waited for; in the end it is said, and once it is back all is as it was."""
    book, other, released = Subscriptions(tmp_path), Subscriptions(tmp_path), threading.Event()
    write, begun = subscriptions._write, threading.Event()

    def hang(path: Path, content: bytes) -> None:
        begun.set()
        released.wait()
        write(path, content)

    monkeypatch.setattr(subscriptions, "_write", hang)
    monkeypatch.setattr(subscriptions, "DISK_S", 0.3)
    browser = Browser("https://push.example/1").subscription
    with pytest.raises(TimeoutError, match="has not answered within"):
        await book.add("E7", browser)
    await trio.to_thread.run_sync(begun.wait)
    with pytest.raises(TimeoutError):
        await other.of("E7")
    monkeypatch.setattr(subscriptions, "DISK_S", 60.0)
    released.set()
    await book.add("E8", Browser("https://push.example/2").subscription)
    assert await other.of("E7") == [browser]
    assert len(await other.of("E8")) == 1
