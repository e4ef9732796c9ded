"""Decisions about hospitals: what they say of themselves, where a patient should go, and where it does."""

from engine.core.lookup import check_text, known_unit
from engine.core.recorder import Recorder, Refused
from engine.core.surroundings import check_end
from engine.model.lifecycle import Status
from engine.model.place import Hospital, Place
from engine.model.surroundings import (
    ChooseDestination,
    DestinationChosen,
    DestinationsRanked,
    HospitalReport,
    HospitalReported,
    HospitalReportLapsed,
    RankDestinations,
    ReportHospital,
)
from engine.policy.destinations import best_of, rank
from engine.state.deadlines import Deadline
from engine.state.records import Assignment, Incident

WAITING_MAX = 1_000
HANDOVER_MS_MAX = 86_400_000


def report_hospital(turn: Recorder, given: ReportHospital) -> None:
    """Take a hospital's word."""
    _known(turn, given.hospital)
    if not 0 <= given.waiting <= WAITING_MAX:
        reason = f"{given.waiting} is not a number of patients between 0 and {WAITING_MAX}."
        raise Refused("out_of_range", "waiting", reason)
    if given.handover_ms is not None and not 0 <= given.handover_ms <= HANDOVER_MS_MAX:
        raise Refused("out_of_range", "handover_ms", f"A handover of {given.handover_ms} ms is not believed.")
    check_end(turn.now, given.until_ms)
    report = HospitalReport(given.hospital, given.state, given.waiting, given.handover_ms, given.until_ms, given.by)
    turn.record(HospitalReported(report))


def rank_destinations(turn: Recorder, given: RankDestinations) -> None:
    """Say where the unit's patient should go."""
    assignment, incident = _on_incident(turn, given.unit)
    _check_needs(turn.world.settled, given.needs)
    _rank(turn, assignment, incident, tuple(dict.fromkeys(given.needs)))


def choose_destination(turn: Recorder, given: ChooseDestination) -> None:
    """Take note where the unit brings its patient; another one than the first of the ranking has a reason."""
    assignment, incident = _on_incident(turn, given.unit)
    hospital = _known(turn, given.hospital)
    check_text(reason=given.reason)
    best = assignment.advised
    if not assignment.ranked:
        best = best_of(rank(turn.world, assignment, incident, assignment.needs))
    if hospital.id != best and not given.reason.strip():
        first = f"{best} ranks first" if best else "No hospital can take its patient as far as is known"
        raise Refused("reason_required", "reason", f"{first}. Say in `reason` why it is {hospital.id}.")
    turn.record(DestinationChosen(given.unit, incident.id, hospital.id, given.reason, given.by))


# ── by themselves ───────────────────────────────────────────────────────────────────────────────────────────


def rank_on_the_way(turn: Recorder, unit_id: str) -> None:
    """Say where to go to a crew that has its patient on board and has not been told."""
    assignment, incident = _on_incident(turn, unit_id)
    carries = assignment.status is Status.TRANSPORTING and assignment.destination is None
    if carries and turn.world.settled.hospitals:
        _rank(turn, assignment, incident, assignment.needs)


def lapse(turn: Recorder, entry: Deadline) -> None:
    """Forget a report that has had its time."""
    report = turn.world.hospitals.get(entry.subject)
    if report is not None and report.until_ms == entry.since_ms:
        turn.record(HospitalReportLapsed(report.hospital))


def lapse_with_hospitals(turn: Recorder, place: Place) -> None:
    """Forget what was said by hospitals that the new place no longer has."""
    kept = {hospital.id for hospital in place.hospitals}
    for name in sorted(turn.world.hospitals):
        if name not in kept:
            turn.record(HospitalReportLapsed(name))


def _rank(turn: Recorder, assignment: Assignment, incident: Incident, needs: tuple[str, ...]) -> None:
    ranked = rank(turn.world, assignment, incident, needs)
    turn.record(DestinationsRanked(assignment.unit, incident.id, needs, ranked))


# ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────


def _on_incident(turn: Recorder, unit_id: str) -> tuple[Assignment, Incident]:
    unit = known_unit(turn.world, unit_id)
    assignment = turn.world.assignment(unit)
    if assignment is None or unit.incident is None:
        raise Refused("not_assigned", "unit", f"{unit_id} is on no incident, so it has no patient to bring anywhere.")
    return assignment, turn.world.open[unit.incident]


def _known(turn: Recorder, hospital_id: str) -> Hospital:
    hospitals = turn.world.settled.hospitals
    found = next((hospital for hospital in hospitals if hospital.id == hospital_id), None)
    if found is None:
        known = ", ".join(hospital.id for hospital in hospitals[:16]) or "none"
        raise Refused("unknown_hospital", "hospital", f"The place has no hospital {hospital_id!r}. It has: {known}.")
    return found


def _check_needs(place: Place, needs: tuple[str, ...]) -> None:
    """Refuse a service that no hospital has ever heard of: a slip of the pen would leave the patient without any."""
    if not place.hospitals:
        raise Refused("no_hospitals", "unit", "The place has no hospitals. Name them in its `hospitals` table.")
    services = sorted({service for hospital in place.hospitals for service in hospital.services})
    for need in needs:
        if need not in services:
            known = ", ".join(services[:32]) or "none"
            raise Refused("unknown_service", "needs", f"No hospital has the service {need!r}. There is: {known}.")
