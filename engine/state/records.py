"""What the World remembers of each incident, unit, alert and alarm. Mutable: only the folds of this room write."""

from enum import StrEnum

from msgspec import Struct

from engine.model.alert_facts import AlarmKind, Purpose
from engine.model.facts import Choice, Shortage
from engine.model.lifecycle import PHASE_OF_RUNG, PHASE_RANK, Outcome, Phase, Status
from engine.model.route import Route


class Assignment(Struct):
    """A unit on an incident."""

    unit: str
    slot: str | None
    status: Status
    eta_ms: int
    sent_ms: int
    """When it was reserved or dispatched, whichever came last."""
    reported_ms: int
    """Time of the last report: an older one is refused."""
    stamps: dict[str, int]
    """When each rung was reached: the ladder that NERIS asks for."""
    by: str
    deviation: str
    diverted: bool = False
    """It came here by a diversion, so it is not diverted again."""
    spread_ms: int = -1
    route: Route | None = None


class Ended(Struct):
    """An assignment that is over."""

    assignment: Assignment
    outcome: Outcome
    at_ms: int


class Note(Struct):
    """A remark on an incident."""

    at_ms: int
    by: str
    text: str


class Incident(Struct):
    """An incident, open or ended."""

    id: str
    number: int
    type: str
    priority: int
    x_m: int
    y_m: int
    plan: str
    area: str | None
    address: str
    caller: str
    external: str
    reported_ms: int
    waiting_since_ms: int
    """Since when it has lacked what it lacks now."""
    filled: dict[str, int]
    """By slot: places that are taken, or that a person has waived."""
    assigned: dict[str, Assignment]
    past: list[Ended]
    notes: list[Note]
    links: list[str]
    final: Phase | None = None
    ended_ms: int = 0
    disposition: str = ""
    merged_into: str | None = None
    recommended: tuple[Choice, ...] = ()
    short: tuple[Shortage, ...] = ()

    @property
    def open(self) -> bool:
        """Is it still on the board?"""
        return self.final is None

    @property
    def phase(self) -> Phase:
        """Where it stands: where its furthest unit stands."""
        if self.final is not None:
            return self.final
        phases = [PHASE_OF_RUNG[assignment.status] for assignment in self.assigned.values()]
        return max(phases, key=PHASE_RANK.__getitem__, default=Phase.WAITING)


class UnitRecord(Struct):
    """A unit's life beside its assignment."""

    id: str
    row: int
    duty: Status
    reported_ms: int
    incident: str | None = None
    emergency: str | None = None
    """The incident opened for its own emergency."""

    @property
    def occupied(self) -> bool:
        """Are its people out, or in need of help themselves?"""
        return self.incident is not None or self.emergency is not None


class AlertState(StrEnum):
    """Where an alert stands that is not over."""

    REQUESTED = "requested"
    """A courier is to try now: asked for again after a crash."""
    WAITING = "waiting"
    """The last attempt failed; the next one has its time."""
    DELIVERED = "delivered"
    """An endpoint has it; its recipient has not said so."""


class Alert(Struct):
    """A message owed to a crew."""

    id: str
    purpose: Purpose
    unit: str
    incident: str
    rung: int
    endpoint: str
    attempt: int
    text: str
    state: AlertState
    created_ms: int
    rung_since_ms: int


class Alarm(Struct):
    """A matter for a person."""

    id: str
    about: AlarmKind
    incident: str
    unit: str | None
    text: str
    raised_ms: int
    acknowledged_by: str | None = None
