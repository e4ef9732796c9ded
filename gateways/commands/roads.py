"""`turnout roads …`: tell a running server what is closed, slow or icy."""

from pathlib import Path
from typing import Any

import click

from gateways.commands.measures import Measured, Minutes, Percent
from gateways.commands.teaching import Teaching


@click.group(cls=Teaching)
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
    from gateways.roads import PolygonRefused, read_polygon
    from gateways.vocabulary.road_messages import Stretch

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
