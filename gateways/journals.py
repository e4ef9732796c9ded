"""Finding a journal and reading it from its beginning: what every report and export off a journal begins with.

Reading never changes a journal, also beside a running engine.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.journal import Snapshot
from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.model.turn import Turn
from gateways.progress import Report

PROGRESS_TURNS = 2_000


class NoJournal(Exception):
    """There is nothing to read; the message says why and what to do."""


def journal_of(directory: Path) -> Path:
    """Return the journal's folder: this one, or `journal` in it. Raises NoJournal."""
    for folder in (directory, directory / "journal"):
        if any(folder.glob("*.seg")):
            return folder
    raise NoJournal(f"{directory}: there is no journal here, and none in a folder `journal` in it.")


def first_seq(journal: Path) -> int:
    """Return the first turn that is kept."""
    return segments(journal)[0]


def segments(journal: Path) -> list[int]:
    """Return the first turns of the journal's files, in order."""
    return sorted(int(path.stem) for path in journal.glob("*.seg") if path.stem.isdecimal())


def counted_turns(journal: Path, from_seq: int, progress: Report | None) -> Iterator[Turn]:
    """Give the turns from there on, and tell how far it is. Raises JournalDamaged, JournalGap."""
    final_seq = last_seq(journal) if progress else 0
    for number, turn in enumerate(turns(journal, from_seq), 1):
        if progress and number % PROGRESS_TURNS == 0:
            progress("turns read", turn.seq, final_seq)
        yield turn


def earliest_snapshot(journal: Path) -> Snapshot | None:
    """Return the oldest snapshot from which the kept turns can be folded on; None if there is none."""
    best, at_most = None, None
    while True:
        found = latest_snapshot(journal, at_most_seq=at_most).snapshot
        if found is None or found.seq < first_seq(journal) - 1:
            return best
        best, at_most = found, found.seq - 1


def last_seq(journal: Path) -> int:
    """Return the last turn that is there."""
    reader = Reader(journal)
    for _ in reader.read(segments(journal)[-1]):
        pass
    return reader.last_seq
