"""Browsers that want to be told while their page is closed: the subscriptions of Web Push, and our key for its services.

Rule: one file in the data folder, readable by its owner only, is the truth: the crews' channel writes what browsers say,
the alert channel reads it and strikes off what a push service calls gone. The disk is never waited for on the loop: each of
them reads and writes in a thread, one at a time, and has a deadline.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec import Meta, Struct
from py_vapid import Vapid02, b64urlencode

FILE: Final = "subscriptions.json"
KEY_FILE: Final = "vapid.pem"
PER_UNIT_MAX: Final = 8
"""Browsers of one unit; the oldest is forgotten beyond it."""
ALL_MAX: Final = 5_000
URL_MAX: Final = 1_024
DISK_S: Final = 5.0
"""For a disk that hangs; what was to be kept may still be kept after it."""
THREADS: Final = 4
"""At most, of one that hangs."""
_TURN: Final = threading.Lock()
"""Whoever reads in order to write, and the crews' channel and the alert channel do so by themselves."""
Found = TypeVar("Found")


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """With which a message is encrypted for one browser (RFC 8291), base64url."""

    p256dh: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{87}=?$")]
    """An uncompressed point of P-256."""
    auth: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}(==)?$")]
    """16 bytes."""


class Subscription(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a browser's push service takes messages for it. The endpoint is a secret of that browser."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=URL_MAX)]
    keys: Keys

    def __repr__(self) -> str:
        """Show nothing that could be used."""
        return "Subscription(hidden)"


class Kept(Struct, frozen=True):
    """A subscription with the unit whose alerts it gets."""

    unit: str
    subscription: Subscription


class Subscriptions:
    """Of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._key = folder / KEY_FILE

        self._limiter = trio.CapacityLimiter(THREADS)

    async def of(self, unit: str) -> list[Subscription]:
        """Return the browsers that want the unit's alerts. Raises OSError."""
        return await self._in_thread(lambda: [kept.subscription for kept in self._all() if kept.unit == unit])

    async def add(self, unit: str, subscription: Subscription) -> None:
        """Keep it; a browser is told about one unit, the last it said. Raises OSError."""
        await self._in_thread(lambda: self._add(unit, subscription))

    async def remove(self, endpoint: str) -> None:
        """Forget the browser with that endpoint. Raises OSError."""
        await self._in_thread(lambda: self._remove(endpoint))

    async def _in_thread(self, work: Callable[[], Found]) -> Found:
        def in_turn() -> Found:
            if not _TURN.acquire(timeout=DISK_S):
                raise TimeoutError("others have waited for the disk for too long")
            try:
                return work()
            finally:
                _TURN.release()

        with trio.move_on_after(DISK_S):
            return await trio.to_thread.run_sync(in_turn, abandon_on_cancel=True, limiter=self._limiter)
        raise TimeoutError(f"the disk has not answered within {DISK_S:g} s")

    def _add(self, unit: str, subscription: Subscription) -> None:
        others = [kept for kept in self._all() if kept.subscription.endpoint != subscription.endpoint]
        mine = [kept for kept in others if kept.unit == unit]
        for oldest in mine[: max(0, len(mine) - PER_UNIT_MAX + 1)]:
            others.remove(oldest)
        self._write([*others[-ALL_MAX + 1 :], Kept(unit, subscription)])

    def _remove(self, endpoint: str) -> None:
        every = self._all()
        left = [kept for kept in every if kept.subscription.endpoint != endpoint]
        if len(left) < len(every):
            self._write(left)

    def _all(self) -> list[Kept]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Kept])
        except FileNotFoundError:
            return []
        except msgspec.MsgspecError:
            return []  # written by hand, or by another version: browsers subscribe again when their page is opened

    def _write(self, every: list[Kept]) -> None:
        _write(self._path, msgspec.json.encode(every))

    # ── our own key ─────────────────────────────────────────────────────────────────────────────────────────

    def key(self) -> Vapid02:
        """Return our key for push services (RFC 8292), made at the first use. Raises OSError, ValueError."""
        if not self._key.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            _write(self._key, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Vapid02.from_pem(self._key.read_bytes())

    def public_key(self) -> str:
        """Return what a browser subscribes with, base64url."""
        point = self.key().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        text: str = b64urlencode(point)
        return text


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    handle = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
