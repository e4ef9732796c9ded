"""Shares, percentiles and intervals against slow twins and strangers; own profiles in TOML, and their mistakes."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from engine.clocks import STANDARDS
from engine.clocks.figures import nearest_rank, share_of, wilson
from engine.clocks.full import full_response_ms
from engine.clocks.profiles import Event, Limit
from engine.model.plans import Mode, Option, Plan
from gateways.clock_files import load_profiles
from gateways.config import ConfigRefused
from tests.unit.engine_place import BLS, ENGINE, LADDER, slot

READINGS = st.lists(st.integers(0, 10_000), min_size=1, max_size=60)


@settings(deadline=None)
@given(READINGS, st.integers(1, 100))
def test_nearest_rank_is_the_least_that_so_many_do_not_exceed(readings: list[int], percent: int) -> None:
    """The twin counts, for each reading, how many are no greater."""
    enough = [
        one for one in readings if Fraction(sum(each <= one for each in readings), len(readings)) * 100 >= percent
    ]
    assert nearest_rank(sorted(readings), percent) == min(enough)


@settings(deadline=None)
@given(READINGS, st.integers(1, 12), st.integers(1, 100))
def test_the_percentile_is_within_the_limit_just_when_the_share_is_met(
    readings: list[int], within_s: int, percent: int
) -> None:
    """Two ways to say one thing; so a report may show both."""
    limit = Limit(within_s, percent)
    hits = sum(reading <= limit.within_ms for reading in readings)
    met = share_of(limit, hits, len(readings)).met
    assert met == (nearest_rank(sorted(readings), percent) <= limit.within_ms)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_that_of_a_stranger(counts: tuple[int, int]) -> None:
    """scipy's Wilson interval, and it holds the share."""
    hits, trials = counts
    low, high = wilson(hits, trials)
    theirs = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert low - 1e-12 <= hits / trials <= high + 1e-12


def test_no_reading_is_neither_met_nor_missed() -> None:
    """A share of nothing is not 100 percent."""
    share = share_of(Limit(60), 0, 0)
    assert (share.share, share.low, share.high, share.met) == (None, None, None, None)


def test_another_way_to_answer_is_a_full_response_too() -> None:
    """Two engines and a ladder, or an engine and a quint that is both; a unit takes one place, whichever helps most."""
    quint = ENGINE | LADDER
    plan = Plan(
        "fire",
        ("fire",),
        (1,),
        Mode.AUTO,
        (slot("engine", ENGINE, 2), slot("ladder", LADDER)),
        options=(Option("quint", (slot("engine", ENGINE), slot("quint", quint))),),
    )
    assert full_response_ms(plan, [(5, ENGINE), (9, quint)]) == 9
    assert full_response_ms(plan, [(5, quint), (9, ENGINE)]) == 9
    assert full_response_ms(plan, [(5, ENGINE), (6, ENGINE), (9, BLS)]) is None
    assert full_response_ms(plan, [(3, ENGINE), (4, ENGINE), (7, LADDER)]) == 7
    # The quint sits on an engine's place first and makes room for the second engine.
    own = Plan("own", ("fire",), (1,), Mode.AUTO, plan.slots)
    assert full_response_ms(own, [(1, quint), (2, ENGINE), (3, ENGINE)]) == 3
    assert full_response_ms(Plan("none", ("fire",), (1,), Mode.AUTO, ()), [(1, quint)]) is None


def test_standards_are_data_and_say_where_they_come_from() -> None:
    """Each has a source, and what was not read there is marked."""
    assert [profile.name for profile in STANDARDS] == ["nfpa-1225", "nfpa-1221", "nfpa-1710", "nhs-arp"]
    assert all(profile.source and profile.notes for profile in STANDARDS)
    marked = [measure.name for profile in STANDARDS for measure in profile.measures if measure.unverified]
    assert marked == ["als-travel"]


OWN = """
[[profile]]
name = "nhs-arp"
title = "Ours"
[[profile.measure]]
name = "c1"
start = "reported"
stop = "first_on_scene"
priorities = [1]
limit = [{ within_s = 480 }, { within_s = 900, percent = 99 }]
mean_s = 400
"""


def test_an_own_profile_replaces_the_standard_of_its_name(tmp_path: Path) -> None:
    """The same words as in the code; no file means the standards alone."""
    path = tmp_path / "clocks.toml"
    assert load_profiles(path) == load_profiles(None) == STANDARDS
    path.write_text(OWN)
    profiles = load_profiles(path)
    assert [profile.name for profile in profiles] == ["nfpa-1225", "nfpa-1221", "nfpa-1710", "nhs-arp"]
    (measure,) = profiles[-1].measures
    assert (measure.start, measure.stop, measure.mean_s) == (Event.REPORTED, Event.FIRST_ON_SCENE, 400)
    assert measure.limits == (Limit(480, 90), Limit(900, 99))


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ('stop = "arrived"', 'stop = "first_on_scene"', "measure[0].stop"),
        ('stop = "reported"', 'stop = "first_on_scene"', "the same moment"),
        ("within_s = 0", "within_s = 480", "at least 1 s"),
        ("percent = 101", "percent = 99", "1 to 100 percent"),
        ("mean_s = 0", "mean_s = 400", "mean_s is at least 1"),
        ('who = "first"', "priorities = [1]", "`who` is about"),
        ("colour = 3", "priorities = [1]", "colour"),
        ('name = "C 1"', 'name = "c1"', "measure[0].name"),
        ('start = "en_route"', 'start = "reported"', "the same unit"),
        ("[[profile]", "[[profile]]", "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_path(tmp_path: Path, wrong: str, right: str, told: str) -> None:
    """A limit that nobody could keep, a moment that there is not, a word that is not known."""
    path = tmp_path / "clocks.toml"
    path.write_text(OWN.replace(right, wrong, 1))
    with pytest.raises(ConfigRefused) as refused:
        load_profiles(path)
    assert str(path) in str(refused.value)
    assert told in str(refused.value)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    """Two profiles of one name would be one series."""
    path = tmp_path / "clocks.toml"
    path.write_text(OWN + OWN)
    with pytest.raises(ConfigRefused, match="used twice"):
        load_profiles(path)
    measure = OWN.split("[[profile.measure]]")[1]
    path.write_text(OWN + "[[profile.measure]]" + measure)
    with pytest.raises(ConfigRefused, match="named twice"):
        load_profiles(path)
    path.write_text("".join(OWN.replace("nhs-arp", f"own{n}") for n in range(13)))
    with pytest.raises(ConfigRefused, match="at most 16"):
        load_profiles(path)
