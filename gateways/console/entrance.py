"""Who stands at the console's door: a browser with a session, or one that wants to begin one.

Rule: a cookie counts only with the page's own origin, so that no other site can act for a dispatcher. A token is never
taken from a URL. Guessing is slow: wrong tokens, codes and tickets share one small allowance.
"""

import time
from pathlib import Path
from typing import Annotated, Final

import trio
from msgspec import Meta, Struct
from starlette.requests import HTTPConnection, Request

from engine.live.service import Service
from engine.streets.graph import Graph
from gateways.auth import Gatekeeper, OnRead, Principal, Right
from gateways.browsers import Guesses, Unwelcome, own_origin
from gateways.console.basemap import Basemap
from gateways.console.config import ConsoleConfig
from gateways.console.layouts import Layouts
from gateways.console.sessions import FILE, Session, Sessions
from gateways.workers import Workers

COOKIE: Final = "turnout_console"
AGENT_MAX: Final = 200
LOOK_EVERY_S: Final = 30.0
"""So late at most a page learns that its session is over, whatever was done to the machine's clock."""


class SignIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token, or the code of a sign-in link."""

    token: Annotated[str, Meta(max_length=512)] = ""
    code: Annotated[str, Meta(max_length=64)] = ""

    def __repr__(self) -> str:
        """Show no secret."""
        return "SignIn(secrets hidden)"


class Guest(Struct, frozen=True):
    """Who asks, in which session."""

    principal: Principal
    session: Session


class Console:
    """The console's door. One per process."""

    def __init__(
        self,
        service: Service,
        keeper: Gatekeeper,
        config: ConsoleConfig,
        data: Path,
        streets: Graph | None,
        *,
        exercise: bool,
        workers: Workers | None = None,
    ) -> None:
        self.service = service
        self.workers = workers or Workers()
        self.config = config
        self.exercise = exercise
        self.journal = data / "journal"
        self.basemap = Basemap(streets)
        self.layouts = Layouts(data)
        self.sessions = Sessions(
            keeper,
            data / FILE,
            session_s=config.session_s,
            code_s=config.code_s,
            ticket_s=config.ticket_s,
            most=config.sessions,
        )
        self.addresses = False
        """The place lists house numbers: pages may ask for them."""
        self.on_read: OnRead | None = None
        """Called with who looks at which past hour."""
        self._keeper = keeper
        self._guesses = Guesses()

    def guest(self, request: HTTPConnection) -> Guest:
        """Return who asks. Raises Unwelcome."""
        found = self.sessions.find(request.cookies.get(COOKIE, ""), time.time())
        if found is None:
            why = self.sessions.why_ended(request.cookies.get(COOKIE, ""))
            raise Unwelcome(401, "unauthenticated", f"{why or 'You are not signed in, or no longer.'} Sign in.")
        if not (isinstance(request, Request) and request.method in ("GET", "HEAD")):
            self.own_origin(request)
        return Guest(found[1], found[0])

    async def end_in_time(self, session: Session) -> None:
        """Wait until the session's time has come, and end it then: its pages are closed although they ask for nothing."""
        while (left_s := session.until_s - time.time()) > 0:  # noqa: ASYNC110  the clock on the wall tells no event
            await trio.sleep(min(left_s, LOOK_EVERY_S))
        self.sessions.expire(time.time())

    def own_origin(self, request: HTTPConnection) -> str:
        """Return the origin of the page that asks, which is ours. Raises Unwelcome."""
        return own_origin(request, self.config.origins, "the console")

    def sign_in(self, given: SignIn, agent: str) -> tuple[str, Guest]:
        """Return what the browser is to hold, and who it is then. Raises Unwelcome."""
        now_s = time.time()
        if given.code:
            held = self.sessions.use_code(given.code, agent[:AGENT_MAX], now_s)
            reason = "This link has been used, or is too old. Ask for a new one, or sign in with your token."
        else:
            principal = self._keeper.authenticate(given.token)
            if principal is not None and not principal.may(Right.WATCH):
                raise Unwelcome(403, "unauthorised", f"A {principal.role} has nothing to do at the console.")
            held = self.sessions.begin(given.token, agent[:AGENT_MAX], now_s)
            reason = "Nobody has this token. It looks like `name.secret`; ask your administrator for a new one."
        found = None if held is None else self.sessions.find(held, now_s)
        if held is None or found is None:
            self._guesses.wrong()
            raise Unwelcome(401, "unauthenticated", reason)
        return held, Guest(found[1], found[0])

    def new_code(self, token: str) -> str:
        """Return the code of a link that signs one browser in. Raises Unwelcome."""
        principal = self._keeper.authenticate(token)
        if principal is None:
            self._guesses.wrong()
            raise Unwelcome(401, "unauthenticated", "Nobody has this token.")
        if not principal.may(Right.WATCH):
            raise Unwelcome(403, "unauthorised", f"A {principal.role} has nothing to do at the console.")
        code = self.sessions.new_code(token, time.time())
        if code is None:
            raise Unwelcome(503, "too_many_codes", "Too many links are waiting to be used. Try again in some minutes.")
        return code


class TicketKeeper:
    """Knows whose a ticket is, for one WebSocket."""

    def __init__(self, console: Console, guest: Guest, origin: str) -> None:
        self._console = console
        self._guest = guest
        self._origin = origin

    def authenticate(self, token: str | None) -> Principal | None:
        """Return whose ticket it is; None if nobody's."""
        session = self._guest.session.id
        return self._console.sessions.use_ticket(token or "", self._origin, session, time.time())
