"""`turnout why`: why these units, and why not that one?"""

from pathlib import Path

import click


@click.command()
@click.argument("incident")
@click.option("--unit", help="Why this unit, or why not? Any unit of the fleet, at the moment of each decision.")
@click.option("--at", type=click.IntRange(min=1), help="Only the decision that stood after this turn.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("out/data"),
    show_default=True,
    help="A run's data folder, or a journal.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--redacted", is_flag=True, help="Leave out people's data: caller, address, notes, reasons.")
@click.option("--asked", is_flag=True, hidden=True, help="A server asks, which writes down for whom.")
def why(
    incident: str, unit: str | None, at: int | None, data: Path, as_json: bool, redacted: bool, asked: bool
) -> None:
    """Say what happened to an incident, and what each decision about it rested on.

    For each place of the plan: who was looked at, when each would have been there and what that time is made of, what
    choosing it would have cost beside time, who was out and why, by how much the choice was better than the next, and
    the proof that no other answer was better. From the journal: beside a running engine, or years later.
    """
    from gateways.upkeep.books import note_command
    from gateways.whys import explain_incident

    journal = data / "journal"
    directory = journal if journal.is_dir() else data
    status = explain_incident(directory, incident, unit, at, as_json=as_json, redacted=redacted)
    if status == 0 and not (redacted or asked):
        note_command(directory, "turnout why", [incident])
    raise SystemExit(status)
