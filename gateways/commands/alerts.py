"""`turnout alerts …`: who would be told of a unit's alerts, and whether a channel works, without an engine."""

from pathlib import Path

import click

from gateways.commands.teaching import FOLDER, Teaching

CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="As for `turnout run`.",
)


@click.group(cls=Teaching)
def alerts() -> None:
    """See who would be told, and try a channel before a crew depends on it."""


@alerts.command()
@click.argument("place", type=FOLDER)
@CONFIG
@click.option("--unit", help="Only this unit.")
def who(place: Path, config_file: Path, unit: str | None) -> None:
    """Say for each unit whom the ladder tells, rung by rung, and name the gaps."""
    from gateways.trials import print_who

    raise SystemExit(print_who(place, config_file, unit))


@alerts.command(name="try")
@click.argument("place", type=FOLDER)
@CONFIG
@click.option("--endpoint", required=True, help="Its name in the configuration.")
@click.option("--recipient", default="", help="Its name in the table of recipients, where the channel needs one.")
@click.option(
    "--unit", default="TEST", show_default=True, help="The unit that the message names; stations are found by it."
)
def try_endpoint(place: Path, config_file: Path, endpoint: str, recipient: str, unit: str) -> None:
    """Send one real message that says TEST through an endpoint, and say what came of it."""
    from gateways.trials import try_channel

    raise SystemExit(try_channel(place, config_file, endpoint, recipient, unit))
