"""`turnout export …`: what happened, in the forms that registries of fire and ambulance services take."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateways.commands.spans import in_ms, spanned
from gateways.commands.teaching import FOLDER, Teaching


@click.group(cls=Teaching)
def export() -> None:
    """Time ladders of incidents and units for NERIS and NEMSIS, read off a journal (or its data folder)."""


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what both exports take."""
    for option in (
        click.option(
            "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file  [default: standard output]"
        ),
        click.option("--csv", "as_csv", is_flag=True, help="A line for each unit that was sent, instead of JSON."),
        spanned,
        click.option("--incident", "incidents", multiple=True, metavar="I12", help="Only this one, also while open."),
        click.argument("directory", metavar="JOURNAL_OR_DATA", type=FOLDER),
    ):
        command = option(command)
    return command


@export.command()
@_chosen
@click.option("--automatic", multiple=True, metavar="TYPE", help="An incident type that is an automatic alarm.")
@click.option("--acting-as", multiple=True, metavar="AGENCY", help="A neighbour who answers in our name.")
@click.option(
    "--emergent-through",
    type=click.IntRange(0, 5),
    default=3,
    show_default=True,
    help="Lights and sirens up to this priority; 1 is the most urgent.",
)
@click.option("--comments", is_flag=True, help="Notes leave as well. They may name people.")
def neris(
    directory: Path,
    incidents: tuple[str, ...],
    from_: datetime | None,
    to: datetime | None,
    out: Path | None,
    automatic: tuple[str, ...],
    acting_as: tuple[str, ...],
    emergent_through: int,
    *,
    as_csv: bool,
    comments: bool,
) -> None:
    """Write the dispatch and unit-response modules of NERIS for each incident that has ended."""
    from gateways.neris import Wanted, export_ladder
    from gateways.neris.ladders import Local

    local = Local(
        automatic=frozenset(automatic),
        acting_as=frozenset(acting_as),
        emergent_through=emergent_through,
        comments=comments,
    )
    wanted = Wanted(incidents=incidents, from_ms=in_ms(from_), to_ms=in_ms(to), as_csv=as_csv, local=local)
    raise SystemExit(export_ladder(directory, wanted, out))


@export.command()
@_chosen
def nemsis(
    directory: Path,
    incidents: tuple[str, ...],
    from_: datetime | None,
    to: datetime | None,
    out: Path | None,
    *,
    as_csv: bool,
) -> None:
    """Write the eTimes of NEMSIS for each unit that was dispatched."""
    from gateways.neris import Wanted, export_ladder

    wanted = Wanted(incidents=incidents, from_ms=in_ms(from_), to_ms=in_ms(to), as_csv=as_csv, form="nemsis")
    raise SystemExit(export_ladder(directory, wanted, out))
