"""`turnout cap check`: what an alert would do here, without doing it. For whoever writes rules."""

import time
from pathlib import Path

import click

from engine.model.inputs import AnyCommand, CloseRoad, ReportTraffic
from engine.model.place import Place
from engine.model.surroundings import RecordCaution
from gateways.cap.alert import Status
from gateways.cap.config import CapConfig
from gateways.cap.effects import effects_of
from gateways.cap.reading import Unreadable, read_alert
from gateways.cap.writing import time_of


def check_alert(file: Path, config: CapConfig, place: Place) -> int:
    """Print what the alert in the file would do in this place; return the exit status."""
    try:
        alert = read_alert(file.read_bytes())
    except OSError as error:
        click.echo(f"{file}: cannot be read ({error.strerror}).", err=True)
        return 1
    except Unreadable as error:
        click.echo(f"{file}: this is no CAP 1.2 alert. {error}.", err=True)
        return 1
    click.echo(f"{alert.identifier} of {alert.sender}, {time_of(alert.sent_ms)}: {alert.kind}, {alert.status}")
    now = time.time_ns() // 1_000_000
    effects = effects_of(alert, config, place, now, "check")
    for rule in effects.rules:
        click.echo(f"rule {rule}")
    for command in effects.commands:
        click.echo(f"  {_words(command)}")
    if effects.weather is not None:
        click.echo(f"  weather {effects.weather.kind}: all driving takes {effects.weather.percent} %")
    for note in effects.notes:
        click.echo(f"  {note}")
    if effects.commands or effects.weather:
        click.echo(f"from {time_of(effects.from_ms)} to {time_of(effects.until_ms)}")
    if effects.until_ms <= now and effects.rules:
        click.echo("It is over: nothing would be done now.")
    if alert.status is not Status.ACTUAL:
        click.echo(f"It is {alert.status}: nothing would be done.")
    return 0


def _words(command: AnyCommand) -> str:
    match command:
        case RecordCaution():
            shape = "a circle" if command.polygon is None else f"a polygon of {len(command.polygon)} corners"
            lat_lon = f"about ({command.x_m}, {command.y_m}) m, {command.radius_m} m wide"
            return f"{command.severity}: {command.text!r} within {shape} {lat_lon}"
        case CloseRoad():
            return f"closes streets: {command.stretch.words}"
        case ReportTraffic():
            return f"driving takes {command.percent} %: {command.stretch.words}"
        case _:
            return type(command).__name__
