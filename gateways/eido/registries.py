"""Our words and the registries' (NENA-STA-021, APCO ANS 1.116.2): a fixed table of statuses, the rest by configuration.

Local codes are mapped to common ones, never replaced: both are sent.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from engine.model.lifecycle import DIVERTIBLE, Outcome, Phase, Status
from engine.model.surroundings import Severity
from engine.policy.honesty import clear_ms
from engine.state.records import Assignment, Incident, UnitRecord
from engine.state.world import World
from gateways.eido.parts import Level

AVAILABLE, PERHAPS, NOT = "Available", "ConditionallyAvailable", "NotAvailable"
"""Primary unit status."""
NEAR_CLEAR_MS: Final = 120_000
"""At the hospital and expected to be free by then: conditionally available."""
AT_STATION_M: Final = 150

INCIDENT_STATUS: Final[dict[Phase, tuple[str, ...]]] = {
    Phase.WAITING: ("Active",),
    Phase.ASSIGNED: ("Active", "ResourcesAssigned"),
    Phase.EN_ROUTE: ("Active", "ResourcesEnroute"),
    Phase.ON_SCENE: ("Active", "ResourcesOnscene"),
    Phase.CLOSED: ("Closed",),
    Phase.CANCELLED: ("Cancelled",),
    Phase.MERGED: ("Closed",),
}
SECONDARY: Final[dict[Status, str]] = {
    Status.REQUESTED: "Assigned",
    Status.RESERVED: "Assigned",
    Status.DISPATCHED: "Dispatched",
    Status.ACKNOWLEDGED: "AcknowledgedTransmission",
    Status.EN_ROUTE: "EnRoute",
    Status.STAGING: "Staging",
    Status.ON_SCENE: "OnScene",
    Status.AT_PATIENT: "PatientContact",
    Status.TRANSPORTING: "Transporting",
    Status.AT_HOSPITAL: "Hospital",
    Status.AVAILABLE: "InService",
    Status.RETURNING: "BacktoAssignedArea",
    Status.ON_BREAK: "Break",
    Status.OUT_OF_SERVICE: "OutofService",
    Status.OFF_DUTY: "OffDuty",
}
RUNG_OF: Final[dict[str, Status]] = {
    "Dispatched": Status.DISPATCHED,
    "AcknowledgedTransmission": Status.ACKNOWLEDGED,
    "EnRoute": Status.EN_ROUTE,
    "Staging": Status.STAGING,
    "Arrived": Status.ON_SCENE,
    "OnScene": Status.ON_SCENE,
    "PatientContact": Status.AT_PATIENT,
    "Transporting": Status.TRANSPORTING,
    "Hospital": Status.AT_HOSPITAL,
    "Cleared": Status.AVAILABLE,
}
"""What a neighbour's secondary status means for one of its units that is on an incident of ours. Of several, the last
of this table counts: a unit that is EnRoute and Transporting transports."""
ENDED: Final[dict[Outcome, str]] = {
    Outcome.CLEARED: "Cleared",
    Outcome.FAILED: "OutofService",
}
"""Any other end is AssignmentCancelled."""
LEVELS: Final[dict[Severity, Level]] = {
    Severity.NOTICE: "low",
    Severity.CAUTION: "high",
    Severity.DANGER: "highest",
}
SEVERITIES: Final[dict[Level, Severity]] = {
    "lowest": Severity.NOTICE,
    "low": Severity.NOTICE,
    "normal": Severity.CAUTION,
    "high": Severity.CAUTION,
    "highest": Severity.DANGER,
}

Common = Annotated[str, Meta(min_length=1, max_length=200)]
Rank = Annotated[int, Meta(ge=0, le=10)]


class Registries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registries' words for the place's own codes. What is not named goes out as the word for the rest."""

    incident_types: dict[str, Common] = {}
    """By the place's incident type."""
    incident_type: Common = "Other"
    unit_kinds: dict[str, Common] = {}
    """By the place's kind of unit."""
    unit_kind: Common = "Other"
    capabilities: dict[str, Common] = {}
    """By the place's capability: a resource attribute. One that is not named goes out as `Other` with our own word."""
    dispositions: dict[str, Common] = {}
    disposition: Common = "Other"
    caution_type: Common = "Location"
    priorities: tuple[Rank, Rank, Rank, Rank, Rank] = (10, 8, 6, 4, 2)
    """Of our priorities 1 (most urgent) to 5; 10 is the standard's most urgent."""
    dispatcher_role: Common = "Dispatching"
    crew_role: Common = "Responding"

    def priority_of(self, number: int) -> int:
        """Return our priority for one of the standard's: the one that is sent as the nearest; of two, the more urgent."""
        return min(range(1, 6), key=lambda ours: (abs(self.priorities[ours - 1] - number), ours))


def unit_status(
    world: World, unit: UnitRecord, incident: Incident | None, assignment: Assignment | None
) -> tuple[str, tuple[str, ...]]:
    """Return primary and secondary status of a unit as it stands; with what it is assigned to, if anything."""
    status = world.status(unit)
    primary, secondary = _primary(world, unit, status, incident, assignment), [SECONDARY[status]]
    if status is Status.AVAILABLE:
        secondary = _of_idle(world, unit)
    if assignment is not None and assignment.late is not None:
        secondary.append("Delayed")
    described = world.fleet.units[unit.row]
    if unit.staff is not None and unit.staff < described.staff_min:
        primary = NOT
        secondary.append("Unmanned")
    return primary, tuple(secondary)


def _of_idle(world: World, unit: UnitRecord) -> list[str]:
    if unit.move is not None:
        return ["EnRoute", "CoveringAlternateArea"]
    if unit.post is not None:
        return ["Post", "InService"]
    return ["Station", "InService"] if _at_station(world, unit) else ["InService"]


def _at_station(world: World, unit: UnitRecord) -> bool:
    fleet = world.fleet
    if fleet.assumed[unit.row]:
        return True
    home = next((each for each in world.settled.stations if each.id == fleet.units[unit.row].station), None)
    if home is None:
        return False
    off_m = max(abs(int(fleet.x_m[unit.row]) - home.x_m), abs(int(fleet.y_m[unit.row]) - home.y_m))
    return off_m <= AT_STATION_M


def _primary(
    world: World, unit: UnitRecord, status: Status, incident: Incident | None, assignment: Assignment | None
) -> str:
    if status in (Status.AVAILABLE, Status.RETURNING):
        return PERHAPS if unit.move is not None else AVAILABLE
    if status in (Status.ON_BREAK, Status.REQUESTED, Status.RESERVED):
        return PERHAPS
    if status in DIVERTIBLE and incident is not None and assignment is not None:
        return PERHAPS if incident.priority > 1 and not assignment.diverted else NOT
    if status is Status.AT_HOSPITAL and clear_ms(world, unit.row) <= NEAR_CLEAR_MS:
        return PERHAPS
    return NOT
