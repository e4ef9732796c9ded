"""Two books of a server: `operations`, who has done what to it; `reads`, who has looked at whose incident.

Rule: they hold names of principals and ids of incidents, never what a caller said. What was looked at is written down when
it is handed out unredacted. An incident that is forgotten is struck out of `reads`: that somebody looked stays, at what goes.
"""

import getpass
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import click
import msgspec
import trio
from msgspec import Meta, Struct

from gateways.auth import Principal
from gateways.daybook import DayBook, book_files
from gateways.erasing import fitted, rewrite_lines

OPERATIONS: Final = "operations"
READS: Final = "reads"
INCIDENTS_MAX: Final = 500
"""That one line names; a reading of more takes several."""
STRUCK_OUT: Final = ""
AGAIN_AFTER_MS: Final = 60_000
"""Who is shown the same again within this, as a map that polls, is not written down again."""
RECENT_MAX: Final = 4_096


class BooksConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[books]`: how long it is known who did and who read what."""

    operations_days: Annotated[float, Meta(ge=1, le=36_500)] = 400.0
    reads_days: Annotated[float, Meta(ge=1, le=36_500)] = 400.0
    """CJIS asks for a year of the log of accesses."""
    file_bytes: Annotated[int, Meta(ge=65_536)] = 16 << 20
    """Of one day: beyond it the older half goes."""


class Books:
    """Both, of one data folder. One task runs them."""

    def __init__(self, data: Path, config: BooksConfig) -> None:
        self.counts: Counter[str] = Counter()
        self._data = data
        self._recent: dict[tuple[str, str, tuple[str, ...]], int] = {}
        """What was written down lately, oldest first, and when."""
        self._operations = DayBook(data, OPERATIONS, config.file_bytes, config.operations_days, self._lost)
        self._reads = DayBook(data, READS, config.file_bytes, config.reads_days, self._lost)

    async def run(self) -> None:
        """Write down, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._operations.run)
            nursery.start_soon(self._reads.run)

    async def operated(self, by: str, what: str, **fields: Any) -> None:
        """Write down what somebody has done; return once it is in the file."""
        self.counts["operations"] += 1
        self._operations.write(_now_ms(), what, by=by, **fields)
        await trio.to_thread.run_sync(self._operations.flush)

    def read(self, who: Principal, how: str, incidents: Iterable[str] = ()) -> None:
        """Write down that somebody was shown these incidents' people; none: the board, or a report. Never waits."""
        named = tuple(incidents)
        if self._is_recent((who.name, how, named), _now_ms()):
            return
        self.counts["reads"] += 1
        for part in _parts(named):
            self._reads.write(_now_ms(), how, by=who.name, role=who.role, incidents=part)

    def _is_recent(self, reading: tuple[str, str, tuple[str, ...]], now_ms: int) -> bool:
        written_ms = self._recent.get(reading)
        if written_ms is not None and now_ms - written_ms < AGAIN_AFTER_MS:
            return True
        self._recent.pop(reading, None)
        while len(self._recent) >= RECENT_MAX:
            del self._recent[next(iter(self._recent))]
        self._recent[reading] = now_ms
        return False

    def forget(self, incident: str) -> None:
        """Strike an incident out. Called in a thread; raises OSError."""
        self._reads.flush()
        erase_reads(self._data, incident)

    def statistics(self) -> dict[str, int]:
        """Return how much was written, and lost, since the start."""
        return dict(self.counts)

    def _lost(self, lines: int) -> None:
        self.counts["lost"] += lines


def note_command(journal: Path, how: str, incidents: Iterable[str]) -> None:
    """Write down what this machine's user has read of a journal by a command. Of one outside a data folder nothing is kept.

    Where it cannot be written (the user may only read) that is said: the reading has been done.
    """
    data = journal.parent if journal.name == "journal" else journal
    if not (data / "journal").is_dir():
        return
    lost: list[int] = []
    config = BooksConfig()
    book = DayBook(data, READS, config.file_bytes, config.reads_days, lost.append)
    for part in _parts(tuple(incidents)):
        book.write(_now_ms(), how, by=f"{_user()}@localhost", role="", incidents=part)
    book.flush()
    if lost:
        click.echo(f"note: this reading could not be written down in {data}.", err=True)


def erase_reads(data: Path, incident: str) -> int:
    """Strike an incident out of what was read; return of how many lines. Raises OSError."""
    return rewrite_lines(partial(book_files, data, READS), partial(_without, incident))


def lines_of(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Give the lines of a book, oldest first; what is torn is left out. Raises OSError."""
    for path in book_files(data, name):
        with path.open("rb") as file:
            for line in file:
                try:
                    yield msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    continue


def _without(incident: str, line: bytes) -> bytes | None:
    if msgspec.json.encode(incident) not in line:
        return None
    try:
        told = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return b" " * len(line)  # torn
    if incident not in told.get("incidents", ()):
        return None
    return fitted({**told, "incidents": [STRUCK_OUT if name == incident else name for name in told["incidents"]]}, line)


def _parts(incidents: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [incidents[start : start + INCIDENTS_MAX] for start in range(0, max(1, len(incidents)), INCIDENTS_MAX)]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return f"uid-{os.getuid()}"


def _now_ms() -> int:
    return round(time.time() * 1_000)
