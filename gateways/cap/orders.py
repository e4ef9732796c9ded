"""What a person orders to be published, and the alert that it makes: about a caution, a closure or an incident.

Rule: pure. Where it is and how long it holds is read off the durable World each time, so an alert follows what it is about;
what it says is the person's own words and nobody else's. No caller, no note, no address is ever in it by itself.
"""

import math
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from engine.model.geometry import Projection
from engine.model.roads import Closure
from engine.state.world import World
from engine.streets.graph import Graph
from engine.streets.stretches import arcs_of
from gateways.cap.alert import (
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MessageType,
    Scope,
    Severity,
    Status,
    Urgency,
)

Text = Annotated[str, Meta(max_length=4_000)]
Short = Annotated[str, Meta(max_length=160)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Response = Annotated[str, Meta(pattern="^(Shelter|Evacuate|Prepare|Execute|Avoid|Monitor|Assess|AllClear|None)$")]


class Words(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an alert says, and to whom. Raises ValueError where fields do not fit together."""

    radius_m: Annotated[int, Meta(ge=1, le=100_000)] = 500
    """About an incident: so far around it."""
    scope: Scope
    restriction: Short = ""
    """Of a Restricted one: for whom."""
    addresses: Short = ""
    """Of a Private one: its recipients."""
    status: Status = Status.ACTUAL
    note: Short = ""
    """Of an Exercise: which."""
    categories: Annotated[tuple[Category, ...], Meta(min_length=1, max_length=12)]
    event: Annotated[str, Meta(min_length=1, max_length=160)]
    responses: tuple[Response, ...] = ()
    urgency: Urgency = Urgency.IMMEDIATE
    severity: Severity
    certainty: Certainty = Certainty.OBSERVED
    headline: Annotated[str, Meta(min_length=1, max_length=160)]
    description: Text = ""
    instruction: Text = ""
    area: Annotated[str, Meta(min_length=1, max_length=160)]
    """The area in words."""
    web: Annotated[str, Meta(max_length=400, pattern='^(https?://[^\\s<>"]+)?$')] = ""
    contact: Short = ""

    def __post_init__(self) -> None:
        if (self.scope is Scope.RESTRICTED) != bool(self.restriction):
            raise ValueError("restriction: belongs to scope Restricted, and has to be given there")
        if (self.scope is Scope.PRIVATE) != bool(self.addresses):
            raise ValueError("addresses: belong to scope Private, and have to be given there")


class Order(Words, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Publish this. One of `caution`, `closure` and `incident` says what it is about."""

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,64}$")]
    """The sender's own: the same one again is the same order."""
    caution: Name | None = None
    closure: Name | None = None
    incident: Name | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.caution, self.closure, self.incident)) != 1:
            raise ValueError("exactly one of caution, closure and incident is to be named")
        super().__post_init__()


class Subject(Struct, frozen=True):
    """Where what is published about is, and how long it holds."""

    area: Area
    until_ms: int | None
    """None: until somebody ends it."""


def subject_of(order: Order, world: World, graph: Graph | None) -> Subject | None:
    """Return it as it stands now; None if it is over."""
    at = world.settled.projection
    if order.caution is not None:
        caution = world.cautions.get(order.caution)
        if caution is None:
            return None
        if caution.polygon is not None:
            return Subject(Area(order.area, polygons=(_degrees(caution.polygon, at),)), caution.until_ms)
        return Subject(_around(order, at, caution.x_m, caution.y_m, caution.radius_m), caution.until_ms)
    if order.closure is not None:
        closure = world.road_book.closures.get(order.closure)
        return None if closure is None else Subject(_of_closure(order, closure, at, graph), closure.until_ms)
    incident = world.open.get(order.incident or "")
    return None if incident is None else Subject(_around(order, at, incident.x_m, incident.y_m, order.radius_m), None)


def info_of(order: Order, subject: Subject, language: str, sender_name: str, expires_ms: int) -> Info:
    """Return what the alert says."""
    return Info(
        language=language,
        categories=order.categories,
        event=order.event,
        responses=order.responses,
        urgency=order.urgency,
        severity=order.severity,
        certainty=order.certainty,
        expires_ms=expires_ms,
        sender_name=sender_name,
        headline=order.headline,
        description=order.description,
        instruction=order.instruction,
        web=order.web,
        contact=order.contact,
        areas=(subject.area,),
    )


def kind_of(number: int, *, over: bool) -> MessageType:
    """Return what the message of this number in its chain does."""
    if over:
        return MessageType.CANCEL
    return MessageType.ALERT if number == 1 else MessageType.UPDATE


def _of_closure(order: Order, closure: Closure, at: Projection, graph: Graph | None) -> Area:
    """Return the polygon that was drawn, or a circle that holds its streets."""
    stretch = closure.stretch
    if stretch.polygon is not None:
        return Area(order.area, polygons=(_degrees(stretch.polygon, at),))
    rows = [] if graph is None else arcs_of(graph, stretch).nonzero()[0].tolist()
    if graph is None or not rows:
        return Area(order.area)
    nodes = sorted({int(node) for row in rows for node in (graph.tail[row], graph.head[row])})
    ends = [(int(graph.x_dm[node]) / 10, int(graph.y_dm[node]) / 10) for node in nodes]
    x_m = (min(x for x, _ in ends) + max(x for x, _ in ends)) / 2
    y_m = (min(y for _, y in ends) + max(y for _, y in ends)) / 2
    return _around(order, at, x_m, y_m, math.ceil(max(math.dist((x_m, y_m), end) for end in ends)) + 1)


def _around(order: Order, at: Projection, x_m: float, y_m: float, radius_m: int) -> Area:
    lat, lon = at.to_degrees(x_m, y_m)
    return Area(order.area, circles=(Circle(lat, lon, max(1, radius_m)),))


def _degrees(ring: Sequence[tuple[int, int]], at: Projection) -> tuple[tuple[float, float], ...]:
    return tuple(at.to_degrees(x_m, y_m) for x_m, y_m in ring)
