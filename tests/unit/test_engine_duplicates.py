"""Two calls about one occurrence: told with reasons, never discarded, joined and parted by people."""

from typing import Any

from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.inputs import AmendIncident, CloseIncident, LinkIncidents, MergeIncident, ReportIncident
from engine.model.response_facts import DuplicatesSuspected, IncidentSplit, Suspect
from engine.model.response_inputs import ReopenIncident, SplitIncident, UnlinkIncidents
from engine.model.rules import DuplicateRules
from engine.policy import duplicates
from engine.state.image import restore, save
from tests.unit.engine_place import Town, engine_place, facts_of

PRESSED = 850
"""From here on a screen presses the matter; below it only tells."""


def call(town: Town, kind: str, at: tuple[int, int] = (0, 0), after_s: int = 0, **fields: Any) -> tuple[Suspect, ...]:
    """Report an incident and return what it is suspected to be."""
    turn = town.command(ReportIncident, after_s, type=kind, x_m=at[0], y_m=at[1], **fields)
    assert turn.facts[0].incident == f"I{town.world.incident_number}"
    suspected = facts_of(turn, DuplicatesSuspected)
    assert violations(town.world) == []
    if not suspected:
        return ()
    (fact,) = suspected
    assert turn.facts[1] is fact, "it is told right behind the report"
    assert town.world.open[fact.incident].suspects == fact.suspects
    return fact.suspects


def test_another_caller_at_the_same_spot_is_pressed() -> None:
    """A second call from another caller at the same spot 20 s later about the same thing scores high, with figures."""
    town = Town()
    assert call(town, "fire", caller="0231 555 1234") == ()
    (suspect,) = call(town, "fire", after_s=20, caller="0231 555 9876")
    assert suspect.incident == "I1"
    assert suspect.permille >= PRESSED
    assert suspect.reasons == ("at the same spot", "20 s earlier", "same type")


def test_another_thing_300_m_away_is_not_told() -> None:
    """A theft 300 m from a fire is another matter."""
    town = Town()
    call(town, "fire")
    assert call(town, "crime", at=(300, 0), after_s=20) == ()


def test_two_patients_at_one_address_are_told_and_not_pressed() -> None:
    """Ten minutes apart, other troubles, one address: a person is told, and nothing is pressed on him."""
    town = Town()
    call(town, "fire", address="5 Elm Street")
    (suspect,) = call(town, "medical", after_s=600, address="Elm Street, 5")
    assert 500 <= suspect.permille < PRESSED
    assert suspect.reasons == ("at the same spot", "10 min earlier", "same address")


def test_a_caller_is_known_by_the_number() -> None:
    """The same number counts with and without its country; "unknown" is nobody, and nobody is not the same person."""
    town = Town()
    call(town, "fire", caller="Mrs Miller +49 231 5551234")
    (suspect,) = call(town, "medical", at=(250, 0), after_s=20, caller="0231/5551234")
    assert "same caller" in suspect.reasons
    call(town, "crime", at=(9_000, 0), caller="unknown")
    (suspect,) = call(town, "crime", at=(9_000, 0), caller="Unknown")
    assert "same caller" not in suspect.reasons


def test_alike_kinds_of_work_count_and_the_rest_does_not() -> None:
    """A cardiac arrest is like another medical call; a theft is not like a flood, although both are "other"."""
    types = tuple(
        replace(engine_place().types[0], id=name, name=name) for name in ("medical", "stroke", "theft", "flood", "fire")
    )
    rules = Town(engine_place(types=(*types, *engine_place().types[2:]))).world

    def score(kind: str, other: str) -> int:
        a = duplicates.Call(x_m=0, y_m=0, kind=kind, at_ms=0)
        return duplicates.compare(rules, a, replace(a, kind=other))[0]

    assert score("medical", "medical") > score("medical", "stroke") > score("theft", "flood") == score("theft", "fire")


def test_too_far_or_too_long_ago_is_never_told() -> None:
    """Beyond the rules' metres and minutes nothing is suspected, however alike."""
    town = Town(engine_place(duplicates=DuplicateRules(within_ms=60_000, within_m=100, suspect_permille=0)))
    call(town, "fire", caller="0231 5551234", address="5 Elm Street")
    same = {"caller": "0231 5551234", "address": "5 Elm Street"}
    assert call(town, "fire", at=(100, 1), **same) == ()
    assert [suspect.incident for suspect in call(town, "fire", at=(100, 0), **same)] == ["I2", "I1"]
    assert call(town, "fire", after_s=61, **same) == ()


def test_the_likeliest_come_first_and_only_so_many() -> None:
    """Sorted by score, then by number; at most as many as the rules say."""
    town = Town(engine_place(duplicates=DuplicateRules(suspects=3)))
    for metres in (200, 100, 0, 0, 300):
        call(town, "fire", at=(metres, 0))
    assert [suspect.incident for suspect in call(town, "fire")] == ["I3", "I4", "I2"]


