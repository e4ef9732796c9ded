"""The routes of the console: the page's files, signing in and out, what the page is told once, and its WebSocket."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateways.auth import GRANTS, Role
from gateways.bodies import bearer
from gateways.browsers import JSON, Unwelcome, body_of
from gateways.console.answers import NO_STORE, answered, json_answer
from gateways.console.entrance import COOKIE, Console, Guest, SignIn, TicketKeeper
from gateways.console.layouts import NotKept, Window, Word
from gateways.console.past import Past
from gateways.console.place import view_place
from gateways.pages import Page, read_pages
from gateways.vocabulary.verbs import view_verbs

FOLDER: Final = Path(__file__).parent / "static"
PATH: Final = "/console"
WHY_S: Final = 3_600
"""A browser keeps what it holds so much longer than it counts: who shows it then is told why it does no longer."""
REFUSED: Final = 1008
"""Close code for a WebSocket that is not ours to serve."""
Follow = Callable[[WebSocket, TicketKeeper, trio.Event], Awaitable[None]]
"""Serves a WebSocket of a page to its end: the CAD room's, which this room does not know."""


def console_routes(console: Console, follow: Follow) -> list[BaseRoute]:
    """Return the routes, to be mounted on the HTTP listener."""
    pages = read_pages(FOLDER)
    front, past = _page(pages["index.html"]), Past(console)

    async def followed(websocket: WebSocket, guest: Guest, keeper: TicketKeeper) -> None:
        await follow(websocket, keeper, console.sessions.over(guest.session.id))

    return [
        Route("/", front),
        Route(PATH, front),
        Route(f"{PATH}/session", answered(console, _session), methods=["GET", "POST", "DELETE"]),
        Route(f"{PATH}/sessions", answered(console, _sessions)),
        Route(f"{PATH}/sessions/{{name}}", answered(console, _end_session), methods=["DELETE"]),
        Route(f"{PATH}/codes", answered(console, _codes), methods=["POST"]),
        Route(f"{PATH}/ticket", answered(console, _ticket), methods=["POST"]),
        Route(f"{PATH}/layout", answered(console, _layout)),
        Route(f"{PATH}/layout/{{window}}", answered(console, _put_layout), methods=["PUT"]),
        Route(f"{PATH}/place", answered(console, _place)),
        Route(f"{PATH}/verbs", answered(console, _verbs)),
        Route(f"{PATH}/streets/{{digest}}", answered(console, _streets)),
        WebSocketRoute(f"{PATH}/follow", _admitted(console, followed)),
        WebSocketRoute(f"{PATH}/past", _admitted(console, past.serve)),
        *(Route(f"{PATH}/{name}", _page(page)) for name, page in pages.items() if name != "index.html"),
    ]


def _admitted(
    console: Console, serve: Callable[[WebSocket, Guest, TicketKeeper], Awaitable[None]]
) -> Callable[[WebSocket], Awaitable[None]]:
    """Let in who has a session and comes from our own page; the ticket is shown in the first message."""

    async def answer(websocket: WebSocket) -> None:
        try:
            guest = console.guest(websocket)
            keeper = TicketKeeper(console, guest, console.own_origin(websocket))
        except Unwelcome:
            await websocket.close(REFUSED)
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.end_in_time, guest.session)
            await serve(websocket, guest, keeper)
            nursery.cancel_scope.cancel()

    return answer


