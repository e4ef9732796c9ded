"""Decisions about roads: what is closed or slow, and when travel times that rest on it come into force."""

from engine.core.lookup import check_given, check_text
from engine.core.recorder import Recorder, Refused
from engine.core.stretches import check_stretch, streets_of
from engine.model.inputs import (
    CloseRoad,
    OpenRoad,
    PublishEpoch,
    ReportTraffic,
    ReportWeather,
)
from engine.model.place import Place
from engine.model.road_facts import (
    ConditionsLapsed,
    EpochPublished,
    HourBegan,
    RoadClosed,
    RoadOpened,
    TrafficReported,
    WeatherReported,
)
from engine.model.roads import PERCENT_MAX, PERCENT_MIN, Closure, Slowing, Weather
from engine.state.fold_roads import hour_of_week
from engine.state.road_book import USUAL_PERCENT
from engine.state.world import World

NAME_MAX = 128
"""Characters of a sender's own name for a closure or a slowing."""
BOOK_MAX = 4_096
"""Closures, and slowings, in force at once: every one of them is looked through for each epoch."""
DAYS_AHEAD_MAX = 366
DAY_MS = 86_400_000


def close_road(turn: Recorder, given: CloseRoad) -> None:
    """Close a stretch. Travel times follow in the next epoch."""
    roads = streets_of(turn.world)
    check_text(reason=given.reason)
    if given.stretch.everywhere:
        raise Refused("closes_everything", "stretch", "A closure that names nothing would close the whole place.")
    check_stretch(roads, given.stretch)
    if given.until_ms is not None:
        _check_until(turn.now, given.until_ms)
    book = turn.world.road_book
    name = _name(turn.world, given.closure, "closure", "C", book.closures)
    turn.record(RoadClosed(Closure(name, given.stretch, given.reason, given.until_ms), given.by))


def open_road(turn: Recorder, given: OpenRoad) -> None:
    """Open what was closed."""
    check_text(reason=given.reason)
    closures = turn.world.road_book.closures
    if given.closure not in closures:
        known = ", ".join(sorted(closures)[:16]) or "none"
        raise Refused("unknown_closure", "closure", f"There is no closure {given.closure!r}. In force: {known}.")
    turn.record(RoadOpened(given.closure, given.reason, given.by))


def report_traffic(turn: Recorder, given: ReportTraffic) -> None:
    """Slow a stretch down, or speed it up, until a time; 100 percent ends what was reported under the same name."""
    slowings = turn.world.road_book.slowings
    roads = streets_of(turn.world)
    _check_percent(given.percent)
    if given.percent == USUAL_PERCENT:
        if given.slowing not in slowings:
            reason = f"Nothing is reported as {given.slowing!r} that 100 percent could end. Name it in `slowing`."
            raise Refused("unknown_slowing", "slowing", reason)
    else:
        check_stretch(roads, given.stretch)
        _check_until(turn.now, given.until_ms)
    name = _name(turn.world, given.slowing, "slowing", "T", slowings)
    turn.record(TrafficReported(Slowing(name, given.stretch, given.percent, given.until_ms), given.by))


def report_weather(turn: Recorder, given: ReportWeather) -> None:
    """Let the weather slow all driving until a time; 100 percent ends what was reported before."""
    streets_of(turn.world)
    check_given(weather=given.weather)
    _check_percent(given.percent)
    if given.percent != USUAL_PERCENT:
        _check_until(turn.now, given.until_ms)
    elif turn.world.road_book.weather is None:
        raise Refused("no_weather", "percent", "No weather is reported that 100 percent could end.")
    turn.record(WeatherReported(Weather(given.weather, given.percent, given.until_ms), given.by))


def publish_epoch(turn: Recorder, given: PublishEpoch) -> None:
    """Let decisions rest on the travel times that were worked out, and match everybody who waits again."""
    making = turn.world.road_book.making
    if making is None or making[0] != given.epoch:
        works = "none is" if making is None else f"{making[0]} is"
        raise Refused("stale_epoch", "epoch", f"Epoch {given.epoch} is not in the works, {works}.")
    turn.record(EpochPublished(given.epoch))
    turn.match = turn.look_at_all = True


# ── by themselves ───────────────────────────────────────────────────────────────────────────────────────────


def lapse(turn: Recorder) -> None:
    """End what has had its time."""
    closures, slowings, weather = turn.world.road_book.over(turn.now)
    if closures or slowings or weather:
        turn.record(ConditionsLapsed(closures, slowings, weather))


def begin_hour(turn: Recorder) -> None:
    """Go over to the travel times of this hour."""
    hour = hour_of_week(turn.world)
    if hour != turn.world.road_book.hour:
        turn.record(HourBegan(hour))


def lapse_with_streets(turn: Recorder, place: Place) -> None:
    """End what names arcs of streets that the new place no longer has: by number they would mean other streets."""
    before = turn.world.place
    if before is None or before.streets == place.streets:
        return
    book = turn.world.road_book
    closures = tuple(name for name, each in sorted(book.closures.items()) if each.stretch.arcs)
    slowings = tuple(name for name, each in sorted(book.slowings.items()) if each.stretch.arcs)
    if closures or slowings:
        turn.record(ConditionsLapsed(closures, slowings, weather=False))


# ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────


def _check_percent(percent: int) -> None:
    if not PERCENT_MIN <= percent <= PERCENT_MAX:
        raise Refused(
            "out_of_range",
            "percent",
            f"{percent} is not a percentage of the usual travel time between {PERCENT_MIN} and {PERCENT_MAX}. "
            "Half as long again is 150; nobody drives through at all is a closure.",
        )


def _check_until(now: int, until_ms: int) -> None:
    if not now < until_ms <= now + DAYS_AHEAD_MAX * DAY_MS:
        raise Refused(
            "out_of_range",
            "until_ms",
            f"{until_ms} is not a time in the next {DAYS_AHEAD_MAX} days (it is {now} now, in ms since 1970 UTC).",
        )


def _name(world: World, given: str, field: str, letter: str, taken: dict[str, Closure] | dict[str, Slowing]) -> str:
    """Return the sender's name, or the next one of ours."""
    if len(given) > NAME_MAX:
        raise Refused("too_long", field, f"A name has at most {NAME_MAX} characters.")
    if given not in taken and len(taken) >= BOOK_MAX:
        raise Refused("too_many", field, f"{BOOK_MAX} are in force already. End some, or report larger stretches.")
    if given.strip():
        return given
    number = world.road_book.number + 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"
