"""What an order brings along: the way, how far its time may be trusted, and when the busy will be free."""

import pytest

from engine.model.alert_facts import AlertRequested
from engine.model.facts import UnitDispatched, UnitsRecommended
from engine.model.inputs import CloseRoad, LearnSpeeds, LearnTurnouts, PublishEpoch, RecommendUnits, ReleaseUnit
from engine.model.lifecycle import Status
from engine.model.roads import Learned, Stretch, Turnout
from engine.model.turn import Turn
from engine.model.why import Considered, Reason
from engine.state.image import restore, save
from engine.state.records import Incident
from gateways.alerts.message import compose
from gateways.views import view_incident, view_unit
from tests import river_town
from tests.builders import small_place
from tests.unit.engine_place import MORNING, Town

MINUTE_MS = 60_000
SOUTH_BANK = (400, -2_500)


def river(**changes: object) -> Town:
    return Town(small_place(streets=river_town.graph().digest, **changes), streets=river_town.library)


def cardiac(town: Town, at: tuple[int, int] = SOUTH_BANK) -> tuple[Incident, UnitDispatched, AlertRequested]:
    """Report one; return it with the order and the alert that followed in the same turn."""
    incident = town.report("cardiac", at=at)
    facts = town.turns[-1].facts
    order = next(fact for fact in facts if isinstance(fact, UnitDispatched))
    return incident, order, next(fact for fact in facts if isinstance(fact, AlertRequested))


def considered(turn: Turn) -> dict[str, Considered]:
    told = next(fact for fact in turn.facts if isinstance(fact, UnitsRecommended))
    return {each.unit: each for slot in told.why.slots for each in slot.considered}


def test_an_order_bears_its_way() -> None:
    """Streets in their order, their times and a line; the pager's line names the longest of them."""
    town = river()
    _, order, alert = cardiac(town)
    assert order.route is not None
    assert [leg.street for leg in order.route.legs] == ["North Road", "West Bridge", "Quay"]
    turnout_ms = int(town.world.fleet.turnout_ms[town.world.fleet.rows[order.unit]])
    assert order.eta_ms == order.route.travel_ms + turnout_ms
    assert order.route.line[-1] == SOUTH_BANK
    assert alert.text.endswith("via North Road, West Bridge, Quay")


def test_the_way_goes_to_the_courier_and_to_screens() -> None:
    """The message and the views hold it in degrees; a word of release holds no way."""
    town = river()
    incident, order, alert = cardiac(town)
    message = compose(town.world, town.world.alerts[alert.alert])
    assert (message.eta_ms, message.route is not None) == (order.eta_ms, True)
    assert message.route is not None
    assert message.route.line[-1] == town.world.settled.projection.to_degrees(*SOUTH_BANK)
    (view,) = view_incident(town.world, incident).assigned
    assert view.route == message.route
    assert view.spread_ms == order.spread_ms > 0
    town.says(order.unit, Status.EN_ROUTE, after_s=30)
    town.command(ReleaseUnit, unit=order.unit, incident=incident.id, reason="false alarm")
    release = next(fact for fact in town.turns[-1].facts if isinstance(fact, AlertRequested))
    assert compose(town.world, town.world.alerts[release.alert]).route is None


def test_a_place_without_streets_tells_no_way_and_a_wider_spread() -> None:
    """A straight line is no way, and it is trusted less."""
    _, order, alert = cardiac(Town(small_place()))
    assert order.route is None
    assert "via" not in alert.text
    _, over_streets, _ = cardiac(river())
    assert over_streets.spread_ms / over_streets.eta_ms < order.spread_ms / order.eta_ms


def test_the_spread_grows_with_what_is_not_known() -> None:
    """An old fix of a moving unit widens it; what the fleet's drives have taught narrows it."""
    town = river()
    town.see(M2=(0, 0))
    usual = considered(town.command(RecommendUnits, incident=town.report("sick", 3, at=SOUTH_BANK).id))
    town.step(LearnSpeeds(Learned(observations=500, spread_percent=5)))
    taught = considered(town.command(RecommendUnits, incident="I1"))
    assert 0 < taught["M2"].spread_ms < usual["M2"].spread_ms
    aged = considered(town.command(RecommendUnits, incident="I1", after_s=240))
    assert aged["M2"].spread_ms > taught["M2"].spread_ms
    assert aged["M2"].eta_ms == taught["M2"].eta_ms, "told beside the time, never in it"


