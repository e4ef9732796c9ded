"""What the facts about roads do to the World: what is known, and which epoch decisions rest on.

No street graph is needed here: a follower folds the same book without one.
"""

from engine.model.hours import MINUTE_MS, local_minute_of_week
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
from engine.state.deadlines import Reminder
from engine.state.road_book import USUAL_PERCENT
from engine.state.world import World, folds

WEATHER = ""
"""Subject of the reminder that the weather's time has come."""
HOUR_MINUTES = 60


@folds(RoadClosed)
def closed(world: World, fact: RoadClosed) -> None:
    """Write the closure into the book."""
    closure = fact.closure
    world.road_book.number += 1
    world.road_book.closures[closure.id] = closure
    if closure.until_ms is not None:
        _remind_of_end(world, closure.id, closure.until_ms)
    world.count("roads_closed")
    revise(world)


@folds(RoadOpened)
def opened(world: World, fact: RoadOpened) -> None:
    """Strike the closure out."""
    del world.road_book.closures[fact.closure]
    revise(world)


@folds(TrafficReported)
def traffic(world: World, fact: TrafficReported) -> None:
    """Write the slowing into the book, or strike it out where driving is as usual again."""
    book, slowing = world.road_book, fact.slowing
    book.number += 1
    if slowing.percent == USUAL_PERCENT:
        book.slowings.pop(slowing.id, None)
    else:
        book.slowings[slowing.id] = slowing
        _remind_of_end(world, slowing.id, slowing.until_ms)
    world.count("traffic_reported")
    revise(world)


@folds(WeatherReported)
def weather(world: World, fact: WeatherReported) -> None:
    """Write down what the weather does, or that it does nothing any more."""
    world.road_book.weather = None if fact.weather.percent == USUAL_PERCENT else fact.weather
    if world.road_book.weather is not None:
        _remind_of_end(world, WEATHER, fact.weather.until_ms)
    revise(world)


@folds(ConditionsLapsed)
def lapsed(world: World, fact: ConditionsLapsed) -> None:
    """Strike out what is over by itself."""
    for name in fact.closures:
        del world.road_book.closures[name]
    for name in fact.slowings:
        del world.road_book.slowings[name]
    if fact.weather:
        world.road_book.weather = None
    revise(world)


@folds(HourBegan)
def hour_began(world: World, fact: HourBegan) -> None:
    """Go by this hour's travel times."""
    world.road_book.hour = fact.hour
    world.fleet.turn_out(world.road_book.usual_turnouts_ms())
    revise(world)


@folds(SpeedsLearned)
def speeds_learned(world: World, fact: SpeedsLearned) -> None:
    """Replace what was learned before."""
    world.road_book.learned = fact.learned
    world.road_book.hour = hour_of_week(world)
    world.fleet.turn_out(world.road_book.usual_turnouts_ms())
    remind_of_hour(world)
    revise(world)


@folds(TurnoutsLearned)
def turnouts_learned(world: World, fact: TurnoutsLearned) -> None:
    """Replace what was learned before."""
    book = world.road_book
    book.turnouts, book.hour = fact.turnouts, hour_of_week(world)
    world.fleet.turn_out(book.usual_turnouts_ms())
    remind_of_hour(world)
    revise(world)


@folds(ServiceLearned)
def service_learned(world: World, fact: ServiceLearned) -> None:
    """Replace what was learned before."""
    world.road_book.paces = fact.paces


@folds(EpochPublished)
def published(world: World, fact: EpochPublished) -> None:
    """Let decisions rest on what was in the works, and begin the next if more has changed since."""
    book = world.road_book
    assert book.making is not None, f"epoch {fact.epoch} was published, and none was in the works"
    book.epoch, book.current = book.making
    book.making, book.making_since_ms, book.stale = None, 0, False
    world.count("epochs_published")
    revise(world)


def revise(world: World) -> None:
    """Have travel times worked out anew, if what is known is not what decisions rest on. One at a time."""
    book, place = world.road_book, world.settled
    if not place.streets:
        return
    if book.making is not None:
        book.stale = True
        return
    known = book.known(place)
    if known != book.current:
        book.making, book.making_since_ms = (book.epoch + 1, known), world.now


def begin_anew(world: World) -> None:
    """Go by the streets and settings of a place just adopted: nothing that was worked out before holds for them."""
    book, place = world.road_book, world.settled
    book.hour = hour_of_week(world)
    world.fleet.turn_out(book.usual_turnouts_ms())
    book.making, book.making_since_ms, book.stale = None, 0, False
    if place.streets:
        book.epoch += 1
        book.current = book.known(place)
    remind_of_hour(world)


def remind_of_hour(world: World) -> None:
    """Have somebody look at the next full hour of the place's own time, if travel times depend on it."""
    book, place = world.road_book, world.settled
    if book.hour_due_ms or not book.depends_on_hour(place):
        return
    minutes = HOUR_MINUTES - local_minute_of_week(place, world.now) % HOUR_MINUTES
    book.hour_due_ms = world.now - world.now % MINUTE_MS + minutes * MINUTE_MS
    world.deadlines.set(book.hour_due_ms, Reminder.HOUR, "", since_ms=world.now)


def hour_of_week(world: World) -> int:
    """Return the hour of the week by the place's own time."""
    return local_minute_of_week(world.settled, world.now) // HOUR_MINUTES


def _remind_of_end(world: World, subject: str, until_ms: int) -> None:
    world.deadlines.set(until_ms, Reminder.CONDITION_OVER, subject, since_ms=until_ms)
