"""`turnout travel …`: ways, and how good the ETAs were."""

from pathlib import Path

import click

from gateways.commands.teaching import FOLDER, Teaching


@click.group(cls=Teaching)
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
