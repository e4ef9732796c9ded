"""The HTTP listener over real sockets: bounds, errors that teach, hostile clients, and a graceful stop."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx2
import msgspec
import pytest
import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import gateways.web
from gateways.web import HttpCounts, WebConfig, serve_http

LIMIT = 1_000


class Site:
    """A listener with a few routes, and what its door counted."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.counts = HttpCounts()
        self.base = ""
        self.entered = trio.Event()
        self.finish = trio.Event()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.base.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    async def fetch(self, path: str, method: str = "GET", **more: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=self.base) as client:
            return await client.request(method, path, **more)

    def routes(self) -> list[Route]:
        async def hello(_: Request) -> Response:
            return PlainTextResponse("hello")

        async def echo(request: Request) -> Response:
            return PlainTextResponse(str(len(await request.body())))

        async def broken(_: Request) -> Response:
            raise ValueError("a mistake of ours")

        async def waiting(_: Request) -> Response:
            self.entered.set()
            await self.finish.wait()
            return PlainTextResponse("finished")

        return [
            Route("/hello", hello),
            Route("/echo", echo, methods=["POST"]),
            Route("/broken", broken),
            Route("/waiting", waiting),
        ]


@asynccontextmanager
async def site(**settings: Any) -> AsyncIterator[Site]:
    config = WebConfig(port=0, body_bytes=LIMIT, **settings)
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            made = Site(nursery)
            address = await nursery.start(partial(serve_http, made.routes(), config, counts=made.counts))
            made.base = f"http://{address}"
            yield made
            nursery.cancel_scope.cancel()


