"""`turnout journal …`: the record for people. Reading never changes a journal, also beside a running engine."""

import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from engine.journal import JournalError, Reader, verify
from engine.journal.codec import turn_of
from engine.journal.keys import Keyring
from engine.journal.recovery import take_snapshot, turns
from engine.model.facts import AnyFact, Choice, PositionsMoved, Shortage
from engine.model.fixes import Fixes
from engine.model.input import Command
from engine.model.inputs import ReportPositions
from engine.model.route import Route
from engine.model.turn import Turn
from engine.model.words import tag
from gateways.alert_views import alert_words
from gateways.road_views import road_words

POLL_S = 0.5
"""How often `tail` looks for more."""


def reporting(work: Callable[..., int]) -> Callable[..., int]:
    """Turn damage and gaps into a sentence and exit status 1."""

    def run(directory: Path, *args: Any, **options: Any) -> int:
        if not any(directory.glob("*.seg")):
            click.echo(
                f"{directory}: there is no journal here. It is the folder `journal` in a run's data folder.", err=True
            )
            return 1
        try:
            return work(directory, *args, **options)
        except JournalError as error:
            click.echo(f"turnout: {error}", err=True)
            return 1
        except msgspec.ValidationError as error:
            click.echo(f"turnout: {directory} was written by another version of the model: {error}", err=True)
            return 1

    return run


@reporting
def verify_journal(directory: Path) -> int:
    """Check everything; print what was found."""
    report = verify(directory)
    for field in report.__struct_fields__:
        value = getattr(report, field)
        click.echo(f"{field.replace('_', ' '):<18} {value.hex() if isinstance(value, bytes) else value}")
    click.echo("The journal is whole.")
    return 0


@reporting
def print_turns(directory: Path, from_seq: int, *, positions: bool) -> int:
    """Print turns as JSON lines."""
    encoder = msgspec.json.Encoder(enc_hook=_columns)
    for turn in turns(directory, from_seq):
        if positions or not isinstance(turn.input, ReportPositions):
            sys.stdout.buffer.write(encoder.encode(turn) + b"\n")
    return 0


def _columns(value: Any) -> Any:
    if isinstance(value, Fixes):
        return {
            name: getattr(value, name).tolist() for name in ("unit", "x_m", "y_m", "fix_ms", "speed_dm_s", "heading")
        }
    raise NotImplementedError(f"a {type(value).__name__} has no place in a message")


@reporting
def tail_turns(directory: Path, lines: int, *, follow: bool) -> int:
    """Print the latest turns in words, and more as they come."""
    reader = Reader(directory)
    first = min(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    latest: deque[Turn] = deque(maxlen=lines)
    keys = Keyring(directory)
    latest.extend(turn for record in reader.read(first) if _speaks(turn := turn_of(record, keys)))
    for turn in latest:
        _say(turn)
    while follow:
        time.sleep(POLL_S)
        for record in reader.read(reader.last_seq + 1):
            turn = turn_of(record, keys)
            if _speaks(turn):
                _say(turn)
    return 0


def _speaks(turn: Turn) -> bool:
    return any(not isinstance(fact, PositionsMoved) for fact in turn.facts)


def _say(turn: Turn) -> None:
    given = turn.input
    if isinstance(given, Command) and given.line:
        click.echo(f"{turn.seq:>9}  {clock(turn.now)}  {'typed':<22} {given.line!r}  by={given.by}")
    for fact in turn.facts:
        click.echo(f"{turn.seq:>9}  {clock(turn.now)}  {sentence(fact)}")


def clock(ms: int) -> str:
    """Return the time of day, UTC, to the tenth of a second."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-5] + "Z"


def sentence(fact: AnyFact) -> str:
    """Return a fact as one line: its kind, then what is not empty in it."""
    words = road_words(fact) or alert_words(fact)
    if words is not None:
        by = getattr(fact, "by", "")
        return f"{tag(type(fact).__name__):<22} {words}{f'  by={by}' if by else ''}"
    parts = []
    for field in fact.__struct_fields__:
        value = getattr(fact, field)
        if field in ("why", "place", "fixes") or value in (None, "", ()) or value is False:
            continue
        parts.append(f"{field}={_short(value)}")
    return f"{tag(type(fact).__name__):<22} {'  '.join(parts)}"


def _short(value: Any) -> str:
    if isinstance(value, Route):
        streets = ", ".join(leg.street for leg in value.legs)
        return f"{value.metres} m, {value.travel_ms / 1000:.0f} s: {streets}"
    if isinstance(value, Choice):
        spread = f" ±{value.spread_ms / 1000:.0f}" if value.spread_ms >= 0 else ""
        how = f" from {value.source}" if value.source else f" instead of {value.replaces}" if value.replaces else ""
        return (
            f"{value.slot} {value.unit} {value.eta_ms / 1000:.0f}{spread} s{how}{' when free' * (value.clear_ms >= 0)}"
        )
    if isinstance(value, Shortage):
        return f"{value.missing} {value.slot} ({'+'.join(value.needs)})"
    if isinstance(value, tuple):
        return ", ".join(_short(item) for item in value)
    if isinstance(value, msgspec.Struct):
        return ":".join(str(getattr(value, field)) for field in value.__struct_fields__)
    return str(value)


@reporting
def replay_journal(directory: Path) -> int:
    """Decide every turn again; say where the first difference is."""
    from engine.replay import replay

    result = replay(directory)
    if result.skipped_to:
        click.echo(f"Turns before {result.skipped_to} were not decided again: their positions have expired.")
    if result.difference is not None:
        click.echo(f"turn {result.difference.seq} came out otherwise.", err=True)
        for name, facts in (("recorded", result.difference.recorded), ("replayed", result.difference.replayed)):
            for fact in facts:
                click.echo(f"  {name}  {sentence(fact)}", err=True)
        return 1
    click.echo(f"{result.turns} turns decided again, {result.first_seq} to {result.last_seq}: the same bytes.")
    click.echo(f"state {result.state_hash}")
    return 0


@reporting
def snapshot_journal(directory: Path) -> int:
    """Write a snapshot."""
    seq, path = take_snapshot(directory)
    click.echo(f"{path}: the World after turn {seq}")
    return 0
