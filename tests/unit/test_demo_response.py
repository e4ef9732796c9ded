"""What the make-believe city does about the whole response, part by part: judgement, terminals, sums."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
import trio
from msgspec.structs import replace

from engine.model.alert_facts import AlarmKind, AlarmRaised
from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested, RollAnswered, RollCalled
from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    Choice,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
    UnitDiverted,
    UnitsRecommended,
)
from engine.model.inputs import AnyInput, Tick
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.plans import AlarmLevel, Mode
from engine.model.response_facts import IncidentSplit, RecommendationStale, Suspect, UnitSuperseded
from engine.model.response_inputs import AcceptRecommendation
from engine.model.surroundings import Destination, DestinationsRanked
from engine.model.turn import Turn
from engine.model.why import Why
from gateways.cad.crew_messages import AnswerAid, CallRoll
from gateways.cad.messages import AnyCommand, Delta, Dispatch, MergeIncident, Release
from gateways.cad.mirror import Mirror
from gateways.cad.response_messages import Accept, Hold, Stack, StrikeAlarm
from gateways.cad.surroundings_messages import ChooseDestination, RankDestinations
from gateways.demo.callers import GRAVEST, gravest
from gateways.demo.hospitals import Hospitals, needs_of
from gateways.demo.judgement import ONCE, Judgement, Matter
from gateways.demo.line import Line
from gateways.demo.response_tallies import nothing_yet
from gateways.demo.tallies import TICK_MS, Assignments, Commands, Incidents
from gateways.demo.terminals import Terminals
from gateways.views import AssignmentView, IncidentView, UnitView
from tests.builders import NOW, PLANS, UNITS, small_place
from tests.unit.test_demo_parts import callers, demand, incident, on

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


# ── sums over facts ─────────────────────────────────────────────────────────────────────────────────────────

SENT = UnitDispatched(unit="E1", incident="I1", slot="engine", eta_ms=1, by="engine")
AGAIN = UnitDispatched(unit="E1", incident="I2", slot="engine", eta_ms=1, by="engine", diverted=True)
DIVERTED = UnitDiverted("E1", "I1", "I2", "", "engine")
OFF = AssignmentEnded("E1", "I1", Outcome.DIVERTED, Status.AVAILABLE, NOW, "engine")
ASKED = AidRequested("E3", "next", "I1", "engine", NOW + 60_000, "engine")


def summed(*facts: AnyFact, given: AnyInput | None = None, seq: int = 1) -> tuple[Turn, ...]:
    return (Turn(seq, NOW, given or Tick(), facts),)


def there(status: Status) -> AssignmentAdvanced:
    return AssignmentAdvanced("E1", "I1", status, NOW, "E1")


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ((SENT, DIVERTED, OFF, AGAIN), False),
        ((SENT, there(Status.EN_ROUTE), DIVERTED, OFF, AGAIN), False),
        ((SENT, DIVERTED, OFF, AGAIN, DIVERTED), True),
        ((SENT, there(Status.ON_SCENE), DIVERTED), True),
        ((SENT, there(Status.ON_SCENE), UnitSuperseded("E1", "E2", "I1", 1, "", "engine")), True),
        ((SENT, there(Status.STAGING), UnitSuperseded("E1", "E2", "I1", 1, "", "engine")), False),
    ],
)
def test_who_was_turned_round_wrongly_is_named(facts: tuple[AnyFact, ...], *, wrong: bool) -> None:
    """Twice, or off a scene."""
    response = nothing_yet()
    for turn in summed(*facts):
        response.take(turn)
    assert response.turned.wrong == ["E1 at turn 1"] * wrong


def test_every_request_to_a_neighbour_is_followed_to_its_end() -> None:
    """Committed, declined, taken back, open; too long without an end, an answer unasked, and going unasked, are wrong."""
    end = AssignmentEnded("E3", "I1", Outcome.CANCELLED, Status.AVAILABLE, NOW, "cad")
    yes, no = AidCommitted("E3", "next", "I1", "cad"), AidDeclined("E3", "next", "I1", "", "engine")
    sent = replace(SENT, unit="E3")
    for facts, ends, wrong in (
        ((ASKED, yes, sent), {"committed": 1}, 0),
        ((ASKED, no, end), {"declined": 1}, 0),
        ((ASKED, end), {"taken_back": 1}, 0),
        ((yes,), {"committed": 1}, 1),
        ((ASKED, sent), {}, 1),
    ):
        response = nothing_yet()
        for turn in summed(*facts):
            response.take(turn)
        assert dict(response.neighbours.ends) == ends
        assert len(response.neighbours.wrong) == wrong
    response = nothing_yet()
    response.take(summed(ASKED)[0])
    assert response.neighbours.overdue(NOW + 60_000 + TICK_MS, 0) == []
    assert response.neighbours.overdue(NOW + 60_001 + TICK_MS, 0) == ["E3"]
    assert response.neighbours.overdue(NOW + 60_001 + TICK_MS, NOW + 60_002) == []


def test_an_acceptance_that_sends_somebody_else_is_seen() -> None:
    """And a stale one that sends anybody. What the engine sends in the same turn is its own matter."""
    why = Why("p", "t", "routine", ())
    told = UnitsRecommended("I1", Mode.ADVISE, (Choice("engine", "E1", 1),), (), why)
    accept = AcceptRecommendation(id="c1", by="cad", incident="I1", decision=1)
    by_person = replace(SENT, by="cad")
    stale = RecommendationStale("I1", 1, "")
    for facts, accepted, wrong in (
        ((by_person,), 1, 0),
        ((by_person, replace(SENT, unit="E9")), 1, 0),
        ((replace(by_person, unit="E9"),), 1, 1),
        ((stale,), 0, 0),
        ((stale, by_person), 1, 1),
    ):
        response = nothing_yet()
        response.take(summed(told)[0])
        response.take(summed(*facts, given=accept, seq=2)[0])
        assert (response.acceptances.accepted, len(response.acceptances.wrong)) == (accepted, wrong)


def test_a_unit_that_was_asked_and_forgotten_is_named() -> None:
    """Not one that has answered, has left the scene, or is somebody's matter."""
    call = RollCalled("I1", ("E1",), NOW + 1_000, "engine")
    late = NOW + 1_001 + TICK_MS
    alarm = AlarmRaised(alarm="W1", about=AlarmKind.ROLL_UNANSWERED, incident="I1", unit="E1", text="")
    for fact, forgotten in (
        (None, ["E1"]),
        (there(Status.AT_PATIENT), ["E1"]),
        (RollAnswered("E1", "I1", "E1"), []),
        (there(Status.TRANSPORTING), []),
        (OFF, []),
        (alarm, []),
    ):
        response = nothing_yet()
        response.take(summed(call, *([] if fact is None else [fact]))[0])
        assert response.rolls.forgotten(late, 0) == forgotten
        assert response.rolls.forgotten(late - 1, 0) == []


