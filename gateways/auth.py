"""Who speaks, and what they may do. Tokens are `id.secret`; only the SHA-256 of the secret is kept."""

import hmac
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct


class Role(StrEnum):
    """What a principal is."""

    CALL_TAKER = "call_taker"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    CREW = "crew"
    FEED = "feed"
    OBSERVER = "observer"
    PARTNER = "partner"
    """Another organisation's system: a weather service, an alarm company."""


class Right(StrEnum):
    """What a message needs. Each type of message needs one; what is not granted is refused."""

    WATCH = "watch"
    """See the board."""
    REPORT = "report"
    """Report and amend incidents, add notes; record cautions, report what hospitals say."""
    ORDER = "order"
    """Recommend, accept, reserve, dispatch, divert, release, hold, stack; end, link, merge and split incidents; strike
    alarms, call the roll; answer for neighbours; acknowledge alarms."""
    STATUS = "status"
    """Report a unit's status, staffing, destination or emergency: its own units, if the principal is bound to some."""
    ROADS = "roads"
    """Close and open roads, report traffic and weather."""
    FORGET = "forget"
    """Erase the people of an incident that is over."""
    OPERATE = "operate"
    """Look after the server: which device rides where, exchanges that are parked, the table of recipients."""
    PAST = "past"
    """Look at any past hour of the board, from the journal."""
    POSITION = "position"
    """Feed positions: its own units, if bound."""
    EXCHANGE = "exchange"
    """Bring alerts and alarms of other systems, which the agency's own rules judge."""


GRANTS: dict[Role, frozenset[Right]] = {
    Role.CALL_TAKER: frozenset({Right.WATCH, Right.REPORT}),
    Role.DISPATCHER: frozenset({Right.WATCH, Right.REPORT, Right.ORDER, Right.STATUS, Right.ROADS}),
    Role.SUPERVISOR: frozenset(
        {Right.WATCH, Right.REPORT, Right.ORDER, Right.STATUS, Right.ROADS, Right.FORGET, Right.OPERATE, Right.PAST}
    ),
    Role.CREW: frozenset({Right.WATCH, Right.STATUS}),
    Role.FEED: frozenset({Right.POSITION}),
    Role.OBSERVER: frozenset({Right.WATCH}),
    Role.PARTNER: frozenset({Right.EXCHANGE}),
}


class Principal(Struct, frozen=True):
    """Somebody who has shown a token."""

    name: str
    role: Role
    units: frozenset[str] | None = None
    """Bound to these units; None: to none in particular."""
    holds: frozenset[str] = frozenset()
    """Incidents that nobody may forget now."""

    def may(self, right: Right) -> bool:
        """Tell whether the role has the right."""
        return right in GRANTS[self.role]

    def speaks_for(self, unit: str) -> bool:
        """Tell whether the principal may report about that unit."""
        return self.units is None or unit in self.units


OnRead = Callable[[Principal, str, Iterable[str]], None]
"""Told who was shown people's data, by which way, and of which incidents; of none: of the whole board."""


class Credential(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A principal of the configuration, with the digests of its live secrets (two during a rotation)."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    """Without dots and slashes: it stands before a dot in tokens, and before a slash in the keys of answers."""
    role: Role
    secret_sha256: tuple[str, ...]
    units: tuple[str, ...] | None = None


class Gatekeeper:
    """Knows the tokens."""

    def __init__(self, credentials: tuple[Credential, ...], holds: Iterable[str] = ()) -> None:
        self._holds = frozenset(holds)
        self._credentials = {credential.name: credential for credential in credentials}

    def authenticate(self, token: str | None) -> Principal | None:
        """Return whose token this is; None if nobody's. Takes the same time for every wrong secret."""
        name, _, secret = (token or "").partition(".")
        credential = self._credentials.get(name)
        digest = digest_of_secret(secret)
        if credential is None:
            return None
        matches = [hmac.compare_digest(digest, known) for known in credential.secret_sha256]
        return self.named(name) if any(matches) else None

    def named(self, name: str) -> Principal | None:
        """Return the principal of that name, for a door that knows by other means than a token who it is."""
        credential = self._credentials.get(name)
        if credential is None:
            return None
        units = None if credential.units is None else frozenset(credential.units)
        return Principal(credential.name, credential.role, units, self._holds)

    def admit(self, right: Right, token: str | None) -> Principal | None:
        """Return whose token this is, if that principal has the right."""
        principal = self.authenticate(token)
        return principal if principal is not None and principal.may(right) else None

    def known(self, name: str) -> tuple[Principal, tuple[str, ...]] | None:
        """Return a principal by its name, with the digests of its live secrets: for whoever has shown one before."""
        principal = self.named(name)
        return None if principal is None else (principal, self._credentials[name].secret_sha256)


def digest_of_secret(secret: str) -> str:
    """Return what is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """Return 256 random bits."""
    return secrets.token_urlsafe(32)
