"""`Nearest` against a twin that shares no code with it: place by place, every unit looked at by hand."""

import random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.model.facts import UnitDispatched, UnitDiverted, UnitsRecommended
from engine.model.input import Command
from engine.model.inputs import AdoptPlace
from engine.model.lifecycle import FREE, Status
from engine.model.paper import decode_turn, encode
from engine.model.plans import Mode, Slot
from engine.model.response_facts import UnitSuperseded
from engine.model.why import Reason
from engine.policy import JointMatch, Nearest, Quiet, dispatch_named, policy_of
from engine.policy.dispatch.named import NEAREST
from engine.state.records import Incident
from engine.state.world import World
from tests import river_town
from tests.property.days_kit import Steps, days, live_ten_thousand, random_steps
from tests.property.dispatch_kit import UNDER_WAY, some_reviewed, town, world_of
from tests.property.dispatch_oracle import choices_of, eta_ms, turnout_ms
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, engine_place

SEEDS = st.integers(0, 10**9)
Chosen = list[tuple[str, str, str, int, str]]
"""(incident, slot, unit, ETA, whom it is taken from)."""


class Wish(NamedTuple):
    """Places of one incident that are to be filled."""

    key: tuple[int, int, int]
    late: int
    incident: Incident
    lost: str


class Twin:
    """The rule, as one would do it with pencil and paper."""

    def __init__(self, world: World, policy: Nearest, spoken_for: dict[int, int], *, take: bool) -> None:
        self.world, self.policy, self.spoken_for, self.take = world, policy, spoken_for, take
        self.gone: set[int] = set()
        self.chosen: Chosen = []
        self.open: list[tuple[str, str, int]] = []

    def serve(self, incidents: list[Incident]) -> None:
        """Serve all, and whoever loses a unit."""
        wishes = [Wish(_key(each), number, each, "") for number, each in enumerate(incidents)]
        while wishes:
            wish = min(wishes, key=lambda each: each[:2])
            wishes.remove(wish)
            picked, left, ways = [], [], self._ways(wish)
            for way in ways:
                found, missing = self._fill(wish.incident, way)
                if way is ways[0] or sum(n for _, n in missing) < sum(n for _, n in left):
                    picked, left = found, missing
            self.open += [(wish.incident.id, slot, count) for slot, count in left]
            for slot, row, eta, source in picked:
                self.gone.add(row)
                unit = self.world.fleet.ids[row]
                self.chosen.append((wish.incident.id, slot, unit, eta, source))
                if source:
                    wishes.append(
                        Wish(_key(self.world.open[source]), 1000 + len(self.chosen), self.world.open[source], unit)
                    )

    def _ways(self, wish: Wish) -> list[list[tuple[Slot, int]]]:
        incident, plan = wish.incident, self.world.plans[wish.incident.plan]
        own = plan.wanted(incident.option, incident.alarm)
        if wish.lost:
            held = [slot for slot in own if slot.id == incident.assigned[wish.lost].slot]
            return [[(slot, 1) for slot in held if incident.filled.get(slot.id, 0) <= slot.count]]
        names = [incident.option, *(way.id for way in plan.ways() if way.id != incident.option)]
        found = []
        for slots in [plan.wanted(name, incident.alarm) for name in names]:
            room = {slot.id: slot.count for slot in slots}
            if all(count <= room.get(slot, 0) for slot, count in incident.filled.items()):
                found.append([(slot, slot.count - incident.filled.get(slot.id, 0)) for slot in slots])
        return found or [[(slot, slot.count - incident.filled.get(slot.id, 0)) for slot in own]]

    def _fill(self, incident: Incident, way: list[tuple[Slot, int]]) -> tuple[list[Any], list[tuple[str, int]]]:
        picked: list[Any] = []
        missing: dict[str, int] = {}
        before = set(self.gone)
        for slot, places in way:
            for _ in range(places):
                best = min(self._able(incident, slot), default=None)
                if best is None:
                    missing[slot.id] = missing.get(slot.id, 0) + 1
                    continue
                _, row, eta, source = best
                self.gone.add(row)
                picked.append((slot.id, row, eta, source))
        self.gone = before
        return picked, list(missing.items())

    def _able(self, incident: Incident, slot: Slot) -> list[tuple[int, int, int, str]]:
        """(cost, row, ETA, source) of whoever might go."""
        world, found = self.world, []
        for row, unit in enumerate(world.units):
            fits = [
                each.penalty_ms
                for each in slot.choices
                if world.fleet.units[row].capabilities & each.needs == each.needs
            ]
            drive = eta_ms(world, row, incident)
            if row in self.gone or not fits or drive is None or self.spoken_for.get(row, 9) <= incident.priority:
                continue
            if any(other in self.gone or world.units[other].occupied for other in world.fleet.siblings[row]):
                continue
            if unit.incident is None:
                eta, source = drive + turnout_ms(world, row), ""
                if unit.duty not in FREE:
                    continue
            else:
                source = unit.incident
                rolling = world.open[source].assigned[unit.id].status in (Status.EN_ROUTE, Status.STAGING)
                eta = drive + (0 if rolling else turnout_ms(world, row))
                if not self._may_turn(row, incident):
                    continue
            found.append((eta + min(fits), row, eta, source))
        return found

    def _may_turn(self, row: int, incident: Incident) -> bool:
        unit, policy = self.world.units[row], self.policy
        source = self.world.open[str(unit.incident)]
        assignment = source.assigned[unit.id]
        slot = next((each for each in self.world.slots(source) if each.id == assignment.slot), None)
        does_its_job = (
            slot is None or source.filled[slot.id] > slot.count or slot.fits(self.world.fleet.units[row].capabilities)
        )
        return (
            self.take
            and policy.divert
            and source.priority > incident.priority
            and source.priority in policy.divert_from
            and incident.priority in policy.divert_to
            and assignment.status in UNDER_WAY
            and not assignment.diverted
            and does_its_job
        )


