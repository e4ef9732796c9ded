"""The webhook channel against real sockets: the good, the slow, the lying and the hostile."""

import socket
import ssl
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from alerts_kit import SECRET, Behaviour, Seen, answer, hang, station
from standardwebhooks import Webhook as Verifier

from engine.model.alert_facts import Purpose
from gateways.alerts import Webhook
from gateways.alerts.channel import Outcome
from gateways.alerts.message import Message

DELIVERED = Outcome(delivered=True)


def message(alert: str = "A7", attempt: int = 1) -> Message:
    return Message(
        place="riverside",
        alert=alert,
        purpose=Purpose.DISPATCH,
        created_ms=1_770_000_000_123,
        unit="E7",
        unit_kind="ambulance",
        incident="I1",
        incident_type="medical",
        type_name="Medical emergency",
        priority=1,
        address="12 Quay, café",
        lat=52.1,
        lon=4.9,
        text="E7 GO I1 P1 Medical emergency, 12 Quay, café",
        rung=0,
        attempt=attempt,
    )


async def send(config: Webhook, *messages: Message) -> list[Outcome]:
    async with config.open(Path()) as sender:
        return [await sender.send(each) for each in messages or (message(),)]


async def outcome_of(behave: Behaviour, timeout_s: float = 5.0) -> Outcome:
    async with station(behave) as server:
        (outcome,) = await send(server.webhook(timeout_s=timeout_s))
        assert server.seen[0].key == "A7"
        return outcome


async def test_the_reference_verifier_accepts_what_arrives() -> None:
    """Every attempt bears the alert's id as its key; the body is what the README shows."""
    async with station(answer(204)) as server:
        sent = await send(server.webhook(), message(attempt=1), message(attempt=2))
        assert sent == [DELIVERED, DELIVERED]
        bodies = [Verifier(SECRET).verify(seen.body, seen.headers) for seen in server.seen]
        assert [seen.key for seen in server.seen] == ["A7", "A7"]
        assert [body["data"]["attempt"] for body in bodies] == [1, 2]
        assert (bodies[0]["type"], bodies[0]["timestamp"]) == ("alert.dispatch", "2026-02-02T02:40:00.123Z")
        assert bodies[0]["data"]["address"] == "12 Quay, café"
        assert server.seen[0].headers["host"] == f"127.0.0.1:{server.port}"
        assert server.seen[0].headers["content-type"] == "application/json"
        assert server.connections == 1


async def test_the_address_is_dialled_and_the_name_is_asked_for() -> None:
    """The host header is the configured name, though the connection goes to the judged address."""
    async with station(answer(200)) as server:
        assert await send(server.webhook(host="localhost")) == [DELIVERED]
        assert server.seen[0].headers["host"] == f"localhost:{server.port}"


@pytest.mark.parametrize(
    ("behave", "detail"),
    [
        (answer(500), "HTTP 500"),
        (answer(503, b"", "retry-after: 120"), "HTTP 503: it asks to be tried again after 120"),
        (answer(401), "HTTP 401: refused; check that both sides have the same secret"),
        (answer(410, b'{"acknowledged": true}'), "HTTP 410"),
    ],
)
async def test_anything_but_2xx_is_a_failure(behave: Behaviour, detail: str) -> None:
    """With the status, and what to do where we know."""
    assert await outcome_of(behave) == Outcome(delivered=False, detail=detail)


async def test_a_redirect_is_not_followed() -> None:
    """The place it points to never hears of it."""
    async with station(answer(200)) as inside:
        where = f"location: http://127.0.0.1:{inside.port}/"
        for status in (301, 302, 303, 307, 308):
            outcome = await outcome_of(answer(status, b"", where))
            assert outcome.detail == f"HTTP {status}: redirects are not followed; configure the final url"
        assert inside.connections == 0


async def test_a_server_that_never_answers() -> None:
    """Its time is up after the configured one."""
    outcome = await outcome_of(hang, timeout_s=0.1)
    assert outcome == Outcome(delivered=False, detail="no answer within 0.1 s")


async def test_a_server_that_drips_its_headers() -> None:
    """The limit is for everything, not for each byte."""

    async def drip(_seen: Seen, stream: trio.SocketStream) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x-more: yes\r\n" * 1000:
            await stream.send_all(bytes([byte]))
            await trio.sleep(0.01)

    assert (await outcome_of(drip, timeout_s=0.3)).detail == "no answer within 0.3 s"


async def test_a_reset_is_a_failure() -> None:
    """With the reason in words."""

    async def reset(_seen: Seen, stream: trio.SocketStream) -> None:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()

    outcome = await outcome_of(reset)
    assert not outcome.delivered
    assert outcome.detail.startswith(("ReadError", "RemoteProtocolError"))