def _page(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return page.answer(request)

    return answer


def _who(guest: Guest) -> dict[str, Any]:
    principal = guest.principal
    return {
        "principal": principal.name,
        "role": principal.role,
        "rights": sorted(GRANTS[principal.role]),
        "session": guest.session.id,
        "until_s": guest.session.until_s,
    }


async def _session(console: Console, request: Request) -> Response:
    """Sign in, out, or tell who is signed in."""
    if request.method == "GET":
        try:
            return json_answer(_who(console.guest(request)))
        except Unwelcome as nobody:
            return json_answer({"principal": None, "reason": str(nobody)})
    console.own_origin(request)
    secure = not console.config.plain_http
    if request.method == "DELETE":
        console.sessions.end(console.guest(request).session.id, "You have signed out.")
        response = Response(status_code=204, headers=NO_STORE)
        response.delete_cookie(COOKIE, PATH, secure=secure, httponly=True, samesite="strict")
        return response
    held, guest = console.sign_in(await body_of(request, SignIn), request.headers.get("user-agent", ""))
    response = json_answer(_who(guest))
    response.set_cookie(
        COOKIE, held, console.config.session_s + WHY_S, path=PATH, secure=secure, httponly=True, samesite="strict"
    )
    return response


def _sees_all(guest: Guest) -> bool:
    return guest.principal.role is Role.SUPERVISOR


async def _sessions(console: Console, request: Request) -> Response:
    """List one's own sessions; a supervisor, everybody's."""
    guest = console.guest(request)
    told = [
        {
            "id": each.id,
            "principal": each.name,
            "began_s": each.began_s,
            "seen_s": each.seen_s,
            "until_s": each.until_s,
            "agent": each.agent,
            "this": each.id == guest.session.id,
        }
        for each in console.sessions.all(time.time())
        if _sees_all(guest) or each.name == guest.principal.name
    ]
    return json_answer(told)


async def _end_session(console: Console, request: Request) -> Response:
    """End a session of one's own; a supervisor, anybody's."""
    guest, name = console.guest(request), request.path_params["name"]
    known = next((each for each in console.sessions.all(time.time()) if each.id == name), None)
    if known is None or not (_sees_all(guest) or known.name == guest.principal.name):
        raise Unwelcome(404, "unknown_session", "There is no such session, or it is not yours.")
    console.sessions.end(name, f"Your session was ended by {guest.principal.name}.")
    return Response(status_code=204, headers=NO_STORE)


async def _codes(console: Console, request: Request) -> Response:
    """Make the code of a sign-in link; only with a token."""
    token = bearer(request)
    if token is None:
        raise Unwelcome(401, "unauthenticated", "Send `Authorization: Bearer name.secret`.")
    return json_answer({"code": console.new_code(token), "seconds": console.config.code_s}, 201)


async def _ticket(console: Console, request: Request) -> Response:
    """Give the page what opens its WebSocket, once."""
    guest = console.guest(request)
    ticket = console.sessions.new_ticket(guest.session, console.own_origin(request), time.time())
    if ticket is None:
        raise Unwelcome(503, "too_many_tickets", "Too many pages connect at this moment. Try again.")
    return json_answer({"ticket": ticket, "seconds": console.config.ticket_s}, 201)


async def _layout(console: Console, request: Request) -> Response:
    """Tell how the user has arranged each window."""
    return json_answer(console.layouts.of(console.guest(request).principal.name))


async def _put_layout(console: Console, request: Request) -> Response:
    """Keep how the user has arranged one window; every session of that name begins with it from now on."""
    guest = console.guest(request)
    try:
        name = msgspec.convert(request.path_params["window"], Word)
    except msgspec.ValidationError:
        raise Unwelcome(
            404, "unknown_window", "A window is named by up to 32 small letters, digits, - and _."
        ) from None
    try:
        await console.layouts.put(guest.principal.name, name, await body_of(request, Window))
    except NotKept as wrong:
        status = {"rate_limited": 429, "too_many": 409}.get(wrong.code, 503)
        raise Unwelcome(status, wrong.code, str(wrong)) from None
    return Response(status_code=204, headers=NO_STORE)


async def _place(console: Console, request: Request) -> Response:
    """Tell what the place is made of."""
    console.guest(request)
    settled, digest = console.service.world.settled, console.basemap.digest
    return json_answer(view_place(settled, digest, exercise=console.exercise, addresses=console.addresses))


async def _verbs(console: Console, request: Request) -> Response:
    """Tell the registry of verbs, from which the page makes its command line and its help."""
    console.guest(request)
    return json_answer(view_verbs())


async def _streets(console: Console, request: Request) -> Response:
    """Give the streets; their digest is in the path, so a browser keeps them for good."""
    console.guest(request)
    if request.path_params["digest"] != console.basemap.digest or not console.basemap.digest:
        raise Unwelcome(404, "unknown_streets", "These are not the streets of this place. Load the page again.")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Content-Encoding": "gzip"}
    return Response(await console.basemap.packed(), headers=headers, media_type=JSON)