def _key(incident: Incident) -> tuple[int, int, int]:
    return incident.priority, incident.reported_ms, incident.number


def check_world(seed: int) -> int:
    """One World of chance is answered as the twin answers it; return how many were diverted."""
    dice = random.Random(seed)
    place = town(dice, dice.randrange(1, 10), 3, crews=dice.random() < 0.5, options=dice.choice((0, 2)))
    world, queue = world_of(dice, place, dice.randrange(4), busy=dice.choice((0, 0.5)))
    policy = _policy(dice)
    take = dice.random() < 0.8
    spoken_for = {row: dice.randrange(1, 6) for row in range(len(world.units)) if dice.random() < 0.1}
    solution = policy.solve(world, queue, some_reviewed(dice, world), take=take, spoken_for=spoken_for)
    twin = Twin(world, policy, spoken_for, take=take)
    twin.serve(queue)
    both = [*solution.proposals.items(), *solution.backfills.items()]
    choices = [(name, choice) for name, each in both for choice in each.choices]
    told = sorted((name, each.slot, each.unit, each.eta_ms, each.source) for name, each in choices)
    assert told == sorted(twin.chosen)
    assert all(not each.replaces and each.clear_ms < 0 for _, each in choices)
    assert _sums((name, short.slot, short.missing) for name, each in both for short in each.short) == _sums(twin.open)
    assert set(solution.taken) == {world.fleet.rows[unit] for _, _, unit, _, _ in twin.chosen}
    for incident in queue:
        _tells_the_truth(policy, world, incident, solution)
    return sum(bool(source) for *_, source in twin.chosen)


def _sums(open_: Any) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for name, slot, count in open_:
        found[name, slot] = found.get((name, slot), 0) + count
    return found


