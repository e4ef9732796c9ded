"""A town with one ambulance that is busy: for incidents that are kept for later."""

from typing import Any

from engine.core.invariants import violations
from engine.model.lifecycle import Status
from engine.model.response_facts import IncidentStacked
from engine.model.response_inputs import StackIncident
from engine.model.rules import Limits
from engine.state.records import Incident
from tests.unit.engine_place import Town, engine_place, facts_of

PATIENT = engine_place(limits=Limits(stale_after_ms=10**9))
"""Crews that stand for hours still count as seen."""
AMBULANCES = ("A1", "A2", "B1", "B2", "B3")


def busy_town(*out: str) -> Town:
    """Return a town in which only B1 can carry patients, and B1 is on scene of I1."""
    town = Town(PATIENT)
    for name in (*AMBULANCES, *out):
        if name != "B1":
            town.says(name, Status.OUT_OF_SERVICE)
    first = town.report("medical", 3)
    assert list(first.assigned) == ["B1"]
    town.says("B1", Status.ON_SCENE, after_s=200)
    return town


def stack(town: Town, incident: Incident, unit: str = "B1", **fields: Any) -> None:
    """Stack the incident, and expect that to be done."""
    turn = town.command(StackIncident, incident=incident.id, unit=unit, **fields)
    assert facts_of(turn, IncidentStacked), turn.facts
    assert violations(town.world) == []
