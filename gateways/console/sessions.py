"""Who sits at the console: sessions in place of the token, sign-in codes for links, tickets for the WebSocket.

Rule: whatever a browser holds is random, kept here as a digest only, and dies with the secret that it was made with.
Codes and tickets count once. Sessions outlive a restart: nobody signs in again in the middle of a night.
"""

import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import trio
from msgspec import Struct

from gateways.auth import Gatekeeper, Principal, digest_of_secret

FILE: Final = "console-sessions.json"
PENDING_MAX: Final = 1_000
"""Codes, and tickets, that wait to be used."""
SEEN_EVERY_S: Final = 300
"""So exactly it is kept when a session was used last."""
ENDED_MAX: Final = 500
"""Sessions of which it is known for a while why they ended."""
EXPIRED: Final = "Your session has lasted as long as a session may ({hours:.3g} h)."
WITHDRAWN: Final = "The token that you signed in with is no longer valid."
DISPLACED: Final = "Too many browsers are signed in: the one that was idle longest was signed out."


class Session(Struct):
    """One browser that has signed in."""

    id: str
    """For people: to name it in a list. It opens nothing."""
    name: str
    mark: str
    """Of the secret that was shown."""
    began_s: float
    until_s: float
    seen_s: float
    agent: str
    """What the browser says that it is."""
    digest: str
    """Of what the browser holds."""


class _Pending(Struct, frozen=True):
    name: str
    mark: str
    until_s: float
    session: str = ""
    """Of a ticket: the session that asked for it …"""
    origin: str = ""
    """… and from which page."""


