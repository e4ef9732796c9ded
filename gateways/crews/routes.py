"""The routes below /crew: the page's files, signing in, the feed, and the messages."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateways.bodies import bearer
from gateways.browsers import JSON, Unwelcome, body_of
from gateways.crews.entrance import COOKIE, Crews, SignIn
from gateways.crews.feeds import TooMany
from gateways.crews.inbox import Batch, Verdict
from gateways.crews.views import Hello, ladder_of
from gateways.outward.subscriptions import Subscription
from gateways.pages import Page, read_pages
from gateways.web import allow_time

FOLDER: Final = Path(__file__).parent / "static"
NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Handler = Callable[[Crews, Request], Awaitable[Response]]


class _Verdicts(msgspec.Struct, frozen=True):
    now_ms: int
    answers: list[Verdict]


class _NewCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unit: str = ""


def crew_routes(crews: Crews) -> list[Route]:
    """Return the routes, to be mounted on the HTTP listener."""
    pages = read_pages(FOLDER)
    return [
        Route("/crew", _page(pages["index.html"])),
        Route("/crew/session", _answered(crews, _session), methods=["GET", "POST", "DELETE"]),
        Route("/crew/codes", _answered(crews, _codes), methods=["POST"]),
        Route("/crew/view", _answered(crews, _view)),
        Route("/crew/feed", _answered(crews, _feed)),
        Route("/crew/push", _answered(crews, _push), methods=["POST", "DELETE"]),
        Route("/crew/messages", _answered(crews, _messages), methods=["POST"]),
        *(Route(f"/crew/{name}", _page(page)) for name, page in pages.items() if name != "index.html"),
    ]


def _page(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # The worker looks after /crew, which stands beside its own folder and not in it.
        more = {"Service-Worker-Allowed": "/crew"} if request.url.path.endswith("worker.js") else {}
        return page.answer(request, more)

    return answer


def _answered(crews: Crews, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(crews, request)
        except Unwelcome as unwelcome:
            crews.statistics.count_refusal(unwelcome.code)
            told = {"code": unwelcome.code, "reason": str(unwelcome), **unwelcome.members}
            headers = {"WWW-Authenticate": "Bearer"} if unwelcome.status == 401 else {}
            return _json(told, unwelcome.status, headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it

    return answer


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, {**NO_STORE, **(headers or {})}, JSON)


async def _session(crews: Crews, request: Request) -> Response:
    """Sign in, out, or ask who is signed in."""
    if request.method == "GET":
        try:
            guest = crews.guest(request)
        except Unwelcome as nobody:
            return _json({"principal": None, "unit": None, "reason": str(nobody)})
        return _json({"principal": guest.principal.name, "unit": guest.unit})
    crews.own_origin(request)
    secure = not crews.config.plain_http
    if request.method == "DELETE":
        response = Response(status_code=204, headers=NO_STORE)
        response.delete_cookie(COOKIE, "/crew", secure=secure, httponly=True, samesite="strict")
        return response
    session, principal, unit = crews.sign_in(await body_of(request, SignIn))
    response = _json({"principal": principal.name, "unit": unit})
    response.set_cookie(
        COOKIE, session, crews.config.session_s, path="/crew", secure=secure, httponly=True, samesite="strict"
    )
    return response


async def _codes(crews: Crews, request: Request) -> Response:
    """Make a code; only with a token, so that a phone that was found cannot sign in others."""
    token = bearer(request)
    if token is None:
        raise Unwelcome(401, "unauthenticated", "Send `Authorization: Bearer name.secret`.")
    given = await body_of(request, _NewCode)
    return _json({"code": crews.new_code(token, given.unit), "seconds": crews.config.code_s}, 201)


def _unit_of(crews: Crews, request: Request) -> str:
    guest = crews.guest(request)
    if guest.unit is None:
        raise Unwelcome(
            422, "which_unit", "Say which unit in the query: ?unit=E7.", units=sorted(guest.principal.units or ())
        )
    return guest.unit


async def _view(crews: Crews, request: Request) -> Response:
    """Tell once what the crew sees."""
    return _json(crews.feeds.view(_unit_of(crews, request)))


async def _feed(crews: Crews, request: Request) -> Response:
    """Tell what the crew sees, and again whenever that changes."""
    unit, guest = _unit_of(crews, request), crews.guest(request)
    hello = Hello(
        unit=unit,
        principal=guest.principal.name,
        now_ms=crews.service.clock.now(),
        pace=crews.service.clock.pace,
        ladder=ladder_of(crews.board.world),
        push_key=crews.push_key,
    )
    # A browser is asked to sign in again when its session is over, also while it follows.
    allow_time(request.scope, guest.until_s - time.time())
    return _EventStream(crews, hello)


class _EventStream(Response):
    """An answer that goes on until the follower leaves."""

    def __init__(self, crews: Crews, hello: Hello) -> None:
        super().__init__(headers={**NO_STORE, "X-Accel-Buffering": "no"}, media_type="text/event-stream")
        del self.headers["content-length"]
        self._crews = crews
        self._hello = hello

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer (ASGI)."""
        feeds = self._crews.feeds

        async def say(content: bytes) -> None:
            await send({"type": "http.response.body", "body": content, "more_body": True})

        async def until_left(cancel_scope: trio.CancelScope) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            cancel_scope.cancel()

        try:
            with feeds.follow(self._hello.unit) as follower:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(until_left, nursery.cancel_scope)
                    await feeds.tell(follower, self._hello, say)
        except TooMany:
            reason = "Too many pages follow this unit. Close one, and try again."
            await _json({"code": "too_many_feeds", "reason": reason}, 503)(scope, receive, send)


async def _push(crews: Crews, request: Request) -> Response:
    """Tell this browser of its unit's alerts while the page is closed, or no longer."""
    unit = _unit_of(crews, request)
    browser = await body_of(request, Subscription)
    if crews.subscriptions is None:
        raise Unwelcome(404, "no_push", "No endpoint of this server has the channel `push`.")
    try:
        if request.method == "DELETE":
            await crews.subscriptions.remove(browser.endpoint)
        else:
            await crews.subscriptions.add(unit, browser)
    except OSError as error:
        raise Unwelcome(503, "not_kept", f"That could not be written down ({error}). Ask again in a moment.") from error
    return Response(status_code=204, headers=NO_STORE)


async def _messages(crews: Crews, request: Request) -> Response:
    """Take what was stored, and say of each message what became of it."""
    guest = crews.guest(request)
    batch = await body_of(request, Batch)
    if len(batch.messages) > crews.config.batch:
        raise Unwelcome(
            413, "too_many_messages", f"Send at most {crews.config.batch} messages at a time, oldest first."
        )
    with trio.move_on_after(crews.config.durable_s):
        answers = await crews.inbox.take(guest.principal, batch)
        return _json(_Verdicts(crews.service.clock.now(), answers))
    raise Unwelcome(503, "not_durable", "Not all of it has become durable in time. Send it again, under the same ids.")
