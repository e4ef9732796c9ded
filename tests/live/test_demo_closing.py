"""The demo's operator at a real CAD gateway: a bridge is closed, a crew on its way to it turns to the other one."""

from pathlib import Path

import trio

from engine.model.place import TravelSettings
from engine.model.roads import Stretch
from engine.streets.roads import Roads
from gateways.cad.client import connect
from gateways.demo.busiest import Busiest
from gateways.demo.closing import Operator
from gateways.demo.conditions import conditions_of
from gateways.demo.driving import Leg, standing
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.streets import Navigator
from tests import river_town
from tests.builders import NOW, serve_place, small_place, token

PLACE = small_place(streets=river_town.graph().digest)
HERE, ACROSS = (0, 0), (1_000, -2_500)


def street(name: str) -> Busiest:
    return Busiest(name, Stretch(streets=(name,)), 2, 50, (HERE, ACROSS))


def streets_of(leg: Leg) -> set[str]:
    graph = river_town.graph()
    return {graph.names[graph.arc_name[arc]] for arc in leg.arcs if arc >= 0}


async def test_a_crew_hears_of_a_closed_bridge_and_takes_the_other(tmp_path: Path) -> None:
    """From the operator's command through the engine to the crew's screen; opened, the first way is best again."""
    ledger = Ledger()
    navigator = Navigator(PLACE, Roads(river_town.network(), TravelSettings()), ledger, 7)

    async def way() -> Leg:
        leg = await navigator.leg(standing(HERE), ACROSS, NOW, lights=True, slower=1.0)
        assert leg is not None
        return leg

    async with (
        serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running,
        connect(running.url, token("desk")) as client,
    ):
        operator = Operator(Line(client, ledger, "desk"), ledger)
        before = await way()
        assert "West Bridge" in streets_of(before)
        epoch = client.mirror.roads.epoch
        await operator.close(street("West Bridge"), trio.current_time())
        closing = ledger.closing
        assert closing is not None
        assert (closing.street, closing.closure, closing.epoch) == ("West Bridge", "C1", epoch + 1)
        assert closing.in_force_ms is not None
        navigator.hear(conditions_of(client.mirror.roads, PLACE), NOW)
        assert navigator.blocked(before, NOW)
        assert streets_of(await way()) & {"West Bridge", "East Bridge"} == {"East Bridge"}
        await operator.open(trio.current_time())
        assert closing.opened_s is not None
        with trio.fail_after(120):
            while client.mirror.roads.closures:
                await client.changed()
        navigator.hear(conditions_of(client.mirror.roads, PLACE), NOW)
        assert await way() == before


async def test_a_street_that_is_not_there_stays_unclosed(tmp_path: Path) -> None:
    """The refusal is in the book, and nobody opens what was not closed."""
    ledger = Ledger()
    async with (
        serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running,
        connect(running.url, token("desk")) as client,
    ):
        operator = Operator(Line(client, ledger, "desk"), ledger)
        await operator.close(street("Rainbow Bridge"), trio.current_time())
        await operator.open(trio.current_time())
    assert ledger.closing is not None
    assert ledger.closing.closure == ""
    assert sum(ledger.refusals.values()) == 1
    assert len(ledger.commands) == 1
