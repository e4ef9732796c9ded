"""`turnout devices`, `exchanges`, `recipients`, `audit`: look after a running server, and see who did and who read what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateways.commands.teaching import Teaching

_DATA = click.option("--data", type=click.Path(path_type=Path), default=Path("out/data"), show_default=True)
DAYS_MAX = 36_500
_REASON = click.option("--reason", required=True, help="Goes into the record: do not name people in it.")


def _at_server(command: Any) -> Any:
    """Let the command find its server: by the data folder on this machine, or by address and token."""
    for option in (
        click.option("--token", help="Of a supervisor; without it, the data folder's."),
        click.option("--server", "url", help="http://host:port of its HTTP listener; without it, the data folder's."),
        _DATA,
    ):
        command = option(command)
    return command


def _done(work: Callable[[Any], None], data: Path, url: str | None, token: str | None) -> None:
    from gateways.operating import AskRefused, Server

    try:
        work(Server(data, url, token))
    except AskRefused as refused:
        raise click.ClickException(str(refused)) from None


def _deed(group: click.Group, what: str, about: str, of: str, *more: str) -> None:
    """Add a command to the group that has this done to one `of` its kind; `more` words go along under their names."""

    def done(reason: str, data: Path, url: str | None, token: str | None, **named: str) -> None:
        from gateways.operating import tell

        name = named.pop(of)
        _done(lambda server: tell(server, f"{group.name}", name, what, {**named, "reason": reason}), data, url, token)

    command: Any = _REASON(_at_server(done))
    for argument in reversed((of, *more)):
        command = click.argument(argument)(command)
    group.command(what, help=about)(command)


@click.group(cls=Teaching)
def devices() -> None:
    """Which tracker rides in which vehicle: see it, and change it while the server runs."""


@devices.command(name="list")
@click.option("--moved", is_flag=True, help="Only those that stand otherwise than listed.")
@_at_server
def list_devices(data: Path, url: str | None, token: str | None, *, moved: bool) -> None:
    """Print every device with its unit, when it was heard, and whose word stands above the list."""
    from gateways.operating import list_devices as work

    _done(lambda server: work(server, moved=moved), data, url, token)


_deed(
    devices,
    "move",
    "DEVICE moves UNIT from now on, also after a restart, until the list says something new of it.",
    "device",
    "unit",
)
_deed(devices, "remove", "DEVICE moves nothing any more: stolen, broken, or in the workshop.", "device")
_deed(devices, "restore", "DEVICE rides again where the list says.", "device")


@click.group(cls=Teaching)
def exchanges() -> None:
    """Subscriptions, alarm companies and neighbours: see how it stands, park one, resume it, leave something out."""


@exchanges.command(name="list")
@_at_server
def list_exchanges(data: Path, url: str | None, token: str | None) -> None:
    """Print how far each is behind, what it is being sent, and who has parked it."""
    from gateways.operating import list_exchanges as work

    _done(work, data, url, token)


_deed(exchanges, "park", "Leave EXCHANGE alone. Nothing is lost: it goes on where it stopped.", "exchange")
_deed(exchanges, "resume", "Go on with EXCHANGE where it stopped.", "exchange")
_deed(
    exchanges,
    "skip",
    "Leave HEAD out, which EXCHANGE does not take, and go on behind it. `list` prints what is being sent.",
    "exchange",
    "head",
)


@click.group(cls=Teaching)
def recipients() -> None:
    """Who is told of alerts, on a running server."""


@recipients.command(name="reload")
@_REASON
@_at_server
def reload_(reason: str, data: Path, url: str | None, token: str | None) -> None:
    """Read the table of recipients again. One that does not hold is refused with its mistake, and changes nothing."""
    from gateways.operating import reload_recipients

    _done(lambda server: reload_recipients(server, reason), data, url, token)


@click.group(cls=Teaching)
def audit() -> None:
    """Who has looked at whose incident, and who has done what to the server: from the books in the data folder."""


def _chosen(command: Any) -> Any:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object a line."),
        click.option(
            "--days", type=click.FloatRange(0, DAYS_MAX), default=30.0, show_default=True, help="Of the last days."
        ),
        click.option("--who", help="Only this principal; USER@localhost for commands on this machine."),
        _DATA,
    ):
        command = option(command)
    return command


@audit.command()
@click.option("--incident", help="Only readings of this one, as I12.")
@_chosen
def reads(data: Path, who: str | None, incident: str | None, days: float, *, as_json: bool) -> None:
    """Print who was shown people's data: over the API, on the board, by `why`, by EIDO, by exports."""
    from gateways.operating import show_book
    from gateways.upkeep.books import READS

    show_book(data, READS, who=who, incident=incident, days=days, as_json=as_json)


@audit.command()
@_chosen
def operations(data: Path, who: str | None, days: float, *, as_json: bool) -> None:
    """Print who has moved devices, parked exchanges, reloaded tables, and why."""
    from gateways.operating import show_book
    from gateways.upkeep.books import OPERATIONS

    show_book(data, OPERATIONS, who=who, incident=None, days=days, as_json=as_json)
