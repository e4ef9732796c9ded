"""`turnout journal audit`: who ordered what and when, in the words in which it was typed, and what became of it."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from engine.journal.recovery import turns
from engine.model.facts import CommandRefused
from engine.model.input import Command
from engine.model.personal import incident_of
from engine.model.turn import Turn
from engine.model.words import tag
from gateways.journals import first_seq
from gateways.records import clock, reporting


class Ordered(Struct, frozen=True):
    """A command, as the audit tells it."""

    seq: int
    at_ms: int
    by: str
    order: str
    """What it is: dispatch_units."""
    line: str
    """What was typed; "" where it was not typed, "[erased]" where its incident has been forgotten."""
    incidents: tuple[str, ...]
    refused: str = ""
    """Why nothing happened."""


def ordered(directory: Path) -> Iterator[Ordered]:
    """Give every command of the journal, oldest first. Raises what reading raises."""
    for turn in turns(directory, first_seq(directory)):
        if isinstance(turn.input, Command):
            yield _ordered(turn, turn.input)


def _ordered(turn: Turn, command: Command) -> Ordered:
    named = dict.fromkeys(name for name in map(incident_of, (command, *turn.facts)) if name)
    refused = next((fact.reason for fact in turn.facts if isinstance(fact, CommandRefused)), "")
    kind = tag(type(command).__name__)
    return Ordered(turn.seq, turn.now, command.by, kind, command.line, tuple(named), refused)


@reporting
def print_audit(directory: Path, *, by: str | None, incident: str | None, typed: bool, as_json: bool) -> int:
    """Print the commands that are asked for, a line each."""
    encoder = msgspec.json.Encoder()
    for each in ordered(directory):
        if by not in (None, each.by) or (typed and not each.line):
            continue
        if incident is not None and incident not in each.incidents:
            continue
        click.echo(encoder.encode(each).decode() if as_json else _words(each))
    return 0


def _words(each: Ordered) -> str:
    said = f'"{_printable(each.line)}"' if each.line else f"({each.order.replace('_', ' ')})"
    end = f"  refused: {_printable(each.refused)}" if each.refused else ""
    return f"{each.seq:>9}  {clock(each.at_ms)}  {each.by:<14} {','.join(each.incidents):<8} {said}{end}"


def _printable(text: str) -> str:
    """Return the text without what a terminal would take for an order of its own."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
