"""Facts about the course of a response: alarm levels, held and stacked incidents, changes after the dispatch."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from engine.model.fact import Fact


class AlarmStruck(Fact, frozen=True, gc=False):
    """The incident is at this alarm level now."""

    incident: str
    level: int
    reason: str
    by: str


class IncidentHeld(Fact, frozen=True, gc=False):
    """Nobody is sent before then. A scheduled incident is held from its report on."""

    incident: str
    until_ms: int
    reason: str
    by: str


class HoldEnded(Fact, frozen=True, gc=False):
    """It waits for its units like any other."""

    incident: str
    by: str


class IncidentStacked(Fact, frozen=True, gc=False):
    """The busy unit goes there next."""

    incident: str
    unit: str
    reason: str
    by: str


class IncidentUnstacked(Fact, frozen=True, gc=False):
    """It waits for its units like any other."""

    incident: str
    unit: str
    reason: str
    by: str


class IncidentReopened(Fact, frozen=True, gc=False):
    """The ended incident is on the board again, with its number, its times and its notes."""

    incident: str
    reason: str
    by: str


class PlacesReopened(Fact, frozen=True, gc=False):
    """The last unit of an incident that nobody has reached was released: all its places are open, and a person decides."""

    incident: str
    unit: str
    """The one that was released."""
    by: str


class IncidentSplit(Fact, frozen=True, gc=False):
    """The merged incident is on the board again, by itself; its units stay where they went."""

    incident: str
    source: str
    """Into which it had been merged."""
    reason: str
    by: str


class IncidentsUnlinked(Fact, frozen=True, gc=False):
    """They do not belong together."""

    incident: str
    other: str
    by: str


class Suspect(Struct, frozen=True, gc=False):
    """An open incident that a new one may be a duplicate of, and what speaks for it."""

    incident: str
    permille: int
    """0 to 1000: how alike they are."""
    reasons: tuple[str, ...]
    """In words, with the figures."""


class DuplicatesSuspected(Fact, frozen=True, gc=False):
    """The incident may be about the same occurrence as these, likeliest first. A person decides."""

    incident: str
    suspects: tuple[Suspect, ...]


class UnitSuperseded(Fact, frozen=True, gc=False):
    """Another unit goes in its place; the facts that follow say how."""

    unit: str
    replacement: str
    incident: str
    saves_ms: int
    reason: str
    by: str


class DelayCause(StrEnum):
    """What makes a unit late."""

    SLOW = "slow"
    """It will arrive later than told."""
    WRONG_WAY = "wrong_way"
    """Its time to go grows."""
    NOT_MOVING = "not_moving"
    """It has not left, or stands."""
    REPORTED = "reported"
    """Its crew said so."""


class AssignmentDelayed(Fact, frozen=True, gc=False):
    """The unit is expected later than was told, so its place is looked at again."""

    unit: str
    incident: str
    cause: DelayCause
    arrive_ms: int
    """Expected on scene, in ms since the epoch."""
    late_ms: int


class AssignmentOnTime(Fact, frozen=True, gc=False):
    """The unit is expected as told, after it had been late."""

    unit: str
    incident: str
    arrive_ms: int


class Progress(Struct, frozen=True, gc=False):
    """How far a unit under way is from where it is wanted."""

    unit: str
    incident: str
    to_go_ms: int
    """Until it arrives, by its latest position."""


class ProgressSeen(Fact, frozen=True, gc=False):
    """These units under way were looked at, so that the next look can tell who stands and who drives away."""

    progress: tuple[Progress, ...]


class ReleaseProposed(Fact, frozen=True, gc=False):
    """The incident no longer needs these units, which have not arrived; its plan asks a person to release them."""

    incident: str
    units: tuple[str, ...]
    reason: str


class UnitsBypassed(Fact, frozen=True, gc=False):
    """A person sent others than were recommended: an evidence of where the rules are wrong."""

    incident: str
    decision: int
    """The `seq` of the recommendation."""
    bypassed: tuple[str, ...]
    sent: tuple[str, ...]
    later_ms: int
    """How much later the last of those sent arrives than the last of those bypassed; less than 0: earlier."""
    reason: str
    by: str


class RecommendationStale(Fact, frozen=True, gc=False):
    """What a person accepted no longer holds, so nothing was done; the new best is in this turn, before this fact."""

    incident: str
    decision: int
    """The `seq` that was accepted."""
    reason: str
    """What has changed, and what is best now."""


class AutoWithheld(Fact, frozen=True, gc=False):
    """The plan would dispatch by itself, but this decision is not sure enough: a person is asked."""

    incident: str
    reason: str


AnyResponseFact: TypeAlias = (
    AlarmStruck
    | IncidentHeld
    | HoldEnded
    | IncidentStacked
    | IncidentUnstacked
    | IncidentReopened
    | PlacesReopened
    | IncidentSplit
    | IncidentsUnlinked
    | DuplicatesSuspected
    | UnitSuperseded
    | AssignmentDelayed
    | AssignmentOnTime
    | ProgressSeen
    | ReleaseProposed
    | UnitsBypassed
    | RecommendationStale
    | AutoWithheld
)
