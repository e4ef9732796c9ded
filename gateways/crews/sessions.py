"""Who is in the browser: a signed session instead of the token, and short codes to sign in with.

Rule: a session proves that its holder has shown a live secret for one unit. It is signed with a key that lies in the
data folder, so it outlives a restart; it dies with the secret that it was made with, and never stands in a URL.
"""

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateways.auth import Gatekeeper, Principal, digest_of_secret

KEY_FILE: Final = "crews.key"
KEY_BYTES: Final = 32
COOKIE_MAX: Final = 1_024
CODES_MAX: Final = 1_000
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 and O, no 1, I and L: codes are read aloud."""
CODE_LENGTH: Final = 8


class Holder(Struct, frozen=True):
    """Somebody who speaks for one unit."""

    principal: Principal
    unit: str
    until_s: float
    """When the session ends, in seconds since the epoch."""


class _Claims(Struct, frozen=True, array_like=True):
    name: str
    unit: str
    until_s: int
    mark: str
    """Of the secret that was shown."""


class _Code(Struct, frozen=True):
    name: str
    unit: str
    mark: str
    until_s: float


class Sessions:
    """Makes and checks sessions and codes. Codes live in memory: after a restart a new one is made."""

    def __init__(self, keeper: Gatekeeper, key: bytes, *, session_s: int, code_s: int) -> None:
        self._keeper = keeper
        self._key = key
        self._session_s = session_s
        self._code_s = code_s
        self._codes: dict[str, _Code] = {}

    def begin(self, token: str, unit: str, now_s: float) -> str | None:
        """Return a session for the unit; None if the token is nobody's who may speak for it."""
        principal = self._keeper.authenticate(token)
        if principal is None or not principal.speaks_for(unit):
            return None
        return self._signed(_Claims(principal.name, unit, int(now_s) + self._session_s, _mark(token)))

    def holder(self, session: str, now_s: float) -> Holder | None:
        """Return who holds the session; None if it is forged, over, or its secret was taken away."""
        content, _, signature = session[:COOKIE_MAX].partition(".")
        if not session.isascii() or not hmac.compare_digest(self._signature(content), signature):
            return None
        try:
            claims = msgspec.json.decode(urlsafe_b64decode(content), type=_Claims)
        except (ValueError, msgspec.MsgspecError):
            return None
        principal = self._live(claims.name, claims.mark)
        if principal is None or now_s >= claims.until_s or not principal.speaks_for(claims.unit):
            return None
        return Holder(principal, claims.unit, claims.until_s)

    def new_code(self, token: str, unit: str, now_s: float) -> str | None:
        """Return a code that signs one browser in; None if the token may not speak for the unit, or there are too many."""
        principal = self._keeper.authenticate(token)
        self._codes = {code: each for code, each in self._codes.items() if each.until_s > now_s}
        if principal is None or not principal.speaks_for(unit) or len(self._codes) >= CODES_MAX:
            return None
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        self._codes[code] = _Code(principal.name, unit, _mark(token), now_s + self._code_s)
        return code

    def use_code(self, code: str, now_s: float) -> str | None:
        """Return the session that a code is worth, once; None if it is worth nothing."""
        known = self._codes.pop("".join(code.split()).replace("-", "").upper(), None)
        if known is None or known.until_s <= now_s or self._live(known.name, known.mark) is None:
            return None
        return self._signed(_Claims(known.name, known.unit, int(now_s) + self._session_s, known.mark))

    def _live(self, name: str, mark: str) -> Principal | None:
        known = self._keeper.known(name)
        if known is None or not any(hmac.compare_digest(_mark_of(digest), mark) for digest in known[1]):
            return None
        return known[0]

    def _signed(self, claims: _Claims) -> str:
        content = urlsafe_b64encode(msgspec.json.encode(claims)).decode()
        return f"{content}.{self._signature(content)}"

    def _signature(self, content: str) -> str:
        return hmac.new(self._key, b"crew session " + content.encode(), sha256).hexdigest()


def _mark(token: str) -> str:
    return _mark_of(digest_of_secret(token.partition(".")[2]))


def _mark_of(digest: str) -> str:
    return sha256(b"crew mark " + digest.encode()).hexdigest()[:16]


def load_key(data: Path) -> bytes:
    """Return the key of this data folder, made at the first start; readable by its owner only. Raises OSError."""
    path = data / KEY_FILE
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        path.unlink()  # torn at the first start: nobody has a session of it
        return load_key(data)
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
    return key
