"""What is warmed is all that a plan needs: nothing is compiled while a city waits for its moves."""

from engine.kernels.accelerate import specialisations
from engine.kernels.warm import warm
from engine.model.rules import CoverageRules
from engine.policy.redeploy import Surveyor, policy_named
from tests import river_town
from tests.builders import small_place
from tests.property.redeploy_kit import some_survey
from tests.unit.engine_place import Town

POINTS = ((0, 100, 5), (4_000, -2_400, 3), (900, -3_900, 1))


def test_no_policy_compiles_anything_once_all_is_warm():
    """Every policy, on surveys of several kinds, and the survey of a World over streets."""
    warm()
    place = small_place(streets=river_town.graph().digest, coverage=CoverageRules(points=POINTS))
    town = Town(place, streets=river_town.library)
    known = specialisations()
    surveyor = Surveyor()
    town.see(after_s=5, M1=(2_000, -100))
    surveys = [surveyor.survey(town.world), *(some_survey(seed) for seed in range(5))]
    for text in ("home", "dmexclp", "compliance:q=0", "priced:price=0,at_once=3", "ahead:price=0,at_once=2"):
        for survey in surveys:
            policy_named(text).propose(survey)
    policy_named("ahead:price=0,rollouts=4").propose(surveys[1])
    assert specialisations() == known
