"""`turnout export neris|nemsis …`: reads a journal, writes the ladders to standard output or a file."""

import csv
import io
import sys
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from engine.journal import JournalError
from engine.state.image import restore
from engine.state.world import World
from gateways.journals import NoJournal, counted_turns, earliest_snapshot, first_seq, journal_of
from gateways.neris.ladders import Ladders, Local
from gateways.neris.nemsis import ETimes, etimes
from gateways.neris.records import IncidentLadder, UnitResponse
from gateways.progress import Report, progress_bar
from gateways.times import iso
from gateways.upkeep.books import note_command


class Wanted(Struct, frozen=True, kw_only=True):
    """Which incidents, and in which form."""

    incidents: tuple[str, ...] = ()
    """These, also while they are open; none: all that have ended."""
    from_ms: int | None = None
    to_ms: int | None = None
    """Put on the board in [from_ms, to_ms)."""
    form: str = "neris"
    """neris or nemsis."""
    as_csv: bool = False
    """A line for each unit, instead of JSON."""
    local: Local = Local()


class Export(Struct, frozen=True):
    """What is written as JSON."""

    place: str
    first_seq: int
    last_seq: int
    """Turns that were read."""
    incidents: tuple[IncidentLadder, ...]
    notes: tuple[str, ...]


class ETimesExport(Struct, frozen=True):
    """Likewise, for NEMSIS."""

    place: str
    first_seq: int
    last_seq: int
    units: tuple[ETimes, ...]
    notes: tuple[str, ...]


class NotThere(Exception):
    """An incident that was asked for is not in the journal."""


def export_ladder(directory: Path, wanted: Wanted, out: Path | None) -> int:
    """Write the ladders; return the exit status. Whatever stands in the way is a sentence and status 1."""
    try:
        with progress_bar() as progress:
            found = read_ladders(journal_of(directory), wanted, progress)
        text = _text(found, wanted)
        if out is None:
            sys.stdout.write(text)
        else:
            out.write_text(text, encoding="utf-8")
        note_command(
            journal_of(directory), f"turnout export {wanted.form}", [each.incident for each in found.incidents]
        )
    except (JournalError, NoJournal, NotThere, OSError) as error:
        click.echo(f"turnout: {error}", err=True)
        return 1
    except msgspec.ValidationError as error:
        click.echo(f"turnout: {directory} was written by another version of the model: {error}", err=True)
        return 1
    return 0


def read_ladders(journal: Path, wanted: Wanted, progress: Report | None = None) -> Export:
    """Fold the journal and return what is wanted. Raises JournalDamaged, JournalGap, NoJournal, NotThere."""
    world, notes = _beginning(journal)
    began, last = world.seq + 1, world.seq
    ladders = Ladders(world, wanted.local)
    for turn in counted_turns(journal, began, progress):
        ladders.feed(turn)
        last = turn.seq
    return Export(
        place=world.place.id if world.place else "",
        first_seq=began,
        last_seq=last,
        incidents=tuple(_chosen(ladders, wanted)),
        notes=notes,
    )


def _beginning(journal: Path) -> tuple[World, tuple[str, ...]]:
    if first_seq(journal) == 1:
        return World(indexed=False), ()
    snapshot = earliest_snapshot(journal)
    if snapshot is None:
        raise NoJournal(f"{journal} begins in the middle, and no snapshot beside it says what was before.")
    note = f"The journal no longer holds its first turns: incidents that ended before turn {snapshot.seq} are left out."
    return restore(snapshot.payload, indexed=False), (note,)


def _chosen(ladders: Ladders, wanted: Wanted) -> list[IncidentLadder]:
    world = ladders.world
    if wanted.incidents:
        for name in wanted.incidents:
            if name not in ladders.ended and name not in world.open:
                raise NotThere(f"There is no incident {name!r} with a ladder of its own in this journal.")
        found = [ladders.ended.get(name) or ladders.ladder(world.open[name]) for name in wanted.incidents]
    else:
        found = sorted(ladders.ended.values(), key=lambda ladder: (len(ladder.incident), ladder.incident))
    return [ladder for ladder in found if _within(ladder, wanted)]


def _within(ladder: IncidentLadder, wanted: Wanted) -> bool:
    created = ladder.core_mod_dispatch.dispatch_time_call_create
    early = wanted.from_ms is not None and created < iso(wanted.from_ms)
    return not early and (wanted.to_ms is None or created < iso(wanted.to_ms))


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────


def _text(found: Export, wanted: Wanted) -> str:
    if wanted.form == "nemsis":
        units = tuple(unit for ladder in found.incidents for unit in etimes(ladder))
        if wanted.as_csv:
            return _csv(list(msgspec.structs.fields(ETimes)), [msgspec.to_builtins(unit) for unit in units])
        exported = ETimesExport(found.place, found.first_seq, found.last_seq, units, found.notes)
        return _json(exported)
    if not wanted.as_csv:
        return _json(found)
    rows = [
        {"incident": ladder.incident, **_flat(ladder), **msgspec.to_builtins(unit)}
        for ladder in found.incidents
        for unit in ladder.mod_unit_response
    ]
    return _csv(list(msgspec.structs.fields(UnitResponse)), rows, "incident", *_DISPATCH_COLUMNS)


_DISPATCH_COLUMNS = (
    "dispatch_time_call_create",
    "dispatch_time_alarm_processing",
    "dispatch_determinate_code",
    "dispatch_incident_code",
    "dispatch_final_disposition",
    "dispatch_automatic_alarm",
    "time_incident_clear",
)


def _flat(ladder: IncidentLadder) -> dict[str, object]:
    return {name: getattr(ladder.core_mod_dispatch, name) for name in _DISPATCH_COLUMNS}


def _csv(fields: list[msgspec.structs.FieldInfo], rows: list[dict[str, object]], *before: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*before, *(each.encode_name for each in fields)], lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: object) -> object:
    """Return the value as a cell: a point as `lon lat`; what a spreadsheet would run as a formula, as text."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _json(found: Struct) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
