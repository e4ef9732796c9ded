"""What must hold of the book of roads after every turn, as sentences about what does not."""

from collections.abc import Iterator, Mapping

from engine.core.roads import BOOK_MAX
from engine.model.roads import HOURS_OF_WEEK, PERCENT_MAX, PERCENT_MIN
from engine.state.deadlines import Reminder
from engine.state.fold_roads import WEATHER
from engine.state.road_book import USUAL_PERCENT
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]


def book_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about roads that is not as it must be."""
    yield from _epochs(world)
    yield from _ends(world, reminded)
    yield from _hours(world)


def _epochs(world: World) -> Iterator[str]:
    """Decisions rest on what is known, or the rest is in the works."""
    book, place = world.road_book, world.settled
    if not place.streets:
        if book.making is not None or book.stale:
            yield "travel times are in the works for a place without streets"
        return
    known = book.known(place)
    if book.making is None:
        if book.stale or known != book.current:
            yield f"epoch {book.epoch} does not rest on what is known, and nothing is in the works"
        return
    epoch, conditions = book.making
    if epoch != book.epoch + 1:
        yield f"epoch {epoch} is in the works behind {book.epoch}"
    if conditions == book.current:
        yield f"epoch {epoch} is in the works, and would change nothing"
    if not book.stale and conditions != known:
        yield f"epoch {epoch} in the works does not rest on what is known, and nobody notes it"


def _ends(world: World, reminded: Reminded) -> Iterator[str]:
    """What has an end is looked at then."""
    book = world.road_book
    ends = [(name, each.id, each.until_ms) for name, each in book.closures.items()]
    ends += [(name, each.id, each.until_ms) for name, each in book.slowings.items()]
    for name, own, until_ms in ends:
        if name != own:
            yield f"{own} stands in the book as {name}"
        if until_ms is not None and (Reminder.CONDITION_OVER, name, "", until_ms) not in reminded:
            yield f"{name} ends at {until_ms}, and nobody would look"
    percents = [each.percent for each in book.slowings.values()]
    if book.weather is not None:
        percents.append(book.weather.percent)
        if (Reminder.CONDITION_OVER, WEATHER, "", book.weather.until_ms) not in reminded:
            yield f"the {book.weather.kind} ends at {book.weather.until_ms}, and nobody would look"
    if any(percent == USUAL_PERCENT or not PERCENT_MIN <= percent <= PERCENT_MAX for percent in percents):
        yield f"driving takes one of {percents} percent"
    if max(len(book.closures), len(book.slowings)) > BOOK_MAX:
        yield f"{len(book.closures)} closures and {len(book.slowings)} slowings are in force"


def _hours(world: World) -> Iterator[str]:
    """While travel times depend on the hour, somebody looks at the next one."""
    book = world.road_book
    looks = [entry.due_ms for entry in world.deadlines.entries() if entry.about is Reminder.HOUR]
    if looks != ([book.hour_due_ms] if book.hour_due_ms else []):
        yield f"the next hour is looked at {looks}, and the book says {book.hour_due_ms}"
    if book.depends_on_hour(world.settled) and not book.hour_due_ms:
        yield "travel times depend on the hour, and nobody looks at it"
    if not 0 <= book.hour < HOURS_OF_WEEK:
        yield f"hour {book.hour} is in no week"