def _policy(dice: random.Random) -> Nearest:
    if dice.random() < 0.3:
        return Nearest()
    source, target = ((1, 2, 3, 4, 5), (1, 2, 3, 4)) if dice.random() < 0.5 else ((2, 3, 4, 5), (1,))
    return Nearest(divert=True, divert_from=source, divert_to=target)


def _tells_the_truth(policy: Nearest, world: World, incident: Incident, solution: Any) -> None:
    """The why names whoever was chosen as chosen, knows no price but the plan's, and says who decided."""
    why = policy.explain(world, incident, solution)
    assert (why.policy, why.proof.slots) == (policy.name, 0)
    named = {each.unit: each for slot in why.slots for each in slot.considered if each.reason is Reason.CHOSEN}
    own = solution.proposals[incident.id].choices
    assert {(each.unit, each.eta_ms) for each in named.values()} == {(each.unit, each.eta_ms) for each in own}
    for slot in why.slots:
        for each in slot.considered:
            assert {what for what, _ in each.prices} <= {"penalty", "crew"}
            assert each.reason not in (Reason.DEARER, Reason.SOON_FREE)


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_each_place_gets_whoever_is_there_first(seed: int) -> None:
    """With crews, second choices, several ways to answer, advice that stands and diversions: as the twin would do it."""
    check_world(seed)


def test_diversions_are_among_what_is_compared() -> None:
    """The claim is about something: in a thousand Worlds dozens of units are turned round."""
    assert sum(check_world(seed) for seed in range(1_000)) > 20


@pytest.mark.slow
def test_ten_thousand_worlds() -> None:
    """The same, over and over."""
    for seed in range(10_000):
        check_world(seed)


def live_with(policy: Nearest, steps: Steps) -> list[Any]:
    """Live a day under the rule, and the same day without reasons; return all facts."""
    loud = Engine(World(streets=river_town.library), policy)
    quiet = Engine(World(streets=river_town.library), Quiet(policy))
    commands = Commands(loud.world)
    facts: list[Any] = []
    inputs: list[tuple[Any, int]] = [(AdoptPlace(engine_place()), MORNING)]
    for numbers, when in steps:
        for given_, now in inputs:
            turn, untold = loud.step(given_, now), quiet.step(given_, now)
            assert decode_turn(encode(turn)) == turn
            assert violations(loud.world) == []
            assert [type(fact) for fact in untold.facts] == [type(fact) for fact in turn.facts]
            facts += turn.facts
        given_ = commands.input_of(numbers)
        known = isinstance(given_, Command) and loud.world.answer(given_) is not None
        inputs = [] if known else [(given_, time_of(loud.world, when))]
    return facts


RULES = st.sampled_from([Nearest(), Nearest(divert=True), Nearest(divert=True, divert_to=(1, 2, 3))])


@settings(max_examples=60, deadline=None)
@given(RULES, days(40))
def test_the_world_stays_whole_under_the_rule(policy: Nearest, steps: Steps) -> None:
    """Whatever comes in: all that must hold holds, and the engine relieves nobody by itself."""
    facts = live_with(policy, steps)
    assert all(fact.by != "engine" for fact in facts if isinstance(fact, UnitSuperseded))
    if not policy.divert:
        assert all(fact.by != "engine" for fact in facts if isinstance(fact, UnitDiverted))


@pytest.mark.slow
def test_ten_thousand_days_under_the_rule() -> None:
    """The same, over and over."""
    live_ten_thousand(lambda seed: live_with(Nearest(divert=True), random_steps(seed, 60)), 0)


def test_diversions_happen_and_are_told_in_the_same_turn() -> None:
    """Over long days units are sent and turned round by the rule, and the why names it."""
    facts = [
        fact
        for seed in range(4)
        for fact in live_with(Nearest(divert=True, divert_to=(1, 2, 3)), random_steps(seed, 400))
    ]
    assert any(isinstance(fact, UnitDiverted) and fact.by == "engine" for fact in facts)
    assert sum(isinstance(fact, UnitDispatched) for fact in facts) > 50
    told = {fact.why.policy for fact in facts if isinstance(fact, UnitsRecommended)}
    assert told == {"nearest, diverts from 2345 to 123"}


