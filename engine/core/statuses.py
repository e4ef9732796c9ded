"""Decisions about what units say of themselves."""

from engine.core import destinations, sending
from engine.core.lookup import known_unit
from engine.core.recorder import Recorder, Refused
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    DutyChanged,
)
from engine.model.inputs import ReportStatus
from engine.model.lifecycle import CREW_REPORTS, DUTY, DUTY_REPORTS, ENDS, FREE, MAY_CLEAR, UNTOLD, Outcome, Status
from engine.state.records import Assignment, UnitRecord

AHEAD_MS_MAX = 5_000
"""A reporter's clock may run ahead of ours by this much."""


def report_status(turn: Recorder, given: ReportStatus) -> None:
    """Move the unit's assignment a rung, end it, or change its duty."""
    unit = known_unit(turn.world, given.unit)
    assignment = turn.world.assignment(unit)
    if assignment is not None and assignment.status in UNTOLD and given.status in FREE:
        assignment = None  # its crew has not been told that it is wanted and reports its duty as ever
    if given.incident is not None and given.incident != unit.incident:
        raise Refused(
            "stale_status",
            "incident",
            f"{unit.id} is not on {given.incident} (any more): the report came too late or names the wrong incident.",
        )
    at_ms = _time_of(turn, given, unit, assignment)
    if assignment is None:
        _report_duty(turn, given, unit, at_ms)
    elif given.status in DUTY:
        _end_own_assignment(turn, given, unit, assignment, at_ms)
    else:
        _advance(turn, given, unit, assignment, at_ms)


def _time_of(turn: Recorder, given: ReportStatus, unit: UnitRecord, assignment: Assignment | None) -> int:
    at_ms = turn.now if given.at_ms is None else given.at_ms
    if at_ms > turn.now + AHEAD_MS_MAX:
        raise Refused("out_of_range", "at_ms", f"{at_ms} lies in the future of {turn.now}. Check the device's clock.")
    newest = unit.reported_ms if assignment is None else assignment.reported_ms
    if at_ms < newest:
        raise Refused(
            "stale_status",
            "at_ms",
            f"What is known of {unit.id} is {newest - at_ms} ms newer than this. Nothing was changed.",
        )
    return min(at_ms, turn.now)


def _report_duty(turn: Recorder, given: ReportStatus, unit: UnitRecord, at_ms: int) -> None:
    if given.status is unit.duty:
        turn.record(DutyChanged(unit.id, given.status, at_ms, given.by))
        return
    allowed = DUTY_REPORTS[unit.duty]
    if given.status not in allowed:
        raise Refused("impossible_transition", "status", _no_way(unit.id, unit.duty, given.status, allowed))
    turn.record(DutyChanged(unit.id, given.status, at_ms, given.by))
    turn.match = True


def _advance(turn: Recorder, given: ReportStatus, unit: UnitRecord, assignment: Assignment, at_ms: int) -> None:
    assert unit.incident is not None
    allowed = CREW_REPORTS[assignment.status]
    repeats = given.status is assignment.status and given.status not in UNTOLD
    if not repeats and given.status not in allowed:
        raise Refused("impossible_transition", "status", _no_way(unit.id, assignment.status, given.status, allowed))
    turn.record(AssignmentAdvanced(unit.id, unit.incident, given.status, at_ms, given.by))
    if given.status is not Status.DISPATCHED:
        sending.crew_knows(turn, unit.id, unit.incident)
    if not repeats:
        destinations.rank_on_the_way(turn, unit.id)


def _end_own_assignment(
    turn: Recorder, given: ReportStatus, unit: UnitRecord, assignment: Assignment, at_ms: int
) -> None:
    assert unit.incident is not None
    outcome = ENDS[given.status]
    if outcome is Outcome.CLEARED and assignment.status not in MAY_CLEAR:
        raise Refused(
            "impossible_transition",
            "status",
            f"{unit.id} is {assignment.status.plain} on {unit.incident} and has not arrived, so it cannot be clear of it. "
            "Release it, with a reason.",
        )
    incident = unit.incident
    sending.settle_alerts(turn, unit.id, incident, f"the unit is {given.status.plain}")
    turn.record(AssignmentEnded(unit.id, incident, outcome, given.status, at_ms, given.by))
    turn.match = True


def _no_way(unit: str, source: Status, target: Status, allowed: frozenset[Status]) -> str:
    ways = ", ".join(status for status in Status if status in allowed) or "nothing by itself"
    return f"{unit} is {source} and cannot become {target}. From there it can report: {ways}."
