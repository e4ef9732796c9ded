"""The command line. Heavy rooms are imported by the commands that need them, so that help comes at once."""

from pathlib import Path
from typing import Any

import click

from gateways.measures import Measured, Minutes, Percent

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class _Teaching(click.Group):
    """Commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)


@click.group(cls=_Teaching, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="turnout")
def main() -> None:
    """Real-time emergency dispatch: calls in, the nearest capable crews out, nothing lost.

    \b
    See it work:      turnout demo
    Make a city:      turnout city out/springfield --seed 7 --units 120
    Check a place:    turnout check out/springfield
    Serve it:         turnout run out/springfield --data out/data
    Ask why:          turnout journal why out/data/journal I12
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@main.command()
@click.option("--place", type=FOLDER, help="A place to dispatch; without it a synthetic city is made.")
@click.option("--seconds", type=float, help="End by itself after this long, with an audited summary.")
@click.option("--pace", type=float, default=10.0, show_default=True, help="City seconds in one real second.")
@click.option("--units", type=int, default=120, show_default=True, help="Size of the synthetic city's fleet.")
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same city and same callers.")
@click.option("--data", type=click.Path(path_type=Path), help="Keep the journal here (default: a temporary folder).")
@click.option("--crash-at", type=float, help="Kill the engine (SIGKILL) after so many seconds, and start it again.")
@click.option("--close-at", type=float, help="Close the busiest bridge after so many seconds, and open it again later.")
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
@click.option("--pace", type=float, hidden=True)
@click.option("--pace-origin-ms", type=int, hidden=True)
@click.option("--announce", is_flag=True, hidden=True, help="Print the doors as one JSON line, for a supervisor.")
@click.option("--leash", is_flag=True, hidden=True, help="Stop when standard input ends: its supervisor is gone.")
def run(
    place: Path,
    data: Path,
    config_file: Path | None,
    pace: float | None,
    pace_origin_ms: int | None,
    announce: bool,
    leash: bool,
) -> None:
    """Serve a place: CAD on a WebSocket, telematics and metrics on HTTP, JSON lines on TCP."""
    from gateways.running import run_place

    raise SystemExit(run_place(place, data, config_file, pace, pace_origin_ms, announce=announce, leash=leash))


@main.command()
@click.argument("place", type=click.Path(path_type=Path))
def check(place: Path) -> None:
    """Name every mistake of a place, with file and path."""
    from gateways.places import Severity
    from gateways.places import check as find_mistakes

    mistakes = find_mistakes(place)
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


@main.group(name="import", cls=_Teaching)
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


@main.group(cls=_Teaching)
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
@click.argument("incident")
@click.option("--unit", help="Why this unit, or why not?")
def why(directory: Path, incident: str, unit: str | None) -> None:
    """Say what happened to an incident and what each decision about it rested on."""
    from gateways.records import explain_incident

    raise SystemExit(explain_incident(directory, incident, unit))


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


@main.group(cls=_Teaching)
def travel() -> None:
    """Travel times: the way from one point to another, and whether the told ETAs came true."""


