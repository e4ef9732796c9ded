"""Redeployment policies against brute force on small cities, and what every one of them promises."""

import itertools
import pickle

import numpy as np
import pytest
from msgspec.structs import replace

from engine.kernels.posting import ONE
from engine.policy.redeploy import AnyRedeploy, Compliance, Dmexclp, PolicyRefused, Survey, policy_named
from engine.policy.redeploy.compliance import _order
from engine.policy.redeploy.survey import kinds_of
from tests.property.redeploy_kit import pairs, some_survey

POLICIES = (
    "home",
    "dmexclp",
    "dmexclp:q=0",
    "compliance:q=0",
    "compliance:q=300",
    "priced:price=0,at_once=3",
    "priced:price=1000,move_price=2000",
    "ahead:price=0,move_price=0,at_once=2",
    "ahead:price=100,rollouts=8",
    "ahead:soft=0,moments=1,q=none",
)
seeds = pytest.mark.parametrize("seed", range(40))
every_policy = pytest.mark.parametrize("text", POLICIES)


def cover(survey: Survey, post: list[int], q: int, unit: int) -> float:
    """The value that policies raise for one unit: of the layers that accept it, as a share of their demand; slowly."""
    total, whole = 0.0, 0
    for layer in survey.layers:
        if int(survey.capability[unit]) & layer.needs != layer.needs:
            continue
        whole += int(layer.weight.sum())
        for number, weight in enumerate(layer.weight.tolist()):
            k = sum(
                1
                for other, at in enumerate(post)
                if int(survey.capability[other]) & layer.needs == layer.needs and layer.cover[at, number]
            )
            total += weight * (1 - (q / 1000) ** k)
    return total / max(1, whole)


@seeds
@every_policy
def test_what_every_policy_promises(seed: int, text: str) -> None:
    """Only movable units, each once, to another post that exists and can be reached; room and minimums hold; told whole."""
    survey = some_survey(seed)
    moves = policy_named(text).propose(survey)
    after = survey.post.copy()
    for (unit, post), move in zip(pairs(survey, moves), moves, strict=True):
        assert survey.movable[unit]
        assert after[unit] == survey.post[unit] != post
        assert move.travel_ms == survey.to_post_ms[unit, post] >= 0
        assert move.why.fill.endswith(".")
        assert move.why.choice.startswith(move.unit)
        assert len(move.why.others) <= 3
        after[unit] = post
    before, then = (np.bincount(column, minlength=4) for column in (survey.post, after))
    assert (then <= np.maximum(survey.capacity, before)).all()
    assert (then >= np.minimum(survey.minimum, before)).all()


@seeds
@every_policy
def test_the_same_survey_gives_the_same_proposals(seed: int, text: str) -> None:
    """Pure: asked twice, and asked of a copy of all columns."""
    survey = some_survey(seed)
    copy = replace(survey, post=survey.post.copy(), to_post_ms=survey.to_post_ms.copy(), fresh=survey.fresh.copy())
    first = policy_named(text).propose(survey)
    assert first == policy_named(text).propose(survey) == policy_named(text).propose(copy)


@seeds
def test_a_fresh_unit_goes_where_it_adds_most(seed: int) -> None:
    """DMEXCLP: of all posts with room, none gives more cover than the one chosen; nobody else is moved."""
    survey = some_survey(seed)
    fresh = np.zeros(len(survey.ids), np.uint8)
    fresh[seed % len(fresh)] = 1
    survey = replace(survey, fresh=fresh, movable=np.ones_like(fresh), minimum=np.zeros_like(survey.minimum))
    unit, post = int(np.argmax(fresh)), survey.post.tolist()
    chosen = dict(pairs(survey, Dmexclp(300).propose(survey)))
    assert set(chosen) <= {unit}
    values = []
    for target in range(4):
        room = post.count(target) < survey.capacity[target] or target == post[unit]
        moved = [*post[:unit], target, *post[unit + 1 :]]
        values.append(cover(survey, moved, 300, unit) if room else -1.0)
    assert values[chosen.get(unit, post[unit])] == pytest.approx(max(values), abs=1e-8)


@seeds
def test_a_table_is_followed_with_the_least_driving(seed: int) -> None:
    """Every way to give the units of one kind the table's posts is tried; none drives less in all."""
    survey = some_survey(seed, kinds=1)
    whole = np.ones(len(survey.ids), np.uint8)
    survey = replace(survey, movable=whole, capability=np.ones(len(whole), np.uint64), minimum=survey.minimum * 0)
    order = _order(survey.ground, 1, 300, len(whole), survey.room)
    goal = survey.post.tolist()
    for unit, post in pairs(survey, Compliance(300).propose(survey)):
        goal[unit] = post
    assert sorted(goal) == sorted(order.tolist())
    assert driving(survey, goal) == min(driving(survey, list(way)) for way in itertools.permutations(order.tolist()))


def driving(survey: Survey, goal: list[int]) -> int:
    return sum(int(survey.to_post_ms[u, post]) for u, post in enumerate(goal))


@seeds
def test_tables_are_nested_and_filled_where_nothing_adds(seed: int) -> None:
    """Row n + 1 is row n and one more post, with q = 0 as well, and room is used to the last place."""
    survey = some_survey(seed, kinds=1)
    units = int(survey.capacity.sum())
    full = _order(survey.ground, 1, 0, units, survey.room)
    assert np.bincount(full, minlength=4).tolist() == survey.capacity.tolist()
    for count in range(units):
        assert _order(survey.ground, 1, 0, count, survey.room).tolist() == full[:count].tolist()


