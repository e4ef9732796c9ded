"""The command line. Heavy rooms are imported by the commands that need them, so that help comes at once."""

from pathlib import Path
from typing import Any

import click

from gateways.commands import travel as ways
from gateways.commands.alerts import alerts
from gateways.commands.cap import cap
from gateways.commands.crews import crew
from gateways.commands.eido import eido
from gateways.commands.exports import export
from gateways.commands.journal import journal
from gateways.commands.privacy import forget, retention
from gateways.commands.replay import replay
from gateways.commands.reports import report
from gateways.commands.roads import roads
from gateways.commands.sim import sim
from gateways.commands.teaching import FOLDER, Teaching
from gateways.commands.upkeep import audit, devices, exchanges, recipients
from gateways.commands.why import why


@click.group(cls=Teaching, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="turnout")
def main() -> None:
    """Real-time emergency dispatch: calls in, the nearest capable crews out, nothing lost.

    \b
    See it work:      turnout demo
    Make a city:      turnout city out/springfield --seed 7 --units 120
    Check a place:    turnout check out/springfield
    Serve it:         turnout run out/springfield --data out/data
    Close a road:     turnout roads close "Mill Bridge" --data out/data
    Ask why:          turnout why I12 --data out/data
    How fast?         turnout report out/data
    """  # noqa: D301  \b is click's mark for lines that stay as they are


FROM_ZERO = click.FloatRange(0)

_travel = click.option(
    "--travel",
    type=click.Choice(["streets", "straight"]),
    default="streets",
    show_default=True,
    help="Over the place's streets, or in straight lines; every ETA says which.",
)


@main.command()
@click.option("--place", type=FOLDER, help="A place to dispatch; without it a synthetic city is made.")
@click.option("--seconds", type=FROM_ZERO, help="End by itself after this long, with an audited summary.")
@click.option("--pace", type=float, default=10.0, show_default=True, help="City seconds in one real second.")
@click.option("--units", type=int, default=120, show_default=True, help="Size of the synthetic city's fleet.")
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same city and same callers.")
@_travel
@click.option("--data", type=click.Path(path_type=Path), help="Keep the journal here (default: a temporary folder).")
@click.option("--crash-at", type=FROM_ZERO, help="Kill the engine (SIGKILL) after so many seconds, and start it again.")
@click.option(
    "--close-at", type=FROM_ZERO, help="Close the busiest bridge after so many seconds, and open it again later."
)
@click.option("--exercise", is_flag=True, help="An exercise: duty officers are to be told as well, and nobody real is.")
@click.option(
    "--feed",
    type=click.Choice(["taip", "mqtt", "osmand", "binary", "lines"]),
    help="What all trackers speak (mqtt needs mosquitto); without it half JSON lines, half OsmAnd.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object; no board.")
def demo(**options: Any) -> None:
    """Watch a city being dispatched, live.

    The engine and its gateways run in a process of their own; callers, a CAD and the crews drive it through the
    real sockets. Kill the engine (its process number is on the board) and see that nothing is lost: the demo starts
    it again, and the summary at the end counts.
    """
    from gateways.demo import run_demo

    raise SystemExit(run_demo(**options))


