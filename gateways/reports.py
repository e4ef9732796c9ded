"""`turnout report …`: response clocks, what people made of recommendations, and shadow plans, read off a journal.

Reading never changes a journal, also beside a running engine.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from engine.clocks import Clocks, Profile, agreement
from engine.clocks.clocks import Row
from engine.clocks.findings import OverrideReport, report_of
from engine.clocks.overrides import Overrides
from engine.clocks.shadow import Shadow
from engine.journal import JournalError
from engine.journal.snapshots import latest_snapshot
from engine.model.place import Place
from engine.model.turn import Turn
from engine.state.image import restore
from gateways.clock_files import FILE, load_profiles
from gateways.config import ConfigRefused
from gateways.journals import NoJournal, counted_turns, first_seq, journal_of
from gateways.progress import Report, progress_bar
from gateways.report_tables import show_clocks, show_overrides, show_shadow

Span = tuple[int | None, int | None]
"""[from_ms, to_ms); None: without an end on that side."""


class ReportRefused(Exception):
    """The report cannot be made; the message says why and what to do."""


class ClockReport(Struct, frozen=True):
    """Response clocks of a journal."""

    first_seq: int
    last_seq: int
    from_ms: int
    to_ms: int
    """Times of the first and the last turn that were read."""
    open: int
    """Incidents that were not over when the journal ended."""
    rows: list[Row]
    notes: list[str]
    method: str = "percentiles by nearest rank; intervals by Wilson's score, 95 percent"


def report_clocks(directory: Path, names: Sequence[str], clocks_file: Path | None, span: Span, *, as_json: bool) -> int:
    """Print the clocks of these profiles (none: of all); return the exit status."""

    def work(journal: Path, progress: Report | None) -> None:
        beside = journal.parent / FILE
        profiles = chosen(load_profiles(clocks_file or beside), names)
        found = read_clocks(journal, profiles, span, progress)
        _print(found) if as_json else show_clocks(found.rows, profiles, _heading(found), found.notes, found.method)

    return reported(directory, work, as_json=as_json)


def report_overrides(directory: Path, span: Span, *, as_json: bool) -> int:
    """Print what people made of the recommendations; return the exit status."""

    def work(journal: Path, progress: Report | None) -> None:
        found = read_overrides(journal, span, progress)
        _print(found) if as_json else show_overrides(found)

    return reported(directory, work, as_json=as_json)


def report_shadow(directory: Path, span: Span, *, as_json: bool) -> int:
    """Print what shadow plans would have sent against what was sent; return the exit status."""

    def work(journal: Path, progress: Report | None) -> None:
        found = read_shadow(journal, span, progress)
        _print(found) if as_json else show_shadow(found)

    return reported(directory, work, as_json=as_json)


def read_clocks(
    journal: Path, profiles: Sequence[Profile], span: Span = (None, None), progress: Report | None = None
) -> ClockReport:
    """Read the clocks off a journal. Raises JournalDamaged, JournalGap, msgspec.ValidationError, ReportRefused."""
    notes: list[str] = []
    clocks = Clocks(profiles, keep=True, span=span, place=_place_before(journal, notes))
    first_seq = last_seq = from_ms = to_ms = 0
    for turn in _counted(journal, progress):
        clocks.feed(turn)
        first_seq, from_ms = first_seq or turn.seq, from_ms or turn.now
        last_seq, to_ms = turn.seq, turn.now
    clocks.finish()
    if clocks.cases.unseen:
        notes.append(f"{clocks.cases.unseen} incidents were reported before the first turn that is kept: left out.")
    return ClockReport(first_seq, last_seq, from_ms, to_ms, len(clocks.cases.open), clocks.rows(), notes)


def read_overrides(journal: Path, span: Span = (None, None), progress: Report | None = None) -> OverrideReport:
    """Read the overrides off a journal. Raises JournalDamaged, JournalGap, msgspec.ValidationError."""
    overrides = Overrides(span=span)
    for turn in _counted(journal, progress):
        overrides.feed(turn)
    return report_of(overrides)


def read_shadow(journal: Path, span: Span = (None, None), progress: Report | None = None) -> agreement.ShadowReport:
    """Read shadow plans against the CAD off a journal. Raises JournalDamaged, JournalGap, msgspec.ValidationError."""
    shadow = Shadow(span=span)
    for turn in _counted(journal, progress):
        shadow.feed(turn)
    shadow.finish()
    return agreement.report_of(shadow)


def chosen(profiles: Sequence[Profile], names: Sequence[str]) -> tuple[Profile, ...]:
    """Return the profiles of these names, or all. Raises ReportRefused for a name that is not known."""
    known = {profile.name: profile for profile in profiles}
    for name in names:
        if name not in known:
            raise ReportRefused(f"There is no profile {name!r}. Known are: {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(names)) if names else tuple(profiles)


def reported(directory: Path, work: Callable[[Path, Report | None], None], *, as_json: bool) -> int:
    """Do the work on the folder's journal; turn whatever stands in the way into a sentence and exit status 1."""
    try:
        with ExitStack() as stack:
            progress = None if as_json else stack.enter_context(progress_bar())
            work(journal_of(directory), progress)
    except (JournalError, NoJournal, ConfigRefused, ReportRefused) as error:
        click.echo(f"turnout: {error}", err=True)
        return 1
    except msgspec.ValidationError as error:
        click.echo(f"turnout: {directory} was written by another version of the model: {error}", err=True)
        return 1
    return 0


def _place_before(journal: Path, notes: list[str]) -> Place | None:
    """Return the place that was in force before the first turn that is kept; a whole journal says so itself."""
    if first_seq(journal) == 1:
        return None
    notes.append("The journal no longer holds its first turns.")
    snapshot = latest_snapshot(journal).snapshot
    if snapshot is None:
        raise ReportRefused(f"{journal} begins in the middle and has no snapshot that names the place.")
    return restore(snapshot.payload, indexed=False).place


def _counted(journal: Path, progress: Report | None) -> Iterator[Turn]:
    return counted_turns(journal, first_seq(journal), progress)


def _print(found: Struct) -> None:
    click.echo(msgspec.json.encode(found).decode())


def _heading(found: ClockReport) -> str:
    return (
        f"Turns {found.first_seq} to {found.last_seq}, {_clock(found.from_ms)} to {_clock(found.to_ms)}; "
        f"{found.open} incidents were not over."
    )


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M") + "Z"
