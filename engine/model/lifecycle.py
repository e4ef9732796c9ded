"""The lives of a unit and of an incident: every transition there is, in this one file.

A unit's status is not stored, it is derived: the rung of its assignment while it has one, else its duty. So a
status report moves one assignment and nothing else. Requested (a neighbour was asked for it), reserved (kept for an
incident), dispatched (told) and acknowledged (the crew has said yes) are four different rungs.

The rungs are those whose times NERIS asks for (`mod_unit_response`) and EIDO names as secondary unit status.
"""

from enum import StrEnum


class Status(StrEnum):
    """What a unit is doing."""

    AVAILABLE = "available"
    REQUESTED = "requested"
    """A neighbour was asked for it, and has not answered."""
    RESERVED = "reserved"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    STAGING = "staging"
    ON_SCENE = "on_scene"
    AT_PATIENT = "at_patient"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    RETURNING = "returning"
    """Clear of its incident and on the way to quarters: may be sent."""
    ON_BREAK = "on_break"
    """At its meal: may be sent, but at a price."""
    OUT_OF_SERVICE = "out_of_service"
    OFF_DUTY = "off_duty"

    @property
    def plain(self) -> str:
        """Return what people call it."""
        return self.replace("_", " ")


class Outcome(StrEnum):
    """How an assignment ended."""

    CLEARED = "cleared"
    """The crew finished."""
    RELEASED = "released"
    """A person, or a better plan, sent the unit home before it finished."""
    SUPERSEDED = "superseded"
    """Another unit goes in its place."""
    DIVERTED = "diverted"
    """Sent to a more urgent incident."""
    CANCELLED = "cancelled"
    """The incident was cancelled or merged."""
    FAILED = "failed"
    """The unit went out of service or off duty while assigned."""
    DECLINED = "declined"
    """The neighbour who was asked for it has not sent it, or its crew did not go."""


class Phase(StrEnum):
    """Where an incident stands. Open ones are derived from their assignments; the rest are final."""

    WAITING = "waiting"
    """Open, and no unit assigned. It never leaves the board in this phase."""
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


FREE = frozenset({Status.AVAILABLE, Status.RETURNING, Status.ON_BREAK})
"""May be sent."""

DUTY = FREE | {Status.OUT_OF_SERVICE, Status.OFF_DUTY}
"""Held by a unit without an assignment."""

RUNGS = (
    Status.REQUESTED,
    Status.RESERVED,
    Status.DISPATCHED,
    Status.ACKNOWLEDGED,
    Status.EN_ROUTE,
    Status.STAGING,
    Status.ON_SCENE,
    Status.AT_PATIENT,
    Status.TRANSPORTING,
    Status.AT_HOSPITAL,
)
"""The ladder of an assignment, in order."""

UNTOLD = frozenset(RUNGS[:2])
"""Its crew knows nothing of it yet."""

HAS_LEFT = frozenset(RUNGS[4:])
"""On the road, or farther: what its crew does counts as work."""

CREW_REPORTS: dict[Status, frozenset[Status]] = {
    # A crew may leave rungs out (nobody presses "acknowledge" while running to the truck), never go back,
    # except between staging and the road: crews are staged, called in, and staged again.
    Status.DISPATCHED: frozenset(RUNGS[3:]),
    Status.ACKNOWLEDGED: frozenset(RUNGS[4:]),
    Status.EN_ROUTE: frozenset(RUNGS[5:]),
    Status.STAGING: frozenset(RUNGS[6:]) | {Status.EN_ROUTE},
    Status.ON_SCENE: frozenset(RUNGS[7:]),
    Status.AT_PATIENT: frozenset(RUNGS[8:]),
    Status.TRANSPORTING: frozenset({Status.AT_HOSPITAL}),
    Status.AT_HOSPITAL: frozenset(),
    # A unit that has not been told anything yet has nothing to report.
    Status.REQUESTED: frozenset(),
    Status.RESERVED: frozenset(),
}
"""From a rung, the rungs that a report may move the assignment to."""

ENDS: dict[Status, Outcome] = {
    Status.AVAILABLE: Outcome.CLEARED,
    Status.RETURNING: Outcome.CLEARED,
    Status.ON_BREAK: Outcome.CLEARED,
    Status.OUT_OF_SERVICE: Outcome.FAILED,
    Status.OFF_DUTY: Outcome.FAILED,
}
"""A duty status reported by an assigned unit ends its assignment, with this outcome."""

MAY_CLEAR = frozenset(RUNGS[5:])
"""Rungs from which a crew may clear: one that never arrived can only be released, with a reason."""

DUTY_REPORTS: dict[Status, frozenset[Status]] = {
    Status.AVAILABLE: frozenset({Status.RETURNING, Status.ON_BREAK, Status.OUT_OF_SERVICE, Status.OFF_DUTY}),
    Status.RETURNING: frozenset({Status.AVAILABLE, Status.ON_BREAK, Status.OUT_OF_SERVICE, Status.OFF_DUTY}),
    Status.ON_BREAK: frozenset({Status.AVAILABLE, Status.OUT_OF_SERVICE, Status.OFF_DUTY}),
    Status.OUT_OF_SERVICE: frozenset({Status.AVAILABLE, Status.RETURNING, Status.OFF_DUTY}),
    Status.OFF_DUTY: frozenset({Status.AVAILABLE, Status.OUT_OF_SERVICE}),
}
"""From a duty status, the ones that a report of an unassigned unit may set."""

RELEASABLE = frozenset(RUNGS[:6])
"""A unit may be released until it has arrived …"""

DIVERTIBLE = RELEASABLE - {Status.REQUESTED}
"""… and diverted, if it is ours to divert; a crew on scene never is."""

OPEN = frozenset({Phase.WAITING, Phase.ASSIGNED, Phase.EN_ROUTE, Phase.ON_SCENE})

PHASE_OF_RUNG: dict[Status, Phase] = {
    Status.REQUESTED: Phase.ASSIGNED,
    Status.RESERVED: Phase.ASSIGNED,
    Status.DISPATCHED: Phase.ASSIGNED,
    Status.ACKNOWLEDGED: Phase.ASSIGNED,
    Status.EN_ROUTE: Phase.EN_ROUTE,
    Status.STAGING: Phase.EN_ROUTE,
    Status.ON_SCENE: Phase.ON_SCENE,
    Status.AT_PATIENT: Phase.ON_SCENE,
    Status.TRANSPORTING: Phase.ON_SCENE,
    Status.AT_HOSPITAL: Phase.ON_SCENE,
}

PHASE_RANK: dict[Phase, int] = {phase: rank for rank, phase in enumerate(Phase)}
"""An open incident stands where its furthest unit stands."""

FINAL: dict[Phase, frozenset[Phase]] = {
    # Closing needs an incident that nobody is assigned to; cancelling releases its units, merging takes them along.
    Phase.WAITING: frozenset({Phase.CLOSED, Phase.CANCELLED, Phase.MERGED}),
    Phase.ASSIGNED: frozenset({Phase.CANCELLED, Phase.MERGED}),
    Phase.EN_ROUTE: frozenset({Phase.CANCELLED, Phase.MERGED}),
    # Somebody is there: the incident is real, so it cannot be cancelled over the crew's head.
    Phase.ON_SCENE: frozenset({Phase.MERGED}),
    Phase.CLOSED: frozenset(),
    Phase.CANCELLED: frozenset(),
    Phase.MERGED: frozenset(),
}
"""From a phase, the ways an incident may end."""