@travel.command()
@click.argument("directory", metavar="JOURNAL", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def report(directory: Path, as_json: bool) -> None:
    """Compare every ETA told at dispatch with what it came to: bias, usual and large errors."""
    from gateways.travel import report_travel

    raise SystemExit(report_travel(directory, as_json=as_json))


@travel.command()
@click.argument("place", type=FOLDER)
@click.argument("start")
@click.argument("end")
@click.option("--normal", is_flag=True, help="Without lights and sirens.")
@click.option("--closed", multiple=True, metavar="STREET", help="As if this street were closed; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the line for a map.")
def route(place: Path, start: str, end: str, closed: tuple[str, ...], *, normal: bool, as_json: bool) -> None:
    """Print the fastest way from START to END, street by street.

    A point is "lat,lon", a station, a hospital or a unit (id or name), a street, or two that cross:
    "Oak Street & 3rd Avenue".
    """
    from gateways.directions import tell_route

    raise SystemExit(tell_route(place, start, end, closed, normal=normal, as_json=as_json))


@main.group(cls=_Teaching)
def roads() -> None:
    """Tell a running server what is closed, slow or icy; it decides by that within moments."""


def _at_server(command: Any) -> Any:
    """Let the command find its server: by the data folder on this machine, or by address and token."""
    for option in (
        click.option("--token", help="Of a dispatcher or supervisor; without it, the data folder's."),
        click.option("--server", "url", help="ws://host:port of its CAD listener; without it, the data folder's."),
        click.option("--data", type=click.Path(path_type=Path), default=Path("out/data"), show_default=True),
    ):
        command = option(command)
    return command


def _on_stretch(command: Any) -> Any:
    """Let the command name streets; what is named together must all fit."""
    for option in (
        click.option("--id", "name", default="", help="Your own name for it: the same name again replaces it."),
        click.option("--polygon", type=click.Path(path_type=Path), help="Streets that touch it (GeoJSON)."),
        click.option("--class", "classes", multiple=True, help="Only streets of this class; may be repeated."),
        click.argument("names", nargs=-1),
    ):
        command = option(command)
    return command


def _stretch(names: tuple[str, ...], classes: tuple[str, ...], polygon: Path | None) -> Any:
    from gateways.cad.road_messages import Stretch
    from gateways.roads import PolygonRefused, read_polygon

    try:
        ring = None if polygon is None else read_polygon(polygon)
    except PolygonRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    return Stretch(streets=names, classes=classes, polygon=ring)


@roads.command(name="close")
@_on_stretch
@click.option("--reason", default="", help="Goes into the record.")
@click.option("--minutes", type=Minutes(), help="Open by itself after this long; without it, somebody opens it.")
@_at_server
def close_(
    names: tuple[str, ...],
    classes: tuple[str, ...],
    polygon: Path | None,
    name: str,
    reason: str,
    minutes: float | None,
    data: Path,
    url: str | None,
    token: str | None,
) -> None:
    """Close streets by NAMES, by polygon or both: nobody drives through.

    What is named together must all fit. A unit in a closed street may leave it, and an incident there is reached.

    \b
      turnout roads close "Mill Bridge" --reason flood --minutes 90
      turnout roads close --class motorway --polygon smoke.geojson
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from gateways.roads import Server, close_road

    stretch = _stretch(names, classes, polygon)
    raise SystemExit(close_road(Server(data, url, token), stretch, reason, minutes, name))


@roads.command(name="open")
@click.argument("closure")
@click.option("--reason", default="", help="Goes into the record.")
@_at_server
def open_(closure: str, reason: str, data: Path, url: str | None, token: str | None) -> None:
    """Open what was closed, by the id that `close` and `list` print."""
    from gateways.roads import Server, open_road

    raise SystemExit(open_road(Server(data, url, token), closure, reason))


@roads.command(cls=Measured)
@click.argument("percent", type=Percent())
@_on_stretch
@click.option("--minutes", type=Minutes(), default=60.0, show_default=True, help="How long it lasts.")
@_at_server
def traffic(
    percent: int,
    names: tuple[str, ...],
    classes: tuple[str, ...],
    polygon: Path | None,
    name: str,
    minutes: float,
    data: Path,
    url: str | None,
    token: str | None,
) -> None:
    """Driving takes PERCENT of the usual time on the streets of NAMES; everywhere if nothing is named.

    150 is half as long again. 100 ends what was reported; --id says which.
    """
    from gateways.roads import USUAL_PERCENT, Server, report_traffic

    if percent == USUAL_PERCENT and not name:
        raise click.UsageError("100 ends what was reported: say which with --id. `turnout roads list` prints the ids.")
    stretch = _stretch(names, classes, polygon)
    raise SystemExit(report_traffic(Server(data, url, token), stretch, percent, minutes, name))


@roads.command(cls=Measured)
@click.argument("kind")
@click.argument("percent", type=Percent())
@click.option("--minutes", type=Minutes(), default=180.0, show_default=True, help="How long it lasts.")
@_at_server
def weather(kind: str, percent: int, minutes: float, data: Path, url: str | None, token: str | None) -> None:
    """All driving takes PERCENT of the usual time, because of KIND: snow, ice. 100 ends it."""
    from gateways.roads import Server, report_weather

    raise SystemExit(report_weather(Server(data, url, token), kind, percent, minutes))


@roads.command(name="list")
@_at_server
def list_(data: Path, url: str | None, token: str | None) -> None:
    """Print what is closed and slow, and whether decisions rest on it."""
    from gateways.roads import Server, list_roads

    raise SystemExit(list_roads(Server(data, url, token)))


if __name__ == "__main__":
    main()
