"""From turns to ladders: the turns are folded into a World, and each incident is read off it when it has ended.

Rule: nothing is worked out that the World does not hold. Beside it is only kept what an assignment forgets: where the
unit stood and how many people it had when it was dispatched, and which assignments went on with another incident.
"""

from msgspec import Struct

from engine.model.crew_facts import AidDeclined
from engine.model.facts import (
    AssignmentMoved,
    IncidentCancelled,
    IncidentClosed,
    UnitDispatched,
)
from engine.model.lifecycle import Outcome, Status
from engine.model.response_facts import IncidentReopened, IncidentSplit
from engine.model.turn import Turn
from engine.state.records import Assignment, Incident
from engine.state.world import World
from gateways.neris.records import (
    Aid,
    AidType,
    Comment,
    Dispatch,
    IncidentLadder,
    Mode,
    UnitResponse,
)
from gateways.times import iso

CODE_MAX = 8
"""Characters of NERIS's determinate code."""
ENDED_BY_OTHERS = frozenset({Outcome.RELEASED, Outcome.SUPERSEDED, Outcome.DIVERTED, Outcome.CANCELLED})
Sending = tuple[str, int]
"""A unit, and when it was sent: the same unit is sent once in a moment."""


class Local(Struct, frozen=True, kw_only=True):
    """What the agency says beside the journal."""

    automatic: frozenset[str] = frozenset()
    """Incident types that are automatic alarms."""
    acting_as: frozenset[str] = frozenset()
    """Neighbours who answer in our name by agreement."""
    emergent_through: int = 3
    """Incidents of this priority and more urgent ones are driven to with lights and sirens."""
    comments: bool = False
    """Notes of the incident leave as well: they may name people."""


class _Start(Struct, frozen=True):
    """How a unit was when it was dispatched."""

    staff: int | None
    point: tuple[float, float] | None


