"""Units under way: do they arrive as told, and whose place should be looked at again?

Who is untracked, or has not been seen lately, is never judged by position. A staged crew waits on purpose. A fact is
recorded only where something else is to be said than before.
"""

from math import isqrt

import numpy as np

from engine.core import sending
from engine.core.recorder import ENGINE, Recorder
from engine.model.alert_facts import AlarmKind
from engine.model.crew_facts import StaffingChanged
from engine.model.facts import AssignmentEnded, DutyChanged, EmergencyResolved
from engine.model.hours import local_minute_of_week, on_duty
from engine.model.lifecycle import RELEASABLE, Outcome, Status
from engine.model.plans import Mode
from engine.model.response_facts import (
    AssignmentDelayed,
    AssignmentOnTime,
    DelayCause,
    Progress,
    ProgressSeen,
    ReleaseProposed,
)
from engine.policy import Reviewed
from engine.policy.travel import TravelModel, travel_model
from engine.state.deadlines import Deadline
from engine.state.fleet import STANDING_FREE
from engine.state.progress import left_ms, share, under_way
from engine.state.records import Assignment, Incident
from engine.state.world import World

REVIEWED_MAX = 64
"""Units under way that one turn looks at again."""
SEEN_WITHIN_MS = 120_000
"""A position older than this says nothing about how a unit gets on."""
GROWTH_MS = 60_000
"""Where an agency does not report slow units: the least lateness of which twice as much is spoken of again."""
NOT_ROLLING = (Status.DISPATCHED, Status.ACKNOWLEDGED)
JUDGED = (*NOT_ROLLING, Status.EN_ROUTE)


# ── do they arrive as told? ─────────────────────────────────────────────────────────────────────────────────


def progress(turn: Recorder, entry: Deadline) -> None:
    """Look at some of the units under way; have the places of those that are late matched again."""
    incidents, _ = share(turn.world, entry.subject)
    travel = travel_model(turn.world)
    for incident in incidents:
        _look_at(turn, travel, incident)
    turn.review = bool(_late(turn))
    turn.match = turn.match or turn.review


def _look_at(turn: Recorder, travel: TravelModel, incident: Incident) -> None:
    fleet = turn.world.fleet
    judged = [assignment for assignment in incident.assigned.values() if assignment.status in JUDGED]
    rows = np.array([fleet.rows[assignment.unit] for assignment in judged], np.int32)
    to_go_ms = [
        _to_go_ms(turn.world, assignment, travel_ms)
        for assignment, travel_ms in zip(judged, travel.times_ms(fleet, rows, incident).tolist(), strict=True)
    ]
    known = [(assignment, ms) for assignment, ms in zip(judged, to_go_ms, strict=True) if ms >= 0]
    for assignment, ms in known:
        _tell(turn, incident, assignment, ms)
    seen = [Progress(assignment.unit, incident.id, ms) for assignment, ms in known if _is_seen(turn.world, assignment)]
    if seen:
        turn.record(ProgressSeen(tuple(seen)))


def _is_seen(world: World, assignment: Assignment) -> bool:
    """Tell whether the unit's latest position says how it gets on."""
    row = world.fleet.rows[assignment.unit]
    return not world.fleet.assumed[row] and world.now - int(world.fleet.fix_ms[row]) <= SEEN_WITHIN_MS


def _to_go_ms(world: World, assignment: Assignment, travel_ms: int) -> int:
    """Return in how many ms the unit will arrive; -1 if it has no way, or nobody can tell."""
    row = world.fleet.rows[assignment.unit]
    if travel_ms < 0:
        return -1
    if assignment.status in NOT_ROLLING:
        return travel_ms + max(0, int(world.fleet.turnout_ms[row]) - (world.now - assignment.sent_ms))
    if not _is_seen(world, assignment):
        return -1
    # It has driven on since it was seen.
    return max(0, travel_ms - (world.now - int(world.fleet.fix_ms[row])))


