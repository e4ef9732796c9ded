"""Busy fractions: smoothed by hour, told apart by area as far as there are samples, and held within what helps."""

from engine.learning.busy import EVERYBODY, LEAST, MOST, BusyBook, BusyLearner
from engine.learning.evidence import DAY_MS
from engine.model.paper import decode_as, encode

MORNING, NIGHT = 9, 2
"""Hours of Monday, in two parts of the week."""


def sampled(times: int, west: int, east: int, hour: int = MORNING, units: int = 10) -> BusyLearner:
    """Return who has seen so many busy units of ten, again and again."""
    learner = BusyLearner()
    for _ in range(times):
        for kind in ("als", EVERYBODY):
            learner.learn(kind, hour, (("west", west, units), ("east", east, units)))
    return learner


def test_hours_are_smoothed_and_held_within_what_helps() -> None:
    """Each kind and hour by itself; none and all are cut off, and nobody on duty says nothing."""
    learner = BusyLearner()
    for _ in range(200):
        learner.learn("als", 9, (("town", 1, 3),))
        learner.learn("bls", 9, (("town", 0, 4),))
        learner.learn("bls", 10, (("town", 4, 4),))
        learner.learn("als", 10, (("town", 0, 0),))
    assert abs(learner.permille("als", 9) - 333) <= 1
    assert (learner.permille("bls", 9), learner.permille("bls", 10), learner.permille("als", 10)) == (200, 400, 300)
    learner.learn("als", 9, (("town", 3, 3),))
    assert abs(learner.permille("als", 9) - 333 - round(667 * 0.05)) <= 1


def test_a_few_samples_leave_an_area_as_busy_as_the_city() -> None:
    """And many tell it apart, step by step."""
    apart = [
        learner.permille("als", MORNING, "west") - learner.permille("als", MORNING, "east")
        for learner in (sampled(times, 4, 2) for times in (0, 1, 20, 100, 400))
    ]
    assert apart == sorted(apart)
    assert apart[0] == 0
    assert apart[1] < 10
    assert apart[-1] > 120


def test_areas_add_up_to_the_city() -> None:
    """What is believed of two areas with as many units each lies as far above as below what is believed of both."""
    learner = sampled(400, 4, 2)
    west, east = (learner.permille("als", MORNING, area) for area in ("west", "east"))
    assert abs((west + east) // 2 - learner.permille("als", MORNING)) <= 10
    assert learner.permille("als", MORNING, "nowhere") == learner.permille("als", MORNING)


def test_what_is_not_yet_known_of_the_city_is_no_areas_fault() -> None:
    """Where units are busier than was supposed, alike everywhere, each area is as busy as the city is believed to be."""
    learner = BusyLearner(200)
    for _ in range(30):
        learner.learn("als", MORNING, (("west", 3, 10), ("east", 3, 10)))
    assert abs(learner.permille("als", MORNING, "west") - learner.permille("als", MORNING)) <= 5


def test_one_part_of_the_week_says_something_of_the_others() -> None:
    """An area that is busier by day is taken to be so by night, less surely, until the night is seen."""
    learner = sampled(300, 4, 2)
    by_day = learner.permille("als", MORNING, "west") - learner.permille("als", MORNING)
    by_night = learner.permille("als", NIGHT, "west") - learner.permille("als", NIGHT)
    assert 0 < by_night < by_day
    for _ in range(400):
        learner.learn(EVERYBODY, NIGHT, (("west", 2, 10), ("east", 4, 10)))
    assert learner.permille("als", NIGHT, "west") < learner.permille("als", NIGHT)
    assert learner.permille("als", MORNING, "west") > learner.permille("als", MORNING)


def test_it_stays_within_what_helps_whatever_is_seen() -> None:
    """All busy here, all idle there."""
    learner = sampled(2_000, 10, 0)
    assert learner.permille("als", MORNING, "west") == MOST
    assert learner.permille("als", MORNING, "east") == LEAST


def test_what_was_seen_fades() -> None:
    """In years without a sample areas are drawn to the city; ten years at once break nothing."""
    learner = sampled(400, 4, 2)
    learner.pass_time(20_000 * DAY_MS)
    apart = [learner.permille("als", MORNING, "west") - learner.permille("als", MORNING, "east")]
    for years in (1, 2, 20):
        learner.pass_time((20_000 + 365 * years) * DAY_MS)
        apart.append(learner.permille("als", MORNING, "west") - learner.permille("als", MORNING, "east"))
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 100
    assert apart[-1] == 0


def test_what_is_kept_is_all_there_is() -> None:
    """Written down in the middle and read again, it goes on to the same bytes; a book of before has no areas."""
    whole, first = BusyLearner(), BusyLearner()
    for number in range(300):
        for each in (whole, first):
            each.pass_time((20_000 + number // 10) * DAY_MS)
            each.learn(("als", EVERYBODY)[number % 2], number % 168, (("west", number % 4, 4), ("east", number % 3, 6)))
        if number == 150:
            first = BusyLearner(book=decode_as(BusyBook, encode(first.book)))
    assert encode(whole.book) == encode(first.book)
    assert decode_as(BusyBook, encode({"fractions": {"als/9": 250_000}})).areas == {}