async def test_what_is_not_http_is_a_failure() -> None:
    """A banner of some other service."""

    async def banner(_seen: Seen, stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 mail.example ESMTP\r\n\r\n")

    assert (await outcome_of(banner)).detail.startswith("RemoteProtocolError")


async def test_nobody_listening_is_a_failure() -> None:
    """A refused connection costs nothing but its report."""
    async with station(hang) as server:
        config = server.webhook()
    (outcome,) = await send(config)
    assert outcome.detail.startswith("ConnectError")


@pytest.mark.parametrize(
    ("body", "by"),
    [
        (b'{"acknowledged": true, "by": "E7", "other": 1}', "E7"),
        (b'{"acknowledged": true}', ""),
        (b'{"acknowledged": false, "by": "E7"}', None),
        (b'{"acknowledged": "yes"}', None),
        (b'{"acknowledged": true, "by": 7}', None),
        (b"acknowledged", None),
        (b"[" * 60_000, None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
async def test_an_answer_may_acknowledge(body: bytes, by: str | None) -> None:
    """Only by the exact words; whatever else it says, 2xx is delivered."""
    assert await outcome_of(answer(200, body)) == Outcome(delivered=True, acknowledged_by=by)


async def test_a_long_name_is_cut() -> None:
    """What goes into the journal has a bound."""
    outcome = await outcome_of(answer(200, b'{"acknowledged": true, "by": "%s"}' % (b"x" * 50_000)))
    assert outcome.acknowledged_by == "x" * 100


async def test_a_body_without_end_is_not_read() -> None:
    """Delivered by its status; after 64 KiB we hang up on the sender, who notices."""
    gone = trio.Event()

    async def flood(_seen: Seen, stream: trio.SocketStream) -> None:
        try:
            await stream.send_all(b'HTTP/1.1 200 OK\r\n\r\n{"acknowledged": true, "pad": "')
            while True:
                await stream.send_all(b"x" * 65_536)
        finally:
            gone.set()

    assert await outcome_of(flood) == DELIVERED
    with trio.fail_after(120):
        await gone.wait()


@pytest.mark.parametrize(("spare", "by"), [(0, "E7"), (1, None)])
async def test_the_limit_of_the_body_is_exact(spare: int, by: str | None) -> None:
    """At 64 KiB it is read, one byte more is too many."""
    body = b'{"acknowledged": true, "by": "E7"}'.ljust(65_536 + spare)
    assert await outcome_of(answer(200, body)) == Outcome(delivered=True, acknowledged_by=by)


async def test_a_status_counts_though_the_body_never_comes() -> None:
    """A server that says 200, promises a body and falls silent, or leaves, has taken the alert."""

    async def promise(_seen: Seen, stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
        await trio.sleep_forever()

    async def leave(_seen: Seen, stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
        await stream.aclose()

    assert await outcome_of(promise, timeout_s=0.2) == DELIVERED
    assert await outcome_of(leave) == DELIVERED


async def test_a_compressed_bomb_stays_packed() -> None:
    """We ask for no encoding and unpack none."""
    async with station(answer(200, b"\x1f\x8b" + b"\0" * 1000, "content-encoding: gzip")) as server:
        assert await send(server.webhook()) == [DELIVERED]
        assert server.seen[0].headers["accept-encoding"] == "identity"


async def test_cookies_are_neither_kept_nor_sent() -> None:
    """An endpoint cannot fill our memory, nor mark us."""
    async with station(answer(200, b"", "set-cookie: id=1; path=/")) as server:
        await send(server.webhook(), message(), message())
        assert all("cookie" not in seen.headers for seen in server.seen)


async def test_no_proxy_of_the_environment_gets_to_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judged address is dialled, whatever the environment says."""
    async with station(answer(200)) as proxy, station(answer(200)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await send(server.webhook()) == [DELIVERED]
        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_our_own_network_is_not_dialled_without_leave(host: str) -> None:
    """However the address is written; the server sees no connection."""
    async with station(answer(200)) as server:
        config = Webhook(url=f"https://{host}:{server.port}/", secrets=(SECRET,))
        (outcome,) = await send(config)
        assert "set allow_private = true" in outcome.detail
        assert server.connections == 0


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────────────────────


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a fresh certificate for that DNS name; it is its own authority."""
    files = (folder / "key.pem", folder / "cert.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
    ]
    more = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(files[0]), "-out", str(files[1])]
    subprocess.run([*command, f"/CN={name}", *more], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files[1], files[0])
    return context


async def send_over_tls(context: ssl.SSLContext) -> tuple[Outcome, list[str | None]]:
    """Send to https://localhost through a server of that certificate; return the names it was asked for."""
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def welcome(stream: trio.SocketStream) -> None:
        tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        with trio.move_on_after(5):
            with suppress(trio.BrokenResourceError):
                await tls.receive_some()
                await tls.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, welcome, [listener])
        config = Webhook(url=f"https://localhost:{port}/", secrets=(SECRET,), allow_private=True)
        (outcome,) = await send(config)
        nursery.cancel_scope.cancel()
    return outcome, asked


async def test_the_certificate_is_that_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address is dialled, yet the certificate asked for and checked is that of the configured name."""
    context = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    assert await send_over_tls(context) == (DELIVERED, ["localhost"])


async def test_another_names_certificate_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is from an authority that we trust; the detail says what is wrong with it."""
    context = certificate(tmp_path, "pager.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    outcome, _ = await send_over_tls(context)
    assert not outcome.delivered
    assert "Hostname mismatch" in outcome.detail


async def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    """Nothing is sent to it."""
    outcome, _ = await send_over_tls(certificate(tmp_path, "localhost"))
    assert not outcome.delivered
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.detail
