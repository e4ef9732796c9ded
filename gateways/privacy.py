"""`turnout forget` and `turnout retention`: what is kept of people, for how long, and how it is erased.

Beside a running server it is asked like anybody, and erases; without one, the journal is opened and the same command
decided. Either way it is journaled, the key is destroyed, and then it is looked whether anything can still be read.
"""

import time
import tomllib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Final
from uuid import uuid4

import click
import trio
from msgspec import Struct

from engine.core.engine import Engine
from engine.journal import Journal, JournalError, expire_tracks
from engine.journal.codec import record_of
from engine.journal.keys import Keyring, number_of
from engine.journal.library import library_of
from engine.journal.reader import Reader
from engine.journal.recovery import recover_world, scrub_snapshots, turns
from engine.journal.segments import list_segments, track_path
from engine.journal.shelf import Shelf
from engine.model.facts import CommandRefused, IncidentCancelled, IncidentClosed, IncidentMerged
from engine.model.forgetting import ForgetIncident, IncidentForgotten
from engine.model.personal import ERASED, incident_of, texts_of
from engine.model.response_facts import IncidentReopened, IncidentSplit
from gateways.alerts.erasing import erase_alerts
from gateways.cad.client import Disconnected, Refused, connect
from gateways.config import ACCESS_FILE, Config, Retention
from gateways.doors import NoDoors, find_doors
from gateways.vocabulary import incident_messages

DAY_MS: Final = 86_400_000
DURABLE_S: Final = 30.0
ROLE: Final = "supervisor"
"""Whose token of the data folder is used."""


class ForgetRefused(Exception):
    """It was not done; the message says why and what to do."""


class Due(Struct, frozen=True):
    """What is kept longer than it is to be."""

    positions_before: int
    """Turns before this one may lose their positions; 0: none."""
    tracks: int
    track_bytes: int
    incidents: tuple[str, ...]
    held: tuple[str, ...]
    """Would be due, but are on hold."""


def forget(data: Path, config: Config, incidents: Iterable[str], reason: str, token: str | None) -> int:
    """Erase the people of these incidents; say what was done and what is left; return the exit status."""
    status = 0
    for incident in incidents:
        try:
            _forget_one(data, config.retention, incident, reason, token)
            lines = erase_alerts(data, config.endpoints, incident)
            _say_what_is_left(data / "journal", incident, lines)
        except (ForgetRefused, JournalError, OSError) as error:
            click.echo(f"{incident}: {error}", err=True)
            status = 1
    return status


def _forget_one(data: Path, retention: Retention, incident: str, reason: str, token: str | None) -> None:
    if incident in retention.hold:
        raise ForgetRefused(f"{incident} is on hold ([retention] hold): take it off the list first.")
    try:
        url = find_doors(data).cad
    except NoDoors:
        _decide(data / "journal", incident, reason)
        return
    trio.run(_ask, url, token or _token(data), incident, reason)


async def _ask(url: str, token: str, incident: str, reason: str) -> None:
    failed: Exception | None = None
    async with connect(url, token, positions=False) as client:
        try:
            message = incident_messages.ForgetIncident(id=uuid4().hex, incident=incident, reason=reason)
            await client.ask(message, within_s=DURABLE_S)
        except (Refused, Disconnected, trio.TooSlowError) as error:
            failed = error  # told behind the block: within it, the nursery would wrap it into a group
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
        keys.destroy(number_of(incident))
        scrub_snapshots(journal)


def _say_what_is_left(journal: Path, incident: str, lines: int) -> None:
    """Read everything once more, and say what still holds words about the incident: what was written unsealed."""
    left, with_it = [], set()
    for turn in turns(journal, min(list_segments(journal))):
        for item in (turn.input, *turn.facts):
            if isinstance(item, IncidentMerged) and item.into == incident:
                with_it.add(item.incident)
            if incident_of(item) == incident and any(ERASED not in text for _, text in texts_of(item)):
                left.append(turn.seq)
    click.echo(f"{incident}: forgotten. Its key is destroyed; {lines} lines of alerts were erased.")
    if left:
        click.echo(
            f"  Turns {left[0]} to {left[-1]} were written before people's data were sealed, and still hold its texts: "
            "they go when that journal is deleted.",
            err=True,
        )
    if with_it:
        click.echo(f"  Merged into it, and to be forgotten by themselves: {', '.join(sorted(with_it))}.")


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
        expire_tracks(journal, due.positions_before)
    return forget(data, config, due.incidents, "kept as long as it was to be", token)


def what_is_due(journal: Path, retention: Retention, now_ms: int) -> Due:
    """Return what is older than it is to be. Raises JournalDamaged, JournalGap, OSError."""
    before = 0
    if retention.positions_days is not None:
        before = _first_kept(journal, now_ms - round(retention.positions_days * DAY_MS))
    gone = [track_path(journal, first) for first in _segments_before(journal, before)]
    tracks = [path for path in gone if path.exists()]
    ended: list[str] = []
    if retention.incidents_days is not None:
        ended = list(_ended_before(journal, now_ms - round(retention.incidents_days * DAY_MS)))
    return Due(
        positions_before=before if tracks else 0,
        tracks=len(tracks),
        track_bytes=sum(path.stat().st_size for path in tracks),
        incidents=tuple(name for name in ended if name not in retention.hold),
        held=tuple(name for name in ended if name in retention.hold),
    )


def _segments_before(journal: Path, seq: int) -> list[int]:
    """Return the segments that hold only turns before that one; never the one in use."""
    segments = list_segments(journal)
    return [first for first, after in pairwise(segments) if after <= seq]


def _first_kept(journal: Path, since_ms: int) -> int:
    """Return the first turn of the last segment that begins before then: all before it is older."""
    found = 0
    for first in list_segments(journal):
        record = next(Reader(journal).read(first), None)
        if record is None or next(turns(journal, first)).now > since_ms:
            break
        found = first
    return found


def _ended_before(journal: Path, then_ms: int) -> Iterator[str]:
    ended: dict[str, int] = {}
    for turn in turns(journal, min(list_segments(journal))):
        for fact in turn.facts:
            if isinstance(fact, IncidentClosed | IncidentCancelled | IncidentMerged):
                ended[fact.incident] = turn.now
            elif isinstance(fact, IncidentReopened | IncidentSplit | IncidentForgotten):
                ended.pop(fact.incident, None)
    return (name for name, at_ms in ended.items() if at_ms < then_ms)