class Ladders:
    """Follows turns. Holds the ladder of every incident that has ended, as it ended last."""

    def __init__(self, world: World, local: Local) -> None:
        self.world = world
        self.ended: dict[str, IncidentLadder] = {}
        self._local = local
        self._starts: dict[str, dict[Sending, _Start]] = {}
        self._gone: dict[str, set[Sending]] = {}
        """By incident: assignments that went on with another one."""
        self._unable: dict[str, list[str]] = {}
        """By incident: neighbours' units that were asked for in vain."""

    def feed(self, turn: Turn) -> None:
        """Take over one turn."""
        moved = [self._moved(fact) for fact in turn.facts if isinstance(fact, AssignmentMoved)]
        self.world.fold(turn)
        for gone, sending in moved:
            self._gone.setdefault(gone.incident, set()).add(sending)
            start = self._starts.get(gone.incident, {}).pop(sending, None)
            if start is not None:
                self._starts.setdefault(gone.into, {})[sending] = start
        for fact in turn.facts:
            match fact:
                case UnitDispatched():
                    self._starts.setdefault(fact.incident, {})[fact.unit, turn.now] = self._start(fact.unit)
                case AidDeclined():
                    self._unable.setdefault(fact.incident, []).append(fact.unit)
                case IncidentReopened() | IncidentSplit():
                    self.ended.pop(fact.incident, None)
                case IncidentClosed() | IncidentCancelled():
                    self.ended[fact.incident] = self.ladder(self.world.incidents[fact.incident])
                case _:
                    pass

    def _moved(self, fact: AssignmentMoved) -> tuple[AssignmentMoved, Sending]:
        """Look at the assignment before the fold gives it to the other incident."""
        return fact, (fact.unit, self.world.open[fact.incident].assigned[fact.unit].sent_ms)

    def _start(self, unit: str) -> _Start:
        world = self.world
        row = world.fleet.rows[unit]
        staff = world.units[row].staff
        full = world.fleet.units[row].staff
        lat, lon = world.settled.projection.to_degrees(int(world.fleet.x_m[row]), int(world.fleet.y_m[row]))
        return _Start(staff if staff is not None else full or None, (lon, lat))

    # ── reading an incident ─────────────────────────────────────────────────────────────────────────────────

    def ladder(self, incident: Incident) -> IncidentLadder:
        """Return the incident's ladder as it stands."""
        gone = self._gone.get(incident.id, set())
        sent = [(each.assignment, each.outcome, each.at_ms) for each in incident.past]
        kept = [each for each in sent if (each[0].unit, each[0].sent_ms) not in gone]
        out = [(assignment, None, 0) for assignment in incident.assigned.values()]
        responses = [self._response(incident, *each) for each in (*kept, *out) if _was_told(each[0])]
        responses += [self._refused(incident, unit) for unit in self._unable.get(incident.id, ())]
        lat, lon = self.world.settled.projection.to_degrees(incident.x_m, incident.y_m)
        return IncidentLadder(
            incident=incident.id,
            external=incident.external,
            complete=not incident.open,
            address=incident.address,
            point=(lon, lat),
            core_mod_dispatch=self._dispatch(incident, [each[0] for each in (*kept, *out)]),
            mod_unit_response=tuple(sorted(responses, key=_by_time)),
            aid=self._aid([each[0].unit for each in (*kept, *out) if _was_told(each[0])]),
        )

    def _dispatch(self, incident: Incident, sent: list[Assignment]) -> Dispatch:
        told = [each.stamps[Status.DISPATCHED] for each in sent if Status.DISPATCHED in each.stamps]
        notes = incident.notes if self._local.comments else ()
        return Dispatch(
            dispatch_internal_id=incident.id,
            dispatch_time_call_arrival=None,
            dispatch_time_call_answering=None,
            dispatch_time_call_create=iso(incident.reported_ms),
            dispatch_time_alarm_answering=None,
            dispatch_time_alarm_processing=_seconds(incident.reported_ms, min(told, default=None)),
            dispatch_determinate_code=incident.code[:CODE_MAX] or None,
            dispatch_incident_code=incident.type,
            dispatch_final_disposition=incident.disposition or None,
            dispatch_automatic_alarm=incident.type in self._local.automatic,
            dispatch_comments=tuple(Comment(comment_timestamp=iso(note.at_ms), comment=note.text) for note in notes),
            time_incident_clear=None if incident.open else iso(incident.ended_ms),
        )

    def _response(
        self, incident: Incident, assignment: Assignment, outcome: Outcome | None, ended_ms: int
    ) -> UnitResponse:
        stamps = assignment.stamps
        start = self._starts.get(incident.id, {}).get((assignment.unit, stamps[Status.DISPATCHED]))
        arrived = any(rung in stamps for rung in _THERE)
        called_off = outcome in ENDED_BY_OTHERS and not arrived
        left_hospital = outcome is not None and Status.AT_HOSPITAL in stamps
        return UnitResponse(
            unit_id_reported=assignment.unit,
            unit_type_reported=self._kind(assignment.unit),
            unit_staffing_reported=None if start is None else start.staff,
            unit_unable_to_dispatch=outcome is Outcome.FAILED and Status.EN_ROUTE not in stamps and not arrived,
            unit_response_mode=self._mode(incident),
            unit_dispatch_point=None if start is None else start.point,
            time_dispatch=_stamp(stamps, Status.DISPATCHED),
            time_enroute_to_scene=_stamp(stamps, Status.EN_ROUTE),
            time_staging=_stamp(stamps, Status.STAGING),
            time_on_scene=_stamp(stamps, Status.ON_SCENE),
            time_at_patient=_stamp(stamps, Status.AT_PATIENT),
            time_enroute_hospital=_stamp(stamps, Status.TRANSPORTING),
            time_arrived_hospital=_stamp(stamps, Status.AT_HOSPITAL),
            time_transfer_to_facility=None,
            time_hospital_clear=iso(ended_ms) if left_hospital else None,
            time_canceled_enroute=iso(ended_ms) if called_off else None,
            time_unit_clear=None if outcome is None else iso(ended_ms),
            time_turnout=_seconds(stamps[Status.DISPATCHED], stamps.get(Status.EN_ROUTE)),
            time_travel=_seconds(stamps.get(Status.EN_ROUTE), stamps.get(Status.ON_SCENE)),
        )

    def _refused(self, incident: Incident, unit: str) -> UnitResponse:
        """Return the line of a neighbour's unit that was asked for and did not come."""
        nothing = dict.fromkeys(name for name in UnitResponse.__struct_fields__ if name.startswith("time_"))
        return UnitResponse(
            unit_id_reported=unit,
            unit_type_reported=self._kind(unit),
            unit_staffing_reported=None,
            unit_unable_to_dispatch=True,
            unit_response_mode=self._mode(incident),
            unit_dispatch_point=None,
            **nothing,
        )

    def _aid(self, units: list[str]) -> tuple[Aid, ...]:
        by_agency: dict[str, dict[str, None]] = {}
        own = False
        for unit in units:
            row = self.world.fleet.rows.get(unit)
            agency = None if row is None else self.world.fleet.units[row].agency
            own = own or agency is None
            if agency is not None:
                by_agency.setdefault(agency, {})[unit] = None
        return tuple(
            Aid(aid_agency=agency, aid_type=self._aid_type(agency, own=own), aid_units=tuple(sorted(names)))
            for agency, names in sorted(by_agency.items())
        )

    def _aid_type(self, agency: str, *, own: bool) -> AidType:
        if agency in self._local.acting_as:
            return AidType.ACTING_AS_AID
        return AidType.SUPPORT_AID if own else AidType.IN_LIEU_AID

    def _mode(self, incident: Incident) -> Mode:
        return Mode.EMERGENT if incident.priority <= self._local.emergent_through else Mode.NON_EMERGENT

    def _kind(self, unit: str) -> str:
        row = self.world.fleet.rows.get(unit)
        return "" if row is None else self.world.fleet.units[row].kind


_THERE = (Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL)


def _was_told(assignment: Assignment) -> bool:
    """Tell whether the unit was dispatched: kept, or only asked for, it has no ladder."""
    return Status.DISPATCHED in assignment.stamps


def _stamp(stamps: dict[str, int], rung: Status) -> str | None:
    at_ms = stamps.get(rung)
    return None if at_ms is None else iso(at_ms)


def _seconds(start_ms: int | None, stop_ms: int | None) -> float | None:
    return None if start_ms is None or stop_ms is None else (stop_ms - start_ms) / 1000


def _by_time(response: UnitResponse) -> tuple[str, str]:
    return response.time_dispatch or "~", response.unit_id_reported
