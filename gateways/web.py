"""The HTTP listener: hypercorn on trio, routes of the gateways on starlette, and a door round every request.

Rule: nothing a client sends and nothing a handler raises gets past the door. Each request is counted, bounded in
size and time, and answered; an error says what happened and what to do (`application/problem+json`, RFC 9457).
Should the server itself fall over, it is logged and opened again: dispatch goes on without its metrics.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final, cast

import msgspec
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import Framework
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateways.log import logger

BACKLOG: Final = 256
REOPEN_AFTER_S: Final = 1.0
PING_S: Final = 5
"""Between pings of a WebSocket: a client that does not take them is closed after `UNREAD_S`."""
UNREAD_S: Final = 10
"""The kernel closes a connection whose client has taken nothing of what was sent to it for that long."""
_log = logger("web")


class WebConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The HTTP listener. By default it is for this machine only: put a proxy that speaks TLS before it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    """0 takes any free one."""
    head_bytes: Annotated[int, Meta(ge=1_024)] = 16_384
    """Request line and headers together."""
    body_bytes: Annotated[int, Meta(ge=0)] = 65_536
    keep_alive_s: Annotated[float, Meta(gt=0)] = 30.0
    """A connection without a request for that long is closed."""
    deadline_s: Annotated[float, Meta(gt=0)] = 10.0
    """A request is answered within that time, or told that it was not."""
    stop_within_s: Annotated[float, Meta(gt=0)] = 2.0
    """Requests under way at a stop have most of this to finish."""


EVENTS: Final = (
    *(f"answered_{digit}xx" for digit in range(1, 6)),
    "client_left",
    "deadline_passed",
    "handler_failed",
    "listener_failed",
)


class HttpCounts:
    """What came through the door since the start, in place of an access log."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(EVENTS, 0)

    def count(self, event: str) -> None:
        """Count one more."""
        self._counts[event] += 1

    def statistics(self) -> Mapping[str, int]:
        """Return the counts by name: every one of `EVENTS`, 0 where it has not happened."""
        return dict(self._counts)


async def serve_http(
    routes: Sequence[BaseRoute],
    config: WebConfig,
    *,
    counts: HttpCounts | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the routes until cancelled; report the address as host:port, with the port really taken.

    On cancellation nobody new is let in and requests under way have `stop_within_s` to finish; then the rest is
    cut off. Only a client that reads nothing of its answers is cut off later, after `UNREAD_S`: hypercorn cannot be
    stopped while it sends. Raises OSError, saying which address, if that cannot be listened on.
    """
    counts = counts or HttpCounts()
    app = Door(_application(routes, config), config, counts)
    listener = _listen(config.host, config.port)
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope(shield=True) as shield:
            nursery.start_soon(_on_cancel, config, listener, stopping, shield)
            task_status.started(_address(listener))
            while not stopping.is_set():
                await _serve_once(app, config, listener, stopping, counts)
        nursery.cancel_scope.cancel()


async def _on_cancel(
    config: WebConfig, listener: socket.socket, stopping: trio.Event, shield: trio.CancelScope
) -> None:
    try:
        await trio.sleep_forever()
    finally:
        listener.close()
        stopping.set()
        shield.deadline = trio.current_time() + config.stop_within_s


async def _serve_once(
    app: "Door", config: WebConfig, listener: socket.socket, stopping: trio.Event, counts: HttpCounts
) -> None:
    settings = _hypercorn(config, os.dup(listener.fileno()))
    try:
        await serve(cast("Framework", app), settings, shutdown_trigger=stopping.wait, mode="asgi")
    except Exception:  # noqa: BLE001  whatever it is, dispatch must outlive it
        counts.count("listener_failed")
        _log.exception("the HTTP listener failed and is opened again", after_s=REOPEN_AFTER_S)
        with trio.move_on_after(REOPEN_AFTER_S):
            await stopping.wait()


def _hypercorn(config: WebConfig, descriptor: int) -> Config:
    settings = Config()
    settings.bind = [f"fd://{descriptor}"]
    settings.backlog = BACKLOG
    settings.accesslog = None
    settings.errorlog = None
    settings.include_server_header = False
    settings.h11_max_incomplete_size = config.head_bytes
    settings.keep_alive_timeout = config.keep_alive_s
    settings.graceful_timeout = config.stop_within_s * 0.75
    settings.websocket_max_message_size = config.body_bytes
    settings.websocket_ping_interval = PING_S
    return settings


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket. What is set here, accepted connections inherit."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_S * 1_000)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = f"HTTP cannot listen on {host}:{port} ({error.strerror}). Is another program there? Set [web] port."
        raise OSError(error.errno, reason) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# ── the application ─────────────────────────────────────────────────────────────────────────────────────────────


_CODES: Final = {404: "unknown_path", 405: "wrong_method", 413: "too_large", 500: "fault", 503: "late"}
"""What programs read, of the errors that are made here."""


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, members: Mapping[str, str] | None = None
) -> Response:
    """Return an error as problem+json (RFC 9457); `detail` says what happened and what to do. `members` are added."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body |= {"code": _CODES.get(status, ""), "field": "", **(members or {})}
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


def names_tag(header: str, tag: str) -> bool:
    """Tell whether `If-Match` or `If-None-Match` names the ETag; a proxy may have made it a weak one."""
    return header.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in header.split(",")]


