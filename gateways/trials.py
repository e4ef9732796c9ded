"""`turnout alerts who` and `turnout alerts try`: the ladder and its channels looked at without an engine."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import trio

from engine.model.alert_facts import Purpose
from engine.model.place import Place
from gateways.alerts import Endpoint, Recipient, Recipients
from gateways.alerts.channel import NOBODY, Copy, Listener, News, Outcome
from gateways.alerts.message import EXERCISE, Message
from gateways.alerts.rounds import endpoints_of
from gateways.config import Config, ConfigRefused, read_config, recipients_of
from gateways.places import PlaceRefused, load

TEXT = f"{EXERCISE}TEST of this channel by turnout. Nobody is in need; nothing is to be done."


def _read(folder: Path, config_file: Path) -> tuple[Place, Config, Recipients] | None:
    """Return what the files say; None after saying what is wrong with them."""
    try:
        place = load(folder, straight=True).place
        config = read_config(config_file)
        return place, config, recipients_of(config, place)
    except PlaceRefused as refusal:
        for mistake in refusal.mistakes:
            click.echo(f"{mistake.file}: {mistake.path}: {mistake.message}", err=True)
    except ConfigRefused as refusal:
        click.echo(str(refusal), err=True)
    return None


# ── who is told ─────────────────────────────────────────────────────────────────────────────────────────────


def print_who(folder: Path, config_file: Path, unit: str | None) -> int:
    """Print the ladder of each unit; return 1 if some unit has a rung on which nobody is told."""
    read = _read(folder, config_file)
    if read is None:
        return 78
    place, config, recipients = read
    endpoints = {each.name: each for each in config.endpoints}
    gaps = 0
    for each in place.units:
        if unit in (None, each.id):
            lines = list(_rungs(place, each.id, endpoints, recipients))
            gaps += sum("NOBODY" in line for line in lines)
            click.echo(each.id)
            for line in lines:
                click.echo(line)
    click.echo(f"{gaps} gaps." if gaps else "No gaps: every rung of every unit tells somebody.")
    return 1 if gaps else 0


def _rungs(place: Place, unit: str, endpoints: dict[str, Endpoint], recipients: Recipients) -> Iterator[str]:
    for number, rung in enumerate(place.alerts.ladder):
        for name in endpoints_of(rung, endpoints):
            endpoint = endpoints.get(name)
            if endpoint is None:
                yield f"  {number} {name}: NOBODY, no endpoint has this name"
            elif not endpoint.channel.addressed:
                yield f"  {number} {name}: whom the endpoint itself tells"
            else:
                told = [
                    _named(each) for each in recipients.all if _is_for(place, unit, each) and name in each.addresses
                ]
                yield f"  {number} {name}: {', '.join(told) or 'NOBODY is listed'}"


def _named(recipient: Recipient) -> str:
    hours = f" (in shift {recipient.shift})" if recipient.shift else ""
    return f"{recipient.name}{hours}{' (exercise)' if recipient.exercise else ''}"


def _is_for(place: Place, unit: str, recipient: Recipient) -> bool:
    described = next(each for each in place.units if each.id == unit)
    return unit in recipient.units or described.station in recipient.stations or described.crew in recipient.crews


# ── does it work ────────────────────────────────────────────────────────────────────────────────────────────


def try_channel(folder: Path, config_file: Path, name: str, who: str, unit: str) -> int:
    """Send one message; return 0 if the endpoint took it, 1 if not, 78 where the files or names do not hold."""
    read = _read(folder, config_file)
    if read is None:
        return 78
    place, config, recipients = read
    endpoint = next((each for each in config.endpoints if each.name == name), None)
    if endpoint is None:
        click.echo(
            f"There is no endpoint {name!r}; there are {', '.join(each.name for each in config.endpoints)}.", err=True
        )
        return 78
    copy = NOBODY
    if endpoint.channel.addressed:
        recipient = next((each for each in recipients.all if each.name == who and name in each.addresses), None)
        if recipient is None:
            names = ", ".join(each.name for each in recipients.all if name in each.addresses) or "none"
            click.echo(f"{name} tells recipients: give --recipient. There are {names}.", err=True)
            return 78
        copy = Copy(recipient.name, recipient.addresses[name], exercise=recipient.exercise)
    outcome = trio.run(_send, endpoint, _message(place, unit), copy, folder)
    if not outcome.delivered:
        click.echo(f"{name}: not taken. {outcome.detail}", err=True)
        return 1
    click.echo(f"{name}: taken{', and at the recipient' if outcome.reached else ''}.")
    return 0


async def _send(endpoint: Endpoint, message: Message, copy: Copy, folder: Path) -> Outcome:
    async with endpoint.channel.open(folder) as sender, trio.open_nursery() as nursery:
        if isinstance(sender, Listener):
            nursery.start_soon(sender.listen, _hear)
        outcome = await sender.send(message, copy)
        nursery.cancel_scope.cancel()
    return outcome


async def _hear(news: News) -> bool:
    click.echo(f"heard: {news.state}{f' by {news.by}' if news.by else ''}", file=sys.stderr)
    return True


def _message(place: Place, unit: str) -> Message:
    described = next((each for each in place.units if each.id == unit), None)
    return Message(
        place=place.id,
        alert=f"A{round(time.time())}",
        purpose=Purpose.DISPATCH,
        created_ms=round(time.time() * 1000),
        unit=unit,
        unit_kind=None if described is None else described.kind,
        incident="TEST",
        incident_type="test",
        type_name="Test of the channel",
        priority=5,
        address="nowhere",
        lat=None,
        lon=None,
        station=None if described is None else described.station,
        text=TEXT,
        rung=0,
        attempt=1,
        exercise=True,
    )
