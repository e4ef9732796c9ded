"""Cover, ways and windows over the CAD socket: a page's "what if", answered beside the engine; and refusals that say why."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import trio
from msgspec.structs import replace

from engine.live.planner import Planner, PlannerSettings, Thought
from gateways.cad.whatif import WhatIf
from gateways.covering import Covering
from tests import river_town
from tests.builders import PROJECTION, Running, serve_place, small_place, token
from tests.live.cad_kit import FIRE, HELLO, Wire, until, wire
from tests.live.test_planner_live import place

SETTINGS = PlannerSettings(policy="priced:q=300,price=500", apart_s=0.02, look_every_s=0.1)


@asynccontextmanager
async def city(folder: Path, **changes: Any) -> AsyncIterator[tuple[Running, Planner, Wire]]:
    """A town whose planner has thought, and somebody who may ask."""
    async with serve_place(folder, place=place(**changes)) as running, trio.open_nursery() as nursery:
        planner = Planner(running.service, SETTINGS)
        vars(running.hub)["_whatif"] = WhatIf(running.service, running.board, Covering(planner))
        await nursery.start(planner.run)
        await until(lambda: planner.thought is not None)
        async with wire(running) as client:
            yield running, planner, client
        nursery.cancel_scope.cancel()


async def test_cover_is_told_zone_by_zone_now_and_then(tmp_path: Path) -> None:
    """With all that is proposed, with one unit elsewhere, with one sent away; unchanged pictures are not sent again."""
    async with city(tmp_path) as (_, planner, client):
        await until(lambda: planner.thought is not None and bool(planner.thought.plan.moves))
        first = (await client.say("ask_cover"))["picture"]
        assert first["layer"] == first["layers"][0]["name"]
        names = [each["name"] for each in first["layers"]]
        pictures = [(await client.say("ask_cover", layer=name))["picture"] for name in names]
        assert all({len(column) for column in each["zones"].values()} == {3} for each in pictures)
        assert sum(first["zones"]["weight"]) in range(999_990, 1_000_001)
        won = next(each for each in pictures if each["then_percent"] > each["now_percent"])
        at = next(i for i in range(3) if not won["zones"]["covering_now"][i] and won["zones"]["covering_then"][i])
        assert won["zones"]["then_s"][at] < won["zones"]["now_s"][at]

        away = (await client.say("ask_cover", unit="M1"))["picture"]
        assert "als" in away["layer"] or "bls" in away["layer"], "a class that it counts for"
        columns = zip(away["zones"]["covering_now"], away["zones"]["covering_then"], strict=True)
        assert all(then == now - (now > 0) for now, then in columns)
        moved = await client.say("ask_cover", unit="M1", post="S3")
        assert moved["picture"]["zones"]["then_s"] != moved["picture"]["zones"]["now_s"]
        again = await client.say("ask_cover", unit="M1", post="S3", seen=moved["seq"])
        assert again["picture"] is None or again["seq"] != moved["seq"]


async def test_one_move_shows_its_own_class_whoever_asked_about_the_same_before(tmp_path: Path) -> None:
    """What is proposed may be that very move: then the largest class is shown, and the one that it changes most for itself."""
    async with city(tmp_path) as (running, planner, _):
        await until(lambda: planner.thought is not None and bool(planner.thought.plan.moves))
        assert planner.thought is not None
        survey, plan = planner.thought.survey, planner.thought.plan
        told: set[tuple[str, str]] = set()
        for unit, post in product(survey.ids, survey.posts):
            only = replace(plan, moves=(replace(plan.moves[0], unit=unit, post=post),))
            still = SimpleNamespace(thought=Thought(survey, only), service=running.service)
            covering = Covering(cast("Planner", still))
            _, proposed = await covering.picture("", None, None)
            _, own = await covering.picture("", unit, post)
            assert own == (await Covering(cast("Planner", still)).picture("", unit, post))[1]
            told.add((proposed.layer, own.layer))
        assert any(largest != own for largest, own in told)


async def test_what_is_left_behind_counts_units_together(tmp_path: Path) -> None:
    """Four ambulances of one post: none leaves anything alone, all of them leave everything that they reached."""
    async with city(tmp_path) as (_, _, client):
        told = await client.say("ask_left", units=["M1", "M2", "M3", "E1"])
        by_unit = {each["unit"]: each["percent"] for each in told["left"]}
        assert by_unit["M1"] == by_unit["M2"] == 0.0
        everybody = [unit.id for unit in place().units if unit.agency is None]
        whole = await client.say("ask_left", units=everybody)
        assert whole["together_percent"] > sum(each["percent"] for each in whole["left"])


async def test_questions_that_have_no_answer_say_why(tmp_path: Path) -> None:
    """Nothing known of the layer, the unit, the post; no planner at all."""
    async with city(tmp_path) as (running, _, client):
        for fields, code in (
            ({"layer": "wrong"}, "unknown_layer"),
            ({"unit": "Z9"}, "not_free"),
            ({"unit": "M1", "post": "Z9"}, "unknown_post"),
        ):
            refused = await client.say("ask_cover", **fields)
            assert (refused["type"], refused["code"]) == ("refused", code)
        assert (await client.say("ask_way", unit="Z9", post="S1"))["code"] == "unknown_unit"
        assert (await client.say("ask_way", unit="M1"))["code"] == "unknown_post"
        assert (await client.say("ask_way", unit="M1", incident="I99"))["code"] == "unknown_incident"
        vars(running.hub)["_whatif"] = WhatIf(running.service, running.board, Covering(None))
        assert (await client.say("ask_cover"))["code"] == "unavailable"


async def test_a_way_is_shown_over_the_streets_to_who_may_know_where_it_ends(tmp_path: Path) -> None:
    """To an incident and to a post; an observer, who may not know the place of an incident, gets no way to it."""
    town = small_place(streets=river_town.graph().digest)
    async with (
        serve_place(tmp_path, place=town, streets=river_town.graph()) as running,
        wire(running) as client,
        wire(running, {**HELLO, "token": token("wall")}) as watcher,
    ):
        lat, lon = PROJECTION.to_degrees(0, -2_600)
        report = {**FIRE, "id": "call-1", "lat": lat, "lon": lon, "incident_type": "sick"}
        incident = (await client.ask(report, "call-1"))["incident"]
        told = await client.say("ask_way", unit="M1", incident=incident)
        assert [leg["street"] for leg in told["route"]["legs"]][:2] == ["North Road", "West Bridge"]
        assert told["route"]["line"][0][0] > told["route"]["line"][-1][0], "southwards"
        assert (await client.say("ask_way", unit="M1", post="S3"))["route"]["travel_ms"] > 0
        assert (await watcher.say("ask_way", unit="M1", incident=incident))["code"] == "unauthorised"


async def test_who_looks_at_a_part_is_sent_positions_of_that_part(tmp_path: Path) -> None:
    """Over the socket: what moves elsewhere is not sent, what is there comes when one looks there, statuses come always."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        await client.until(type="snapshot")
        to_degrees = running.board.world.settled.projection.to_degrees
        (south, west), (north, east) = to_degrees(-500, -500), to_degrees(500, 500)
        assert (await client.say("look", box=[west, south, east, north]))["type"] == "looked"
        clock = running.service.clock
        running.service.positions.put(1, 9_000, 0, clock.now(), 0, 0)
        running.service.positions.put(0, 100, 0, clock.now(), 0, 0)
        told = await client.until(type="positions")
        ids = running.board.world.fleet.ids
        assert [view[0] for view in told["units"]] == [ids[0]]
        (south, west), (north, east) = to_degrees(8_500, -500), to_degrees(9_500, 500)
        assert (await client.say("look", box=[west, south, east, north]))["units"] >= 1
        told = await client.until(type="positions")
        assert ids[1] in [view[0] for view in told["units"]]
        assert (await client.say("look", box=[east, south, west, north]))["code"] == "out_of_range"
        assert (await client.say("unit_status", unit=ids[1], status="out_of_service"))["type"] == "answer"