def test_the_second_call_is_dispatched_all_the_same() -> None:
    """A suspected duplicate holds nobody back: the second call has its unit in the same turn."""
    town = Town()
    town.report("medical", 2)
    second = town.report("medical", 2, after_s=20)
    assert second.suspects[0].permille >= PRESSED
    assert second.assigned


def test_a_better_position_is_looked_at_again() -> None:
    """An amendment can raise a suspicion and can end one; one that changes nothing about it says nothing."""
    town = Town()
    town.report("fire", 1)
    second = town.report("fire", 1, at=(5_000, 0), after_s=20)
    assert second.suspects == ()
    turn = town.command(AmendIncident, incident="I2", x_m=30, y_m=0)
    (fact,) = facts_of(turn, DuplicatesSuspected)
    assert [suspect.incident for suspect in fact.suspects] == ["I1"]
    assert not facts_of(town.command(AmendIncident, incident="I2", priority=2), DuplicatesSuspected)
    turn = town.command(AmendIncident, incident="I2", x_m=5_000, y_m=0)
    assert facts_of(turn, DuplicatesSuspected) == [DuplicatesSuspected("I2", ())]


def test_the_ended_and_the_linked_are_no_suspects() -> None:
    """Views show only what is still to be decided: neither what has ended nor what people have linked."""
    town = Town()
    first, second = town.report("rescue", 2), town.report("rescue", 2)
    third = town.report("rescue", 2)
    names = [suspect.incident for suspect in duplicates.standing(town.world, third)]
    assert names == ["I1", "I2"]
    town.command(LinkIncidents, incident=first.id, other=third.id)
    assert [suspect.incident for suspect in duplicates.standing(town.world, third)] == ["I2"]
    town.command(CloseIncident, incident=second.id, disposition="nothing found")
    assert duplicates.standing(town.world, third) == ()
    assert duplicates.find(town.world, duplicates.call_of(third), third.id) == ()


def test_a_merged_incident_leaves_the_suspects() -> None:
    """Merging is one step for a person, and takes the suspicion with it."""
    town = Town()
    town.report("rescue", 2)
    second = town.report("rescue", 2)
    town.command(MergeIncident, incident=second.id, into="I1")
    assert violations(town.world) == []
    assert duplicates.find(town.world, duplicates.call_of(town.world.open["I1"]), "I1") == ()
    third = town.report("rescue", 2)
    assert [suspect.incident for suspect in third.suspects] == ["I1"]


def test_report_suspect_merge_split() -> None:
    """The whole way and back: suspected, merged by a person, split again; then both are on the board and suspect."""
    town = Town()
    first = town.report("rescue", 2, at=(50, 0))
    second = town.report("rescue", 2, after_s=30)
    assert [suspect.incident for suspect in second.suspects] == [first.id]
    town.command(MergeIncident, incident=second.id, into=first.id)
    assert duplicates.standing(town.world, second) == (), "merged, so decided"
    turn = town.command(SplitIncident, incident=second.id, reason="another flat", after_s=60)
    assert turn.facts[0] == IncidentSplit(second.id, first.id, "another flat", "desk")
    assert violations(town.world) == []
    third = town.report("rescue", 2, after_s=30)
    assert {suspect.incident for suspect in third.suspects} == {first.id, second.id}
    back = restore(save(town.world))
    assert duplicates.find(back, duplicates.call_of(third), third.id) == third.suspects
    town.command(LinkIncidents, incident=third.id, other=first.id)
    town.command(UnlinkIncidents, incident=third.id, other=first.id)
    assert {suspect.incident for suspect in duplicates.standing(town.world, third)} == {first.id, second.id}


def test_a_reopened_incident_is_a_suspect_again() -> None:
    """Closed too early and opened again: the next call is held against it."""
    town = Town()
    first = town.report("rescue", 2)
    town.command(CloseIncident, incident=first.id, disposition="nothing found")
    assert town.report("rescue", 2, after_s=20).suspects == ()
    town.command(ReopenIncident, incident=first.id, reason="found after all")
    assert violations(town.world) == []
    assert [suspect.incident for suspect in town.report("rescue", 2, after_s=20).suspects] == ["I2", "I1"]


def test_asking_changes_nothing_and_a_follower_answers_alike() -> None:
    """The question that is asked while the caller speaks is pure; a follower without trees gives the same answer."""
    town = Town()
    for metres in (0, 50, 350, 3_000):
        town.report("fire", 1, at=(metres, 0))
    asked = duplicates.Call(x_m=10, y_m=0, kind="fire", at_ms=town.now)
    before = save(town.world)
    found = duplicates.find(town.world, asked)
    assert [suspect.incident for suspect in found] == ["I1", "I2", "I3"]
    assert save(town.world) == before
    follower, back = restore(before, indexed=False), restore(before)
    assert follower.scenes is None
    assert duplicates.find(follower, asked) == duplicates.find(back, asked) == found
