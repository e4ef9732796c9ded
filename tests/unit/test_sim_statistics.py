"""Claims about the figures of simulations: each against a slow, obvious twin, intervals against SciPy."""

from itertools import pairwise
from math import ceil, inf, isnan, sqrt
from statistics import mean, median, stdev

import msgspec
import numpy as np
import pytest
import scipy.stats

from engine.clocks.student import half_width_of, inside, quantile, ratio_of
from engine.sim.outcome import NEVER
from engine.sim.parts import DAY_MS, Basis, OutcomesRefused, parts_of
from engine.sim.readings import OF_CALLS, gini, nearest_rank
from engine.sim.statistics import paired, summary_of
from tests.unit.simulation_kit import outcome, outcomes

FREEDOMS = (1, 2, 3, 4, 5, 9, 10, 19, 30, 99, 364, 2_001)


# ── Student's t ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.9999])
def test_the_quantile_is_that_of_scipy(freedom, confidence):
    """To nine digits, from one degree of freedom to thousands."""
    wanted = scipy.stats.t.ppf((1 + confidence) / 2, freedom)
    assert quantile(freedom, confidence) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("t", [0.0, 0.01, 0.7, 2.2, 12.7])
def test_the_probability_is_that_of_scipy(freedom, t):
    """The closed form is the distribution."""
    assert inside(t, freedom) == pytest.approx(1 - 2 * scipy.stats.t.sf(t, freedom), abs=1e-12)


@pytest.mark.parametrize(("freedom", "confidence"), [(0, 0.95), (3, 1.0), (3, -0.1)])
def test_what_has_no_quantile_is_refused(freedom, confidence):
    """No degree of freedom, or certainty."""
    with pytest.raises(ValueError, match="There is no t"):
        quantile(freedom, confidence)


def test_an_interval_is_that_of_scipy():
    """Mean of a handful of samples; of one there is none."""
    samples = [0.31, 0.29, 0.34, 0.30, 0.28]
    low, high = scipy.stats.t.interval(0.95, 4, loc=mean(samples), scale=scipy.stats.sem(samples))
    assert half_width_of(samples) == pytest.approx((high - low) / 2, rel=1e-9)
    assert half_width_of([0.3]) is None


def test_intervals_hold_the_truth_as_often_as_they_say():
    """95 of 100 intervals of the mean hold it, and about as many of a ratio of dependent samples."""
    chance = np.random.default_rng(5)
    hits = ratios = 0
    for _ in range(2_000):
        base = chance.normal(10, 1, 10)
        other = 0.8 * base + chance.normal(0, 0.3, 10)
        hits += abs(base.mean() - 10) <= half_width_of(base.tolist())
        ratio = ratio_of(other.tolist(), base.tolist())
        ratios += abs(ratio.value - 0.8) <= ratio.half_width
    assert 1_860 <= hits <= 1_940
    assert 1_850 <= ratios <= 1_950


# ── one policy ──────────────────────────────────────────────────────────────────────────────────────────────


def told(one, priorities):
    """Return the figures of one replication call by call, as one would with a pencil."""
    calls, rows = one.calls, []
    for row in range(len(calls.came_ms)):
        if int(calls.priority[row]) in priorities:
            never = calls.reached_ms[row] == NEVER
            response = inf if never else int(calls.reached_ms[row] - calls.came_ms[row])
            wait = int(calls.sent_ms[row] - calls.known_ms[row]) if calls.waited[row] else None
            rows.append((response, response > calls.target_ms[row], wait, calls.sent_ms[row] != NEVER))
    reached = sorted(response for response, *_ in rows if response < inf)
    waits = [wait for *_, wait, sent in rows if wait is not None and sent]
    return {
        "late_share": sum(late for _, late, _, _ in rows) / len(rows),
        "mean_response_s": mean(reached) / 1000,
        "median_response_s": reached[ceil(0.5 * len(reached)) - 1] / 1000,
        "p90_response_s": reached[ceil(0.9 * len(reached)) - 1] / 1000,
        "waited_share": sum(wait is not None for _, _, wait, _ in rows) / len(rows),
        "mean_wait_s": mean(waits) / 1000,
    }