def _shown(path: str) -> str:
    """Return a path as an error names it: pages and the API have too many to be told one by one."""
    room = path.split("/")[1]
    return {"v1": "/v1 (see /docs)", "console": "/console", "crew": "/crew"}.get(room, path)


def _application(routes: Sequence[BaseRoute], config: WebConfig) -> Starlette:
    paths = {route.path for route in routes if isinstance(route, Route)}
    served = ", ".join(sorted({_shown(path) for path in paths})) or "nothing"

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        allowed = (error.headers or {}).get("Allow", "other methods")
        sentence = {
            404: f"There is nothing at this path. This listener serves {served}.",
            405: f"This path does not take {request.method}. It takes {allowed}.",
            413: f"The body has more than {config.body_bytes} bytes, the most that is taken. Send less at a time.",
        }.get(error.status_code, error.detail)
        return problem(error.status_code, sentence, error.headers)

    async def failed(_: Request, __: Exception) -> Response:
        return problem(
            500,
            "The server made a mistake while answering; it is logged and nothing else is affected. "
            "Try again; if it happens again, report it with the time.",
        )

    app = Starlette(routes=list(routes), exception_handlers={HTTPException: refused, Exception: failed})
    app.router.redirect_slashes = False
    return app


def allow_time(scope: Scope, seconds: float) -> None:
    """Give a request that is known to take long this many seconds from now on."""
    timer: trio.CancelScope = scope["more_time"]
    timer.deadline = trio.current_time() + seconds


class Door:
    """Stands round every request: counts it, bounds it, and lets no error out."""

    def __init__(self, app: ASGIApp, config: WebConfig, counts: HttpCounts) -> None:
        self._app = app
        self._config = config
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._counts)
        deadline_s = self._config.deadline_s
        with trio.move_on_after(deadline_s) as timer:
            scope["more_time"] = timer
            await self._within(scope, receive, answer)
        if timer.cancelled_caught:
            self._counts.count("deadline_passed")
            sentence = f"There was no answer in time (usually {deadline_s:g} s). Try again; /readyz says whether the engine works."
            if not answer.begun:
                await problem(503, sentence)(scope, receive, answer.send)

    async def _within(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, _bounded(scope, receive, self._config.body_bytes), answer.send)
        except ClientDisconnect:
            self._counts.count("client_left")
        except Exception:  # noqa: BLE001  the error boundary round every request
            # starlette has answered 500 already, unless the answer had begun; then the connection is cut
            self._counts.count("handler_failed")
            _log.exception("a handler failed", path=scope["path"], method=scope["method"])


class _Answer:
    """Passes the answer on and remembers that it has begun."""

    def __init__(self, send: Send, counts: HttpCounts) -> None:
        self.begun = False
        self._send = send
        self._counts = counts

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._counts.count(f"answered_{message['status'] // 100}xx")
        await self._send(message)


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Receive the body, but no more than `limit` bytes of it. Raises HTTPException 413 beyond."""
    promised = next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        if promised > limit:
            raise HTTPException(413)
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413)
        return message

    return receive_bounded
