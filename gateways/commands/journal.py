"""`turnout journal …`: the record for people."""

import sys
from pathlib import Path

import click

from gateways.commands.teaching import FOLDER, Teaching
from gateways.reels import Hour


@click.group(cls=Teaching)
def journal() -> None:
    """Read the record: what was said, decided and done, and why."""


@journal.command()
@click.argument("directory", type=FOLDER)
def verify(directory: Path) -> None:
    """Check every frame, digest and chain; say where damage lies."""
    from gateways.records import verify_journal

    raise SystemExit(verify_journal(directory))


@journal.command()
@click.argument("directory", type=FOLDER)
@click.option("--from", "from_seq", type=int, default=1, show_default=True, help="First turn to print.")
@click.option("--positions", is_flag=True, help="Also print turns that hold nothing but positions.")
def cat(directory: Path, from_seq: int, positions: bool) -> None:
    """Print turns, one JSON object a line."""
    from gateways.records import print_turns

    raise SystemExit(print_turns(directory, from_seq, positions=positions))


@journal.command()
@click.argument("directory", type=FOLDER)
@click.option("--lines", type=int, default=10, show_default=True, help="Turns to begin with.")
@click.option("--follow/--no-follow", default=True, show_default=True, help="Wait for more.")
def tail(directory: Path, lines: int, follow: bool) -> None:
    """Print the latest turns in words, and go on as they come, also beside a running engine."""
    from gateways.records import tail_turns

    raise SystemExit(tail_turns(directory, lines, follow=follow))


@journal.command()
@click.argument("directory", type=FOLDER)
@click.option("--by", help="Only what this principal ordered.")
@click.option("--incident", help="Only what names or changed this incident.")
@click.option("--typed", is_flag=True, help="Only what was typed on a command line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def audit(directory: Path, by: str | None, incident: str | None, typed: bool, as_json: bool) -> None:
    """Print who ordered what and when, as it was typed, and whether it was refused."""
    from gateways.audit import print_audit

    raise SystemExit(print_audit(directory, by=by, incident=incident, typed=typed, as_json=as_json))


@journal.command()
@click.argument("directory", type=FOLDER)
def replay(directory: Path) -> None:
    """Decide every recorded turn again, and compare byte for byte."""
    from gateways.records import replay_journal

    raise SystemExit(replay_journal(directory))


@journal.command()
@click.argument("directory", type=FOLDER)
def snapshot(directory: Path) -> None:
    """Fold the journal and write a snapshot, so that a restart is quick. A running engine does this by itself."""
    from gateways.records import snapshot_journal

    raise SystemExit(snapshot_journal(directory))


@journal.command(hidden=True)
@click.argument("directory", type=FOLDER)
@click.option("--from", "from_ms", type=click.IntRange(min=0), required=True)
@click.option("--to", "to_ms", type=click.IntRange(min=0), required=True)
@click.option("--at", "at_ms", type=click.IntRange(min=0), required=True)
@click.option("--role", required=True, help="Whose eyes it is for.")
@click.option("--gone", multiple=True, help="Incidents that are being forgotten at this moment.")
def past(directory: Path, from_ms: int, to_ms: int, at_ms: int, role: str, gone: tuple[str, ...]) -> None:
    """Tell an hour as the frames that the console's replay is made of; times in ms since the epoch."""
    from engine.journal import JournalError
    from gateways.journals import NoJournal
    from gateways.past import tell_hour

    def write(frame: bytes) -> None:
        sys.stdout.buffer.write(frame)
        sys.stdout.buffer.flush()

    try:
        tell_hour(directory, Hour(from_ms, to_ms, at_ms, role, gone), write)
    except (JournalError, NoJournal) as error:
        click.echo(f"turnout: {error}", err=True)
        raise SystemExit(1) from None
