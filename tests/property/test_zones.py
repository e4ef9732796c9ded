"""Cover zone by zone, against counting unit by unit: who is nearest, how many are near enough, what would be left behind."""

import numpy as np
import pytest

from engine.kernels.posting import ONE
from engine.model.moves import MILLION
from engine.policy.redeploy.survey import Layer, Survey
from engine.policy.redeploy.zones import NOBODY, in_time, left_behind, most_changed, zones_of
from tests.property.redeploy_kit import some_survey

SEEDS = range(25)


def reached(survey: Survey, layer: Layer, unit: int, post: int, zone: int) -> int | None:
    """How long this unit needs from this post to the zone; None where it does not count or there is no way."""
    if post == NOBODY or int(survey.capability[unit]) & layer.needs != layer.needs:
        return None
    ms = int(survey.ground.reach_ms[layer.mode, post, zone])
    return None if ms < 0 else ms


def slow(survey: Survey, layer: Layer, posts: list[int], zone: int) -> tuple[int, int]:
    """Nearest time, and how many are near enough."""
    times = [ms for unit, post in enumerate(posts) if (ms := reached(survey, layer, unit, post, zone)) is not None]
    return min(times, default=NOBODY), sum(1 for ms in times if ms <= layer.cover_ms)


@pytest.mark.parametrize("seed", SEEDS)
def test_zones_are_as_counted_one_by_one(seed: int) -> None:
    """Now, with a unit elsewhere, and with one sent away; the share in time is the weight of the zones with anybody."""
    survey = some_survey(seed, posts=5, units=6)
    survey.ground.reach_ms[:, seed % 5, ::3] = -1
    layer = survey.layers[seed % 2]
    for changes in ((), ((seed % 6, (seed + 1) % 5),), ((seed % 6, NOBODY), ((seed + 1) % 6, 0))):
        posts = survey.post.tolist()
        for unit, post in changes:
            posts[unit] = post
        found = zones_of(survey, layer, changes)
        weight = 0
        for zone in range(len(found.nearest_ms)):
            nearest, covering = slow(survey, layer, posts, zone)
            assert (int(found.nearest_ms[zone]), int(found.covering[zone])) == (nearest, covering)
            unit = int(found.unit[zone])
            assert (unit == NOBODY) == (nearest == NOBODY)
            assert nearest == NOBODY or reached(survey, layer, unit, posts[unit], zone) == nearest
            weight += int(survey.ground.point_weight[zone]) if covering else 0
        assert in_time(survey, found) == weight * MILLION // int(survey.ground.point_weight.sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_behind_is_what_nobody_else_covers(seed: int) -> None:
    """Of one unit, and of several at once, which may leave more than all of them one by one."""
    survey = some_survey(seed, posts=3, units=5)
    for gone in ([seed % 5], [0, 1], [0, 1, 2, 3, 4], []):
        stay = [post if unit not in gone else NOBODY for unit, post in enumerate(survey.post.tolist())]
        lost = 0
        for layer in survey.layers:
            for zone, weight in enumerate(survey.ground.point_weight.tolist()):
                before, after = (slow(survey, layer, posts, zone)[1] for posts in (survey.post.tolist(), stay))
                lost += weight * layer.share if before and not after else 0
        left = left_behind(survey, gone)
        assert left.share == lost // ONE
        assert int(left.by_zone.sum()) == lost


@pytest.mark.parametrize("seed", SEEDS)
def test_the_class_that_changes_most_is_found(seed: int) -> None:
    """Weighed by the class's share; none where everything stays as it is."""
    survey = some_survey(seed, posts=3, units=4)
    changes = ((seed % 4, NOBODY if seed % 2 else (seed + 1) % 3),)
    posts = survey.post.tolist()
    posts[changes[0][0]] = changes[0][1]
    changed = {}
    for layer in survey.layers:
        for zone, weight in enumerate(survey.ground.point_weight.tolist()):
            before, after = (slow(survey, layer, each, zone)[1] for each in (survey.post.tolist(), posts))
            changed[layer.name] = changed.get(layer.name, 0) + (
                weight * layer.share if bool(before) != bool(after) else 0
            )
    found = most_changed(survey, changes)
    most = max(changed.values())
    assert (found is None) == (most == 0)
    assert found is None or changed[found.name] == most


def test_two_of_one_post_leave_nothing_alone_and_all_of_it_together() -> None:
    """What one unit shares with another is no loss until both go."""
    survey = some_survey(1, posts=1, units=2, kinds=1)
    survey.capability[:] = 1
    assert left_behind(survey, [0]).share == left_behind(survey, [1]).share == 0
    covered = zones_of(survey, survey.layers[0]).covering == 2
    assert left_behind(survey, [0, 1]).share == int(survey.ground.point_weight[covered].sum()) * MILLION // ONE
    assert covered.any()
    assert not zones_of(survey, survey.layers[0], ((0, NOBODY), (1, NOBODY))).covering.any()


def test_where_nobody_is_free_nobody_is_near() -> None:
    """No unit at all: every zone says so, and nothing fails."""
    survey = some_survey(2, units=1)
    found = zones_of(survey, survey.layers[0], ((0, NOBODY),))
    assert (found.nearest_ms == NOBODY).all()
    assert (found.unit == NOBODY).all()
    assert found.nearest_ms.dtype == found.unit.dtype == np.int32
