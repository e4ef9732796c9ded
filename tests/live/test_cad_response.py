"""The course of a response over the wire: each message reaches the engine, is answered, and shows on every screen."""

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import msgspec
import pytest
from msgspec.structs import replace

from engine.model.lifecycle import Phase, Status
from engine.model.place import Agency, Hospital, Place
from engine.model.plans import AlarmLevel
from gateways.cad.client import Refused, connect, new_id
from gateways.cad.messages import Delta, Snapshot, decode_server
from gateways.cad.mirror import Mirror
from gateways.cad.questions import AskSuspects, AskWhy, SuspectsTold
from gateways.cad.schema import schemas
from tests.builders import PLANS, UNITS, Running, serve_place, small_place, token
from tests.live.cad_kit import HELLO, Wire, until, wire

SICK = {"incident_type": "sick", "lat": 41.5, "lon": -90.5, "priority": 3, "address": "12 Mill Lane"}
HOUR_MS = 3_600_000


def place() -> Place:
    """The small place, with a second alarm at fires, a neighbour's engine, people on M1 and two hospitals."""
    fire = next(plan for plan in PLANS if plan.id == "fire")
    level = AlarmLevel(2, (replace(fire.slots[0], id="more", count=1),))
    plans = tuple(replace(plan, alarms=(level,)) if plan is fire else plan for plan in PLANS)
    changes: dict[str, dict[str, Any]] = {"E3": {"agency": "next"}, "M1": {"staff": 2, "staff_min": 1}}
    return small_place(
        plans=plans,
        units=tuple(replace(unit, **changes.get(unit.id, {})) for unit in UNITS),
        agencies=(Agency("next", "Next Town", 1),),
        hospitals=(Hospital("H1", "General", 0, 1_000, ("stroke",)), Hospital("H2", "Eastern", 6_000, 0, ("burns",))),
    )


def refused(told: dict[str, Any]) -> tuple[str, str]:
    assert told["type"] == "refused", told
    assert len(told["reason"]) > 10
    return told["code"], told["field"]


async def reported(client: Wire, **fields: object) -> str:
    told = await client.say("report_incident", **{**SICK, **fields})
    assert told["type"] == "answer", told
    return str(told["incident"])


async def shown(client: Wire, incident: str) -> dict[str, Any]:
    """Return the latest view of the incident that the client was sent, once it has been sent all there is."""
    await client.say("ping")
    views = [view for each in client.seen for view in each.get("incidents", ()) if view["id"] == incident]
    return dict(views[-1])


def statuses(running: Running, incident: str) -> dict[str, Status]:
    return {unit: each.status for unit, each in running.service.world.incidents[incident].assigned.items()}


async def on_scene(client: Wire, incident: str, *units: str) -> None:
    for unit in units:
        told = await client.say("unit_status", unit=unit, status="on_scene", incident=incident)
        assert told["type"] == "answer", told


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


@pytest.mark.xfail(reason="the board tells incidents of new cautions only: gateways/surroundings_views.py")
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


# ── refusals and rights ─────────────────────────────────────────────────────────────────────────────────────