class Sessions:
    """Makes and checks sessions, codes and tickets. All times are seconds since the epoch."""

    def __init__(
        self, keeper: Gatekeeper, file: Path, *, session_s: int, code_s: int, ticket_s: int, most: int
    ) -> None:
        self._keeper = keeper
        self._file = file
        self._session_s = session_s
        self._code_s = code_s
        self._ticket_s = ticket_s
        self._most = most
        self._sessions: dict[str, Session] = {}
        """By digest."""
        self._codes: dict[str, _Pending] = {}
        self._tickets: dict[str, _Pending] = {}
        self._ended: dict[str, trio.Event] = {}
        """By session id: set when it is over."""
        self._whys: dict[str, str] = {}
        """By digest: why a session ended. Forgotten at a restart."""
        self._load()

    # ── sessions ────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, token: str, agent: str, now_s: float) -> str | None:
        """Return what the browser is to hold; None if the token is nobody's."""
        principal = self._keeper.authenticate(token)
        return None if principal is None else self._begin(principal.name, mark_of_token(token), agent, now_s)

    def find(self, held: str, now_s: float) -> tuple[Session, Principal] | None:
        """Return the session and whose it is; None if it is not known, over, or its secret was taken away."""
        session = self._sessions.get(_digest(held))
        if session is None:
            return None
        principal = self._live(session.name, session.mark)
        if principal is None or now_s >= session.until_s:
            self._end(session, WITHDRAWN if principal is None else EXPIRED.format(hours=self._session_s / 3600))
            return None
        if now_s - session.seen_s > SEEN_EVERY_S:
            session.seen_s = now_s
            self._save()
        return session, principal

    def all(self, now_s: float) -> list[Session]:
        """Return those that are not over, the latest first."""
        live = [each for each in self._sessions.values() if now_s < each.until_s and self._live(each.name, each.mark)]
        return sorted(live, key=lambda each: -each.began_s)

    def end(self, name: str, why: str) -> bool:
        """End the session of that id, and every page that it opened; tell whether there was one."""
        session = next((each for each in self._sessions.values() if each.id == name), None)
        if session is not None:
            self._end(session, why)
        return session is not None

    def expire(self, now_s: float) -> None:
        """End every session whose time has come, and every page that they opened."""
        for session in [each for each in self._sessions.values() if each.until_s <= now_s]:
            self._end(session, EXPIRED.format(hours=self._session_s / 3600))

    def why_ended(self, held: str) -> str:
        """Return why the session of which a browser holds this has ended; "" if that is not known."""
        return self._whys.get(_digest(held), "")

    def over(self, session: str) -> trio.Event:
        """Return what is set when the session of that id is over."""
        return self._ended.setdefault(session, trio.Event())

    # ── codes ───────────────────────────────────────────────────────────────────────────────────────────────

    def new_code(self, token: str, now_s: float) -> str | None:
        """Return what signs one browser in, once; None if the token is nobody's, or too many wait."""
        principal = self._keeper.authenticate(token)
        self._codes = {code: each for code, each in self._codes.items() if each.until_s > now_s}
        if principal is None or len(self._codes) >= PENDING_MAX:
            return None
        code = secrets.token_urlsafe(18)
        self._codes[_digest(code)] = _Pending(principal.name, mark_of_token(token), now_s + self._code_s)
        return code

    def use_code(self, code: str, agent: str, now_s: float) -> str | None:
        """Return what the browser is to hold; None if the code is worth nothing (any more)."""
        known = self._codes.pop(_digest(code), None)
        if known is None or known.until_s <= now_s or self._live(known.name, known.mark) is None:
            return None
        return self._begin(known.name, known.mark, agent, now_s)

    # ── tickets ─────────────────────────────────────────────────────────────────────────────────────────────

    def new_ticket(self, session: Session, origin: str, now_s: float) -> str | None:
        """Return what opens the WebSocket once, for a page of that origin; None if too many wait."""
        self._tickets = {ticket: each for ticket, each in self._tickets.items() if each.until_s > now_s}
        if len(self._tickets) >= PENDING_MAX:
            return None
        ticket = secrets.token_urlsafe(24)
        until_s = now_s + self._ticket_s
        self._tickets[_digest(ticket)] = _Pending(session.name, session.mark, until_s, session.id, origin)
        return ticket

    def use_ticket(self, ticket: str, origin: str, session: str, now_s: float) -> Principal | None:
        """Return whose ticket it is; None unless that session got it for a page of that origin, a moment ago."""
        known = self._tickets.pop(_digest(ticket), None)
        if known is None or known.until_s <= now_s or (known.origin, known.session) != (origin, session):
            return None
        return self._live(known.name, known.mark)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, name: str, mark: str, agent: str, now_s: float) -> str:
        held = secrets.token_urlsafe(32)
        until_s = now_s + self._session_s
        made = Session(secrets.token_hex(6), name, mark, now_s, until_s, now_s, agent, _digest(held))
        self.expire(now_s)
        while len(self._sessions) >= self._most:
            self._end(min(self._sessions.values(), key=lambda each: each.seen_s), DISPLACED)
        self._sessions[made.digest] = made
        self._save()
        return held

    def _end(self, session: Session, why: str) -> None:
        self._sessions.pop(session.digest, None)
        self._whys[session.digest] = why
        if len(self._whys) > ENDED_MAX:
            del self._whys[next(iter(self._whys))]
        event = self._ended.pop(session.id, None)
        if event is not None:
            event.set()
        self._save()

    def _live(self, name: str, mark: str) -> Principal | None:
        known = self._keeper.known(name)
        if known is None or not any(hmac.compare_digest(_mark(digest), mark) for digest in known[1]):
            return None
        return known[0]

    def _load(self) -> None:
        with suppress(OSError, msgspec.MsgspecError):  # torn or not there: everybody signs in again
            known = msgspec.json.decode(self._file.read_bytes(), type=list[Session])
            self._sessions = {each.digest: each for each in known}

    def _save(self) -> None:
        beside = self._file.with_suffix(".new")
        private: Callable[[str, int], int] = lambda path, flags: os.open(path, flags, 0o600)  # noqa: E731  an opener
        with suppress(OSError):  # then they last until the next restart
            with open(beside, "wb", opener=private) as file:
                file.write(msgspec.json.encode(list(self._sessions.values())))
            beside.replace(self._file)


def mark_of_token(token: str) -> str:
    """Return what is kept of the secret in a token: enough to see that it is still valid."""
    return _mark(digest_of_secret(token.partition(".")[2]))


def _mark(digest: str) -> str:
    return sha256(b"console mark " + digest.encode()).hexdigest()[:16]


def _digest(held: str) -> str:
    return sha256(b"console " + held.encode()).hexdigest()
