"""The course of a response over the wire: each message reaches the engine, is answered, and shows on every screen."""

from pathlib import Path

import pytest

from engine.model.lifecycle import Phase, Status
from tests.builders import serve_place, token
from tests.live.cad_kit import HELLO, wire
from tests.live.response_kit import HOUR_MS, on_scene, picture, place, refused, reported, shown, statuses

# ── recommendations ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_recommendation_is_accepted_by_its_number(tmp_path: Path) -> None:
    """The incident shows the number while it stands, and none when it has been carried out."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client)
        view = await shown(client, name)
        decided, best = view["decided_seq"], view["recommended"][0]["unit"]
        assert decided > 0
        told = await client.say("accept", incident=name, decision=decided)
        assert told["type"] == "answer"
        assert statuses(running, name) == {best: Status.DISPATCHED}
        after = await shown(client, name)
        assert (after["decided_seq"], after["assigned"][0]["by"]) == (0, "cad")
        assert refused(await client.say("accept", incident=name, decision=decided)) == (
            "stale_recommendation",
            "decision",
        )


async def test_a_stale_acceptance_does_nothing_and_names_the_new_best(tmp_path: Path) -> None:
    """Somebody else took the unit between the screen and the key press; the new number is accepted."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name, other = await reported(client), await reported(client, lat=41.501, incident_type="theft")
        view = await shown(client, name)
        best = view["recommended"][0]["unit"]
        told = await client.say("dispatch", incident=other, units=[best], reason="it is nearer")
        assert told["type"] == "answer", told
        late = await client.say("accept", incident=name, decision=view["decided_seq"])
        assert refused(late) == ("stale_recommendation", "decision")
        assert statuses(running, name) == {}
        news = await shown(client, name)
        second = news["recommended"][0]["unit"]
        assert second != best
        assert second in late["reason"]
        assert (await client.say("accept", incident=name, decision=news["decided_seq"]))["type"] == "answer"
        assert statuses(running, name) == {second: Status.DISPATCHED}


async def test_a_unit_under_way_is_superseded_and_the_screen_says_so(tmp_path: Path) -> None:
    """The other goes in its place; one that has arrived is not relieved."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client)
        await client.say("dispatch", incident=name, units=["B1"], reason="the crew asked for it")
        told = await client.say("supersede", incident=name, unit="B1", replacement="B2", reason="its siren is out")
        assert told["type"] == "answer", told
        assert statuses(running, name) == {"B2": Status.DISPATCHED}
        await on_scene(client, name, "B2")
        late = await client.say("supersede", incident=name, unit="B2", replacement="B1", reason="second thoughts")
        assert refused(late)[1] == "unit"
        kinds = {event["kind"] for each in client.seen for event in each.get("events", ())}
        assert {"unit_superseded", "assignment_ended"} <= kinds


# ── the course of an incident ───────────────────────────────────────────────────────────────────────────────


async def test_a_second_alarm_a_roll_call_and_its_answers(tmp_path: Path) -> None:
    """More is sent; who is on scene is asked, and each unit answers for itself."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client, incident_type="fire", priority=1)
        first = set(statuses(running, name))
        assert (await client.say("strike_alarm", incident=name, reason="smoke"))["type"] == "answer"
        assert (await shown(client, name))["alarm_level"] == 2
        assert set(statuses(running, name)) > first
        units = sorted(unit for unit, status in statuses(running, name).items() if status is Status.DISPATCHED)[:2]
        await on_scene(client, name, *units)
        assert (await client.say("call_roll", incident=name))["type"] == "answer"
        await client.say("ping")
        due = {view["id"]: view["roll_due_ms"] for each in client.seen for view in each.get("units", ())}
        assert all(due[unit] for unit in units)
        assert (await client.say("answer_roll", unit=units[0]))["type"] == "answer"
        records = {unit: running.service.world.unit(unit) for unit in units}
        assert [bool(records[unit].roll_due_ms) for unit in units] == [False, True]


async def test_held_and_stacked_incidents_wait_and_say_for_whom(tmp_path: Path) -> None:
    """A hold, its end; a stack, its end; and a report that is due later."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        now = running.service.clock.now()
        name, busy = await reported(client, priority=4), await reported(client, lat=41.51)
        told = await client.say("hold", incident=name, until_ms=now + HOUR_MS, reason="after lunch")
        assert told["type"] == "answer", told
        view = await shown(client, name)
        assert (view["held_until_ms"], view["held_reason"], view["recommended"]) == (now + HOUR_MS, "after lunch", [])
        assert (await client.say("end_hold", incident=name))["type"] == "answer"
        assert (await shown(client, name))["held_until_ms"] is None
        await client.say("dispatch", incident=busy, units=["B1"], reason="the crew asked for it")
        told = await client.say("stack", incident=name, unit="B1", reason="round the corner")
        assert told["type"] == "answer", told
        assert (await shown(client, name))["stacked_on"] == "B1"
        assert running.service.world.unit("B1").stack == [name]
        assert (await client.say("unstack", incident=name))["type"] == "answer"
        assert (await shown(client, name))["stacked_on"] is None
        later = await reported(client, lat=41.49, due_ms=now + HOUR_MS)
        assert (await shown(client, later))["held_until_ms"] == now + HOUR_MS


async def test_duplicates_are_suspected_merged_split_linked_and_unlinked(tmp_path: Path) -> None:
    """While the caller speaks, when it is reported, and after a person has decided; a closed one is opened again."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        first = await reported(client)
        asked = await client.say("ask_suspects", lat=41.5, lon=-90.5, incident_type="sick", address="12 Mill Lane")
        assert asked["type"] == "suspects_told"
        assert [suspect["incident"] for suspect in asked["suspects"]] == [first]
        assert asked["suspects"][0]["permille"] > 850
        assert "same type" in asked["suspects"][0]["reasons"]
        far = await client.say("ask_suspects", lat=41.55, lon=-90.5)
        assert far["suspects"] == []
        assert len(running.service.world.incidents) == 1
        second = await reported(client)
        assert [suspect["incident"] for suspect in (await shown(client, second))["suspects"]] == [first]
        assert (await client.say("merge_incident", incident=second, into=first))["type"] == "answer"
        assert running.service.world.incidents[second].phase is Phase.MERGED
        told = await client.say("split_incident", incident=second, reason="another flat")
        assert told["type"] == "answer", told
        assert (await shown(client, second))["ended_ms"] is None
        assert (await client.say("link_incidents", incident=first, other=second))["type"] == "answer"
        assert (await client.say("unlink_incidents", incident=first, other=second))["type"] == "answer"
        assert (await shown(client, first))["links"] == []
        assert (await client.say("close_incident", incident=second, disposition="done"))["type"] == "answer"
        assert (await client.say("reopen", incident=second, reason="it was not"))["type"] == "answer"
        assert second in running.service.world.open


