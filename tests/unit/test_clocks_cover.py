"""Coverage through the hours: the least of each minute, bounded, and put together with what somebody else has seen."""

from engine.clocks.cover_course import STEP_MS, STEPS_MAX, CoverCourse
from engine.model.inputs import Tick
from engine.model.moves import Cover, PlanProposed
from engine.model.turn import Turn

BEGIN = 1_770_000_000_000 // STEP_MS * STEP_MS


def told(course: CoverCourse, at_ms: int, **covered: int) -> None:
    cover = tuple(Cover(layer, now, now) for layer, now in covered.items())
    course.feed(Turn(1, at_ms, Tick(), (PlanProposed(1, "p", cover),)))


def test_the_least_of_each_minute_is_kept_by_class() -> None:
    """A class of which nothing was said in a minute has no figure there."""
    course = CoverCourse()
    told(course, BEGIN, als=900_000, fire=800_000)
    told(course, BEGIN + 1_000, als=700_000)
    told(course, BEGIN + 2 * STEP_MS, als=950_000)
    found = course.course(BEGIN)
    assert found.at_ms == [BEGIN, BEGIN + 2 * STEP_MS]
    assert found.layers == {"als": [70.0, 95.0], "fire": [80.0, None]}
    assert course.course(BEGIN + STEP_MS).at_ms == [BEGIN + 2 * STEP_MS]


def test_a_day_is_kept_and_no_more() -> None:
    """The oldest minutes leave first."""
    course = CoverCourse()
    for minute in range(STEPS_MAX + 10):
        told(course, BEGIN + minute * STEP_MS, als=minute)
    found = course.course(0)
    assert len(found.at_ms) == STEPS_MAX
    assert found.at_ms[0] == BEGIN + 10 * STEP_MS


def test_what_came_before_this_process_stands_before_what_it_saw() -> None:
    """Each minute once: this one's own where it has any."""
    before, here = CoverCourse(), CoverCourse()
    for minute in range(4):
        told(before, BEGIN + minute * STEP_MS, als=500_000)
    told(here, BEGIN + 2 * STEP_MS, als=600_000)
    found = here.course(BEGIN + STEP_MS, before.course(BEGIN))
    assert found.at_ms == [BEGIN + STEP_MS, BEGIN + 2 * STEP_MS]
    assert found.layers == {"als": [50.0, 60.0]}
    assert CoverCourse().course(BEGIN, before.course(BEGIN)) == before.course(BEGIN)