def test_units_of_a_merged_incident_move_and_are_counted_once() -> None:
    """A move from where a unit is not is seen; a request to a neighbour is an assignment."""
    good, bad = Assignments(), Assignments()
    move = AssignmentMoved("E1", "I1", "I2", None, "cad")
    for fact in (SENT, move, replace(OFF, incident="I2"), ASKED, replace(SENT, unit="E3")):
        good.take(fact, 1)
    for fact in (SENT, replace(move, incident="I9")):
        bad.take(fact, 1)
    assert (good.made, good.doubled) == (2, [])
    assert bad.doubled == ["E1 at turn 1"]


def test_an_incident_that_is_split_again_is_open() -> None:
    """Reported = ended + open, whatever became of it in between."""
    report = IncidentReported(
        incident="I1", type="fire", priority=1, x_m=0, y_m=0, plan="fire", area=None, address="", caller="", note="",
        external="", by="cad",
    )  # fmt: skip
    incidents = Incidents()
    for fact in (report, replace(report, incident="I2"), IncidentMerged("I2", "I1", "cad")):
        incidents.take(fact)
    assert (incidents.counts()["merged"], incidents.counts()["open"]) == (1, 1)
    incidents.take(IncidentSplit("I2", "I1", "another flat", "cad"))
    assert (incidents.counts()["merged"], incidents.counts()["open"]) == (0, 2)


def test_a_stale_acceptance_counts_as_refused() -> None:
    """That is what its sender was told, though it is a fact of its own."""
    commands = Commands()
    command = AcceptRecommendation(id="c1", by="cad", incident="I1", decision=1)
    commands.take(command, Turn(2, NOW, command, (RecommendationStale("I1", 1, ""),)))
    assert [kept.code for kept in commands.seen["cad", "c1"]] == ["stale_recommendation"]