def test_figures_of_calls_are_those_of_a_pencil():
    """Every figure of every group: mean over the replications, half-width by SciPy's t."""
    reps = outcomes(reps=4)
    summary = summary_of(reps)
    groups = {"high": (1, 2), "low": (3, 4, 5), "all": (1, 2, 3, 4, 5), "1": (1,), "4": (4,)}
    for name, priorities in groups.items():
        by_hand = [told(one, priorities) for one in reps]
        for figure in OF_CALLS:
            values = [each[figure] for each in by_hand]
            found = summary.groups[name].figures[figure]
            assert found.value == pytest.approx(mean(values), rel=1e-9)
            wanted = scipy.stats.t.ppf(0.975, 3) * stdev(values) / sqrt(4)
            assert found.half_width == pytest.approx(wanted, rel=1e-6)
    assert summary.basis is Basis.REPLICATIONS


def test_each_call_is_counted_once():
    """High and low make all; so do the priorities; calls that nobody reached are counted and are late."""
    reps = outcomes(reps=3, never=0.05)
    summary = summary_of(reps)
    groups = summary.groups
    number = sum(len(one.calls.came_ms) for one in reps)
    assert groups["high"].calls + groups["low"].calls == groups["all"].calls == summary.calls == number
    assert sum(groups[str(priority)].calls for priority in range(1, 6)) == number
    assert groups["all"].never == sum(int((one.calls.reached_ms == NEVER).sum()) for one in reps) > 0


def test_the_target_itself_is_in_time():
    """Late is later than the target: a call reached on it is not late, a millisecond more and it is."""
    one = outcome(never=0.0)
    for over, share in ((0, 0.0), (1, 1.0)):
        exact = one.calls.came_ms + one.calls.target_ms + over
        moved = msgspec.structs.replace(one, calls=msgspec.structs.replace(one.calls, reached_ms=exact))
        assert summary_of([moved]).groups["all"].figures["late_share"].value == share


def test_groups_may_be_given():
    """A group is a name and its priorities."""
    reps = outcomes(reps=2)
    summary = summary_of(reps, {"life": (1,), "rest": (2, 3, 4, 5)})
    assert summary.groups["life"] == summary.groups["1"]
    assert list(summary.groups)[:3] == ["life", "rest", "all"]


@pytest.mark.parametrize("groups", [{}, {"high": ()}, {"high": (0,)}, {"all": (1,)}, {"3": (1,)}])
def test_groups_that_cannot_be_are_refused(groups):
    """None, an empty one, a priority that there is not, a name that is taken."""
    with pytest.raises(OutcomesRefused):
        summary_of(outcomes(reps=2), groups)


def test_a_group_without_calls_has_no_figures():
    """Nothing is not zero: no late share, no interval."""
    group = summary_of(outcomes(reps=3, priorities=(1, 2))).groups["low"]
    assert group.calls == 0
    assert all(figure.value is None and figure.half_width is None for figure in group.figures.values())


def test_no_calls_at_all_is_no_error():
    """An empty city has figures of its units and of coverage only."""
    summary = summary_of(outcomes(reps=2, per_day=0))
    assert summary.calls == 0
    assert summary.figures["moves_per_call"].value is None
    assert summary.figures["cover_mean"].value is not None


