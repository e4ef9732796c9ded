"""What nobody can do better than: below every simulated policy, on the page, and refused where there is no such thing."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.policy import Nearest, Quiet
from engine.policy.redeploy import Demand, Home
from engine.sim.nature import Nature
from engine.sim.replicate import Setup, replicate
from gateways.simulation.possible import HIGH_TO, possible
from tests.unit.test_sim_foreknown import DEMAND, NATURE, simple


def setup(nature: Nature = NATURE) -> Setup:
    return Setup(
        "nearest/home",
        simple(),
        None,
        DEMAND,
        nature,
        Quiet(Nearest(divert=True)),
        Home(),
        Demand(),
        days=4,
        warm_days=0,
    )


def test_no_simulated_policy_is_late_less_often() -> None:
    """On its own calls, replication by replication; and who does not foresee is late at least as often as who does."""
    reps = 2
    foreseen, unforeseen = possible(setup(), reps)
    late = []
    for rep in range(reps):
        calls = replicate(setup(), rep).calls
        high = calls.priority <= HIGH_TO
        late.append(((calls.reached_ms - calls.came_ms) > calls.target_ms)[high].mean())
    assert 0 < foreseen.late_share <= unforeseen.late_share <= np.mean(late)


def test_the_bounds_are_those_of_the_replications() -> None:
    """The mean over them: another replication has other calls."""
    one, two = (possible(setup(), reps)[0].late_share for reps in (1, 2))
    assert one != two


def test_days_with_chance_in_them_have_none() -> None:
    with pytest.raises(ValueError, match="take the preset `jemss`"):
        possible(setup(Nature()), 1)
    with pytest.raises(ValueError, match="drawn calls"):
        possible(replace(setup(), demand=None), 1)