# ── crews, neighbours, surroundings ─────────────────────────────────────────────────────────────────────────


async def test_a_neighbour_is_asked_and_answers(tmp_path: Path) -> None:
    """No: somebody else, or nobody, is sent. Yes: its unit goes."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client)
        for answer, becomes in ((False, None), (True, Status.DISPATCHED)):
            told = await client.say("dispatch", incident=name, units=["E3"], reason="it knows the place")
            assert told["type"] == "answer", told
            assert statuses(running, name).get("E3") is Status.REQUESTED
            told = await client.say("answer_aid", unit="E3", incident=name, committed=answer, reason="")
            assert told["type"] == "answer", told
            assert statuses(running, name).get("E3") is becomes
        again = await client.say("answer_aid", unit="E3", incident=name, committed=True)
        assert refused(again) == ("not_requested", "unit")


async def test_cautions_and_hospitals_are_on_every_screen(tmp_path: Path) -> None:
    """In the delta, in the snapshot, at the incident that lies there; and gone when they are over."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client)
        told = await client.say(
            "caution", lat=41.5, lon=-90.5, radius_m=100, severity="danger", text="gas", until_ms=None
        )
        assert (told["type"], told["caution"]) == ("answer", "H1")
        assert (await shown(client, name))["cautions"] == ["H1"]
        told = await client.say("hospital_status", hospital="H1", state="diverting", waiting=3)
        assert told["type"] == "answer", told
        async with wire(running, {**HELLO, "token": token("wall")}) as wall:
            surroundings = (await picture(wall)).surroundings
        assert [(each.id, each.severity, each.lat) for each in surroundings.cautions] == [
            ("H1", "danger", pytest.approx(41.5, abs=1e-5))
        ]
        assert [(each.id, each.state, each.waiting) for each in surroundings.hospitals] == [
            ("H1", "diverting", 3),
            ("H2", "open", 0),
        ]
        assert (await client.say("end_caution", caution="H1", reason="repaired"))["type"] == "answer"
        assert (await picture(client)).surroundings.cautions == ()


async def test_a_caution_that_is_over_leaves_its_incidents(tmp_path: Path) -> None:
    """What a screen shows of an incident does not outlive the caution."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client)
        await client.say("caution", lat=41.5, lon=-90.5, radius_m=100, severity="danger", text="gas")
        await client.say("end_caution", caution="H1", reason="repaired")
        assert (await shown(client, name))["cautions"] == []


async def test_a_crew_asks_for_a_hospital_and_says_where_it_goes(tmp_path: Path) -> None:
    """The ranking comes with the delta; another than the first needs a reason; the assignment names it."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        name = await reported(client, priority=2)
        (unit,) = statuses(running, name)
        await on_scene(client, name, unit)
        told = await client.say("rank_destinations", unit=unit, needs=["burns"])
        assert told["type"] == "answer", told
        await client.say("ping")
        ranked = [each for message in client.seen for each in message.get("destinations", ())][-1]["ranked"]
        assert [(each["hospital"], bool(each["reason"])) for each in ranked] == [("H2", False), ("H1", True)]
        assert refused(await client.say("choose_destination", unit=unit, hospital="H1")) == (
            "reason_required",
            "reason",
        )
        assert (await client.say("choose_destination", unit=unit, hospital="H2"))["type"] == "answer"
        (assignment,) = (await shown(client, name))["assigned"]
        assert assignment["destination"] == "H2"
        told = await client.say("unit_status", unit=unit, status="transporting", incident=name)
        assert told["type"] == "answer"


async def test_staffing_and_meals_are_shown(tmp_path: Path) -> None:
    """How many are on board; a unit at its meal may still be sent."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        assert (await client.say("staffing", unit="M1", staff=1, brings=["patrol"]))["type"] == "answer"
        assert (await client.say("unit_status", unit="B1", status="on_break"))["type"] == "answer"
        await client.say("ping")
        units = {view["id"]: view for each in client.seen for view in each.get("units", ())}
        assert (units["M1"]["staff"], units["B1"]["status"], units["E3"]["agency"]) == (1, "on_break", "next")
        name = await reported(client)
        told = await client.say("dispatch", incident=name, units=["B1"], reason="the nearest")
        assert told["type"] == "answer", told
        assert statuses(running, name) == {"B1": Status.DISPATCHED}
