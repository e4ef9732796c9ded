"""The past, for supervisors: a WebSocket on which a page asks for hours of the journal, one at a time.

    hello(ticket) → welcome    look(at) → looking, reading …, begin, blocks …, end    or refused, at any point

Rule: whoever looks at the past looks at people's data. The right is checked here, who looked at which hour is written down
(log, and the book of readings) before anything is read, and a page that holds an hour is told when somebody is forgotten, so that it lets go of it.
"""

from collections import deque
from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec
import trio
from msgspec import Meta
from starlette.websockets import WebSocket

from gateways.auth import Principal, Right
from gateways.console.entrance import Console, Guest, TicketKeeper
from gateways.log import logger
from gateways.reels import Hour, Kind, NoReel, Reels
from gateways.times import iso, local, moment, offset_at
from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.unreadable import UNREADABLE
from gateways.vocabulary.words import FromClient, Whole

HOUR_MS: Final = 3_600_000
PAGES_MAX: Final = 16
HELLO_WITHIN_S: Final = 10.0
SENT_WITHIN_S: Final = 20.0
LOOKS_PER_S: Final = 0.5
LOOKS_BURST: Final = 12.0
FRESH_MAX: Final = 64
"""Incidents that were forgotten lately: the disk may still be at it."""
POLICY_VIOLATION: Final = 1008
TRY_LATER: Final = 1013
_log = logger("past")


class Hello(FromClient, frozen=True, kw_only=True):
    """The first message."""

    ticket: Annotated[str, Meta(max_length=128)]


class Look(FromClient, frozen=True, kw_only=True):
    """Show the hour in which this moment lies: `14:32`, or `2026-11-28 14:32:10`; local time, or UTC with a Z."""

    id: Whole
    at: Annotated[str, Meta(max_length=64)]
    on: bool = False
    """From that very moment to the end of the hour: for the rest of one that is too busy to be told at once."""


_read: Final = msgspec.json.Decoder(Hello | Look).decode


class _Gone(Exception):
    """The page is not there any more, or does not take what it is sent."""


