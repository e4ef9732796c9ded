"""Whom an update does not concern is sent what all others of the role are: the same bytes, made once."""

import random

import pytest

from gateways.auth import Role
from gateways.board import Update
from gateways.cad.messages import Delta, decode_server
from gateways.cad.redacting import DeltaFrames
from gateways.redaction import Audience, concern_of, snapshot_for, update_for
from tests.builders import small_place, unframed
from tests.unit.hub_kit import City, Ear

UNITS = tuple(unit.id for unit in small_place().units)
CREWS = tuple(Audience(Role.CREW, units=frozenset({unit})) for unit in UNITS)
AUDIENCES = (
    *CREWS,
    Audience(Role.CREW, units=frozenset({"E7", "L7"})),
    Audience(Role.CREW),
    Audience(Role.CALL_TAKER, "cad"),
    Audience(Role.CALL_TAKER, "other"),
    Audience(Role.OBSERVER),
    Audience(Role.SUPERVISOR),
)


def day(city: City, chance: random.Random, steps: int) -> None:
    """Let things happen that concern some and not others."""
    city.report()
    for number in range(steps):
        unit = chance.choice(UNITS)
        do = chance.choice(
            (
                city.report,
                lambda: city.note("said"),
                lambda unit=unit: city.dispatch(unit),
                lambda unit=unit: city.release(unit),
                lambda unit=unit, number=number: city.say(unit, f"words {number}"),
            )
        )
        do()


@pytest.mark.parametrize("seed", range(5))
def test_narrowing_an_audience_changes_nothing_of_what_it_is_sent(seed: int) -> None:
    """At every moment of a random day, of the update and of the board, for crews, call-takers and observers."""
    city = City()
    updates: list[Update] = []

    def check(update: Update) -> None:
        find = city.hub._mirror.incidents.get
        concern = concern_of(update, find)
        board = city.board.snapshot()
        whole = concern_of(board, find)
        for audience in AUDIENCES:
            assert update_for(concern.narrowed(audience), update, find) == update_for(audience, update, find)
            assert snapshot_for(whole.narrowed(audience), board) == snapshot_for(audience, board)
        updates.append(update)

    city.board.on_update.append(check)
    day(city, random.Random(seed), 80)
    assert len(updates) > 40
    assert any(unit.words for update in updates for unit in update.units)
    assert any(incident.assigned for update in updates for incident in update.incidents)


def test_crews_that_an_update_does_not_concern_share_one_frame() -> None:
    """A unit is sent: its own crew has the address, and the eleven others have the same bytes, without it."""
    city = City()
    city.report()
    updates: list[Update] = []
    city.board.on_update.append(updates.append)
    city.dispatch("M1")
    frames = DeltaFrames(updates[-1], city.hub._mirror.incidents.get)
    made = {audience: frames.of(audience) for audience in CREWS}
    delta = decode_server(unframed(made[Audience(Role.CREW, units=frozenset({"M1"}))]))
    assert isinstance(delta, Delta)
    assert delta.incidents[0].address == "Überstraße"
    assert len({id(frame) for frame in made.values()}) == 2


@pytest.mark.parametrize("seed", range(3))
def test_who_joins_at_any_moment_sees_what_is_for_it(seed: int) -> None:
    """With kept snapshots shared by all whom the board does not concern: each sees the board as redacted for it alone."""
    chance = random.Random(seed)
    city = City()
    following = []
    for _ in range(40):
        day(city, chance, 3)
        audience = chance.choice(AUDIENCES)
        ear, first = Ear(), city.hub.begin(audience)
        city.hub.join(ear, audience)
        following.append((audience, ear, first))
        board = city.board.snapshot()
        seen = city.mirror(first)
        assert seen.incidents == {view.id: view for view in snapshot_for(audience, board).incidents}
        assert seen.units == {view.id: view for view in snapshot_for(audience, board).units}
        assert seen.alerts == {view.id: view for view in snapshot_for(audience, board).alerts}
    assert city.statistics.snapshots < 40