def _tell(turn: Recorder, incident: Incident, assignment: Assignment, to_go_ms: int) -> None:
    """Say that the unit is late, later than was said, or no longer late."""
    arrive_ms = turn.now + to_go_ms
    late_ms = arrive_ms - told_ms(assignment)
    cause = _cause(turn.world, assignment, to_go_ms, late_ms)
    if assignment.late is DelayCause.REPORTED and (cause is None or late_ms < _told_again_ms(turn.world, assignment)):
        return  # its crew knows better than its position: a train that passes will have passed
    if cause is None:
        if assignment.late is not None and _is_seen(turn.world, assignment):
            turn.record(AssignmentOnTime(assignment.unit, incident.id, arrive_ms))
    elif cause is not assignment.late or late_ms >= _told_again_ms(turn.world, assignment):
        turn.record(AssignmentDelayed(assignment.unit, incident.id, cause, arrive_ms, late_ms))


def _told_again_ms(world: World, assignment: Assignment) -> int:
    """Return from what lateness on a unit that was said to be late is spoken of again: twice that which was said.

    So a unit that stands for an hour is a handful of lines, and not one every other minute.
    """
    return 2 * max(assignment.arrive_ms - told_ms(assignment), world.settled.watch.delayed_ms or GROWTH_MS)


def told_ms(assignment: Assignment) -> int:
    """Return when the unit was to arrive, by what was said when it was sent."""
    return assignment.sent_ms + max(0, assignment.eta_ms)


def _cause(world: World, assignment: Assignment, to_go_ms: int, late_ms: int) -> DelayCause | None:
    watch = world.settled.watch
    seen = _is_seen(world, assignment)
    if watch.turnout_ms and _stands(world, assignment, watch.turnout_ms, seen=seen):
        return DelayCause.NOT_MOVING
    if not seen:
        return None
    least_ms = assignment.least_to_go_ms
    if watch.wrong_way_ms and least_ms >= 0 and to_go_ms > least_ms + watch.wrong_way_ms:
        return DelayCause.WRONG_WAY
    # Who was late is on time again only when it is clearly so: half the bound, lest the word changes with each light.
    bound_ms = watch.delayed_ms if assignment.late is None else watch.delayed_ms // 2
    return DelayCause.SLOW if watch.delayed_ms and assignment.eta_ms >= 0 and late_ms > bound_ms else None


def _stands(world: World, assignment: Assignment, turnout_ms: int, *, seen: bool) -> bool:
    if assignment.status in NOT_ROLLING:
        row = world.fleet.rows[assignment.unit]
        left = assignment.moved_ms > assignment.sent_ms
        usual_ms = int(world.fleet.turnout_ms[row])
        return not left and world.now - assignment.sent_ms > usual_ms + turnout_ms
    since_ms = max(assignment.moved_ms, assignment.stamps.get(Status.EN_ROUTE, 0))
    return seen and world.now - since_ms > turnout_ms


# ── whose place is looked at again ──────────────────────────────────────────────────────────────────────────


def assignments_to_review(turn: Recorder) -> tuple[Reviewed, ...]:
    """Return the units under way whose place may go to a better one, most urgent first.

    On a look at progress those that are late, have not answered, or will be off duty before they arrive; and in any
    turn in which a unit came free, those that it could beat.
    """
    freed = freed_rows(turn)
    if not (turn.review or freed):
        return ()
    found = {assignment.unit: (incident, assignment) for incident, assignment in _late(turn)} if turn.review else {}
    if freed:
        found |= {assignment.unit: (incident, assignment) for incident, assignment in _beatable(turn, freed)}
    ranked = sorted(
        found.values(), key=lambda pair: (pair[0].priority, pair[0].reported_ms, pair[0].number, pair[1].unit)
    )
    return tuple(Reviewed(incident, assignment.unit) for incident, assignment in ranked[:REVIEWED_MAX])


def _replaceable(turn: Recorder) -> list[tuple[Incident, Assignment]]:
    """Return the units under way that have a place of a plan which somebody else could take."""
    return [
        (incident, assignment)
        for incident, assignment in under_way(turn.world)
        if assignment.status in JUDGED and assignment.slot is not None and not incident.held
    ]


