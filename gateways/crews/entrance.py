"""Who stands at the door: a vehicle with a bearer token, or a browser with a session; and for which unit it speaks.

Rule: a cookie counts only with the page's own origin, so that no other site can speak for a crew. A token is never taken
from a URL. Guessing is slow: wrong tokens and codes share one small allowance, and codes beyond it are not looked at.
"""

import time
from math import inf
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace
from starlette.requests import Request

from engine.live.service import Service
from gateways.auth import Gatekeeper, Principal, Right
from gateways.board import Board
from gateways.bodies import bearer
from gateways.browsers import Guesses, Unwelcome, own_origin
from gateways.crews.config import CrewsConfig, Statistics
from gateways.crews.feeds import Feeds
from gateways.crews.inbox import Inbox
from gateways.crews.sessions import Sessions
from gateways.outward.subscriptions import Subscriptions

COOKIE: Final = "turnout_crew"


class SignIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token and the unit that it is to speak for, or a code, which is for one unit."""

    token: Annotated[str, Meta(max_length=512)] = ""
    code: Annotated[str, Meta(max_length=32)] = ""
    unit: Annotated[str, Meta(max_length=128)] = ""
    """May be left out where the token is bound to one unit."""

    def __repr__(self) -> str:
        """Show no secret."""
        return f"SignIn(unit={self.unit!r}, secrets hidden)"


class Guest(Struct, frozen=True):
    """Who asks, and for which unit; None: a vehicle's token that did not say."""

    principal: Principal
    unit: str | None
    until_s: float = inf
    """When its session ends, in seconds since the epoch; a token has none."""


class Crews:
    """The crews' channel. One per process."""

    def __init__(
        self,
        service: Service,
        board: Board,
        keeper: Gatekeeper,
        config: CrewsConfig,
        key: bytes,
        *,
        subscriptions: Subscriptions | None = None,
    ) -> None:
        """Open it. With `subscriptions` browsers may ask to be told while the page is closed. Raises OSError."""
        self.service = service
        self.board = board
        self.config = config
        self.statistics = Statistics()
        self.sessions = Sessions(keeper, key, session_s=config.session_s, code_s=config.code_s)
        self.inbox = Inbox(service, config, self.statistics)
        self.feeds = Feeds(board, config, self.statistics)
        self.subscriptions = subscriptions
        self.push_key = None if subscriptions is None else subscriptions.public_key()
        self._keeper = keeper
        self._guesses = Guesses()

    def guest(self, request: Request) -> Guest:
        """Return who asks. Raises Unwelcome."""
        token = bearer(request)
        if token is not None:
            return self._vehicle(request, token)
        session = request.cookies.get(COOKIE, "")
        if not session:
            raise Unwelcome(401, "unauthenticated", "Sign in first, or send `Authorization: Bearer name.secret`.")
        if request.method not in ("GET", "HEAD"):
            self.own_origin(request)
        holder = self.sessions.holder(session, time.time())
        if holder is None or self.board.world.unit(holder.unit) is None:
            raise Unwelcome(401, "session_over", "Your session is over. Sign in again; what waits to be sent is kept.")
        return Guest(replace(holder.principal, units=frozenset({holder.unit})), holder.unit, holder.until_s)

    def _vehicle(self, request: Request, token: str) -> Guest:
        principal = self._keeper.authenticate(token)
        if principal is None:
            self._guesses.wrong()
            raise Unwelcome(401, "unauthenticated", "Nobody has this token. Ask for a new one; it is `name.secret`.")
        if not principal.may(Right.STATUS):
            raise Unwelcome(403, "unauthorised", f"A {principal.role} does not speak for units.")
        unit = request.query_params.get("unit")
        if unit is not None and (not principal.speaks_for(unit) or self.board.world.unit(unit) is None):
            raise Unwelcome(403, "unauthorised", f"{principal.name} may not speak for {unit[:128]}.")
        return Guest(principal, unit or _only(principal))

    def own_origin(self, request: Request) -> None:
        """Refuse what another site's page has sent. Raises Unwelcome."""
        own_origin(request, self.config.origins, "/crew")

    def sign_in(self, given: SignIn) -> tuple[str, Principal, str]:
        """Return a session, whose it is and for which unit. Raises Unwelcome."""
        now_s = time.time()
        if given.code:
            self._guesses.check()
            session = self.sessions.use_code(given.code, now_s)
            if session is None:
                self._guesses.wrong()
                raise Unwelcome(401, "unknown_code", "This code is not known, or was used. Ask for a new one.")
        else:
            principal = self._keeper.authenticate(given.token)
            if principal is None:
                self._guesses.wrong()
                raise Unwelcome(
                    401, "unauthenticated", "Nobody has this token. Ask for a new one; it is `name.secret`."
                )
            if not principal.may(Right.STATUS):
                raise Unwelcome(403, "unauthorised", f"A {principal.role} does not speak for units.")
            session = self.sessions.begin(given.token, self._unit(principal, given.unit), now_s)
        holder = None if session is None else self.sessions.holder(session, now_s)
        if session is None or holder is None or not holder.principal.may(Right.STATUS):
            raise Unwelcome(403, "unauthorised", "This may not speak for that unit.")
        self.statistics.sign_ins += 1
        return session, holder.principal, holder.unit

    def _unit(self, principal: Principal, named: str) -> str:
        unit = named or _only(principal) or ""
        if not unit:
            known = sorted(principal.units or ())
            raise Unwelcome(422, "which_unit", "Say for which unit you sign in.", units=known)
        if not principal.speaks_for(unit):
            raise Unwelcome(403, "unauthorised", f"{principal.name} may not speak for {unit}.")
        if self.board.world.unit(unit) is None:
            raise Unwelcome(422, "unknown_unit", f"The place has no unit {unit!r}.")
        return unit

    def new_code(self, token: str, unit: str) -> str:
        """Return a code that signs one browser in for the unit. Raises Unwelcome."""
        principal = self._keeper.authenticate(token)
        if principal is None:
            self._guesses.wrong()
            raise Unwelcome(401, "unauthenticated", "Nobody has this token.")
        if not principal.may(Right.STATUS):
            raise Unwelcome(403, "unauthorised", f"A {principal.role} does not speak for units.")
        code = self.sessions.new_code(token, self._unit(principal, unit), time.time())
        if code is None:
            raise Unwelcome(503, "too_many_codes", "Too many codes are waiting to be used. Try again in some minutes.")
        return code


def _only(principal: Principal) -> str | None:
    return next(iter(principal.units)) if principal.units is not None and len(principal.units) == 1 else None