REFUSALS: list[tuple[str, dict[str, object], str, str]] = [
    ("accept", {"incident": "I9", "decision": 1}, "unknown_incident", "incident"),
    ("supersede", {"incident": "I1", "unit": "B9", "replacement": "B1"}, "unknown_unit", "unit"),
    ("supersede", {"incident": "I1", "unit": "B1", "replacement": "B9"}, "unknown_unit", "replacement"),
    ("strike_alarm", {"incident": "I1"}, "no_alarms", "incident"),
    ("hold", {"incident": "I1", "until_ms": 1, "reason": "x"}, "out_of_range", "until_ms"),
    ("hold", {"incident": "I1", "until_ms": 1, "reason": ""}, "missing", "reason"),
    ("end_hold", {"incident": "I1"}, "not_held", "incident"),
    ("stack", {"incident": "I1", "unit": "B2"}, "not_assigned", "unit"),
    ("unstack", {"incident": "I1"}, "not_stacked", "incident"),
    ("reopen", {"incident": "I1", "reason": "x"}, "not_ended", "incident"),
    ("split_incident", {"incident": "I1", "reason": "x"}, "not_merged", "incident"),
    ("unlink_incidents", {"incident": "I1", "other": "I9"}, "not_linked", "other"),
    ("staffing", {"unit": "X1", "staff": 1}, "unknown_unit", "unit"),
    ("staffing", {"unit": "M1", "staff": 1, "brings": ["wings"]}, "unknown_capability", "brings"),
    ("call_roll", {"incident": "I1"}, "nobody_on_scene", "incident"),
    ("answer_roll", {"unit": "M1"}, "not_on_scene", "unit"),
    ("answer_aid", {"unit": "E3", "incident": "I1", "committed": True}, "not_requested", "unit"),
    ("caution", {"lat": 41.7, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": "x"}, "out_of_range", "lat"),
    ("caution", {"lat": 41.5, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": ""}, "missing", "text"),
    ("end_caution", {"caution": "H9"}, "unknown_caution", "caution"),
    ("hospital_status", {"hospital": "H9", "state": "open"}, "unknown_hospital", "hospital"),
    ("hospital_status", {"hospital": "H1", "state": "open", "until_ms": 1}, "out_of_range", "until_ms"),
    ("rank_destinations", {"unit": "M2"}, "not_assigned", "unit"),
    ("choose_destination", {"unit": "M2", "hospital": "H1"}, "not_assigned", "unit"),
    ("report_incident", {"lat": 41.5, "lon": -90.5}, "missing", "incident_type"),
    ("report_incident", {"lat": 41.5, "lon": -90.5, "code": "99-Z-9"}, "unknown_code", "code"),
    ("report_incident", {**SICK, "due_ms": 2**52}, "out_of_range", "due_ms"),
]


async def test_refusals_name_the_field_in_the_words_of_the_wire(tmp_path: Path) -> None:
    """Whatever the engine refuses: the code, a field that the message has, and what to do."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        await reported(client)
        wrong = []
        for kind, fields, code, field in REFUSALS:
            told = await client.say(kind, **fields)
            if (told["type"], told.get("code"), told.get("field")) != ("refused", code, field):
                wrong.append((kind, fields, told))
        assert wrong == []
        assert len(running.service.world.incidents) == 1


async def test_each_role_may_do_what_is_its_own(tmp_path: Path) -> None:
    """Call takers write down, crews speak for their own unit, observers watch and ask."""
    orders = [
        ("accept", {"incident": "I1", "decision": 1}),
        ("strike_alarm", {"incident": "I1"}),
        ("call_roll", {"incident": "I1"}),
    ]
    danger = {"lat": 41.5, "lon": -90.5, "radius_m": 9, "severity": "danger", "text": "gas"}
    async with serve_place(tmp_path, place=place()) as running:
        async with wire(running, {**HELLO, "token": token("calls")}) as calls:
            assert (await calls.say("caution", **danger))["type"] == "answer"
            assert (await calls.say("hospital_status", hospital="H1", state="busy"))["type"] == "answer"
            for kind, fields in (*orders, ("staffing", {"unit": "M1", "staff": 2})):
                assert refused(await calls.say(kind, **fields)) == ("unauthorised", "type")
        async with wire(running, {**HELLO, "token": token("crew-m1")}) as crew:
            assert (await crew.say("staffing", unit="M1", staff=1))["type"] == "answer"
            for kind, fields in (
                ("staffing", {"staff": 1}),
                ("answer_roll", {}),
                ("rank_destinations", {}),
                ("choose_destination", {"hospital": "H1"}),
            ):
                assert refused(await crew.say(kind, unit="M2", **fields)) == ("unauthorised", "unit")
            for kind, fields in (*orders, ("caution", danger)):
                assert refused(await crew.say(kind, **fields)) == ("unauthorised", "type")
        async with wire(running, {**HELLO, "token": token("wall")}) as wall:
            assert (await wall.say("ask_suspects", lat=41.5, lon=-90.5))["type"] == "suspects_told"
            for kind, fields in (*orders, ("caution", danger), ("staffing", {"unit": "M1", "staff": 2})):
                assert refused(await wall.say(kind, **fields)) == ("unauthorised", "type")
        assert running.service.world.unit("M1").staff == 1


# ── the same picture everywhere ─────────────────────────────────────────────────────────────────────────────


async def everything(client: Wire, now: int) -> None:
    """Let something of each kind happen: suspects, holds, stacks, cautions, hospitals, staffing, neighbours."""
    first, second = await reported(client), await reported(client)
    await client.say(
        "caution", lat=41.5, lon=-90.5, radius_m=500, severity="danger", text="gas", until_ms=now + HOUR_MS
    )
    await client.say("caution", lat=41.49, lon=-90.5, radius_m=50, severity="notice", text="code 4", caution="gate")
    await client.say("hospital_status", hospital="H2", state="closed")
    await client.say("staffing", unit="M1", staff=1)
    await client.say("dispatch", incident=first, units=["E3"], reason="it knows the place")
    await client.say("hold", incident=second, until_ms=now + HOUR_MS, reason="later")
    await client.say("end_caution", caution="gate")
    await reported(client, lat=41.51, priority=2)


def same(one: Mirror, other: Mirror) -> None:
    for field in ("seq", "incidents", "units", "alarms", "surroundings", "roads"):
        assert getattr(one, field) == getattr(other, field), field


async def picture(client: Wire, known: Mirror | None = None) -> Mirror:
    """Return what the client has been shown by now, on top of what it knew."""
    await client.say("ping")
    mirror = known or Mirror()
    for message in client.seen:
        if message["type"] in ("snapshot", "delta"):
            decoded = decode_server(msgspec.json.encode(message))
            assert isinstance(decoded, Snapshot | Delta)
            mirror.take(decoded)
    return mirror


async def test_who_stayed_who_came_back_and_who_is_new_see_the_same(tmp_path: Path) -> None:
    """Cautions, hospitals, suspects, numbers of decisions: by deltas, by missed deltas, by a snapshot."""
    async with serve_place(tmp_path, place=place()) as running:
        async with wire(running) as leaver:
            left = await picture(leaver)
        async with wire(running) as client:
            await everything(client, running.service.clock.now())
            last = running.service.world.seq
            await until(lambda: running.board.world.seq == last)
            stayed = await picture(client)
            async with wire(running, {**HELLO, "resume_from": left.seq}) as again:
                assert again.seen[0]["resumed"] is True
                back = await picture(again, left)
            async with wire(running) as fresh:
                new = await picture(fresh)
        board = running.board.snapshot()
        assert list(stayed.incidents.values()) == list(board.incidents)
        assert stayed.surroundings == board.surroundings
        same(stayed, back)
        same(stayed, new)
        assert [view.id for view in stayed.surroundings.cautions] == ["H1"]
        assert any(view.suspects for view in stayed.incidents.values())
        assert any(view.decided_seq for view in stayed.incidents.values())
        assert {view.state for view in stayed.surroundings.hospitals} == {"open", "closed"}


async def test_what_is_sent_and_said_fits_the_schema(tmp_path: Path) -> None:
    """A whole response, message by message, in both directions."""
    read = [msgspec.json.decode(schemas()[name]) for name in ("cad.v1.server.json", "cad.v1.client.json")]
    server, outgoing = (jsonschema.Draft202012Validator(each) for each in read)
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        send = client.send

        async def checked(message: dict[str, Any] | str) -> None:
            outgoing.validate(message)
            await send(message)

        client.send = checked  # type: ignore[method-assign]  # listens in
        await everything(client, running.service.clock.now())
        await client.say("ask_suspects", lat=41.5, lon=-90.5, incident_type="sick")
        for message in client.seen:
            server.validate(message)
        assert {"delta", "answer", "suspects_told"} <= {each["type"] for each in client.seen}


async def test_the_client_asks_questions_beside_commands(tmp_path: Path) -> None:
    """`inquire` gives what was told; a server without a journal that could be asked says so."""
    async with serve_place(tmp_path, place=place()) as running, connect(running.url, token("cad")) as client:
        told = await client.inquire(AskSuspects(id=new_id(), lat=41.5, lon=-90.5))
        assert isinstance(told, SuspectsTold)
        assert told.suspects == ()
        with pytest.raises(Refused) as refusal:
            await client.inquire(AskWhy(id=new_id(), incident="I1"))
        assert refusal.value.code == "unavailable"