def _late(turn: Recorder) -> list[tuple[Incident, Assignment]]:
    world = turn.world
    silent = {
        (alarm.incident, alarm.unit) for alarm in world.alarms.values() if alarm.about is AlarmKind.NOT_ACKNOWLEDGED
    }
    return [
        (incident, assignment)
        for incident, assignment in _replaceable(turn)
        if assignment.late is not None
        or (incident.id, assignment.unit) in silent
        or not on_shift(world, world.fleet.rows[assignment.unit], world.now + left_ms(assignment, world.now))
    ]


def freed_rows(turn: Recorder) -> list[int]:
    """Return the rows of units that came free in this turn, with those of their crews' other vehicles."""
    fleet = turn.world.fleet
    rows: set[int] = set()
    for fact in turn.facts:
        if isinstance(fact, AssignmentEnded | DutyChanged | EmergencyResolved | StaffingChanged):
            row = fleet.rows[fact.unit]
            rows |= {row, *fleet.siblings[row]}
    return [row for row in sorted(rows) if fleet.standing[row] == STANDING_FREE]


def _beatable(turn: Recorder, freed: list[int]) -> list[tuple[Incident, Assignment]]:
    """Return the units under way that one of the freed ones might beat, by the least time that it could need."""
    replaceable = _replaceable(turn)
    if not replaceable:
        return []
    travel, rules = travel_model(turn.world), turn.world.settled.matching
    found = []
    for incident, assignment in replaceable:
        remains_ms = left_ms(assignment, turn.now)
        least_gain_ms = max(rules.supersede_ms, remains_ms * rules.supersede_percent // 100)
        within_ms = remains_ms - least_gain_ms
        if within_ms > 0 and any(
            might_arrive(turn.world, travel, row, incident, within_ms) and _fits(turn.world, row, incident, assignment)
            for row in freed
        ):
            found.append((incident, assignment))
    return found


def might_arrive(world: World, travel: TravelModel, row: int, incident: Incident, within_ms: int) -> bool:
    """Tell whether the unit could possibly be there in less time."""
    fleet = world.fleet
    left_ms = within_ms - int(fleet.turnout_ms[row])
    if left_ms <= 0:
        return False
    away_m = isqrt((int(fleet.x_m[row]) - incident.x_m) ** 2 + (int(fleet.y_m[row]) - incident.y_m) ** 2)
    return travel.within_ms(max(0, away_m - 1), incident) < left_ms


def _fits(world: World, row: int, incident: Incident, assignment: Assignment) -> bool:
    capabilities = int(world.fleet.capability[row])
    return any(slot.id == assignment.slot and slot.fits(capabilities) for slot in world.slots(incident))


# ── units that are no longer needed ─────────────────────────────────────────────────────────────────────────


def seats(incident: Incident) -> dict[str, str]:
    """Return the slot of each unit that has one: to be compared after the plan has changed."""
    return {name: each.slot for name, each in incident.assigned.items() if each.slot is not None}


def release_surplus(turn: Recorder, incident: Incident, before: dict[str, str], reason: str) -> None:
    """Let go of the units that had a place and have none any more, as far as they have not arrived.

    A plan that asks a person has the release proposed. Who was sent beyond the plan stays: a person wanted that.
    """
    surplus = tuple(
        name
        for name, assignment in sorted(incident.assigned.items())
        if name in before and assignment.slot is None and assignment.status in RELEASABLE
    )
    mode = turn.world.plans[incident.plan].mode
    if surplus and mode is Mode.ADVISE:
        turn.record(ReleaseProposed(incident.id, surplus, reason))
    if surplus and mode is Mode.AUTO:
        for name in surplus:
            sending.end_assignment(turn, name, Outcome.RELEASED, by=ENGINE, reason=reason)


# ── asked here and elsewhere ────────────────────────────────────────────────────────────────────────────────


def on_shift(world: World, row: int, at_ms: int) -> bool:
    """Tell whether the unit's people are on duty at that time."""
    shift = int(world.fleet.shift[row])
    return shift < 0 or on_duty(world.settled.shifts[shift], local_minute_of_week(world.settled, at_ms))


def no_way(world: World, row: int, incident: Incident) -> bool:
    """Tell whether the unit cannot get to the incident."""
    return int(travel_model(world).times_ms(world.fleet, np.array([row], np.int32), incident)[0]) < 0
