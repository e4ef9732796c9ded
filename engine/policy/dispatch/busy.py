"""What a unit on an incident could be had for: to be diverted, to be waited for, or nothing, and why."""

from typing import NamedTuple

from engine.model.lifecycle import DIVERTIBLE, Status
from engine.model.plans import Slot
from engine.model.why import Reason
from engine.policy.honesty import clear_ms
from engine.state.records import Assignment, Incident, UnitRecord
from engine.state.world import World

CLEAR_SPREAD_PERCENT = 65
"""How far the time to clear may be off: the spread of the crews' own times in service (see `model/priors.py`)."""
ROLLING = (Status.EN_ROUTE, Status.STAGING)
"""Turnout is behind these."""


class Busy(NamedTuple):
    """What may be done with a busy unit."""

    reason: Reason
    """Why it may not be had, where it may not."""
    source_priority: int = 0
    """Of what it could be diverted from; 0: it is not diverted."""
    clear_ms: int = -1
    """In how long it will probably be free, where it may be waited for; -1: it is not."""
    delay_ms: int = 0
    """Before it drives: turnout that is not behind it, or the time until it is surely free."""

    @property
    def any_use(self) -> bool:
        """Could it be had at all?"""
        return self.source_priority > 0 or self.clear_ms >= 0


def look_at(world: World, unit: UnitRecord) -> Busy:
    """Find out what the unit could be had for. It is on an incident."""
    if unit.emergency is not None or any(world.units[row].occupied for row in world.fleet.siblings[unit.row]):
        return Busy(Reason.CREW_BUSY)
    assert unit.incident is not None
    source = world.open[unit.incident]
    assignment = source.assigned[unit.id]
    if assignment.status is Status.REQUESTED:
        # Its neighbour has not said yes to anything.
        return Busy(Reason.STATUS)
    if assignment.status not in DIVERTIBLE:
        return _wait_for(world, unit)
    if not world.divertible(assignment):
        return Busy(_why_not(world, unit, assignment))
    if not can_keep(world, source, assignment):
        return Busy(Reason.STATUS)
    return Busy(Reason.NOT_LESS_URGENT, source.priority, delay_ms=set_out_ms(world, unit.row, assignment))


def _why_not(world: World, unit: UnitRecord, assignment: Assignment) -> Reason:
    if assignment.diverted:
        return Reason.DIVERTED_ONCE
    return Reason.UNDERSTAFFED if world.understaffed(unit) else Reason.STATUS


def _wait_for(world: World, unit: UnitRecord) -> Busy:
    # A unit with a stack has its next incident already.
    if unit.stack:
        return Busy(Reason.ARRIVED)
    clear = clear_ms(world, unit.row)
    delay_ms = clear + clear * CLEAR_SPREAD_PERCENT // 100
    if delay_ms > world.settled.matching.free_within_ms:
        return Busy(Reason.ARRIVED)
    return Busy(Reason.ARRIVED, clear_ms=clear, delay_ms=delay_ms)


def set_out_ms(world: World, row: int, assignment: Assignment) -> int:
    """Return the turnout that a unit under way still has before it."""
    return 0 if assignment.status in ROLLING else int(world.fleet.turnout_ms[row])


def held_slot(world: World, incident: Incident, assignment: Assignment) -> Slot | None:
    """Return the slot whose place would be open without this unit; None if none would be."""
    if assignment.slot is None:
        return None
    slot = next((slot for slot in world.slots(incident) if slot.id == assignment.slot), None)
    return slot if slot is not None and incident.filled.get(slot.id, 0) <= slot.count else None


def can_keep(world: World, incident: Incident, assignment: Assignment) -> bool:
    """Tell whether the unit can do what its place asks for: one that a person put there against the plan stays."""
    slot = held_slot(world, incident, assignment)
    return slot is None or slot.fits(int(world.fleet.capability[world.fleet.rows[assignment.unit]]))
