"""The routes of the supervisor's desk. Whoever is no supervisor is told so, whatever the page shows."""

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from gateways.auth import Role
from gateways.browsers import Unwelcome
from gateways.console.answers import NO_STORE, answered, json_answer
from gateways.console.entrance import Console
from gateways.console.supervisor import SupervisorDesk

LOOK_AGAIN_S: Final = 2
NUMBER_DIGITS: Final = 12
PLAIN: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="dark light">'
    "<title>{title}</title></head><body><h1>{title}</h1><p>{words}</p></body></html>"
)
UNREADABLE: Final = 422
NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALONE: Final = "; frame-ancestors 'none'; sandbox allow-scripts"
"""Added to the page's own policy: its script runs, but as nobody's, so that it could not act for who is signed in."""


def supervisor_routes(console: Console, desk: SupervisorDesk) -> list[BaseRoute]:
    """Return the routes, to be mounted beside the console's."""

    async def shift(console: Console, request: Request) -> Response:
        _supervisor(console, request)
        seen = request.query_params.get("seen", "0")[:NUMBER_DIGITS]
        return json_answer(desk.shift(int(seen) if seen.isdecimal() else 0))

    async def runs(console: Console, request: Request) -> Response:
        _supervisor(console, request)
        return json_answer(desk.runs())

    async def page(console: Console, request: Request) -> Response:
        _supervisor(console, request)
        try:
            made = desk.page(request.path_params["name"])
        except Unwelcome as unwelcome:
            if unwelcome.status != UNREADABLE:
                raise
            return _plain("This run has no page", str(unwelcome), UNREADABLE)
        if made is None:
            again = {"Refresh": str(LOOK_AGAIN_S)}
            return _plain("The page of this run is being made", "It appears by itself.", 202, again)
        headers = {**NO_STORE, "Content-Security-Policy": made.policy + ALONE, "Referrer-Policy": "no-referrer"}
        return HTMLResponse(made.page, headers=headers)

    return [
        Route("/console/supervisor", answered(console, shift)),
        Route("/console/simulations", answered(console, runs)),
        Route("/console/simulations/{name}", answered(console, page)),
    ]


def _plain(title: str, words: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a page for a person who opened a link: words only."""
    content = PLAIN.format(title=escape(title), words=escape(words))
    return HTMLResponse(content, status, {**NO_STORE, "Content-Security-Policy": NOTHING, **(headers or {})})


def _supervisor(console: Console, request: Request) -> None:
    """Let nobody but supervisors pass. Raises Unwelcome."""
    role = console.guest(request).principal.role
    if role is not Role.SUPERVISOR:
        plain = role.replace("_", " ")
        raise Unwelcome(403, "unauthorised", f"This is for supervisors. You are signed in with the role {plain}.")
