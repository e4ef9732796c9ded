"""`turnout forget`, `turnout retention`: what is kept of people, and for how long."""

from pathlib import Path
from typing import Any

import click


def _on_data(command: Any) -> Any:
    for option in (
        click.option("--token", help="Of a supervisor, for a running server; without it, the data folder's."),
        click.option("--config", "config_file", type=click.Path(path_type=Path), help="The server's configuration."),
        click.option("--data", type=click.Path(path_type=Path), default=Path("out/data"), show_default=True),
    ):
        command = option(command)
    return command


def _config(path: Path | None) -> Any:
    from gateways.config import ConfigRefused, read_config

    try:
        return read_config(path)
    except ConfigRefused as refused:
        raise click.ClickException(str(refused)) from None


@click.command()
@click.option("--incident", "incidents", multiple=True, required=True, help="As I12; may be repeated.")
@click.option("--reason", required=True, help="Goes into the record: do not name people in it.")
@_on_data
def forget(incidents: tuple[str, ...], reason: str, data: Path, config_file: Path | None, token: str | None) -> None:
    """Erase the people of an incident that is over: who called, what they said, where they live.

    The key is destroyed under which its texts are sealed in the journal; snapshots, logs of alerts and of
    exchanges with neighbours, and what was published about it are rewritten.
    What was decided stays, the chain holds, and replay decides the same. It is written down who forgot what, and why.
    """
    from gateways.privacy import forget as work

    raise SystemExit(work(data, _config(config_file), incidents, reason, token))


@click.command()
@click.option("--apply", is_flag=True, help="Erase; without it, only say what would be.")
@_on_data
def retention(apply: bool, data: Path, config_file: Path | None, token: str | None) -> None:
    """Say what is kept of people longer than the configuration's [retention] says, and erase it with --apply.

    Positions go with their track files; incidents are forgotten one by one. To be run daily.
    """
    from gateways.privacy import keep_to_retention

    raise SystemExit(keep_to_retention(data, _config(config_file), token, apply=apply))
