"""`turnout report shift`: a stretch of hours as its supervisor sees it; or, with `--follow`, again and again as it grows."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console

from engine.clocks import Profile
from gateways.clock_files import FILE, load_profiles
from gateways.progress import Report
from gateways.report_tables import show_clocks, show_overrides
from gateways.reports import Span, reported
from gateways.shift_reading import ShiftReader, ShiftReport, end_ms
from gateways.shift_tables import show_work

HOURS_MS = 12 * 3_600_000
"""What a stretch is long where nobody says when it begins."""


def report_shift(directory: Path, span: Span, recent_ms: int, *, as_json: bool) -> int:
    """Print the report on [from_ms, to_ms), by default the last twelve hours of the journal; return the exit status."""

    def work(journal: Path, progress: Report | None) -> None:
        profiles = load_profiles(journal.parent / FILE)
        to_ms = span[1] or end_ms(journal)
        reader = ShiftReader(journal, span[0] or to_ms - HOURS_MS, recent_ms, profiles, until_ms=to_ms)
        reader.read_on(progress)
        found = reader.report(to_ms)
        _print(found) if as_json else _show(found, profiles)

    return reported(directory, work, as_json=as_json)


def follow_shift(directory: Path, from_ms: int, recent_ms: int, asked: Iterable[str] = sys.stdin) -> int:
    """Print the report as one line of JSON for each line that asks for it: it says until when (ms since the epoch)."""

    def work(journal: Path, _: Report | None) -> None:
        reader = ShiftReader(journal, from_ms, recent_ms, load_profiles(journal.parent / FILE))
        for line in asked:
            reader.read_on()
            _print(reader.report(int(line)))

    return reported(directory, work, as_json=True)


def _print(found: ShiftReport) -> None:
    click.echo(msgspec.json.encode(found).decode())


def _show(found: ShiftReport, profiles: Sequence[Profile]) -> None:
    heading = f"Turns {found.first_seq} to {found.last_seq}; {found.open} incidents were not over."
    show_clocks(found.shift.rows, profiles, heading, found.notes, found.method)
    show_work(Console(), found.work)
    show_overrides(found.overrides)