class Past:
    """Shows the past. One per process."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.reels = Reels(console.journal, console.workers)
        self.fresh: deque[str] = deque(maxlen=FRESH_MAX)
        self._pages: dict[_Page, None] = {}
        self._token: trio.lowlevel.TrioToken | None = None
        console.service.on_forget.append(self._forgotten)

    async def serve(self, websocket: WebSocket, guest: Guest, keeper: TicketKeeper) -> None:
        """Serve one page to its end. Never raises but Cancelled."""
        await websocket.accept()
        if len(self._pages) >= PAGES_MAX:
            await websocket.close(TRY_LATER)
            return
        self._token = trio.lowlevel.current_trio_token()
        page = _Page(self, websocket, guest.session.id, keeper)
        self._pages[page] = None
        try:
            await page.run(self.console.sessions.over(guest.session.id))
        finally:
            del self._pages[page]
        with suppress(RuntimeError, OSError), trio.move_on_after(SENT_WITHIN_S):
            await websocket.close(POLICY_VIOLATION)

    def _forgotten(self, incident: str) -> None:
        """Let go of what pages hold. Called in a thread, before the key is destroyed."""
        self.fresh.append(incident)
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._let_go)

    def _let_go(self) -> None:
        for page in self._pages:
            page.let_go.set()


class _Page:
    """One page: who it is, and the hour that it is being told."""

    def __init__(self, past: Past, websocket: WebSocket, session: str, keeper: TicketKeeper) -> None:
        self.let_go = trio.Event()
        self._past = past
        self._service = past.console.service
        self._websocket = websocket
        self._session = session
        self._keeper = keeper
        self._pace = Bucket(LOOKS_PER_S, LOOKS_BURST)
        self._playing = trio.CancelScope()
        self._idle = trio.Event()
        self._idle.set()

    async def run(self, revoked: trio.Event) -> None:
        """Serve it until it goes or its session ends."""
        with suppress(_Gone):
            principal = await self._greeted()
            if principal is None:
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_when, revoked, nursery.cancel_scope)
                nursery.start_soon(self._tell_of_forgetting)
                await self._listen(principal, nursery)
                nursery.cancel_scope.cancel()

    async def _greeted(self) -> Principal | None:
        """Return who may look; None after a refusal. Raises _Gone."""
        with trio.move_on_after(HELLO_WITHIN_S):
            message = await self._next()
            principal = self._keeper.authenticate(message.ticket) if isinstance(message, Hello) else None
            if principal is None:
                await self._refuse("unauthenticated", "The ticket is not valid. Load the page again.")
                return None
            if not principal.may(Right.PAST):
                _log.warning("the past was refused", principal=principal.name, role=principal.role)
                role = principal.role.replace("_", " ")
                await self._refuse("unauthorised", f"A {role} may not look at past hours. Supervisors may.")
                return None
            await self._say({"type": "welcome", "now_ms": self._service.clock.now()})
            return principal
        return None

    async def _listen(self, principal: Principal, nursery: trio.Nursery) -> None:
        """Take what the page asks; a new wish ends the one before. Returns when the page has gone."""
        with suppress(_Gone):
            while True:
                message = await self._next()
                self._playing.cancel()
                await self._idle.wait()
                if not isinstance(message, Look):
                    await self._refuse("malformed", "That is no `look`. Load the page again.")
                    continue
                self._playing, self._idle = trio.CancelScope(), trio.Event()
                nursery.start_soon(self._show, principal, message)

    async def _show(self, principal: Principal, look: Look) -> None:
        """Tell the page an hour, or why not."""
        try:
            with self._playing:
                await self._say({"type": "looking", "id": look.id})
                try:
                    await self._past.reels.play(self._admitted(principal, look), self._hand_on)
                except NoReel as none:
                    await self._refuse(none.code, str(none))
        except _Gone:
            self._playing.cancel()  # the reader sees the same
        finally:
            self._idle.set()

    def _admitted(self, principal: Principal, look: Look) -> Hour:
        """Return the hour that is meant, once it is written down who looks at it. Raises NoReel."""
        if self._pace.take(trio.current_time()) > 0:
            raise NoReel("too_fast", "That was often. Wait some seconds, then choose an hour.")
        world = self._service.world
        clocks, now_ms = world.settled.utc_offsets, max(world.now, self._service.clock.now())
        at_ms = moment(look.at, clocks, now_ms)
        if at_ms is None:
            raise NoReel("bad_time", f"“{look.at[:40]}” is no time. Write 14:32, or 2026-11-28 14:32.")
        if at_ms > now_ms:
            raise NoReel(
                "future",
                f"{local(at_ms, clocks)} is yet to come: it is {local(now_ms, clocks)}. Choose an earlier time.",
            )
        hour_ms = at_ms - (at_ms + offset_at(at_ms, clocks)) % HOUR_MS
        from_ms, to_ms = at_ms if look.on else hour_ms, min(hour_ms + HOUR_MS, now_ms)
        hour = Hour(from_ms, to_ms, at_ms, principal.role, tuple(self._past.fresh))
        _log.info(
            "a past hour is looked at",
            principal=principal.name,
            role=principal.role,
            session=self._session,
            at=iso(at_ms),
            hour_from=iso(hour.from_ms),
            hour_to=iso(hour.to_ms),
        )
        if self._past.console.on_read is not None:
            self._past.console.on_read(principal, f"console.past {iso(hour.from_ms)}", ())
        return hour

    async def _tell_of_forgetting(self) -> None:
        with suppress(_Gone):
            while True:
                await self.let_go.wait()
                self.let_go = trio.Event()
                self._playing.cancel()
                await self._idle.wait()
                await self._say({"type": "forgotten"})

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _next(self) -> Hello | Look | None:
        """Return the next message; None for one that cannot be read. Raises _Gone."""
        try:
            message = await self._websocket.receive()
        except (RuntimeError, OSError):
            raise _Gone from None
        if message["type"] == "websocket.disconnect":
            raise _Gone
        try:
            read: Hello | Look = _read(message.get("text") or message.get("bytes") or "")
        except UNREADABLE:
            return None
        return read

    async def _hand_on(self, kind: Kind, payload: bytes) -> None:
        text = kind is not Kind.BLOCK
        try:
            await self._send({"text": payload.decode()} if text else {"bytes": payload})
        except _Gone:
            self._playing.cancel()
            await trio.lowlevel.checkpoint()  # where it takes effect

    async def _refuse(self, code: str, reason: str) -> None:
        await self._say({"type": "refused", "code": code, "reason": reason})

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send({"text": msgspec.json.encode(message).decode()})

    async def _send(self, content: dict[str, Any]) -> None:
        """Send it whole: half a frame would spoil what follows. Raises _Gone."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + SENT_WITHIN_S) as scope:
            try:
                await self._websocket.send({"type": "websocket.send", **content})
            except (RuntimeError, OSError):
                raise _Gone from None
        if scope.cancelled_caught:
            raise _Gone


async def _cancel_when(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
