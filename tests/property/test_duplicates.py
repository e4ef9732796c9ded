"""Suspicion is the same from either side, agrees with a look through the whole board, and discards nothing."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.model.facts import IncidentReported
from engine.model.inputs import AdoptPlace, AmendIncident, CancelIncident, MergeIncident, ReportIncident
from engine.model.rules import DuplicateRules
from engine.policy import duplicates
from engine.policy.duplicates import Call
from engine.state.image import restore, save
from engine.state.world import World
from tests.unit.engine_place import MORNING, TYPES, engine_place

KIND = st.sampled_from([kind.id for kind in TYPES])
METRE = st.integers(-300, 300)
CALLER = st.sampled_from(["", "unknown", "0231 555 1234", "+49 231 5551234", "Ann", "ann", "Bob"])
ADDRESS = st.sampled_from(["", "5 Elm Street", "Elm Street, 5", "7 Elm Street"])
CALL = st.builds(Call, x_m=METRE, y_m=METRE, kind=KIND, at_ms=st.integers(0, 1_000_000), caller=CALLER, address=ADDRESS)
RULES = st.builds(
    DuplicateRules,
    within_ms=st.sampled_from([0, 1, 60_000, 900_000]),
    within_m=st.sampled_from([0, 1, 80, 400]),
    suspect_permille=st.sampled_from([0, 400, 500, 850]),
    suspects=st.integers(1, 5),
)
STEP = st.tuples(st.integers(0, 9), CALL, st.integers(0, 8), st.integers(0, 8), st.integers(0, 300_000))


def _world(rules: DuplicateRules) -> Engine:
    engine = Engine(World())
    engine.step(AdoptPlace(engine_place(duplicates=rules)), MORNING)
    return engine


@given(CALL, CALL, RULES)
@settings(max_examples=1_000, deadline=None)
def test_the_same_from_either_side(one: Call, other: Call, rules: DuplicateRules) -> None:
    """The score and its reasons are those of the other side, but for which call was the earlier one."""
    world = _WORLD.world
    world.place = replace(world.settled, duplicates=rules)
    there, back = duplicates.compare(world, one, other), duplicates.compare(world, other, one)
    assert there[0] == back[0]
    assert 0 <= there[0] <= duplicates.MOST_PERMILLE
    assert [re.sub("earlier|later", "apart", reason) for reason in there[1]] == [
        re.sub("earlier|later", "apart", reason) for reason in back[1]
    ]
    nearer = replace(other, x_m=(one.x_m + other.x_m) // 2, y_m=(one.y_m + other.y_m) // 2, kind=one.kind)
    assert duplicates.compare(world, one, replace(nearer, at_ms=one.at_ms))[0] >= there[0] - 2


_WORLD = _world(DuplicateRules())


@given(st.lists(STEP, max_size=25), RULES)
@settings(max_examples=150, deadline=None)
def test_nothing_is_discarded_and_the_tree_agrees_with_the_board(
    steps: list[tuple[int, Call, int, int, int]], rules: DuplicateRules
) -> None:
    """Every call is an incident of its own whatever it is like; the tree gives what a look through the board gives."""
    engine = _world(rules)
    world, now, calls = engine.world, MORNING, 0
    for number, (kind, call, a, b, later_ms) in enumerate(steps):
        now += later_ms
        key = {"id": f"c{number}", "by": "desk"}
        open_ids = [*world.open, "I0"]
        one, other = open_ids[a % len(open_ids)], open_ids[b % len(open_ids)]
        match kind:
            case 0:
                engine.step(MergeIncident(**key, incident=one, into=other), now)
            case 1:
                engine.step(CancelIncident(**key, incident=one, reason="tests"), now)
            case 2 | 3:
                engine.step(AmendIncident(**key, incident=one, x_m=call.x_m, y_m=call.y_m, type=call.kind), now)
            case _:
                turn = engine.step(
                    ReportIncident(
                        **key,
                        type=call.kind,
                        priority=1,
                        x_m=call.x_m,
                        y_m=call.y_m,
                        caller=call.caller,
                        address=call.address,
                    ),
                    now,
                )
                calls += 1
                assert isinstance(turn.facts[0], IncidentReported)
                assert turn.facts[0].incident in world.open
        assert world.incident_number == calls
        assert violations(world) == []
        asked = replace(call, at_ms=now)
        assert duplicates.find(world, asked) == duplicates.find(restore(save(world), indexed=False), asked)
        assert duplicates.find(world, asked) == _slow(world, asked)


def _slow(world: World, call: Call) -> tuple[object, ...]:
    rules = world.settled.duplicates
    found = []
    for incident in world.open.values():
        other = duplicates.call_of(incident)
        apart = (other.x_m - call.x_m) ** 2 + (other.y_m - call.y_m) ** 2
        permille, reasons = duplicates.compare(world, call, other)
        near = apart <= rules.within_m**2 and abs(other.at_ms - call.at_ms) <= rules.within_ms
        if near and permille >= rules.suspect_permille:
            found.append((-permille, incident.number, incident.id, reasons))
    return tuple(
        duplicates.Suspect(name, -score, reasons) for score, _, name, reasons in sorted(found)[: rules.suspects]
    )
