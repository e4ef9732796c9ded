"""`turnout eido show` and `check`: documents for people, without a connection."""

from pathlib import Path

import click
import msgspec

from engine.journal.recovery import recover_world
from engine.state.world import no_streets
from gateways.config import ConfigRefused, read_config
from gateways.eido import documents
from gateways.eido.config import EidoConfig
from gateways.eido.parts import UNREAD, Eido, wire_name
from gateways.eido.render import Renderer
from gateways.records import reporting
from gateways.upkeep.books import note_command

PLAIN = EidoConfig(agency="agency.example", element="turnout.agency.example")
"""Who we are where no configuration says so."""


@reporting
def show_incident(directory: Path, incident: str, config_file: Path | None, *, callers: bool) -> int:
    """Print the incident as it stands at the end of the journal."""
    try:
        config = read_config(config_file).eido or PLAIN
    except ConfigRefused as refusal:
        click.echo(str(refusal), err=True)
        return 1
    world = recover_world(directory, streets=no_streets).world
    renderer = Renderer(config)
    found = renderer.naming.find(world, incident)
    if found is None:
        click.echo(
            f"There is no {incident} in this journal (any more). `turnout journal tail` shows what there is.", err=True
        )
        return 1
    data = documents.encode(renderer.render(world, found, callers=callers))
    click.echo(msgspec.json.format(data, indent=2).decode())
    note_command(directory, "turnout eido show", [incident])
    return 0


def check_document(data: bytes) -> int:
    """Print what a document tells, or what is wrong with it."""
    try:
        eido = documents.decode(data)
    except documents.BadDocument as bad:
        click.echo(f"This is no EIDO. {bad}", err=True)
        return 1
    click.echo(f"{eido.id}")
    click.echo(f"from {eido.issuing_element_identification}, of {eido.last_update_time_stamp}")
    for line in _contents(eido):
        click.echo(f"  {line}")
    unread = [f"{wire_name(name)} ({len(getattr(eido, name))})" for name in UNREAD if getattr(eido, name)]
    click.echo(f"Without a counterpart here, kept as received: {', '.join(unread) or 'nothing'}.")
    click.echo("Everything that the standard requires of it is there.")
    return 0


def _contents(eido: Eido) -> list[str]:
    about = eido.incident_component
    lines = [] if about is None else [f"incident: {about.incident_type_common_registry_text}"]
    for name in Eido.__struct_fields__:
        value = getattr(eido, name)
        if name.endswith("_component") and isinstance(value, tuple) and value and name not in UNREAD:
            lines.append(f"{wire_name(name)}: {len(value)}")
    return lines
