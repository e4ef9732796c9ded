"""What the make-believe city does about the whole response, part by part: judgement, callers, terminals, hospitals."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import trio
from msgspec.structs import replace

from engine.model.facts import (
    Choice,
)
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.plans import AlarmLevel, Mode
from engine.model.response_facts import Suspect
from engine.model.surroundings import Destination, DestinationsRanked
from gateways.cad.messages import Delta
from gateways.cad.mirror import Mirror
from gateways.demo.callers import GRAVEST, gravest
from gateways.demo.hospitals import Hospitals, needs_of
from gateways.demo.judgement import ONCE, THINK_AGAIN_MS, Judgement, Matter
from gateways.demo.line import Line
from gateways.demo.terminals import Terminals
from gateways.views import AssignmentView, IncidentView, UnitView
from gateways.vocabulary.crew_messages import AnswerAid, CallRoll
from gateways.vocabulary.incident_messages import AnyCommand, Dispatch, MergeIncident, Release
from gateways.vocabulary.response_messages import Accept, Hold, Stack, StrikeAlarm
from gateways.vocabulary.surroundings_messages import ChooseDestination, RankDestinations
from tests.builders import NOW, PLANS, UNITS, small_place
from tests.unit.demo_kit import callers, demand, incident, on

ROUTINE = next(plan for plan in PLANS if plan.mode is Mode.ADVISE)
FIRE = next(plan for plan in PLANS if plan.id == "fire")


def unit(name: str, status: Status = Status.AVAILABLE, **changes: object) -> UnitView:
    described = next(each for each in UNITS if each.id == name)
    fields: dict[str, object] = {
        "id": name,
        "kind": described.kind,
        "capabilities": (str(described.capabilities),),
        "station": described.station,
        "crew": None,
        "status": status,
        "incident": None,
        "emergency": None,
        "lat": 41.5,
        "lon": -90.5,
        "fix_ms": None,
        "assumed": True,
        "reported_ms": NOW,
    }
    return UnitView(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def judged(*views: IncidentView, units: tuple[UnitView, ...] = (), seed: int = 7) -> dict[Matter, AnyCommand]:
    """Return what the desk would do sooner or later."""
    mirror = Mirror()
    mirror.incidents = {view.id: view for view in views}
    mirror.units = {view.id: view for view in units}
    return {matter: command for matter, (_, command) in judgement(mirror, seed).things(NOW)}


def judgement(mirror: Mirror, seed: int = 7) -> Judgement:
    ours = tuple(replace(each, agency="next") if each.id == "E3" else each for each in UNITS)
    levels = (AlarmLevel(2, FIRE.slots),)
    plans = tuple(replace(plan, alarms=levels) if plan.id == "fire" else plan for plan in PLANS)
    return Judgement(small_place(units=ours, plans=plans), mirror, seed)


def asking(number: int = 1, **changes: object) -> IncidentView:
    """An incident with a recommendation of B1, made at turn 9."""
    fields: dict[str, object] = {
        "plan": ROUTINE.id,
        "priority": 4,
        "lacks": {"medic": 1},
        "recommended": (Choice("medic", "B1", 200_000),),
        "decided_seq": 9,
    }
    return incident(number, **{**fields, **changes})


# ── the desk's judgement ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_recommended_is_accepted_by_its_number_most_times() -> None:
    """Of five hundred incidents a few are held, stacked or given to another crew; never two things at once."""
    fleet = (unit("B1"), unit("B2"), unit("B2", Status.ON_SCENE))
    free, busy = fleet[:2], (fleet[0], fleet[2])
    kinds = []
    for number in range(500):
        ways = [judged(asking(number), units=units) for units in (free, busy)]
        kinds += [type(command) for way in ways for matter, command in way.items() if matter[0] != "cancel"]
        assert all(len([matter for matter in way if matter[0] != "cancel"]) == 1 for way in ways)
    shares = {kind: kinds.count(kind) / len(kinds) for kind in set(kinds)}
    assert shares.keys() == {Accept, Dispatch, Hold, Stack}
    assert shares[Accept] > 0.6
    assert all(share > 0.02 for share in shares.values())


def test_an_acceptance_names_the_decision_and_another_way_its_reason() -> None:
    """An override names the nearest other unit of the same kind; nothing urgent is put off."""
    others = (unit("B1"), unit("B2"))
    for number in range(200):
        for command in judged(asking(number, priority=2), units=others).values():
            assert not isinstance(command, Hold | Stack)
            if isinstance(command, Accept):
                assert (command.incident, command.decision) == (f"I{number}", 9)
            if isinstance(command, Dispatch):
                assert (command.units, bool(command.reason)) == (("B2",), True)


def test_the_next_best_is_not_sent_at_once_where_the_last_unit_was_released() -> None:
    """Somebody had a reason to release it, and has a minute to send whom they want."""
    released = replace(on("B2", Status.EN_ROUTE), outcome=Outcome.RELEASED)
    mirror = Mirror()
    mirror.incidents = {"I1": asking(past=(released,))}
    taken = {matter[0]: after_ms for matter, (after_ms, _) in judgement(mirror).things(NOW)}
    assert taken == {"accept": THINK_AGAIN_MS}


def test_what_is_only_waited_for_is_not_accepted() -> None:
    """Nor what is held or stacked already."""
    waiting = (replace(asking().recommended[0], clear_ms=60_000),)
    for changes in ({"recommended": waiting}, {"held_until_ms": NOW + 1}, {"stacked_on": "B1"}):
        assert not judged(asking(**changes), units=(unit("B1"), unit("B2")))


def test_what_is_done_once_is_not_done_again() -> None:
    """After a hold, a stack or an override, whatever came of it, the next recommendation is accepted."""
    mirror = Mirror()
    mirror.units = {"B1": unit("B1"), "B2": unit("B2")}
    desk = judgement(mirror)
    tried = 0
    for number in range(200):
        mirror.incidents = {f"I{number}": asking(number)}
        for matter, _ in list(desk.things(NOW)):
            if matter[0] in ONCE:
                tried += 1
                desk.settle(matter)
                assert "accept" in {kind for (kind, _), _ in desk.things(NOW)}
    assert tried > 10


def test_very_likely_duplicates_are_merged_into_the_earlier_report() -> None:
    """Not those that are less alike, nor the earlier one into the later."""
    first, second = incident(1), incident(2, reported_ms=NOW + 60_000)

    def merged(permille: int, *, of: IncidentView = second, into: IncidentView = first) -> list[AnyCommand]:
        views = (replace(of, suspects=(Suspect(into.id, permille, ()),)), into)
        return [command for command in judged(*views).values() if isinstance(command, MergeIncident)]

    (command,) = merged(900)
    assert isinstance(command, MergeIncident)
    assert (command.incident, command.into) == ("I2", "I1")
    assert merged(700) == []
    assert merged(900, of=first, into=second) == []


def test_a_fire_with_crews_on_scene_gets_a_second_alarm_and_a_roll_call() -> None:
    """Some do, once; none before somebody is there, and none at a place that has no plan for it."""
    there, coming = (on("E1", Status.ON_SCENE), on("E2", Status.ON_SCENE)), (on("E1", Status.EN_ROUTE),)

    def kinds(assigned: tuple[AssignmentView, ...], plan: str = "fire", level: int = 1) -> set[type]:
        view = [
            incident(number, plan=plan, phase=Phase.ON_SCENE, assigned=assigned, alarm_level=level)
            for number in range(30)
        ]
        return {type(command) for command in judged(*view).values()} & {StrikeAlarm, CallRoll}

    assert kinds(there) == {StrikeAlarm, CallRoll}
    assert kinds(there, level=2) == {CallRoll}
    assert kinds(there[:1]) == {StrikeAlarm}
    assert kinds(coming) == set()
    assert kinds(there, plan="routine") == set()


def test_who_has_no_place_in_the_plan_is_called_back_until_it_has_arrived() -> None:
    """Two ambulances for one sprained ankle, because two people called."""
    for status, recalled in ((Status.EN_ROUTE, True), (Status.ON_SCENE, False)):
        extra = replace(on("M2", status), slot=None)
        found = judged(incident(phase=Phase.EN_ROUTE, assigned=(on("M1", Status.EN_ROUTE), extra)))
        assert [command.unit for command in found.values() if isinstance(command, Release)] == ["M2"] * recalled


def test_the_desk_answers_for_the_neighbour_mostly_with_yes() -> None:
    """Only about units that are asked for; a no has its reason."""
    answers = []
    for number in range(200):
        asked = unit("E3", Status.REQUESTED, incident=f"I{number}")
        (answer,) = judged(units=(asked, unit("E1", Status.DISPATCHED))).values()
        assert isinstance(answer, AnswerAid)
        assert (answer.unit, answer.incident) == ("E3", f"I{number}")
        assert answer.committed or answer.reason
        answers.append(answer.committed)
    assert 0.7 < sum(answers) / len(answers) < 0.95


def test_the_same_seed_judges_alike() -> None:
    """Another desk of the same seed decides the same; of another seed, not."""
    crowd = [asking(number) for number in range(100)]
    fleet = (unit("B1"), unit("B2"))

    def kinds(seed: int) -> list[Matter]:
        return sorted(judged(*crowd, units=fleet, seed=seed))

    assert kinds(7) == kinds(7)
    assert kinds(7) != kinds(8)


# ── callers, terminals and hospitals ────────────────────────────────────────────────────────────────────────


def test_some_callers_call_about_the_same() -> None:
    """From the same spot, a little later, from another telephone; a share of a few in the hundred."""
    calls = [call for call, _ in zip(callers().calls(), range(2_000), strict=False)]
    spots: dict[tuple[int, int, str], int] = {}
    again = []
    for call in calls:
        spot = (call.x_m, call.y_m, call.address)
        if spot in spots:
            again.append(call.at_ms - spots[spot])
        spots[spot] = call.at_ms
    assert 0.03 < len(again) / len(calls) < 0.12
    assert 20_000 < sorted(again)[len(again) // 2] < 200_000


def test_a_demo_opens_with_the_gravest_call_that_has_further_alarms() -> None:
    """Where no plan has any, the opening is as chance has it."""
    assert gravest(small_place(), demand()) is None
    plans = tuple(replace(plan, alarms=(AlarmLevel(2, plan.slots),)) if plan is FIRE else plan for plan in PLANS)
    found = gravest(small_place(plans=plans), demand())
    assert found is not None
    assert (found.type, found.priority) == ("fire", 1)
    assert GRAVEST < 6


def delta(*incidents: IncidentView, destinations: tuple[DestinationsRanked, ...] = ()) -> Delta:
    return Delta(
        seq=2, prev=1, at_ms=NOW, incidents=incidents, units=(), alarms=(), cleared=(), recommendations=(), events=(),
        destinations=destinations,
    )  # fmt: skip


def test_a_merged_incident_goes_on_under_its_new_number() -> None:
    """Over two merges; one that is split again bears its own number."""
    terminals = Terminals()
    terminals.take(delta(incident(3, merged_into="I2", ended_ms=NOW), incident(2, merged_into="I1", ended_ms=NOW)))
    assert [terminals.number_of(name) for name in ("I1", "I2", "I3", "I4")] == ["I1", "I1", "I1", "I4"]
    terminals.take(delta(incident(3)))
    assert terminals.number_of("I3") == "I3"


class Town:
    """Answers what crews ask, and shows rankings on their terminals."""

    def __init__(self, *rankings: tuple[Destination, ...], refuse: int = 0) -> None:
        self.asked: list[AnyCommand] = []
        self.terminals = Terminals()
        self._rankings: Iterator[tuple[Destination, ...]] = iter(rankings)
        self._refuse = refuse
        place = SimpleNamespace(
            hospitals=[
                SimpleNamespace(id=f"H{number}", x_m=number, y_m=0, services=("stroke",)[: number % 2])
                for number in (1, 2)
            ]
        )
        self.hospitals = Hospitals(place, cast("Line", self), self.terminals)  # type: ignore[arg-type]

    def show(self, needs: tuple[str, ...] = ()) -> None:
        ranked = next(self._rankings, None)
        if ranked is not None:
            self.terminals.take(delta(destinations=(DestinationsRanked("M1", "I1", needs, ranked),)))

    async def ask(self, command: AnyCommand) -> object | None:
        await trio.lowlevel.checkpoint()
        self.asked.append(command)
        if isinstance(command, RankDestinations):
            self.show(command.needs)
            return command
        self._refuse -= 1
        return None if self._refuse >= 0 else command


def to(hospital: str, reason: str = "") -> Destination:
    return Destination(hospital, 60_000, 0, 0, reason)


async def test_a_crew_takes_the_first_of_the_ranking() -> None:
    """And says so; where all are out it says why it goes there all the same."""
    town = Town((to("H2"), to("H1")))
    town.show()
    assert await town.hospitals.choose("M1") == (2, 0)
    out = Town((to("H1", "it is closed"),))
    out.show()
    assert await out.hospitals.choose("M1") == (1, 0)
    (first,), (second,) = town.asked, out.asked
    assert isinstance(first, ChooseDestination)
    assert isinstance(second, ChooseDestination)
    assert (first.hospital, first.reason, second.hospital) == ("H2", "", "H1")
    assert second.reason


async def test_a_crew_that_is_told_nothing_asks(autojump_clock: trio.testing.MockClock) -> None:
    """Twice; then it drives to the nearest. A choice that no longer holds is looked up anew."""
    del autojump_clock
    asks = Town((to("H1"),))
    assert await asks.hospitals.choose("M1") == (1, 0)
    assert await Town().hospitals.choose("M1") is None
    late = Town((to("H1"),), (to("H2"),), refuse=1)
    late.show()
    assert await late.hospitals.choose("M1") == (2, 0)
    assert [type(command) for command in late.asked] == [ChooseDestination, RankDestinations, ChooseDestination]


async def test_a_crew_says_what_its_patient_needs() -> None:
    """Where the kind of incident names a service that some hospital has; an older ranking is forgotten."""
    assert needs_of("stroke", ["cardiac", "stroke"]) == ("stroke",)
    assert needs_of("cardiac_arrest", ["cardiac", "stroke"]) == ("cardiac",)
    assert needs_of("fall", ["cardiac", "stroke"]) == ()
    town = Town((to("H1"),))
    await town.hospitals.tell_needs("M1", "stroke")
    await town.hospitals.tell_needs("M1", "fall")
    (question,) = town.asked
    assert isinstance(question, RankDestinations)
    assert question.needs == ("stroke",)
    with trio.move_on_after(0.01) as waited:
        await town.terminals.ranking("M1")
    assert waited.cancelled_caught
