"""`turnout journal …`: the record for people. Reading never changes a journal, also beside a running engine."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from engine.journal import JournalError, Reader, verify
from engine.journal.codec import turn_of
from engine.journal.recovery import take_snapshot, turns
from engine.model.facts import AnyFact, Choice, PositionsMoved, Shortage, UnitsRecommended
from engine.model.fixes import Fixes
from engine.model.inputs import ReportPositions
from engine.model.route import Route
from engine.model.turn import Turn
from engine.model.why import Considered, SlotWhy
from engine.model.words import tag
from engine.replay import why_then
from gateways.road_views import road_words

POLL_S = 0.5
"""How often `tail` looks for more."""


def _reporting(work: Callable[..., int]) -> Callable[..., int]:
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


@_reporting
def verify_journal(directory: Path) -> int:
    """Check everything; print what was found."""
    report = verify(directory)
    for field in report.__struct_fields__:
        value = getattr(report, field)
        click.echo(f"{field.replace('_', ' '):<18} {value.hex() if isinstance(value, bytes) else value}")
    click.echo("The journal is whole.")
    return 0


@_reporting
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


@_reporting
def tail_turns(directory: Path, lines: int, *, follow: bool) -> int:
    """Print the latest turns in words, and more as they come."""
    reader = Reader(directory)
    first = min(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    latest: deque[Turn] = deque(maxlen=lines)
    latest.extend(turn for turn in map(turn_of, reader.read(first)) if _speaks(turn))
    for turn in latest:
        _say(turn)
    while follow:
        time.sleep(POLL_S)
        for record in reader.read(reader.last_seq + 1):
            turn = turn_of(record)
            if _speaks(turn):
                _say(turn)
    return 0


def _speaks(turn: Turn) -> bool:
    return any(not isinstance(fact, PositionsMoved) for fact in turn.facts)


def _say(turn: Turn) -> None:
    for fact in turn.facts:
        click.echo(f"{turn.seq:>9}  {clock(turn.now)}  {sentence(fact)}")


def clock(ms: int) -> str:
    """Return the time of day, UTC, to the tenth of a second."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-5] + "Z"


def sentence(fact: AnyFact) -> str:
    """Return a fact as one line: its kind, then what is not empty in it."""
    words = road_words(fact)
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
        return f"{value.slot} {value.unit} {value.eta_ms / 1000:.0f}{spread} s"
    if isinstance(value, Shortage):
        return f"{value.missing} {value.slot} ({'+'.join(value.needs)})"
    if isinstance(value, tuple):
        return ", ".join(_short(item) for item in value)
    if isinstance(value, msgspec.Struct):
        return ":".join(str(getattr(value, field)) for field in value.__struct_fields__)
    return str(value)


@_reporting
def explain_incident(directory: Path, incident: str, unit: str | None) -> int:
    """Tell the story of one incident: every fact about it, and under each decision what it rested on."""
    told = 0
    for turn in turns(directory):
        for fact in _about(turn, incident):
            if unit is None or getattr(fact, "unit", None) == unit or isinstance(fact, UnitsRecommended):
                click.echo(f"{turn.seq:>9}  {clock(turn.now)}  {sentence(fact)}")
            if isinstance(fact, UnitsRecommended):
                _explain(directory, turn, fact, unit)
            told += 1
    if not told:
        click.echo(f"There is no {incident} in this journal. `turnout journal tail` shows what there is.", err=True)
        return 1
    return 0


def _about(turn: Turn, incident: str) -> Iterator[AnyFact]:
    for fact in turn.facts:
        if incident in (getattr(fact, field, None) for field in ("incident", "into", "other", "source", "target")):
            yield fact


def _explain(directory: Path, turn: Turn, fact: UnitsRecommended, unit: str | None) -> None:
    why = fact.why
    click.echo(f"{'':>11}plan {why.plan}, {fact.mode}; {why.policy}, {why.travel}")
    slots = why.slots
    if unit is not None:
        slots = _about_unit(directory, turn, fact, unit)
    for slot in slots:
        click.echo(f"{'':>11}{slot.slot}: {slot.wanted} wanted with {'+'.join(slot.needs)}")
        for considered in slot.considered:
            if unit in (None, considered.unit):
                click.echo(f"{'':>13}{_considered(considered)}")
        if unit is None:
            tally = ", ".join(f"{count.units} {count.reason}" for count in slot.tally)
            click.echo(f"{'':>13}of the whole fleet: {tally}")
    for shortage in fact.short:
        click.echo(f"{'':>11}short: {shortage.missing} {shortage.slot} with {'+'.join(shortage.needs)}")


def _considered(considered: Considered) -> str:
    rank = f"#{considered.rank}" if considered.rank else ""
    spread = f" ±{considered.spread_ms / 1000:.0f}" if considered.spread_ms >= 0 else ""
    eta = f"{considered.eta_ms / 1000:.0f}{spread} s" if considered.eta_ms >= 0 else ""
    free = f", free in about {considered.clear_ms / 60_000:.0f} min" if considered.clear_ms >= 0 else ""
    distance = f"{considered.distance_m} m" if considered.distance_m >= 0 else ""
    age = f"fix {considered.fix_age_ms / 1000:.0f} s old" if considered.fix_age_ms >= 0 else "assumed at its station"
    return f"{considered.unit:<10} {considered.reason:<14} {rank:>4} {eta:>11} {distance:>8}  {age}{free}"


def _about_unit(directory: Path, turn: Turn, fact: UnitsRecommended, unit: str) -> tuple[SlotWhy, ...]:
    """Return the judgement of one unit: from the fact if it is named there, else by looking again at that moment."""
    if any(considered.unit == unit for slot in fact.why.slots for considered in slot.considered):
        return fact.why.slots
    try:
        return why_then(directory, turn, fact, unit).slots
    except KeyError:
        click.echo(f"{'':>13}the place had no unit {unit!r} then")
        return ()


@_reporting
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


@_reporting
def snapshot_journal(directory: Path) -> int:
    """Write a snapshot."""
    seq, path = take_snapshot(directory)
    click.echo(f"{path}: the World after turn {seq}")
    return 0
