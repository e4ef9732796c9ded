"""Where a patient is brought: the hospital that can help and has a bed soonest, all delays counted.

A hospital is judged by the way to it, what it can do, whether it takes patients, and how many come before this one:

    time to the bed = travel + delay
    delay = what handing over takes beyond the usual
          + a round of handovers for each time that the patients ahead fill its beds
          + ten minutes where it says that it is busy and does not say how long

Patients ahead are those that are on their way, and those that wait or are seen to be there, whichever are more. A
hospital that diverts is left out as long as another one can help, and the crew is never left without any.
"""

from msgspec import Struct
from msgspec.structs import replace

from engine.model.lifecycle import Status
from engine.model.place import Hospital
from engine.model.surroundings import Destination, HospitalReport, HospitalState
from engine.policy.travel import Point, travel_model
from engine.state.records import Assignment, Incident
from engine.state.world import World

USUAL_HANDOVER_MS = 900_000
"""15 minutes from arrival to handover: the standard of the NHS in England."""
BUSY_MS = 600_000
BEDS_UNKNOWN = 4
"""Reckoned for a hospital that does not say how many patients it takes in at once."""
NO_WAY = "there is no way to it"
AT_SCENE = (Status.ON_SCENE, Status.AT_PATIENT)


class Load(Struct, frozen=True, gc=False):
    """Units that bring patients to a hospital."""

    coming: int = 0
    there: int = 0


NOBODY = Load()


def rank(world: World, assignment: Assignment, incident: Incident, needs: tuple[str, ...]) -> tuple[Destination, ...]:
    """Return all hospitals of the place for the unit's patient: the soonest bed first, those that are out last.

    Pure; ties by id. Travel counts from the unit's position, or from the scene while it is there.
    """
    place = world.settled
    loads = _loads(world, assignment.unit)
    times_ms = _travel_ms(world, assignment, incident, [(hospital.x_m, hospital.y_m) for hospital in place.hospitals])
    judged = [
        _judge(world, hospital, travel_ms, loads.get(hospital.id, NOBODY))
        for hospital, travel_ms in zip(place.hospitals, times_ms, strict=True)
    ]
    reasons = _reasons(world, judged, needs)
    ranked = [replace(each, reason=reasons[each.hospital]) if reasons[each.hospital] else each for each in judged]
    return tuple(sorted(ranked, key=_order))


def best_of(ranked: tuple[Destination, ...]) -> str | None:
    """Return the hospital that ranked first; None where all are out."""
    return ranked[0].hospital if ranked and not ranked[0].reason else None


def _order(each: Destination) -> tuple[bool, int, str]:
    return bool(each.reason), each.travel_ms + each.delay_ms, each.hospital


def _judge(world: World, hospital: Hospital, travel_ms: int, load: Load) -> Destination:
    delay_ms = delay_of(hospital, world.hospitals.get(hospital.id), load)
    return Destination(hospital.id, travel_ms, delay_ms, load.coming + load.there, "")


def _travel_ms(world: World, assignment: Assignment, incident: Incident, to: list[Point]) -> list[int]:
    travel = travel_model(world)
    if assignment.status in AT_SCENE:
        return travel.to_points_ms((incident.x_m, incident.y_m), to, incident.priority)
    fleet = world.fleet
    row = fleet.rows[assignment.unit]
    spot = fleet.spots[row] if fleet.roads is not None else None
    return travel.to_points_ms((int(fleet.x_m[row]), int(fleet.y_m[row])), to, incident.priority, spot)


def delay_of(hospital: Hospital, report: HospitalReport | None, load: Load) -> int:
    """Return what a hospital's load and state add to the way, in ms."""
    told_ms = None if report is None else report.handover_ms
    handover_ms = USUAL_HANDOVER_MS if told_ms is None else told_ms
    waiting = 0 if report is None else report.waiting
    ahead = load.coming + max(load.there, waiting)
    delay_ms = max(0, handover_ms - USUAL_HANDOVER_MS) + ahead // (hospital.beds or BEDS_UNKNOWN) * handover_ms
    if report is not None and report.state is HospitalState.BUSY and told_ms is None:
        delay_ms += BUSY_MS
    return delay_ms


def _reasons(world: World, judged: list[Destination], needs: tuple[str, ...]) -> dict[str, str]:
    """Return by hospital why it is out; "" for one that may be chosen."""
    if not (world.hospitals or needs):
        return {each.hospital: "" if each.travel_ms >= 0 else NO_WAY for each in judged}
    states = {each.hospital: _state(world, each.hospital) for each in judged}
    out = {
        each.hospital: _why_not(each, hospital.services, states[each.hospital], needs)
        for each, hospital in zip(judged, world.settled.hospitals, strict=True)
    }
    if any(not out[name] for name in out if states[name] is not HospitalState.DIVERTING):
        diverting = (name for name in out if states[name] is HospitalState.DIVERTING and not out[name])
        out |= dict.fromkeys(list(diverting), "it diverts patients to others")
    return out


def _why_not(each: Destination, services: tuple[str, ...], state: HospitalState, needs: tuple[str, ...]) -> str:
    lacks = [need for need in needs if need not in services]
    if state is HospitalState.CLOSED:
        return "it is closed"
    if lacks:
        return f"it has no {', '.join(lacks)}"
    return NO_WAY if each.travel_ms < 0 else ""


def _state(world: World, hospital: str) -> HospitalState:
    report = world.hospitals.get(hospital)
    return HospitalState.OPEN if report is None else report.state


def _loads(world: World, but: str) -> dict[str, Load]:
    """Return by hospital the units that bring it patients, other than that one."""
    found: dict[str, Load] = {}
    for incident in world.open.values():
        for assignment in incident.assigned.values():
            name = assignment.destination
            if name is None or assignment.unit == but:
                continue
            load = found.get(name, NOBODY)
            coming, there = assignment.status is Status.TRANSPORTING, assignment.status is Status.AT_HOSPITAL
            found[name] = Load(load.coming + coming, load.there + there)
    return found
