"""What was learned of work: how soon busy units are reckoned with, and what the engine does not believe."""

import pytest

from engine.learning.service_times import expected
from engine.model.clearing import Group, Pace, Stage
from engine.model.demand import CareTimes
from engine.model.facts import CommandRefused
from engine.model.inputs import LearnService
from engine.model.lifecycle import Status
from engine.model.priors import SERVICE_TIMES
from engine.policy.honesty import clear_ms
from engine.state.image import restore, save, state_hash
from tests.unit.engine_place import Town, engine_place

QUICK = {"medical": Pace(Group.MEDICAL, (250, 500, 500))}


def at_work() -> tuple[Town, int]:
    town = Town(engine_place())
    (unit,) = town.report("medical", 2, (0, 0)).assigned
    town.says(unit, Status.EN_ROUTE, after_s=20)
    town.says(unit, Status.ON_SCENE, after_s=20)
    return town, town.world.fleet.rows[unit]


def test_a_crew_that_is_known_to_be_quick_is_reckoned_with_sooner() -> None:
    """The rest of its work shrinks with what was learned, over a restart as well, and grows back with new evidence."""
    town, row = at_work()
    usual_ms = clear_ms(town.world, row)
    town.step(LearnService(QUICK))
    quick_ms = clear_ms(town.world, row)
    assert usual_ms // 5 < quick_ms < usual_ms // 3
    again = restore(save(town.world))
    assert clear_ms(again, row) == quick_ms
    assert state_hash(again) == state_hash(town.world)
    town.step(LearnService({}))
    assert clear_ms(town.world, row) == usual_ms


@pytest.mark.parametrize(
    ("paces", "field"),
    [
        ({"flood": Pace(Group.OTHER)}, "paces"),
        ({"medical": Pace(Group.MEDICAL, (49, 1000, 1000))}, "permille"),
        ({"medical": Pace(Group.MEDICAL, (1000, 1000, 20_001))}, "permille"),
    ],
)
def test_what_cannot_be_is_not_learned(paces: dict[str, Pace], field: str) -> None:
    town, row = at_work()
    before_ms = clear_ms(town.world, row)
    (fact,) = town.step(LearnService(paces)).facts
    assert isinstance(fact, CommandRefused)
    assert fact.field == field
    assert clear_ms(town.world, row) == before_ms


def test_a_description_of_days_is_met_by_the_times_made_of_it() -> None:
    """12 min on scene, 4 of 5 patients to a hospital where the handover takes 12 min: what JEMSS's Auckland has."""
    place = engine_place()
    care = CareTimes(720_000, 0.8, 720_000)
    for kind in place.types:
        pace = expected(place, care)[kind.id]
        scene = SERVICE_TIMES.table(Stage.SCENE, pace.group, kind.priority).rest_ms(0, pace.permille[0])
        assert scene == pytest.approx(720_000 + 0.8 * (472_000 + 720_000), rel=0.01)
        assert pace.permille[1:] == (1000, 1000)
