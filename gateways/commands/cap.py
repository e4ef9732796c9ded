"""`turnout cap …`: other agencies' alerts."""

from pathlib import Path

import click

from gateways.commands.teaching import FOLDER, Teaching


@click.group(cls=Teaching)
def cap() -> None:
    """CAP 1.2 alerts: what they would do here."""


@cap.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--place", type=FOLDER, required=True, help="The place that it is about.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), required=True, help="With [cap] in it.")
def check(file: Path, place: Path, config_file: Path) -> None:
    """Say which rule fits an alert and what it would do, without a server and without doing it."""
    from gateways.cap.trial import check_alert
    from gateways.config import ConfigRefused, read_config
    from gateways.places import PlaceRefused, load

    try:
        status = check_alert(file, read_config(config_file).cap, load(place).place)
    except (ConfigRefused, PlaceRefused) as refused:
        click.echo(f"turnout: {refused}", err=True)
        status = 1
    raise SystemExit(status)