async def test_port_zero_is_reported_as_the_port_really_taken() -> None:
    """A client reaches the listener at the address it reported; the answer does not say what software it is."""
    async with site() as made:
        answer = await made.fetch("/hello")
    assert made.address[1] > 0
    assert (answer.status_code, answer.text) == (200, "hello")
    assert "server" not in answer.headers
    assert {name: count for name, count in made.counts.statistics().items() if count} == {"answered_2xx": 1}


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/nowhere", 404, "/broken, /echo, /hello, /waiting"),
        ("GET", "/hello/", 404, "nothing at this path"),
        ("DELETE", "/hello", 405, "does not take DELETE"),
        ("GET", "/broken", 500, "Try again"),
    ],
)
async def test_errors_say_what_happened_and_what_to_do(method: str, path: str, status: int, says: str) -> None:
    """Each error is problem+json whose status agrees with the answer's, and whose detail teaches."""
    async with site() as made:
        answer = await made.fetch(path, method)
        again = await made.fetch("/hello")
    body = msgspec.json.decode(answer.content)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == body["status"] == status
    assert says in body["detail"]
    assert "ValueError" not in answer.text
    assert again.status_code == 200
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_body_beyond_the_limit_is_refused_however_it_is_sent() -> None:
    """The limit itself passes; one byte more is refused, announced or not, and its handler sees no part of it."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 100 + 1):
            yield b"x" * 100

    async with site() as made:
        fits = await made.fetch("/echo", "POST", content=b"x" * LIMIT)
        announced = await made.fetch("/echo", "POST", content=b"x" * (LIMIT + 1))
        streamed = await made.fetch("/echo", "POST", content=chunks())
    assert (fits.status_code, fits.text) == (200, str(LIMIT))
    for refused in (announced, streamed):
        assert refused.status_code == 413
        assert str(LIMIT) in msgspec.json.decode(refused.content)["detail"]


async def test_a_request_that_takes_too_long_is_told_so() -> None:
    """Past the deadline the client gets 503 with a reason, the handler is cancelled, and the next one is served."""
    async with site(deadline_s=0.2) as made:
        late = await made.fetch("/waiting")
        again = await made.fetch("/hello")
    assert late.status_code == 503
    assert "0.2 s" in msgspec.json.decode(late.content)["detail"]
    assert again.status_code == 200
    assert made.counts.statistics()["deadline_passed"] == 1


async def test_a_head_that_never_ends_is_cut_off() -> None:
    """A client that dribbles its headers loses the connection instead of keeping it."""
    async with site(keep_alive_s=0.3) as made:
        stream = await trio.open_tcp_stream(*made.address)
        await stream.send_all(b"GET /hello HTTP/1.1\r\nX-Slow: ")
        assert await stream.receive_some() == b""
        await stream.aclose()


async def test_a_head_that_is_too_large_is_refused() -> None:
    """Headers beyond the limit are answered with an error and the connection is closed."""
    async with site(head_bytes=2_048) as made:
        stream = await trio.open_tcp_stream(*made.address)
        await stream.send_all(b"GET /hello HTTP/1.1\r\nX-Long: " + b"x" * 10_000)
        answer = b""
        with suppress(trio.BrokenResourceError):  # it may be reset: not all that was sent is read
            while chunk := await stream.receive_some():
                answer += chunk
        await stream.aclose()
        assert answer.split()[1] in {b"400", b"431"}
        assert (await made.fetch("/hello")).status_code == 200


async def test_hostile_clients_do_not_take_the_listener_down() -> None:
    """Garbage, resets at every stage, and half requests leave the listener serving, and it never fell over."""
    attacks = [
        b"",
        b"\x00\xff\x16\x03\x01garbage\r\n\r\n",
        b"GET /waiting HTTP/1.1\r\nHost: t\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\nhalf",
        b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -5\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00",
        b"GET /hello HTTP/1.1\r\nHost: t\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: !!\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n" * 50,
        b"GET http:///%%% HTTP/1.1\r\nHost: t\r\n\r\n",
    ]
    async with site() as made:
        for attack in attacks:
            for reset in (True, False):
                stream = await trio.open_tcp_stream(*made.address)
                if attack:
                    await stream.send_all(attack)
                await trio.sleep(0.01)
                if reset:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await stream.aclose()
                assert (await made.fetch("/hello")).status_code == 200
    assert made.counts.statistics()["listener_failed"] == 0


async def test_a_stop_lets_the_request_under_way_finish() -> None:
    """Cancelled while a request is served, the listener lets nobody new in and that request gets its answer."""
    answers: list[httpx2.Response] = []

    async def ask(made: Site) -> None:
        answers.append(await made.fetch("/waiting"))

    with trio.fail_after(120):
        async with trio.open_nursery() as clients, site(stop_within_s=10) as made:
            clients.start_soon(ask, made)
            await made.entered.wait()
            made.nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                while await _reachable(made):  # noqa: ASYNC110  only the kernel knows when the port is shut
                    await trio.sleep(0.01)
                made.finish.set()
    assert [answer.text for answer in answers] == ["finished"]


async def _reachable(made: Site) -> bool:
    try:
        stream = await trio.open_tcp_stream(*made.address)
    except OSError:
        return False
    await stream.aclose()
    return True


async def test_a_stop_does_not_wait_for_a_request_without_end() -> None:
    """A handler that never returns is cut off; the stop comes to its end."""
    async with site(stop_within_s=0.2, deadline_s=600) as made:
        stream = await trio.open_tcp_stream(*made.address)
        await stream.send_all(b"GET /waiting HTTP/1.1\r\nHost: t\r\n\r\n")
        await made.entered.wait()
    assert not await _reachable(made)
    await stream.aclose()


async def test_a_port_in_use_is_named() -> None:
    """The error says which address could not be had, and what to set."""
    async with site() as made:
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{made.address[1]}.*\[web\] port"):
            await serve_http([], WebConfig(port=made.address[1]))


async def test_a_listener_that_falls_over_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the server below us is counted and the same port serves again: the caller never sees it."""
    real, faults = gateways.web.serve, [RuntimeError("a fault of the server")]

    async def failing_once(*args: Any, **more: Any) -> None:
        if faults:
            raise faults.pop()
        await real(*args, **more)

    monkeypatch.setattr(gateways.web, "serve", failing_once)
    monkeypatch.setattr(gateways.web, "REOPEN_AFTER_S", 0.01)
    async with site() as made:
        answer = await made.fetch("/hello")
    assert answer.status_code == 200
    assert made.counts.statistics()["listener_failed"] == 1


@pytest.mark.parametrize("setting", ["port = 65536", "keep_alive_s = 0", "body_bytes = -1", "colour = 'red'"])
def test_a_wrong_setting_is_refused_with_its_path(setting: str) -> None:
    """What cannot be is refused when the configuration is read."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(setting, type=WebConfig)


@pytest.mark.slow
async def test_a_client_that_reads_nothing_cannot_hold_a_stop_for_ever() -> None:
    """hypercorn sends shielded from cancellation; the kernel's own timeout ends it."""

    async def large(_: Request) -> Response:
        return PlainTextResponse("x" * 60_000)

    async with trio.open_nursery() as nursery:
        address = await nursery.start(partial(serve_http, [Route("/large", large)], WebConfig(port=0)))
        client = trio.socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await client.connect(("127.0.0.1", int(address.rsplit(":", 1)[1])))
        await client.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n" * 500)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    client.close()
