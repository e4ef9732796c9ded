"""`turnout run`: a place served until it is told to stop."""

import resource
import sys
from pathlib import Path

import click
import msgspec
import trio
from msgspec.structs import replace

from engine.journal import JournalError
from engine.journal.recovery import take_snapshot
from engine.live.clock import Pace
from engine.live.service import PlaceRejected, StreetsFailed
from gateways import log
from gateways.app import Doors, run_until_signal
from gateways.config import ConfigRefused, read_config
from gateways.geocoding import Geocoder
from gateways.places import Loaded, PlaceRefused, load

REFUSED = 78
"""Exit status (EX_CONFIG) where place or configuration do not hold: starting again does not help."""
FAILED = 2
"""Exit status where the engine had to stop: start it again, it goes on from its journal."""
OPEN_FILES = 65_536
"""As many as the service unit allows."""


def run_place(
    folder: Path,
    data: Path,
    config_file: Path | None,
    travel: str,
    pace: float | None,
    pace_origin_ms: int | None,
    *,
    announce: bool,
    leash: bool = False,
    exercise: bool = False,
) -> int:
    """Serve the place in the folder; return the exit status."""
    log.configure("info", pretty=sys.stderr.isatty())
    _open_many_files()
    try:
        loaded, geocoder = _without_its_list(load(folder, straight=travel == "straight"))
        config = read_config(config_file)
        config = replace(config, exercise=config.exercise or exercise)
    except PlaceRefused as refusal:
        for mistake in refusal.mistakes:
            click.echo(f"{mistake.file}: {mistake.path}: {mistake.message}", err=True)
        return REFUSED
    except ConfigRefused as refusal:
        click.echo(str(refusal), err=True)
        return REFUSED
    for warning in loaded.warnings:
        click.echo(f"warning: {warning.file}: {warning.path}: {warning.message}", err=True)
    running = Pace(pace_origin_ms or 0, pace) if pace else None
    opened = _announce if announce else _welcome
    failed = False
    try:
        trio.run(
            lambda: run_until_signal(
                loaded.place,
                data,
                config,
                pace=running,
                streets=loaded.graph,
                calls=loaded.demand,
                geocoder=geocoder,
                opened=opened,
                leash=leash,
            )
        )
    except* (JournalError, PlaceRejected, StreetsFailed, ConfigRefused, OSError) as group:
        for error in _leaves(group):
            click.echo(f"turnout: {error}", err=True)
        failed = True
    if failed:
        return FAILED
    take_snapshot(data / "journal")
    return 0


def _without_its_list(loaded: Loaded) -> tuple[Loaded, Geocoder | None]:
    """Return the place, and its geocoder if it lists addresses; the list itself is needed no more."""
    if loaded.addresses is None or not len(loaded.addresses):
        return loaded, None
    return replace(loaded, addresses=None), Geocoder(loaded.addresses, loaded.place)


def _open_many_files() -> None:
    """Use as many files as this process may have: each client is one, and many systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _announce(doors: Doors) -> None:
    click.echo(msgspec.json.encode(doors).decode())


def _welcome(doors: Doors) -> None:
    click.echo(f"CAD (WebSocket)   {doors.cad}")
    click.echo(f"Console           {doors.web}/   sign in with a token")
    click.echo(f"HTTP              {doors.web}   /metrics  /healthz  /readyz")
    for feed in doors.feeds:
        click.echo(f"{f'{feed.protocol} ({feed.transport})':<17} {feed.address}")
    for name, address in doors.exchanges.items():
        click.echo(f"{name:<17} {address}")
    if doors.access.tokens:
        click.echo("Tokens            access.toml in the data folder, one a role")
    for note in doors.notes:
        click.echo(f"note: {note}")
    click.echo("Ctrl-C stops. Everything accepted is in the journal and will be there at the next start.")