def test_settings_out_of_range_are_refused() -> None:
    """A priority that there is not is named."""
    with pytest.raises(ValueError, match="divert_to: 0 is no priority"):
        Nearest(divert=True, divert_to=(0,))


def test_policies_are_found_by_name() -> None:
    """What a grid names is what decides, and what a why names can be asked again."""
    assert dispatch_named("nearest") == (Nearest(), {})
    assert dispatch_named("nearest+divert") == (Nearest(divert=True), {})
    assert dispatch_named("joint") == (JointMatch(), {})
    assert dispatch_named("joint-soon-free-cover") == dispatch_named("matching+divert+supersede+late")
    policy, changes = dispatch_named("matching")
    assert policy == JointMatch(divert=False, wait=False, supersede=False)
    assert changes == {"coverage_ms": (0, 0, 0, 0, 0), "late_percent": 0}
    for name in (*NEAREST, "joint", "joint-divert", "matching", "matching+soon-free"):
        policy = dispatch_named(name)[0]
        assert policy_of(policy.name) == policy
    with pytest.raises(
        ValueError, match=r"no dispatch policy 'fastest'. There are: nearest, nearest\+divert, nearest\+supersede"
    ):
        dispatch_named("fastest")
    with pytest.raises(ValueError, match="calls itself 'random'"):
        policy_of("random")


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_parts_that_are_left_away_play_no_part(seed: int) -> None:
    """The joint policy without a part proposes none of it; without all of them it answers as if only free units were."""
    dice = random.Random(seed)
    place = town(dice, dice.randrange(1, 8), 3, crews=dice.random() < 0.5)
    place = replace(place, plans=tuple(replace(plan, mode=Mode.AUTO) for plan in place.plans))
    world, queue = world_of(dice, place, dice.randrange(1, 4), busy=0.5)
    reviewed = some_reviewed(dice, world)
    for policy in (
        JointMatch(divert=False),
        JointMatch(wait=False),
        JointMatch(supersede=False),
        dispatch_named("matching")[0],
    ):
        assert isinstance(policy, JointMatch)
        chosen = _all(policy, world, queue, reviewed)
        assert policy.divert or all(not choice.source for _, choice in chosen)
        assert policy.wait or all(choice.clear_ms < 0 for _, choice in chosen)
        assert policy.supersede or all(not choice.replaces for _, choice in chosen)
        for incident in queue:
            assert policy.explain(world, incident, policy.solve(world, queue, reviewed)).policy == policy.name
    bare = JointMatch(divert=False, wait=False, supersede=False)
    assert bare.solve(world, queue, reviewed).proposals == JointMatch().solve(world, queue, take=False).proposals


def _all(policy: JointMatch, world: World, queue: list[Incident], reviewed: Any) -> list[tuple[str, Any]]:
    return choices_of(policy.solve(world, queue, reviewed))


def relieved(policy: Nearest, seeds: range) -> list[UnitSuperseded]:
    """Live long days under the rule, whole and equal without reasons (`live_with`), and return who took over by itself."""
    return [
        fact
        for seed in seeds
        for fact in live_with(policy, random_steps(seed, 400))
        if isinstance(fact, UnitSuperseded) and fact.by == "engine"
    ]


def test_who_comes_free_takes_over_only_where_it_is_clearly_sooner() -> None:
    """By as much as the place's rules ask; and nobody is relieved where the policy relieves nobody."""
    rules = engine_place().matching
    found = relieved(Nearest(divert=True, supersede=True), range(12))
    assert found
    assert all(fact.saves_ms > rules.supersede_ms for fact in found)
    assert all(fact.unit != fact.replacement for fact in found)
    assert not relieved(Nearest(divert=True), range(2))