@main.command()
@click.argument("place", type=FOLDER)
@click.option("--data", type=click.Path(path_type=Path), default=Path("out/data"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="Doors, principals and endpoints (TOML)."
)
@_travel
@click.option("--exercise", is_flag=True, help="Nobody real is alerted: what would leave this machine is recorded.")
@click.option("--pace", type=float, hidden=True)
@click.option("--pace-origin-ms", type=int, hidden=True)
@click.option("--announce", is_flag=True, hidden=True, help="Print the doors as one JSON line, for a supervisor.")
@click.option("--leash", is_flag=True, hidden=True, help="Stop when standard input ends: its supervisor is gone.")
def run(
    place: Path,
    data: Path,
    config_file: Path | None,
    travel: str,
    exercise: bool,
    pace: float | None,
    pace_origin_ms: int | None,
    announce: bool,
    leash: bool,
) -> None:
    """Serve a place: CAD on a WebSocket, telematics and metrics on HTTP, JSON lines on TCP."""
    from gateways.running import run_place

    status = run_place(
        place,
        data,
        config_file,
        travel,
        pace,
        pace_origin_ms,
        announce=announce,
        leash=leash,
        exercise=exercise,
    )
    raise SystemExit(status)


@main.command()
@click.argument("place", type=click.Path(path_type=Path))
def check(place: Path) -> None:
    """Name every mistake of a place, with file and path, and say which plan answers what."""
    from gateways.places import Severity, survey

    found = survey(place)
    mistakes = found.mistakes
    for line in ("Who answers, by incident type and priority:", *found.plans) if found.plans else ():
        click.echo(line)
    for mistake in mistakes:
        colour = "red" if mistake.severity is Severity.ERROR else "yellow"
        click.echo(f"{click.style(mistake.severity, fg=colour)}  {mistake.file}: {mistake.path}: {mistake.message}")
    errors = sum(mistake.severity is Severity.ERROR for mistake in mistakes)
    click.echo(f"{place}: {errors} errors, {len(mistakes) - errors} warnings")
    raise SystemExit(1 if errors else 0)


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--units", type=click.IntRange(24, 200_000), default=120, show_default=True)
def city(out: Path, seed: int, units: int) -> None:
    """Generate a believable synthetic city as a place. Same seed, same bytes."""
    from gateways.places import generate
    from gateways.progress import progress_bar

    with progress_bar() as progress:
        _refusable(lambda: generate(out, seed, units, progress))
    click.echo(f"{out}: a city of {units} units. Now:  turnout check {out}  or  turnout demo --place {out}")


@main.group(name="import", cls=Teaching)
def import_() -> None:
    """Turn other systems' data into places."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the place (default: the file's).")
@click.option("--units", type=int, help="Size of the fleet, shared out among the stations (default: six a station).")
@click.option("--timezone", help="IANA name, such as Europe/Helsinki (default: the longitude's).")
def osm(file: Path, out: Path, **options: Any) -> None:
    """Import an OpenStreetMap extract (.osm.pbf): streets, turn restrictions, stations and hospitals.

    The map knows no crews, plans or calls: those are made up by rules that gateways/places/README.md tells.
    Needs osmium:  pip install 'turnout[osm]'
    """
    from gateways.places import import_osm

    _import(out, lambda progress: import_osm(file, out, progress, **options))


@import_.command()
@click.argument("source", type=FOLDER)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--timezone", help="IANA name, such as Pacific/Auckland (default: the longitude's).")
def jemss(source: Path, out: Path, timezone: str | None) -> None:
    """Import a city of the JEMSS simulator: stations, hospitals, ambulances, demand and streets."""
    from gateways.places import import_jemss

    _import(out, lambda progress: import_jemss(source, out, progress, timezone))


def _import(out: Path, work: Any) -> None:
    from gateways.progress import progress_bar

    with progress_bar() as progress:
        imported = _refusable(lambda: work(progress))
    for note in imported.notes:
        click.echo(note)
    place = imported.place
    click.echo(f"{out}: imported {place.name}. Stations: {len(place.stations)}, units: {len(place.units)}.")
    click.echo(f"Now:  turnout check {out}  or  turnout demo --place {out} --pace 30")


def _refusable(work: Any) -> Any:
    from gateways.places import PlaceRefused

    try:
        return work()
    except PlaceRefused as refusal:
        for mistake in refusal.mistakes:
            click.echo(str(mistake) if mistake.file else f"{refusal.folder}: {mistake}", err=True)
        raise SystemExit(1) from None


for group in (
    alerts,
    eido,
    journal,
    report,
    export,
    ways.travel,
    roads,
    sim,
    replay,
    why,
    crew,
    cap,
    devices,
    exchanges,
    recipients,
    audit,
    forget,
    retention,
):
    main.add_command(group)


if __name__ == "__main__":
    main()