def test_a_single_replication_is_cut_into_days():
    """The figure is that of the whole; the interval that of at most twenty batches of whole days, and it says so."""
    one = outcome(days=45)
    summary = summary_of([one])
    assert summary.basis is Basis.BATCHES
    assert summary.samples == 20
    edges = [45 * batch // 20 for batch in range(21)]
    shares = []
    for low, high in pairwise(edges):
        rows = (one.calls.came_ms >= low * DAY_MS) & (one.calls.came_ms < high * DAY_MS)
        calls = msgspec.structs.replace(
            one.calls, **{name: getattr(one.calls, name)[rows] for name in one.calls.__struct_fields__}
        )
        shares.append(told(msgspec.structs.replace(one, calls=calls), (1, 2))["late_share"])
    figure = summary.groups["high"].figures["late_share"]
    assert figure.value == pytest.approx(told(one, (1, 2))["late_share"], rel=1e-12)
    assert figure.half_width == pytest.approx(scipy.stats.t.ppf(0.975, 19) * stdev(shares) / sqrt(20), rel=1e-6)
    assert sum(len(part.calls.came_ms) for part in parts_of([one])) == len(one.calls.came_ms)
    assert summary.figures["utilisation"].half_width is None


def test_a_single_day_has_no_interval():
    """And says so."""
    summary = summary_of([outcome(days=1)])
    assert summary.basis is Basis.NOTHING
    assert summary.groups["all"].figures["late_share"].half_width is None


def test_batches_are_as_wide_as_replications():
    """Days that are independent give about the interval that as many replications would."""
    by_batch = summary_of([outcome(days=200, per_day=100)]).groups["all"].figures["late_share"].half_width
    by_rep = summary_of(outcomes(reps=20, days=10, per_day=100)).groups["all"].figures["late_share"].half_width
    assert 0.6 < by_batch / by_rep < 1.7


# ── units and coverage ──────────────────────────────────────────────────────────────────────────────────────


def test_units_are_summed_over_replications():
    """Shares of the time on duty, counts and kilometres per day; the fleet's figures by replication."""
    reps = outcomes(reps=3, moves=0.4)
    summary = summary_of(reps)
    row, days = 2, 15
    unit = summary.units[row]
    assert unit.id == "A03"
    assert unit.busy_share == pytest.approx(
        sum(int(one.units.busy_ms[row]) for one in reps) / sum(int(one.units.on_duty_ms[row]) for one in reps)
    )
    assert unit.jobs == pytest.approx(sum(int(one.units.jobs[row]) for one in reps) / days)
    assert unit.moved_km == pytest.approx(sum(int(one.units.moved_m[row]) for one in reps) / days / 1000)
    moves = [int(one.units.idle_moves.sum()) / len(one.calls.came_ms) for one in reps]
    assert summary.figures["moves_per_call"].value == pytest.approx(mean(moves))
    evenness = [one.units.busy_ms / one.units.on_duty_ms for one in reps]
    assert summary.figures["max_to_median"].value == pytest.approx(mean(max(each) / median(each) for each in evenness))


def test_a_unit_that_was_never_on_duty_has_no_share():
    """And does not make the others look busier or the work less even."""
    one = outcome()
    off = msgspec.structs.replace(
        one.units, on_duty_ms=one.units.on_duty_ms * [0, 1, 1, 1, 1, 1], busy_ms=one.units.busy_ms * [0, 1, 1, 1, 1, 1]
    )
    summary = summary_of([msgspec.structs.replace(one, units=off)])
    assert summary.units[0].busy_share is None
    assert summary.figures["utilisation"].value == pytest.approx(off.busy_ms[1:].sum() / off.on_duty_ms[1:].sum())
    assert summary.figures["gini"].value == pytest.approx(gini(off.busy_ms[1:] / off.on_duty_ms[1:]))


def test_gini_is_the_mean_difference():
    """Half the mean absolute difference of all pairs over the mean; 0 of equals, near 1 where one bears all."""
    chance = np.random.default_rng(3)
    values = chance.gamma(2, 1, 40)
    slow = sum(abs(a - b) for a in values for b in values) / (2 * 40 * 40 * values.mean())
    assert gini(values) == pytest.approx(slow)
    assert gini(np.full(7, 0.4)) == pytest.approx(0)
    assert gini(np.array([0.0] * 99 + [1.0])) == pytest.approx(0.99)
    assert isnan(gini(np.zeros(4)))


def test_percentiles_are_readings_that_occurred():
    """Nearest rank, as the response clocks have it."""
    chance = np.random.default_rng(4)
    for number in (1, 2, 9, 10, 11, 100):
        values = chance.integers(0, 1000, number)
        for percent in (10, 50, 90):
            ranked = sorted(values.tolist())
            assert nearest_rank(values, percent) == ranked[max(1, ceil(number * percent / 100)) - 1]


# ── two policies ────────────────────────────────────────────────────────────────────────────────────────────


def test_differences_are_taken_pair_by_pair():
    """Mean of the replications' differences with SciPy's paired interval, whatever order they are given in."""
    one, two = outcomes("priced", pace=0.9, moves=0.3), outcomes("static")
    found = paired(one[::-1], two)
    for name in ("late_share", "p90_response_s"):
        a = np.array([told(each, (1, 2))[name] for each in one])
        b = np.array([told(each, (1, 2))[name] for each in two])
        test = scipy.stats.ttest_rel(a, b).confidence_interval(0.95)
        difference = found.groups["high"][name]
        assert difference.value == pytest.approx((a - b).mean(), rel=1e-9)
        assert difference.half_width == pytest.approx((test.high - test.low) / 2, rel=1e-6)
        assert difference.relative == pytest.approx(a.mean() / b.mean() - 1, rel=1e-9)
    assert (found.policy, found.against) == ("priced", "static")


def test_pairs_are_narrower_than_their_ends():
    """What the calls have in common cancels out."""
    one, two = outcomes("priced", pace=0.95, reps=8), outcomes("static", reps=8)
    apart = paired(one, two).groups["all"]["mean_response_s"].half_width
    alone = summary_of(two).groups["all"].figures["mean_response_s"].half_width
    assert apart < alone / 3


def test_a_policy_does_not_differ_from_itself():
    """Nothing, with an interval of nothing."""
    found = paired(outcomes(), outcomes()).groups["low"]["late_share"]
    assert (found.value, found.half_width, found.relative) == (0, 0, 0)


def test_a_single_pair_is_compared_by_days():
    """The difference is that of the whole, the interval that of its days."""
    one, two = outcome("priced", pace=0.9, days=30), outcome("static", days=30)
    found = paired([one], [two])
    difference = found.groups["high"]["late_share"]
    assert found.basis is Basis.BATCHES
    assert difference.value == pytest.approx(told(one, (1, 2))["late_share"] - told(two, (1, 2))["late_share"])
    assert 0 < difference.half_width < 0.05


def test_other_calls_are_refused():
    """Another seed, fewer replications, other days, and one call that has moved by a metre."""
    base = outcomes("static")
    moved = outcomes("priced")
    where = moved[2].calls.x_m.copy()
    where[7] += 1
    moved[2] = msgspec.structs.replace(moved[2], calls=msgspec.structs.replace(moved[2].calls, x_m=where))
    for other, why in (
        (outcomes("priced", seed=2), "seeds or replications"),
        (outcomes("priced", reps=3), "seeds or replications"),
        (outcomes("priced", days=4), "days"),
        (moved, "x_m, seed 1, replication 2"),
    ):
        with pytest.raises(OutcomesRefused, match=why):
            paired(other, base)


def test_what_does_not_belong_together_is_refused():
    """No replication, one given twice, two policies, two fleets."""
    for those, why in (
        ([], "no replication"),
        ([outcome(), outcome()], "twice"),
        ([outcome(), outcome("other", rep=1)], "no one policy"),
        ([outcome(), outcome(rep=1, units=7)], "other units"),
    ):
        with pytest.raises(OutcomesRefused, match=why):
            summary_of(those)
