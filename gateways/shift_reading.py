"""A stretch of hours read off a journal: clocks by priority, work, coverage, what was overruled. Read once, then read on.

Reading begins with the file that holds the start of the stretch, not with the journal's first turn, so that a year of
turns costs no more than a day of them; and it goes on where it ended, so that each further look costs only what is new.
Every figure comes from `engine/clocks`: the same as in the other reports.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.clocks import Clocks, Profile
from engine.clocks.clocks import Row
from engine.clocks.cover_course import Course, CoverCourse
from engine.clocks.fairness import WorkReport, work_of
from engine.clocks.findings import OverrideReport, report_of
from engine.clocks.overrides import Overrides, Overruled
from engine.clocks.workload import Workload
from engine.journal.codec import turn_of
from engine.journal.keys import Keyring
from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.model.place import Place
from engine.model.turn import Turn
from engine.state.image import restore
from gateways.journals import PROGRESS_TURNS, first_seq, last_seq, segments
from gateways.progress import Report

EVER_MS: Final = 1 << 60
STEP_MS: Final = 600_000
"""Where the end moves on, the recent part begins anew in such steps."""


class Figures(Struct, frozen=True):
    """Response clocks of incidents that were reported from then on."""

    from_ms: int
    rows: list[Row]
    priorities: dict[int, list[Row]]
    """Of each priority that there is a reading or a left out clock of."""


class Named(Struct, frozen=True):
    """A profile, for people."""

    name: str
    title: str
    source: str
    notes: tuple[str, ...]


class ShiftReport(Struct, frozen=True):
    """A stretch of hours."""

    from_ms: int
    to_ms: int
    first_seq: int
    last_seq: int
    """Turns that were read."""
    open: int
    """Incidents that were not over at the end."""
    shift: Figures
    recent: Figures
    """Of the last part of it."""
    profiles: list[Named]
    work: WorkReport
    cover: Course
    overrides: OverrideReport
    overruled: list[Overruled]
    """The latest, one by one, newest first."""
    notes: list[str]
    method: str = "percentiles by nearest rank; intervals by Wilson's score, 95 percent"


class Recent:
    """Clocks of the last part of a stretch whose end moves on: several, each begun a step after the one before."""

    def __init__(self, whole: Clocks, first_ms: int, long_ms: int, step_ms: int) -> None:
        self._whole = whole
        self._next_ms = first_ms
        self._long_ms = long_ms
        self._step_ms = step_ms
        self._begun: deque[tuple[int, Clocks]] = deque()

    def feed(self, turn: Turn) -> None:
        """Take the next turn, after the whole has taken it."""
        while turn.now >= self._next_ms:
            self._begin(self._next_ms, turn.now)
        for _, clocks in self._begun:
            clocks.feed(turn)

    def begun_by(self, to_ms: int) -> tuple[int, Clocks]:
        """Return the latest that is long enough, or the longest; and when it begins."""
        if not self._begun:
            self._begin(self._next_ms, self._next_ms)
        fitting = [each for each in self._begun if each[0] <= to_ms - self._long_ms]
        return fitting[-1] if fitting else self._begun[0]

    def _begin(self, from_ms: int, now: int) -> None:
        clocks = Clocks(
            self._whole.profiles, keep=True, split=True, span=(from_ms, None), place=self._whole.cases.place
        )
        clocks.cases.brings = dict(self._whole.cases.brings)
        self._begun.append((from_ms, clocks))
        self._next_ms = from_ms + self._step_ms
        while len(self._begun) > 1 and self._begun[1][0] <= now - self._long_ms:
            self._begun.popleft()


class _Start(Struct, frozen=True):
    """Where reading begins, and what is known there."""

    seq: int
    place: Place | None
    rows: tuple[str, ...]
    notes: list[str]


class ShiftReader:
    """Reads a journal from `from_ms` on.

    `recent_ms` is how long the recent part is. Where the end is known, `until_ms`, nothing behind it is read, and the
    recent part is that long to the millisecond; else it begins in steps of ten minutes, at least so long ago.
    """

    def __init__(
        self, journal: Path, from_ms: int, recent_ms: int, profiles: Sequence[Profile], until_ms: int | None = None
    ) -> None:
        start = _start(journal, from_ms)
        self._journal, self._profiles, self._from_ms = journal, profiles, from_ms
        self._until_ms = EVER_MS if until_ms is None else until_ms
        self._first_seq, self._notes = start.seq, start.notes
        self._last_seq, self._last_ms = start.seq - 1, from_ms
        self._reader = Reader(journal)
        self._clocks = Clocks(profiles, keep=True, split=True, span=(from_ms, until_ms), place=start.place)
        first_ms, step_ms = (from_ms, STEP_MS) if until_ms is None else (max(from_ms, until_ms - recent_ms), EVER_MS)
        self._recent = Recent(self._clocks, first_ms, recent_ms, step_ms)
        self._work = Workload((from_ms, self._until_ms), start.rows)
        self._overrides = Overrides(span=(from_ms, until_ms))
        self._cover = CoverCourse()
        self._all = (self._clocks, self._recent, self._work, self._overrides, self._cover)

    def read_on(self, progress: Report | None = None) -> None:
        """Read what is new. Raises JournalDamaged, JournalGap, msgspec.ValidationError."""
        final_seq = last_seq(self._journal) if progress else 0
        for turn in self._fresh():
            if progress and turn.seq % PROGRESS_TURNS == 0:
                progress("turns read", turn.seq, final_seq)
            for each in self._all:
                each.feed(turn)
            self._last_seq, self._last_ms = turn.seq, turn.now

    def report(self, to_ms: int) -> ShiftReport:
        """Return what has been read, as it stands then, or at the last turn that was read if that was later."""
        to_ms = max(to_ms, self._last_ms + 1)
        place = self._clocks.cases.place
        recent_ms, recent = self._recent.begun_by(to_ms)
        return ShiftReport(
            from_ms=self._from_ms,
            to_ms=to_ms,
            first_seq=self._first_seq,
            last_seq=self._last_seq,
            open=len(self._clocks.cases.open),
            shift=_figures(self._clocks, self._from_ms),
            recent=_figures(recent, recent_ms),
            profiles=[Named(each.name, each.title, each.source, each.notes) for each in self._profiles],
            work=WorkReport([], [], []) if place is None else work_of(self._work.as_it_stands(to_ms), place),
            cover=self._cover.course(self._from_ms),
            overrides=report_of(self._overrides),
            overruled=list(reversed(self._overrides.latest)),
            notes=self._notes,
        )

    def _fresh(self) -> Iterator[Turn]:
        keys = Keyring(self._journal)  # anew each time: an incident may have been forgotten
        for record in self._reader.read(self._last_seq + 1):
            turn = turn_of(record, keys)
            if turn.now >= self._until_ms:
                return
            yield turn


def end_ms(journal: Path) -> int:
    """Return the time after the journal's last turn."""
    return next(turns(journal, last_seq(journal))).now + 1


def _figures(clocks: Clocks, from_ms: int) -> Figures:
    standing = clocks.as_it_stands()
    return Figures(from_ms, standing.rows(), {each: standing.rows(each) for each in sorted(standing.by_priority)})


def _start(journal: Path, from_ms: int) -> _Start:
    """Return the last file that begins before the stretch; the first one where nothing says what was known there."""
    seqs = segments(journal)
    seq = next((each for each in reversed(seqs) if _begins_by(journal, each, from_ms)), seqs[0])
    if seq == 1:
        return _Start(1, None, (), [])
    snapshot = latest_snapshot(journal).snapshot
    if snapshot is None:
        seq = first_seq(journal)
        notes = [] if seq == 1 else ["The journal has no snapshot that names the place: there is no work to tell."]
        return _Start(seq, None, (), notes)
    world = restore(snapshot.payload, indexed=False)
    notes = ["The journal begins within this stretch."] if seq == seqs[0] else []
    return _Start(seq, world.place, tuple(world.fleet.ids), notes)


def _begins_by(journal: Path, seq: int, at_ms: int) -> bool:
    """Tell whether the turn of that seq is there, and was made by then."""
    turn = next(turns(journal, seq), None)
    return turn is not None and turn.now <= at_ms