@seeds
def test_a_priced_move_is_the_best_of_all_after_its_price(seed: int) -> None:
    """Every idle unit and every post is tried; the drive's minutes are paid for."""
    survey = some_survey(seed)
    survey = replace(survey, fresh=survey.fresh * 0)
    chosen = pairs(survey, policy_named("priced:q=300,price=1500,move_price=500").propose(survey))
    best, post = 0.0, survey.post.tolist()
    scores = {}
    for unit, target in itertools.product(range(len(post)), range(4)):
        source = post[unit]
        allowed = survey.movable[unit] and target != source and post.count(target) < survey.capacity[target]
        if allowed and post.count(source) > survey.minimum[source]:
            moved = [*post[:unit], target, *post[unit + 1 :]]
            gain = cover(survey, moved, 300, unit) - cover(survey, post, 300, unit)
            scores[unit, target] = gain - 0.0015 * int(survey.to_post_ms[unit, target]) / 60_000 - 0.0005
            best = max(best, scores[unit, target])
    if chosen:
        assert scores[chosen[0]] == pytest.approx(best, abs=1e-6)
    else:
        assert best < 1e-6


@seeds
def test_the_price_on_the_survey_counts(seed: int) -> None:
    """A price that nobody would pay keeps everybody where they are; none at all is the policy's own with price 0."""
    survey = replace(some_survey(seed), fresh=np.zeros(5, np.uint8))
    assert policy_named("priced:price=0").propose(replace(survey, price=1_000_000)) == ()
    dear = policy_named("priced:price=1000000").propose(replace(survey, price=0))
    assert pairs(survey, dear) == pairs(survey, policy_named("priced:price=0").propose(survey))


def test_a_busy_unit_that_comes_free_beside_a_post_makes_the_move_there_worth_less() -> None:
    """R4 counts soon-free units: with one about to be free at the empty post, the gain of filling it is smaller."""
    smaller = 0
    for seed in range(40):
        survey = some_survey(seed, kinds=1, busy=1)
        survey = replace(survey, fresh=survey.fresh * 0, busy_capability=np.ones(1, np.uint64))
        policy: AnyRedeploy = policy_named("ahead:price=0,move_price=0")
        late = policy.propose(replace(survey, busy_free_ms=np.array([10**8], np.int32)))
        if not late:
            continue
        post = survey.posts.index(late[0].post)
        near = survey.busy_to_post_ms.copy()
        near[0, post] = 0
        soon = replace(
            survey, busy_free_ms=np.zeros(1, np.int32), busy_to_post_ms=near, busy_post=np.array([post], np.int32)
        )
        same = [move for move in policy.propose(soon) if (move.unit, move.post) == (late[0].unit, late[0].post)]
        assert not same or same[0].why.gain <= late[0].why.gain
        smaller += not same or same[0].why.gain < late[0].why.gain
    assert smaller > 10


@seeds
def test_a_hole_lasts_until_the_first_busy_unit_could_fill_it(seed: int) -> None:
    """Time to clear and the way from there, of those that serve the same demand; -1 where there is none."""
    survey = some_survey(seed, kinds=1)
    for move in policy_named("priced:price=0").propose(survey):
        post = survey.posts.index(move.post)
        unit = survey.ids.index(move.unit)
        accepts = int(kinds_of(survey).accepts[unit])
        times = [
            int(survey.busy_free_ms[b] + survey.busy_to_post_ms[b, post])
            for b in range(2)
            if not accepts or int(survey.busy_capability[b]) & 1
        ]
        assert move.why.hole_ms == min(times, default=-1)


def test_shares_are_told_of_the_demand_of_the_units_own_kind() -> None:
    """A unit that alone may serve a layer, and reaches all of it, covers (1 - q) of it, whatever the layer's share."""
    survey = some_survey(3, kinds=2, units=2)
    layer = survey.layers[0]
    assert int(layer.weight.sum()) == pytest.approx(0.4 * ONE, rel=1e-6)
    kinds = kinds_of(survey)
    assert set(kinds.whole.tolist()) <= {ONE * 4 // 10, ONE * 6 // 10, ONE}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("nothing", "policy"),
        ("dmexclp:q=901", "dmexclp.q"),
        ("dmexclp:q=-1", "dmexclp.q"),
        ("dmexclp:p=3", "dmexclp.p"),
        ("home:q=300", "home.q"),
        ("compliance:q=half", "compliance.q"),
        ("priced:price=none", "priced.price"),
        ("priced:price=1,price=2", "priced.price"),
        ("ahead:moments=0", "ahead.moments"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(text: str, field: str) -> None:
    """Before anything runs, and in a sentence."""
    with pytest.raises(PolicyRefused) as refused:
        policy_named(text)
    assert refused.value.field == field
    assert len(refused.value.reason) > 10


def test_a_refusal_can_be_told_from_one_process_to_another() -> None:
    """Simulations run in processes of their own, and what they refuse has to come back."""
    told = pickle.loads(pickle.dumps(PolicyRefused("q", "too much")))  # noqa: S301 - bytes of our own
    assert (told.field, told.reason, str(told)) == ("q", "too much", "q: too much")


def test_futures_without_a_rate_are_refused() -> None:
    """Nobody can sample calls without knowing how often they come."""
    with pytest.raises(PolicyRefused, match="rollouts"):
        policy_named("ahead:rollouts=4").propose(replace(some_survey(1), calls_per_day=0))
