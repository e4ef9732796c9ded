"""How closures, traffic and weather look to people and other systems. Part of the published vocabulary."""

from collections.abc import Iterable

from msgspec import Struct

from engine.model.facts import AnyFact, PlaceAdopted
from engine.model.geometry import Projection
from engine.model.road_facts import (
    ConditionsLapsed,
    EpochPublished,
    HourBegan,
    RoadClosed,
    RoadOpened,
    ServiceLearned,
    SpeedsLearned,
    TrafficReported,
    TurnoutsLearned,
    WeatherReported,
)
from engine.model.roads import Stretch, Weather
from engine.state.world import World

ABOUT_ROADS = (
    PlaceAdopted,
    RoadClosed,
    RoadOpened,
    TrafficReported,
    WeatherReported,
    ConditionsLapsed,
    HourBegan,
    SpeedsLearned,
    EpochPublished,
)
"""Facts after which the view of the roads is another."""


class StretchView(Struct, frozen=True, gc=False, kw_only=True):
    """Which streets are meant: those that fit everything named here."""

    streets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    polygon: tuple[tuple[float, float], ...] | None = None
    """Corners [lat, lon]."""
    arcs: tuple[int, ...] = ()


class ClosureView(Struct, frozen=True, gc=False, kw_only=True):
    """A stretch that nobody drives through."""

    id: str
    stretch: StretchView
    reason: str
    until_ms: int | None
    """None: until somebody opens it."""


class SlowingView(Struct, frozen=True, gc=False, kw_only=True):
    """A stretch where driving takes this part of its usual time."""

    id: str
    stretch: StretchView
    percent: int
    until_ms: int


class WeatherView(Struct, frozen=True, gc=False, kw_only=True):
    """What the weather does to all driving."""

    weather: str
    percent: int
    until_ms: int


class RoadsView(Struct, frozen=True, gc=False, kw_only=True):
    """The roads as they are known, and how far decisions rest on it.

    In a snapshot `closures` and `slowings` are all that are in force, in an update those that are new or replaced;
    `ended` are the ids of those that are over.
    """

    streets: bool
    """False: travel times go by straight lines, and nothing here changes them."""
    epoch: int
    """Of the travel times that decisions rest on."""
    making: int | None
    """The epoch in the works: what is reported counts once it is published."""
    hour: int
    """Of the week, local time, whose travel times count; 0 begins on Monday at 00:00."""
    weather: WeatherView | None
    closures: tuple[ClosureView, ...] = ()
    slowings: tuple[SlowingView, ...] = ()
    ended_closures: tuple[str, ...] = ()
    ended_slowings: tuple[str, ...] = ()


def view_roads(world: World) -> RoadsView:
    """Return everything in force."""
    book = world.road_book
    return _view(world, book.closures, book.slowings)


def view_road_changes(world: World, facts: Iterable[AnyFact]) -> RoadsView | None:
    """Return what these facts changed about the roads, after the World has folded them; None if nothing."""
    told = [fact for fact in facts if isinstance(fact, ABOUT_ROADS)]
    if not told:
        return None
    closures: dict[str, None] = {}
    slowings: dict[str, None] = {}
    for fact in told:
        match fact:
            case RoadClosed():
                closures[fact.closure.id] = None
            case RoadOpened():
                closures[fact.closure] = None
            case TrafficReported():
                slowings[fact.slowing.id] = None
            case ConditionsLapsed():
                closures |= dict.fromkeys(fact.closures)
                slowings |= dict.fromkeys(fact.slowings)
            case _:
                pass
    return _view(world, closures, slowings)


def _view(world: World, closures: Iterable[str], slowings: Iterable[str]) -> RoadsView:
    book, place = world.road_book, world.settled
    names, slow = list(closures), list(slowings)
    closed = [book.closures[name] for name in names if name in book.closures]
    slowed = [book.slowings[name] for name in slow if name in book.slowings]
    at = place.projection
    return RoadsView(
        streets=bool(place.streets),
        epoch=book.epoch,
        making=None if book.making is None else book.making[0],
        hour=book.hour,
        weather=_weather(book.weather),
        closures=tuple(
            ClosureView(id=each.id, stretch=_stretch(each.stretch, at), reason=each.reason, until_ms=each.until_ms)
            for each in closed
        ),
        slowings=tuple(
            SlowingView(id=each.id, stretch=_stretch(each.stretch, at), percent=each.percent, until_ms=each.until_ms)
            for each in slowed
        ),
        ended_closures=tuple(name for name in names if name not in book.closures),
        ended_slowings=tuple(name for name in slow if name not in book.slowings),
    )


def _weather(weather: Weather | None) -> WeatherView | None:
    if weather is None:
        return None
    return WeatherView(weather=weather.kind, percent=weather.percent, until_ms=weather.until_ms)


def _stretch(stretch: Stretch, projection: Projection) -> StretchView:
    ring = stretch.polygon
    polygon = None if ring is None else tuple(projection.to_degrees(x_m, y_m) for x_m, y_m in ring)
    return StretchView(streets=stretch.streets, classes=stretch.classes, polygon=polygon, arcs=stretch.arcs)


def road_words(fact: AnyFact) -> str | None:
    """Return a fact about roads in words, without its kind; None for any other fact."""
    match fact:
        case RoadClosed(closure=closure):
            return _joined(closure.id, closure.stretch.words, closure.reason)
        case RoadOpened():
            return _joined(fact.closure, fact.reason)
        case TrafficReported(slowing=slowing):
            return _joined(slowing.id, f"{slowing.percent} % on {slowing.stretch.words}")
        case WeatherReported(weather=weather):
            return _joined(weather.kind, f"{weather.percent} %")
        case ConditionsLapsed():
            return ", ".join([*fact.closures, *fact.slowings, *(["the weather"] if fact.weather else [])])
        case HourBegan():
            return f"{_DAYS[fact.hour // 24]} {fact.hour % 24:02}:00"
        case SpeedsLearned(learned=learned):
            return f"{learned.observations} drives: {len(learned.classes)} classes, {len(learned.arcs)} arcs"
        case TurnoutsLearned():
            return f"{len(fact.turnouts)} of stations and kinds of units"
        case ServiceLearned():
            return f"{len(fact.paces)} types of incidents"
        case EpochPublished():
            return f"epoch {fact.epoch}"
        case _:
            return None


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
