"""What a crew is told, as data, and that data as JSON.

Rule: pure. A message is composed from the durable World at the moment of the attempt, so that a later attempt
bears the newest address; its text is the engine's and never changes. It names no caller and holds no notes.
"""

from typing import Final

import msgspec
from msgspec import Struct

from engine.model.alert_facts import Purpose
from engine.model.place import Station
from engine.policy.cautions import cautions_at, word_of
from engine.state.posts import post_of
from engine.state.records import Alert, Incident
from engine.state.world import World
from gateways.times import iso
from gateways.views import RouteView, view_route

EXERCISE: Final = "EXERCISE EXERCISE: "
"""Before the words of every message of an exercise."""


class Message(Struct, frozen=True, kw_only=True):
    """One attempt at one alert. What the World no longer knows is None."""

    place: str
    alert: str
    """The key: the same on every attempt and every rung."""
    purpose: Purpose
    created_ms: int
    """When the engine decided, ms since the epoch."""
    unit: str
    unit_kind: str | None
    incident: str
    incident_type: str | None
    type_name: str | None
    priority: int | None
    """1 is the most urgent."""
    address: str | None
    lat: float | None
    """WGS84 degrees: of the incident; of the post, where the alert is about a move."""
    lon: float | None
    post: str | None = None
    """Where the unit belongs from now on, where the alert is about a move; None: it is about an incident."""
    station: str | None = None
    """Where the unit belongs now: its station, or the post that it was moved to."""
    eta_ms: int | None = None
    """Of a dispatch: to arrival, as estimated when the unit was sent; None where no way was known."""
    route: RouteView | None = None
    """The way that the estimate rests on, street by street and as a line; None where no streets were used."""
    answer_by_ms: int | None = None
    """Of a roll-call: the unit owes its own answer by then; a receipt is none."""
    cautions: tuple[str, ...] = ()
    """What is known of the place, the gravest first: of whoever goes there, or is there."""
    text: str
    """All of it in one line, for a pager."""
    rung: int
    attempt: int
    exercise: bool = False
    """Nobody is in need: the text begins with EXERCISE, and no real person is told (see `exercise.py`)."""


class _Envelope(Struct, frozen=True):
    """The payload that Standard Webhooks recommends."""

    type: str
    timestamp: str
    data: Message


def compose(world: World, alert: Alert, *, exercise: bool = False) -> Message:
    """Return the message of the attempt that the alert asks for now."""
    incident = world.incidents.get(alert.incident)
    kind = None if incident is None else world.types.get(incident.type)
    unit = world.unit(alert.unit)
    assignment = None if incident is None else incident.assigned.get(alert.unit)
    if alert.purpose is not Purpose.DISPATCH:
        assignment = None
    post = _post(world, alert)
    target = incident if post is None else post
    lat, lon = (None, None) if target is None else world.settled.projection.to_degrees(target.x_m, target.y_m)
    return Message(
        place=world.settled.id,
        alert=alert.id,
        purpose=alert.purpose,
        created_ms=alert.created_ms,
        unit=alert.unit,
        unit_kind=None if unit is None else world.fleet.units[unit.row].kind,
        incident=alert.incident,
        incident_type=None if incident is None else incident.type,
        type_name=None if kind is None else kind.name,
        priority=None if incident is None else incident.priority,
        address=None if incident is None else incident.address,
        lat=lat,
        lon=lon,
        post=None if post is None else post.id,
        station=None if unit is None else post_of(world, unit),
        eta_ms=None if assignment is None or assignment.eta_ms < 0 else assignment.eta_ms,
        route=None if assignment is None else view_route(world, assignment.route),
        answer_by_ms=None if unit is None or alert.purpose is not Purpose.ROLL_CALL else unit.roll_due_ms or None,
        cautions=_cautions(world, alert, incident),
        text=EXERCISE + alert.text if exercise else alert.text,
        rung=alert.rung,
        attempt=alert.attempt,
        exercise=exercise,
    )


def _post(world: World, alert: Alert) -> Station | None:
    """Return where the unit belongs, if that is what the alert is about."""
    unit = world.unit(alert.unit)
    if alert.incident or alert.purpose is Purpose.MESSAGE or unit is None or post_of(world, unit) not in world.stations:
        return None
    return world.settled.stations[world.stations[post_of(world, unit)]]


def _cautions(world: World, alert: Alert, incident: Incident | None) -> tuple[str, ...]:
    if incident is None or alert.purpose is Purpose.RELEASE:
        return ()
    return tuple(word_of(caution) for caution in cautions_at(world, incident.x_m, incident.y_m))


def render(message: Message) -> bytes:
    """Return the message as JSON: `{"type": "alert.dispatch", "timestamp": …, "data": {…}}`, in one line."""
    return msgspec.json.encode(_Envelope(f"alert.{message.purpose}", iso(message.created_ms), message))
