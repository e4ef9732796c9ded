"""What has become true. Frozen, past tense, complete: the World is nothing but the fold of these.

A fact that asks for work outside (`AlertRequested`) stays open in the World until an input closes it, so that
after a crash it is asked for again.
"""

from typing import TypeAlias

from msgspec import Struct

from engine.model.alert_facts import AnyAlertFact
from engine.model.crew_facts import AnyCrewFact
from engine.model.fact import Fact
from engine.model.fixes import Fixes
from engine.model.forgetting import IncidentForgotten
from engine.model.lifecycle import Outcome, Status
from engine.model.moves import AnyMoveFact
from engine.model.place import Place
from engine.model.plans import Mode
from engine.model.response_facts import AnyResponseFact
from engine.model.road_facts import AnyRoadFact
from engine.model.route import Route
from engine.model.suggestions import AnySuggestionFact
from engine.model.surroundings import AnySurroundingsFact
from engine.model.why import Why


class PlaceAdopted(Fact, frozen=True, gc=False):
    """The configuration in force."""

    place: Place


class Resumed(Fact, frozen=True, gc=False):
    """The engine came back; alarms are quiet until then."""

    quiet_until_ms: int


class Ticked(Fact, frozen=True, gc=False):
    """Deadlines up to now have been looked at."""


class PositionsMoved(Fact, frozen=True, gc=False):
    """Units are where these fixes say. Fixes older than what was known are not among them."""

    fixes: Fixes
    ignored: int = 0
    """How many of the reported fixes were older than what was known, or outside the place."""


class CommandRefused(Fact, frozen=True, gc=False):
    """The command changed nothing."""

    code: str
    field: str
    reason: str


# ── incidents ───────────────────────────────────────────────────────────────────────────────────────────────


class IncidentReported(Fact, frozen=True, gc=False, kw_only=True):
    """An incident is on the board."""

    incident: str
    type: str
    priority: int
    x_m: int
    y_m: int
    plan: str
    area: str | None
    address: str
    caller: str
    note: str
    external: str
    by: str
    code: str = ""
    due_ms: int | None = None


class IncidentAmended(Fact, frozen=True, gc=False, kw_only=True):
    """The incident is now known to be this."""

    incident: str
    type: str
    priority: int
    x_m: int
    y_m: int
    plan: str
    area: str | None
    address: str
    caller: str
    by: str
    code: str = ""


class IncidentClosed(Fact, frozen=True, gc=False):
    """Its work is done."""

    incident: str
    disposition: str
    by: str


class IncidentCancelled(Fact, frozen=True, gc=False):
    """Nobody was needed."""

    incident: str
    reason: str
    by: str


class IncidentMerged(Fact, frozen=True, gc=False):
    """It goes on as part of another one."""

    incident: str
    into: str
    by: str


class IncidentsLinked(Fact, frozen=True, gc=False):
    """Two incidents belong together."""

    incident: str
    other: str
    by: str


class NoteAdded(Fact, frozen=True, gc=False):
    """Something was written down."""

    incident: str
    text: str
    by: str


# ── units ───────────────────────────────────────────────────────────────────────────────────────────────────


class Choice(Struct, frozen=True, gc=False):
    """A unit proposed for a slot."""

    slot: str
    unit: str
    eta_ms: int
    """Dispatch to arrival: turnout plus travel."""
    spread_ms: int = -1
    """Two arrivals of three lie within this much of it."""
    source: str = ""
    """It would be diverted from this incident."""
    replaces: str = ""
    """It would go in the place of this unit, which is under way there."""
    clear_ms: int = -1
    """It is busy, will probably be free in so long, and is not sent before; the ETA holds this time."""

    @property
    def what(self) -> tuple[str, str, str, str, bool]:
        """What is proposed, whatever the time it takes."""
        return self.slot, self.unit, self.source, self.replaces, self.clear_ms >= 0


class Shortage(Struct, frozen=True, gc=False):
    """Places of a slot that no unit could be found for."""

    slot: str
    missing: int
    needs: tuple[str, ...]


class UnitsRecommended(Fact, frozen=True, gc=False):
    """The best known answer for what the incident still lacks, and why."""

    incident: str
    mode: Mode
    choices: tuple[Choice, ...]
    short: tuple[Shortage, ...]
    why: Why
    option: str = ""
    """Which of the plan's ways to answer; "" is its own."""


class UnitReserved(Fact, frozen=True, gc=False, kw_only=True):
    """The unit is kept for the incident; its crew has not been told."""

    unit: str
    incident: str
    slot: str | None
    eta_ms: int
    by: str
    deviation: str = ""
    """Why this unit and not the recommended one, where a person decided so."""


class UnitDispatched(Fact, frozen=True, gc=False, kw_only=True):
    """The unit is sent. Whether its crew has been reached is the alert's story, whether it goes is the crew's."""

    unit: str
    incident: str
    slot: str | None
    """The slot it fills; None if a person sent it beyond the plan."""
    eta_ms: int
    by: str
    deviation: str = ""
    diverted: bool = False
    """It was taken from a less urgent incident for this one, so it is not diverted again."""
    spread_ms: int = -1
    """Two arrivals of three lie within this much of the ETA."""
    route: Route | None = None
    """The way that the ETA rests on; None where no streets were used."""


class UnitDiverted(Fact, frozen=True, gc=False):
    """The unit was taken from one incident for another; the facts that follow say how."""

    unit: str
    source: str
    target: str
    reason: str
    by: str


class AssignmentAdvanced(Fact, frozen=True, gc=False):
    """An assigned unit has reached a further rung."""

    unit: str
    incident: str
    status: Status
    at_ms: int
    by: str


class AssignmentEnded(Fact, frozen=True, gc=False):
    """The unit is no longer on the incident."""

    unit: str
    incident: str
    outcome: Outcome
    duty: Status
    """What it is from now on."""
    at_ms: int
    by: str
    reason: str = ""


class AssignmentMoved(Fact, frozen=True, gc=False):
    """The incident was merged: the unit goes on with its rung, its times and its orders, for the other one."""

    unit: str
    incident: str
    into: str
    slot: str | None
    by: str


class DutyChanged(Fact, frozen=True, gc=False):
    """An unassigned unit is now this."""

    unit: str
    duty: Status
    at_ms: int
    by: str


class EmergencyDeclared(Fact, frozen=True, gc=False):
    """The unit needs help; the incident is the help's."""

    unit: str
    incident: str
    text: str
    by: str


class EmergencyResolved(Fact, frozen=True, gc=False):
    """A person has said that the unit is safe."""

    unit: str
    reason: str
    by: str


AnyFact: TypeAlias = (
    PlaceAdopted
    | Resumed
    | Ticked
    | PositionsMoved
    | CommandRefused
    | IncidentReported
    | IncidentAmended
    | IncidentClosed
    | IncidentCancelled
    | IncidentMerged
    | IncidentsLinked
    | NoteAdded
    | UnitsRecommended
    | UnitReserved
    | UnitDispatched
    | UnitDiverted
    | AssignmentAdvanced
    | AssignmentEnded
    | AssignmentMoved
    | DutyChanged
    | EmergencyDeclared
    | EmergencyResolved
    | AnyAlertFact
    | AnyRoadFact
    | AnyResponseFact
    | AnyCrewFact
    | AnySurroundingsFact
    | AnyMoveFact
    | IncidentForgotten
    | AnySuggestionFact
)
