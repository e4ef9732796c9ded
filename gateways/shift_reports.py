"""`turnout report shift`: all that a supervisor's desk shows of a stretch of hours, in one reading of the journal.

It begins with the file that holds the start of the stretch, not with the journal's first turn, so that a year of turns
costs no more than a day of them. Every figure comes from `engine/clocks`: the same as in the other reports.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
from msgspec import Struct
from rich.console import Console

from engine.clocks import Clocks, Profile
from engine.clocks.clocks import Row
from engine.clocks.cover_course import Course, CoverCourse
from engine.clocks.fairness import WorkReport, work_of
from engine.clocks.findings import OverrideReport, report_of
from engine.clocks.overrides import Overrides, Overruled
from engine.clocks.workload import Workload
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.model.place import Place
from engine.model.turn import Turn
from engine.state.image import restore
from gateways.clock_files import FILE, load_profiles
from gateways.journals import counted_turns, first_seq, last_seq, segments
from gateways.progress import Report
from gateways.report_tables import show_clocks, show_overrides
from gateways.reports import reported
from gateways.shift_tables import show_work

HOURS_MS = 12 * 3_600_000
"""What a stretch is long where nobody says when it begins."""


class Figures(Struct, frozen=True):
    """Response clocks of incidents that were reported in a span."""

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


class _Start(Struct, frozen=True):
    """Where reading begins, and what is known there."""

    seq: int
    place: Place | None
    rows: tuple[str, ...]
    notes: list[str]


class _Followers:
    """Everybody who reads along."""

    def __init__(self, span: tuple[int, int], recent_ms: int, profiles: Sequence[Profile], start: _Start) -> None:
        from_ms, to_ms = span
        recent = max(from_ms, to_ms - recent_ms)
        self.shift, self.recent = (
            Clocks(profiles, keep=True, split=True, span=(begins, to_ms), place=start.place)
            for begins in (from_ms, recent)
        )
        self.recent_from_ms = recent
        self.work = Workload(span, start.rows)
        self.overrides = Overrides(span=span)
        self.cover = CoverCourse()
        self._all = (self.shift, self.recent, self.work, self.overrides, self.cover)

    def feed(self, turn: Turn) -> None:
        for each in self._all:
            each.feed(turn)

    def finish(self) -> None:
        for clocks in (self.shift, self.recent):
            clocks.finish()
        self.work.finish()


def report_shift(directory: Path, span: tuple[int | None, int | None], recent_ms: int, *, as_json: bool) -> int:
    """Print the report on [from_ms, to_ms), by default the last twelve hours of the journal; return the exit status."""

    def work(journal: Path, progress: Report | None) -> None:
        profiles = load_profiles(journal.parent / FILE)
        to_ms = span[1] or _end_ms(journal)
        from_ms = span[0] or to_ms - HOURS_MS
        found = read_shift(journal, (from_ms, to_ms), recent_ms, profiles, progress)
        if as_json:
            click.echo(msgspec.json.encode(found).decode())
        else:
            _show(found, profiles)

    return reported(directory, work, as_json=as_json)


def read_shift(
    journal: Path,
    span: tuple[int, int],
    recent_ms: int,
    profiles: Sequence[Profile],
    progress: Report | None = None,
) -> ShiftReport:
    """Read [from_ms, to_ms) off a journal, and its last `recent_ms` beside it.

    Raises JournalDamaged, JournalGap, msgspec.ValidationError.
    """
    start = _start(journal, span[0])
    followers = _Followers(span, recent_ms, profiles, start)
    last = start.seq - 1
    for turn in _until(counted_turns(journal, start.seq, progress), span[1]):
        followers.feed(turn)
        last = turn.seq
    followers.finish()
    place = followers.shift.cases.place
    return ShiftReport(
        *span,
        first_seq=start.seq,
        last_seq=last,
        open=len(followers.shift.cases.open),
        shift=_figures(followers.shift, span[0]),
        recent=_figures(followers.recent, followers.recent_from_ms),
        profiles=[Named(each.name, each.title, each.source, each.notes) for each in profiles],
        work=WorkReport([], [], []) if place is None else work_of(followers.work, place),
        cover=followers.cover.course(span[0]),
        overrides=report_of(followers.overrides),
        overruled=list(reversed(followers.overrides.latest)),
        notes=start.notes,
    )


def _figures(clocks: Clocks, from_ms: int) -> Figures:
    return Figures(from_ms, clocks.rows(), {each: clocks.rows(each) for each in sorted(clocks.by_priority)})


def _until(found: Iterator[Turn], to_ms: int) -> Iterator[Turn]:
    for turn in found:
        if turn.now >= to_ms:
            return
        yield turn


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


def _end_ms(journal: Path) -> int:
    """Return the time after the journal's last turn."""
    return next(turns(journal, last_seq(journal))).now + 1


def _show(found: ShiftReport, profiles: Sequence[Profile]) -> None:
    heading = f"Turns {found.first_seq} to {found.last_seq}; {found.open} incidents were not over."
    show_clocks(found.shift.rows, profiles, heading, found.notes, found.method)
    show_work(Console(), found.work)
    show_overrides(found.overrides)
