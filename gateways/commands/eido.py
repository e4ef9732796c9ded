"""`turnout eido …`: an incident as the neighbours see it, and a neighbour's document held against our types."""

from pathlib import Path
from typing import BinaryIO

import click


@click.group()
def eido() -> None:
    """CAD to CAD: incidents as NENA's EIDO (NENA-STA-021, JSON)."""


@eido.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("incident")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="With a table [eido].")
@click.option("--callers", is_flag=True, help="With what is known of whoever called.")
def show(data: Path, incident: str, config_file: Path | None, callers: bool) -> None:
    """Print an incident of a run's data folder, or of a journal, as an EIDO. Beside a running engine, or years later."""
    from gateways.exchange import show_incident

    journal = data / "journal"
    raise SystemExit(show_incident(journal if journal.is_dir() else data, incident, config_file, callers=callers))


@eido.command()
@click.argument("file", type=click.File("rb"))
def check(file: BinaryIO) -> None:
    """Say whether a document is an EIDO, what it tells, and which of its parts have no counterpart here. `-`: stdin."""
    from gateways.exchange import check_document

    raise SystemExit(check_document(file.read()))
