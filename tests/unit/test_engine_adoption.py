"""A place changes while its incidents run: what is in use stays, units come and go, nobody is sent twice."""

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.facts import UnitDispatched
from engine.model.geometry import Projection
from engine.model.inputs import AdoptPlace, DeclareEmergency, ResolveEmergency
from engine.model.lifecycle import Status
from engine.model.place import IncidentType, Place, Unit
from engine.state.image import restore, save, state_hash
from tests.unit.engine_place import ALS, ENGINE, LADDER, PLANS, UNITS, Town, engine_place, facts_of, refusal, slot

MEDICAL = replace(PLANS[0], types=("other",))
FIRE = replace(PLANS[2], slots=(slot("pump", ENGINE, 2), slot("ladder", LADDER)))


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (engine_place(plans=(replace(PLANS[2], id="other"), *PLANS[:2])), "plan"),
        (engine_place(types=(IncidentType("medical", "medical", 1),)), "incident type"),
        (engine_place(units=UNITS[6:]), "units"),
        (engine_place(units=tuple(replace(unit, crew="C1") for unit in UNITS)), "crews"),
        (engine_place(projection=Projection(1.0, 1.0)), "centre"),
    ],
)
def test_what_is_in_use_is_not_taken_away(place: Place, field: str) -> None:
    """A plan, a type, a unit of an open incident, or the meaning of positions: refused, with its name."""
    town = Town()
    town.report("fire")
    assert refusal(town.step(AdoptPlace(place))) == ("in_use", field)
    assert town.world.place == engine_place()


def test_a_unit_that_left_the_place_is_never_sent() -> None:
    """It keeps its row, and neither the engine nor a person can send it; whoever comes new is sent at once."""
    town = Town()
    for unit in ("A2", "B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    others = [unit for unit in UNITS if unit.id != "A1"]
    town.step(AdoptPlace(engine_place(units=tuple(others))))
    incident = town.report("medical", 1)
    assert not incident.assigned
    assert refusal(town.send(incident, "A1")) == ("unknown_unit", "units")
    new = Unit("A0", "als ambulance", ALS, "Central", tracked=False)
    turn = town.step(AdoptPlace(engine_place(units=(*others, new))))
    assert [fact.unit for fact in facts_of(turn, UnitDispatched)] == ["A0"]
    assert town.world.fleet.rows["A0"] == len(UNITS)
    assert violations(town.world) == []


def test_a_unit_that_left_in_an_emergency_can_still_be_found_safe() -> None:
    """Configuration does not end anybody's emergency."""
    town = Town()
    town.command(DeclareEmergency, unit="P1", by="P1")
    town.step(AdoptPlace(engine_place(units=tuple(unit for unit in UNITS if unit.id != "P1"))))
    town.command(ResolveEmergency, unit="P1", reason="home and well")
    assert not town.world.alarms.about("I1")
    assert violations(town.world) == []


def test_a_renamed_slot_does_not_send_the_engines_again() -> None:
    """Units whose slot the plan no longer has are seated in the new one; the ladder keeps its own."""
    town = Town()
    fire = town.report("fire")
    plans = (*PLANS[:2], FIRE, *PLANS[3:])
    turn = town.step(AdoptPlace(engine_place(plans=plans)))
    assert not facts_of(turn, UnitDispatched)
    assert fire.filled == {"pump": 2, "ladder": 1}
    assert violations(town.world) == []


def test_places_served_before_stay_served() -> None:
    """The crew has been there and cleared: adopting the place again, or with another slot, sends nobody for it."""
    town = Town()
    incident = town.report("medical", 1)
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.says("A1", Status.AVAILABLE, after_s=600)
    bigger = replace(PLANS[0], slots=(*PLANS[0].slots, slot("engine", ENGINE)))
    turn = town.step(AdoptPlace(engine_place(plans=(bigger, *PLANS[1:]))))
    assert [fact.slot for fact in facts_of(turn, UnitDispatched)] == ["engine"]
    assert incident.filled == {"als": 1, "engine": 1}


def test_a_world_survives_its_image_after_units_left_unseen() -> None:
    """A unit that never sent a fix and left the place still stands where it stood."""
    town = Town()
    town.step(AdoptPlace(engine_place(units=UNITS[:14])))
    again = restore(save(town.world))
    assert state_hash(again) == state_hash(town.world)
    row = town.world.fleet.rows["T1"]
    assert (again.fleet.x_m[row], again.fleet.y_m[row]) == (0, 5_000)
