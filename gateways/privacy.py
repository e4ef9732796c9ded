"""`turnout forget` and `turnout retention`: what is kept of people, for how long, and how it is erased.

Beside a running server it is asked like anybody, and erases; without one, the journal is opened and the same command
decided. Either way it is journaled, the key is destroyed, and then it is looked whether anything can still be read.
"""

import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Final
from uuid import uuid4

import click
import trio
from msgspec import Struct
from trio_websocket import HandshakeError

from engine.core.engine import Engine
from engine.journal import Journal, JournalError
from engine.journal.codec import record_of
from engine.journal.keys import Keyring, number_of
from engine.journal.library import library_of
from engine.journal.owed import Owed
from engine.journal.recovery import recover_world, scrub_snapshots, turns
from engine.journal.segments import list_segments
from engine.journal.shelf import Shelf
from engine.journal.waymarks import expire_positions
from engine.model.facts import CommandRefused, IncidentMerged, IncidentReported
from engine.model.forgetting import ForgetIncident
from engine.model.personal import ERASED, incident_of, texts_of
from gateways.alerts.erasing import erase_alerts
from gateways.cad.client import Disconnected, Refused, connect
from gateways.cap import erase_published
from gateways.config import ACCESS_FILE, Config, Retention
from gateways.doors import NoDoors, find_doors
from gateways.due import what_is_due
from gateways.eido import erase_lines, forget_exchanges
from gateways.eido.naming import TRACKING
from gateways.upkeep.books import erase_reads
from gateways.vocabulary import incident_messages

DURABLE_S: Final = 30.0
ROLE: Final = "supervisor"
"""Whose token of the data folder is used."""


class ForgetRefused(Exception):
    """It was not done; the message says why and what to do."""


class Written(Struct, frozen=True):
    """What the journal still says of an incident that is forgotten."""

    left: list[int]
    """Turns that hold texts: they were written unsealed."""
    with_it: list[str]
    """Incidents merged into it."""
    names: list[str]
    """What others call it."""


def forget(data: Path, config: Config, incidents: Iterable[str], reason: str, token: str | None) -> int:
    """Erase the people of these incidents; say what was done and what is left; return the exit status."""
    status = 0
    for incident in incidents:
        try:
            by_server = _forget_one(data, config.retention, incident, reason, token)
            written = _read_again(data / "journal", incident)
            lines = erase_alerts(data, config.endpoints, incident)
            element = "" if config.eido is None else config.eido.element
            names = [name for name in written.names if name.startswith(TRACKING)]
            # What a running server holds in memory it has erased by itself: written by us as well, it would be torn.
            erase = erase_lines if by_server else forget_exchanges
            lines += erase(data, incident, element, names) + erase_reads(data, incident)
            is_read = by_server or erase_published(data, incident)
            if not by_server:
                Owed(data / "journal").settle([incident])
            _say_what_is_left(incident, lines, written, is_read=is_read)
        except (ForgetRefused, JournalError, OSError) as error:
            click.echo(f"{incident}: {error}", err=True)
            status = 1
    return status


def _forget_one(data: Path, retention: Retention, incident: str, reason: str, token: str | None) -> bool:
    """Have it forgotten; tell whether a running server has done it."""
    if incident in retention.hold:
        raise ForgetRefused(f"{incident} is on hold ([retention] hold): take it off the list first.")
    try:
        url = find_doors(data).cad
    except NoDoors:
        _decide(data / "journal", incident, reason)
        return False
    trio.run(_ask, url, token or _token(data), incident, reason)
    return True


async def _ask(url: str, token: str, incident: str, reason: str) -> None:
    failed: Exception | None = None
    try:
        async with connect(url, token, positions=False) as client:
            try:
                message = incident_messages.ForgetIncident(id=uuid4().hex, incident=incident, reason=reason)
                await client.ask(message, within_s=DURABLE_S)
            except (Refused, Disconnected, trio.TooSlowError) as error:
                failed = error  # told behind the block: within it, the nursery would wrap it into a group
    except (Refused, Disconnected, HandshakeError, trio.TooSlowError) as error:
        failed = error
    if isinstance(failed, Refused):
        raise ForgetRefused(failed.refusal.reason)
    if failed is not None:
        raise ForgetRefused("The server did not answer in time. Ask again: to forget twice is harmless.")


