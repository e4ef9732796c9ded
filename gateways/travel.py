"""`turnout travel report`: were the told ETAs true? Reading never changes a journal, also beside a running engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from engine.journal import JournalError
from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.learning.accuracy import ENOUGH, Accuracy, Row, rows_of
from engine.model.inputs import ReportPositions
from engine.model.turn import Turn
from engine.state.image import restore
from engine.state.world import World
from gateways.progress import Report, progress_bar

PROGRESS_TURNS = 2_000
SECTIONS = {
    "arrival": "Dispatch to on scene, against the ETA told at dispatch",
    "turnout": "Dispatch to wheels rolling, of crews sent from quarters",
    "travel": "Wheels rolling to on scene",
}


class TravelReport(Struct, frozen=True):
    """What the journal says. Errors are actual minus told; positive is later than told."""

    first_seq: int
    last_seq: int
    from_ms: int
    to_ms: int
    arrival: list[Row]
    turnout: list[Row]
    travel: list[Row]
    excluded: dict[str, int]
    """Assignments without an arrival to compare, by reason."""
    notes: list[str]


def report_travel(directory: Path, *, as_json: bool) -> int:
    """Print the report; return the exit status."""
    if not any(directory.glob("*.seg")):
        click.echo(
            f"{directory}: there is no journal here. It is the folder `journal` in a run's data folder.", err=True
        )
        return 1
    try:
        with ExitStack() as stack:
            progress = None if as_json else stack.enter_context(progress_bar())
            found = compare_journal(directory, progress)
    except JournalError as error:
        click.echo(f"turnout: {error}", err=True)
        return 1
    except msgspec.ValidationError as error:
        click.echo(f"turnout: {directory} was written by another version of the model: {error}", err=True)
        return 1
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _show(found)
    return 0


def compare_journal(directory: Path, progress: Report | None = None) -> TravelReport:
    """Read the journal from where it begins. Raises JournalDamaged, JournalGap, msgspec.ValidationError."""
    notes: list[str] = []
    world = _begin(directory, notes)
    accuracy = Accuracy()
    first_seq = from_ms = blind = 0
    for turn in _counted(directory, world.seq + 1, progress):
        world.fold(turn)
        accuracy.feed(turn, world)
        first_seq, from_ms = first_seq or turn.seq, from_ms or turn.now
        # A turn of positions always has its fact, unless the positions have expired.
        blind += isinstance(turn.input, ReportPositions) and not turn.facts
    accuracy.finish()
    if blind:
        notes.append(f"The positions of {blind} turns have expired: turnouts of that time are left out.")
    sections = {name: rows_of(getattr(accuracy.sections, name)) for name in SECTIONS}
    if not sections["arrival"]:
        notes.append("No arrival can be compared: no unit that was dispatched has reported to be on scene.")
    elif not sections["arrival"][0].enough:
        notes.append(f"Fewer than {ENOUGH} arrivals: too little evidence to judge the ETAs by.")
    return TravelReport(first_seq, world.seq, from_ms, world.now, **sections, excluded=accuracy.excluded, notes=notes)


def _begin(directory: Path, notes: list[str]) -> World:
    """Return the World before the first turn that can be read: an empty one, or that of a snapshot."""
    first = min(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    if first == 1:
        return World(indexed=False)
    snapshot = latest_snapshot(directory).snapshot
    if snapshot is None:
        return World(indexed=False)
    notes.append(f"The journal begins with turn {first}; the report with turn {snapshot.seq + 1}, after a snapshot.")
    return restore(snapshot.payload, indexed=False)


def _counted(directory: Path, from_seq: int, progress: Report | None) -> Iterator[Turn]:
    last_seq = _last_seq(directory) if progress else 0
    for number, turn in enumerate(turns(directory, from_seq), 1):
        if progress and number % PROGRESS_TURNS == 0:
            progress("turns read", turn.seq, last_seq)
        yield turn


def _last_seq(directory: Path) -> int:
    reader = Reader(directory)
    newest = max(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    for _ in reader.read(newest):
        pass
    return reader.last_seq


def _show(found: TravelReport) -> None:
    console = Console()
    console.print(f"Turns {found.first_seq} to {found.last_seq}, {_clock(found.from_ms)} to {_clock(found.to_ms)}")
    for name, title in SECTIONS.items():
        rows: list[Row] = getattr(found, name)
        if rows:
            console.print(_table(title, rows))
    for reason, count in sorted(found.excluded.items(), key=lambda item: (-item[1], item[0])):
        console.print(f"left out: {count} {reason}", highlight=False)
    for note in found.notes:
        console.print(f"note: {note}", highlight=False)


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, caption=f"later than told is +; (few): less than {ENOUGH}, says little")
    for name in ("by", "", "n", "bias", "median error", "p90 error", "within 60 s"):
        table.add_column(name, justify="left" if name in {"by", ""} else "right")
    for row in rows:
        table.add_row(
            row.by,
            row.value,
            f"{row.samples}" if row.enough else f"(few) {row.samples}",
            f"{row.bias_ms / 1000:+.0f} s",
            f"{row.p50_ms / 1000:.0f} s",
            f"{row.p90_ms / 1000:.0f} s",
            f"{row.within_60_s:.0%}",
        )
    return table


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M") + "Z"
