"""Where a running server listens, left in its data folder, so that commands on the same machine find it.

Rule: nothing secret stands here; the tokens are in `access.toml`, readable by their owner only.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

DOORS_FILE: Final = "doors.json"


class Address(Struct, frozen=True):
    """The listeners of one process."""

    cad: str
    web: str
    lines: tuple[str, ...] = ()
    """Listeners for JSON lines, as host:port."""
    pid: int = 0


class NoDoors(Exception):
    """No server has its doors open there. The message says what to do."""


@contextmanager
def shown(data: Path, address: Address) -> Iterator[None]:
    """Leave the address in the data folder for as long as the block lasts. Raises OSError."""
    path = data / DOORS_FILE
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(address) + b"\n")
    beside.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_doors(data: Path) -> Address:
    """Return where the server of this data folder listens. Raises NoDoors."""
    path = data / DOORS_FILE
    try:
        address = msgspec.json.decode(path.read_bytes(), type=Address)
    except FileNotFoundError:
        raise NoDoors(f"{path}: not there, so no server is running on {data}. Start it: turnout run PLACE.") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise NoDoors(f"{path}: cannot be read ({error}). Name the server with --server and --token.") from error
    if address.pid and not _runs(address.pid):
        raise NoDoors(f"{path}: its server (process {address.pid}) is gone without closing. Start it again.")
    return address


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
