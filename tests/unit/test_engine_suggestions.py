"""What positions suggest: told or applied as the rules say, never over a crew's word."""

import pytest

from engine.core.invariants import violations
from engine.model.facts import AssignmentAdvanced, DutyChanged
from engine.model.lifecycle import Status
from engine.model.rules import GeofenceRules, Suggesting
from engine.model.suggestions import BY_POSITION, StatusSuggested, SuggestStatus
from engine.model.turn import Turn
from engine.state.image import restore, save
from gateways.views import view_unit
from tests.unit.engine_place import Town, engine_place, facts_of, refusal


def town_with(how: Suggesting) -> tuple[Town, str, str]:
    """A town, an incident and the unit that was sent to it and said a minute ago that it is rolling."""
    town = Town(engine_place(geofence=GeofenceRules(how, how)))
    incident = town.report("medical", 1)
    (unit,) = incident.assigned
    town.says(unit, Status.EN_ROUTE)
    town.now += 60_000
    return town, incident.id, unit


def stands(town: Town, unit: str, incident: str | None, *, for_s: int = 20, after_s: int = 0) -> Turn:
    town.now += after_s * 1_000
    status = Status.ON_SCENE if incident else Status.AVAILABLE
    since_ms = town.now - for_s * 1_000
    turn = town.step(SuggestStatus(unit=unit, status=status, incident=incident, since_ms=since_ms, fixes=4, metres=31))
    assert violations(town.world) == []
    assert save(restore(save(town.world))) == save(town.world)
    return turn


def test_a_suggestion_is_told_and_changes_nothing() -> None:
    """People see it beside the unit; the unit's status stays what its crew said."""
    town, incident, unit = town_with(Suggesting.SUGGEST)
    (fact,) = stands(town, unit, incident).facts
    assert isinstance(fact, StatusSuggested)
    assert fact.reason == f"{unit} has stood within 31 m of {incident} for 20 s (4 positions)"
    assert (fact.applied, town.status(unit)) == (False, Status.EN_ROUTE)
    shown = view_unit(town.world, town.unit(unit)).suggested
    assert shown is not None
    assert shown.status is Status.ON_SCENE
    assert refusal(stands(town, unit, incident))[0] == "stale_suggestion"
    town.says(unit, Status.ON_SCENE)
    assert view_unit(town.world, town.unit(unit)).suggested is None


def test_where_rules_say_so_it_counts_until_the_crew_speaks() -> None:
    """The rung is reached at the first position that says so; the crew's own time for it is stronger, even an earlier one."""
    town, incident, unit = town_with(Suggesting.APPLY)
    since_ms = town.now - 20_000
    turn = stands(town, unit, incident)
    (advanced,) = facts_of(turn, AssignmentAdvanced)
    assert (advanced.status, advanced.at_ms, advanced.by) == (Status.ON_SCENE, since_ms, BY_POSITION)
    assignment = town.world.open[incident].assigned[unit]
    assert assignment.stamps[Status.ON_SCENE] == since_ms
    town.says(unit, Status.ON_SCENE, at_ms=since_ms - 5_000)  # stored in the vehicle, and sent on late
    assert assignment.stamps[Status.ON_SCENE] == since_ms - 5_000
    assert assignment.by_position is None


@pytest.mark.parametrize("how", [Suggesting.SUGGEST, Suggesting.APPLY])
def test_what_the_crew_has_said_since_stands(how: Suggesting) -> None:
    """A report within the time it stood there, a rung beyond, staging, another incident: nothing is suggested."""
    town, incident, unit = town_with(how)
    town.says(unit, Status.EN_ROUTE)
    assert refusal(stands(town, unit, incident, for_s=20, after_s=10)) == ("stale_suggestion", "unit")
    town.says(unit, Status.STAGING)
    assert refusal(stands(town, unit, incident, after_s=60))[0] == "stale_suggestion"
    town.says(unit, Status.AT_PATIENT)
    assert refusal(stands(town, unit, incident, after_s=60))[0] == "stale_suggestion"
    assert refusal(stands(town, unit, "I0", after_s=60))[0] == "stale_suggestion"
    assert town.status(unit) is Status.AT_PATIENT


def test_who_never_said_that_it_rolls_is_asked_and_not_moved() -> None:
    """Applied is only what would be the crew's own next word."""
    town = Town(engine_place(geofence=GeofenceRules(Suggesting.APPLY)))
    incident = town.report("medical", 1)
    (unit,) = incident.assigned
    (fact,) = stands(town, unit, incident.id, after_s=120).facts
    assert (fact.applied, town.status(unit)) == (False, Status.DISPATCHED)


def test_in_quarters() -> None:
    """A unit on its way home that stands there is available; one that said so itself is not suggested anything."""
    town, _, unit = town_with(Suggesting.APPLY)
    town.says(unit, Status.ON_SCENE)
    town.says(unit, Status.RETURNING, after_s=600)
    turn = stands(town, unit, None, after_s=300)
    (changed,) = facts_of(turn, DutyChanged)
    assert (changed.duty, changed.by, town.status(unit)) == (Status.AVAILABLE, BY_POSITION, Status.AVAILABLE)
    assert refusal(stands(town, unit, None, after_s=300))[0] == "stale_suggestion"


def test_switched_off_nothing_is_suggested() -> None:
    """Nor of a unit that there is not, nor from the future, nor what positions cannot tell."""
    town, incident, unit = town_with(Suggesting.OFF)
    assert refusal(stands(town, unit, incident)) == ("not_configured", "status")
    town, incident, _ = town_with(Suggesting.SUGGEST)
    assert refusal(stands(town, "nobody", incident)) == ("not_found", "unit")
    assert refusal(stands(town, unit, incident, for_s=-5)) == ("out_of_range", "since_ms")
