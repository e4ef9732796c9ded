"""Decisions that people make about units: recommend, reserve, dispatch, divert, release."""

from engine.core import accepting, carrying, guard, sending
from engine.core.lookup import check_given, check_text, known_unit, open_incident
from engine.core.matching import explain_again, explain_shadow
from engine.core.recorder import Recorder, Refused
from engine.model.facts import UnitReserved
from engine.model.inputs import DispatchUnits, DivertUnit, RecommendUnits, ReleaseUnit, ReserveUnits
from engine.model.lifecycle import RELEASABLE, Outcome
from engine.model.plans import Mode
from engine.model.response_facts import PlacesReopened
from engine.model.response_inputs import SupersedeUnit
from engine.state.records import Incident, UnitRecord

UNITS_MAX = 64
"""Units named in one order."""


def recommend_units(turn: Recorder, given: RecommendUnits) -> None:
    """Look again at one incident, and write the answer down even if it is the same."""
    explain_again(turn, open_incident(turn.world, given.incident))


def reserve_units(turn: Recorder, given: ReserveUnits) -> None:
    """Keep units for an incident."""
    incident = open_incident(turn.world, given.incident)
    check_text(reason=given.reason)
    units = _free_units(turn, given.units, incident)
    for unit in units:
        if unit.incident is not None:
            raise Refused("already_there", "units", f"{unit.id} is reserved for {incident.id} already.")
    explain_shadow(turn, incident)
    others = _others(turn, incident, units, given.reason)
    accepting.record_bypassed(turn, incident, units, others, reason=given.reason, by=given.by)
    for unit in units:
        slot = sending.first_slot(turn, unit.id, incident)
        turn.record(
            UnitReserved(
                unit=unit.id,
                incident=incident.id,
                slot=slot,
                eta_ms=turn.dispatch.estimate(turn.world, unit.row, incident).eta_ms,
                by=given.by,
                deviation=given.reason if unit in others else "",
            )
        )
    sending.wait_over(turn, incident)
    turn.match = True


def dispatch_units(turn: Recorder, given: DispatchUnits) -> None:
    """Send units. All go or none: a refusal for one is a refusal of the order."""
    incident = open_incident(turn.world, given.incident)
    check_text(reason=given.reason)
    units = _free_units(turn, given.units, incident)
    explain_shadow(turn, incident)
    others = _others(turn, incident, units, given.reason)
    accepting.record_bypassed(turn, incident, units, others, reason=given.reason, by=given.by)
    for unit in units:
        kept = incident.assigned.get(unit.id)
        slot = kept.slot if kept else sending.first_slot(turn, unit.id, incident)
        deviation = given.reason if unit in others else ""
        carrying.send(turn, unit.id, incident, slot=slot, by=given.by, deviation=deviation)
    turn.match = True


def _free_units(turn: Recorder, names: tuple[str, ...], incident: Incident) -> list[UnitRecord]:
    if not names:
        raise Refused("missing", "units", "The order names no unit.")
    if len(names) > UNITS_MAX:
        raise Refused("too_long", "units", f"The order names {len(names)} units; at most {UNITS_MAX} go at once.")
    if len(set(names)) != len(names):
        raise Refused("repeated", "units", "The order names a unit twice.")
    units = [known_unit(turn.world, name, "units") for name in names]
    for unit in units:
        guard.may_send(turn.world, unit, incident)
    _no_shared_crew(turn, units)
    return units


def _no_shared_crew(turn: Recorder, units: list[UnitRecord]) -> None:
    rows = {unit.row for unit in units}
    for unit in units:
        for row in turn.world.fleet.siblings[unit.row]:
            if row in rows:
                other = turn.world.units[row].id
                raise Refused("crew_busy", "units", f"{unit.id} and {other} share one crew: send one of them.")


def _others(turn: Recorder, incident: Incident, units: list[UnitRecord], reason: str) -> list[UnitRecord]:
    """Return those who were not recommended; refuse them if that needs a reason and none is given.

    Sending another unit is the dispatcher's right; saying why is their duty. What a shadow plan would have done
    binds nobody, but that others went is evidence about it all the same.
    """
    proposed = {choice.unit for choice in incident.recommended} | set(incident.assigned)
    others = [unit for unit in units if unit.id not in proposed]
    advised = incident.recommended and turn.world.plans[incident.plan].mode is not Mode.SHADOW
    if others and advised and not reason.strip():
        raise Refused(
            "reason_required",
            "reason",
            f"{', '.join(unit.id for unit in others)} is not what was recommended for {incident.id} "
            f"({', '.join(choice.unit for choice in incident.recommended)}). Say why.",
        )
    return others


def divert_unit(turn: Recorder, given: DivertUnit) -> None:
    """Take a unit from a less urgent incident; the robbed one is matched again in this very turn."""
    unit = known_unit(turn.world, given.unit)
    target = open_incident(turn.world, given.incident)
    check_given(reason=given.reason)
    guard.may_divert(turn.world, unit, target)
    explain_shadow(turn, target)
    slot = sending.first_slot(turn, unit.id, target)
    as_advised = any(choice.unit == unit.id and choice.source == unit.incident for choice in target.recommended)
    deviation = "" if as_advised else given.reason
    carrying.divert(turn, unit.id, target, slot=slot, by=given.by, reason=given.reason, deviation=deviation)
    turn.match = True


def supersede_unit(turn: Recorder, given: SupersedeUnit) -> None:
    """Let one unit go in the place of another."""
    incident = open_incident(turn.world, given.incident)
    unit = known_unit(turn.world, given.unit)
    replacement = known_unit(turn.world, given.replacement, "replacement")
    check_text(reason=given.reason)
    guard.may_supersede(turn.world, unit, replacement, incident)
    advised = any((c.unit, c.replaces) == (replacement.id, unit.id) for c in incident.recommended)
    if not (advised or given.reason.strip()):
        raise Refused(
            "reason_required",
            "reason",
            f"That {replacement.id} goes in the place of {unit.id} was not recommended. Say why.",
        )
    carrying.supersede(turn, unit.id, replacement.id, incident, by=given.by, reason=given.reason or "arrives sooner")
    turn.match = True


def release_unit(turn: Recorder, given: ReleaseUnit) -> None:
    """Send a unit home that has not arrived yet. Its place counts as waived: a person said so.

    Not where it was the last one and nobody has been there: people who called must not be left without a unit and
    without anybody who knows of it. The incident waits again, and a person sends others, or closes it.
    """
    unit = known_unit(turn.world, given.unit)
    incident = open_incident(turn.world, given.incident)
    check_given(reason=given.reason)
    assignment = incident.assigned.get(unit.id)
    if assignment is None:
        raise Refused("not_assigned", "unit", f"{unit.id} is not on {incident.id}.")
    if assignment.status not in RELEASABLE:
        raise Refused(
            "units_on_scene",
            "unit",
            f"{unit.id} is {assignment.status.plain}: its crew says when it is clear, by a status report.",
        )
    sending.end_assignment(turn, unit.id, Outcome.RELEASED, by=given.by, reason=given.reason)
    if not (incident.assigned or incident.reached):
        turn.record(PlacesReopened(incident.id, unit.id, given.by))
    turn.match = True