def _token(data: Path) -> str:
    try:
        return str(tomllib.loads((data / ACCESS_FILE).read_text())[ROLE])
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ForgetRefused(f"{data / ACCESS_FILE} holds no token of a {ROLE}. Name one with --token.") from error


def _decide(journal: Path, incident: str, reason: str) -> None:
    """Decide and journal it here, as no server runs. Raises ForgetRefused, JournalError, OSError."""
    if not any(journal.glob("*.seg")):
        raise ForgetRefused(f"{journal}: there is no journal here.")
    durable = Event()
    failures: list[Exception] = []
    with Journal.open(journal, on_durable=lambda _: durable.set(), on_failure=failures.append) as log:
        engine, keys = Engine(recover_world(journal, streets=library_of(Shelf(journal)).ready).world), Keyring(journal)
        keys.prepare(engine.world.incident_number)
        given = ForgetIncident(id=uuid4().hex, by="turnout forget", incident=incident, reason=reason)
        turn = engine.step(given, round(time.time() * 1000))
        for fact in turn.facts:
            if isinstance(fact, CommandRefused):
                raise ForgetRefused(fact.reason)
        log.submit(record_of(turn, keys))
        if not durable.wait(DURABLE_S) or failures:
            raise ForgetRefused(f"It could not be written down, so nothing was erased: {failures or 'the disk hangs'}.")
        Owed(journal).note([incident])  # a server that starts does what a crash of ours cuts off
        keys.destroy(number_of(incident))
        scrub_snapshots(journal)


def _read_again(journal: Path, incident: str) -> Written:
    """Read everything once more: what the journal still says of the incident."""
    left, with_it, names = [], set(), set()
    for turn in turns(journal, min(list_segments(journal))):
        for item in (turn.input, *turn.facts):
            if isinstance(item, IncidentMerged) and item.into == incident:
                with_it.add(item.incident)
            if incident_of(item) == incident:
                if isinstance(item, IncidentReported) and item.external:
                    names.add(item.external)
                if any(ERASED not in text for _, text in texts_of(item)):
                    left.append(turn.seq)
    return Written(left=left, with_it=sorted(with_it), names=sorted(names))


def _say_what_is_left(incident: str, lines: int, written: Written, *, is_read: bool) -> None:
    click.echo(f"{incident}: forgotten. Its key is destroyed; {lines} lines of logs were erased here.")
    if written.left:
        click.echo(
            f"  Turns {written.left[0]} to {written.left[-1]} were written before people's data were sealed, and still "
            "hold its texts: they go when that journal is deleted.",
            err=True,
        )
    if not is_read:
        click.echo(
            "  What was published about it (cap-published.msgpack) cannot be read: move that file away.", err=True
        )
    if written.with_it:
        click.echo(f"  Merged into it, and to be forgotten by themselves: {', '.join(written.with_it)}.")


# ── retention ───────────────────────────────────────────────────────────────────────────────────────────────────


def keep_to_retention(data: Path, config: Config, token: str | None, *, apply: bool) -> int:
    """Say what is kept longer than the configuration says, and erase it if told to; return the exit status."""
    journal, retention = data / "journal", config.retention
    if not any(journal.glob("*.seg")):
        click.echo(f"{journal}: there is no journal here.", err=True)
        return 1
    due = what_is_due(journal, retention, round(time.time() * 1000))
    kept = "for ever" if retention.positions_days is None else f"{retention.positions_days:g} days"
    click.echo(f"positions   kept {kept}: {due.tracks} files of {due.track_bytes / 1e6:.1f} MB are older")
    kept = "for ever" if retention.incidents_days is None else f"{retention.incidents_days:g} days after their end"
    click.echo(
        f"incidents   people kept {kept}: {len(due.incidents)} are older: {', '.join(due.incidents[:12]) or '-'}"
    )
    click.echo(f"on hold     {', '.join(due.held) or '-'}")
    if not apply:
        click.echo("Nothing was erased. With --apply it is.")
        return 0
    if due.positions_before:
        expire_positions(journal, due.positions_before)
    return forget(data, config, due.incidents, "kept as long as it was to be", token)