def test_a_busy_unit_says_when_it_will_be_free() -> None:
    """On its way it has all its work before it; at it, it has the rest; a free unit has none."""
    town = river()
    _, order, _ = cardiac(town)
    second = town.report("sick", 3, at=(0, 100))
    before = considered(town.command(RecommendUnits, incident=second.id))[order.unit]
    assert before.reason is Reason.NOT_LESS_URGENT
    assert before.clear_ms > order.eta_ms
    town.says(order.unit, Status.ON_SCENE, after_s=400)
    after = considered(town.command(RecommendUnits, incident=second.id, after_s=1_200))[order.unit]
    assert MINUTE_MS < after.clear_ms < before.clear_ms
    assert considered(town.turns[-1])["B1"].clear_ms == -1
    unit = town.world.unit(order.unit)
    assert unit is not None
    assert view_unit(town.world, unit).clear_at_ms == town.world.now + after.clear_ms


def test_crews_turn_out_as_they_have_shown() -> None:
    """By station, kind and time of day; the same after a restart; others as the place says."""
    town = river()
    row = town.world.fleet.rows["B1"]
    block = (MORNING // 3_600_000 % 24) // 3
    kind = town.world.fleet.units[row].kind
    station = town.world.fleet.units[row].station
    usual_ms = int(town.world.fleet.turnout_ms[row])
    town.step(LearnTurnouts((Turnout(station, kind, block, 33_000), Turnout(station, kind, (block + 1) % 8, 44_000))))
    assert town.world.fleet.turnout_ms[row] == 33_000
    again = restore(save(town.world), streets=river_town.library)
    assert again.fleet.turnout_ms.tolist() == town.world.fleet.turnout_ms.tolist()
    town.wait(3 * 3_600)
    assert town.world.fleet.turnout_ms[row] == 44_000
    town.wait(3 * 3_600)
    assert town.world.fleet.turnout_ms[row] == usual_ms


def test_an_eta_that_a_closure_made_worse_is_told_again() -> None:
    """The same unit, much later: who goes by the first ETA must hear the second."""
    town = river(units=tuple(unit for unit in small_place().units if unit.station != "S3"))
    town.report("sick", 3, at=SOUTH_BANK)
    (first,) = town.world.open["I1"].recommended
    town.command(CloseRoad, stretch=Stretch(streets=("West Bridge",)))
    making = town.world.road_book.making
    assert making is not None
    town.step(PublishEpoch(making[0]))
    (second,) = town.world.open["I1"].recommended
    assert second.unit == first.unit
    assert second.eta_ms > first.eta_ms + 5 * MINUTE_MS


def test_nobody_can_come_over_a_bridge_that_was_the_only_way() -> None:
    """Units on the other bank are unreachable and told so; the incident stays short, with no made-up time."""
    town = river(units=tuple(unit for unit in small_place().units if unit.station != "S3"))
    town.command(CloseRoad, stretch=Stretch(streets=("West Bridge", "East Bridge")))
    making = town.world.road_book.making
    assert making is not None
    town.step(PublishEpoch(making[0]))
    incident = town.report("cardiac", at=SOUTH_BANK)
    assert not incident.assigned
    told = considered(town.turns[-1])
    assert {each.reason for each in told.values() if each.reason is not Reason.CAPABILITY} == {Reason.UNREACHABLE}
    assert all(each.eta_ms == -1 for each in told.values())


@pytest.mark.parametrize("at", [(9_000, 9_000), (-9_500, 3_000)])
def test_an_incident_far_from_every_road_is_served_along_a_straight_line(at: tuple[int, int]) -> None:
    """Somebody has to go, and the why says what the time rests on."""
    town = river()
    incident = town.report("cardiac", at=at)
    told = next(fact for fact in town.turns[-1].facts if isinstance(fact, UnitsRecommended))
    assert "no road within 1000 m" in told.why.travel
    assert incident.assigned
