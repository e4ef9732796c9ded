"""Who sees what of people's data: the one place where a view is redacted on its way out.

Rule: default deny. A kind of personal data that `SEES` does not grant to a role is not in anything that leaves for it;
what was left out is named, so that nobody mistakes "hidden" for "empty". Decisions, units and times are never hidden.

| | call-taker | dispatcher, supervisor | crew | observer, feed, partner |
| caller, narrative, medical | of calls that it took | all | of incidents that its units are on | none |
| place | all | all | of incidents that its units are on | none: to about a kilometre |
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.model.lifecycle import Status
from gateways.alert_views import AlertView
from gateways.auth import Principal, Role
from gateways.board import Event, Snapshot, Update
from gateways.surroundings_views import CautionView, SurroundingsView
from gateways.views import AlarmView, AssignmentView, IncidentView, UnitView

COARSE_DIGITS: Final = 2
"""Digits of a degree that are left of a place that is not to be known: about a kilometre."""


class Kind(StrEnum):
    """Kinds of personal data."""

    CALLER = "caller"
    """Who called: name and number."""
    NARRATIVE = "narrative"
    """What was said and written: notes, reasons, how it ended, texts of alarms."""
    MEDICAL = "medical"
    """What ails a patient: the determinant code, the services needed, the hospital."""
    PLACE = "place"
    """Where exactly: address, position, the way there, what to beware of."""


class Scope(StrEnum):
    """Of which incidents."""

    ALL = "all"
    OWN = "own"
    """A call-taker's own calls; a crew's incidents while it is on them."""
    NONE = "none"


def _row(caller: Scope, narrative: Scope, medical: Scope, place: Scope) -> dict[Kind, Scope]:
    return {Kind.CALLER: caller, Kind.NARRATIVE: narrative, Kind.MEDICAL: medical, Kind.PLACE: place}


SEES: Final[dict[Role, dict[Kind, Scope]]] = {
    # Two calls about one occurrence are told apart by where it is, so a call-taker sees places.
    Role.CALL_TAKER: _row(Scope.OWN, Scope.OWN, Scope.OWN, Scope.ALL),
    Role.DISPATCHER: _row(Scope.ALL, Scope.ALL, Scope.ALL, Scope.ALL),
    Role.SUPERVISOR: _row(Scope.ALL, Scope.ALL, Scope.ALL, Scope.ALL),
    Role.CREW: _row(Scope.OWN, Scope.OWN, Scope.OWN, Scope.OWN),
    Role.FEED: _row(Scope.NONE, Scope.NONE, Scope.NONE, Scope.NONE),
    Role.OBSERVER: _row(Scope.NONE, Scope.NONE, Scope.NONE, Scope.NONE),
    Role.PARTNER: _row(Scope.NONE, Scope.NONE, Scope.NONE, Scope.NONE),
}
BETWEEN_US: Final = ("unit_told", "unit_said", "help_requested")
"""Events whose words are between dispatch and one crew."""
OPEN: Final = (
    "duty_",
    "epoch_",
    "hospital_",
    "move_",
    "road_",
    "speeds_",
    "staffing_",
    "traffic_",
    "turnouts_",
    "weather_",
)
"""How kinds of events begin whose text is nobody's personal data."""
NOTHING: Final[frozenset[Kind]] = frozenset()

Find = Callable[[str], IncidentView | None]
"""From an incident's id to how it stands, unredacted; None where it is not known (any more)."""


class Audience(Struct, frozen=True):
    """Somebody to whom views go out. Equal audiences are sent the same bytes."""

    role: Role
    name: str = ""
    """Of a principal whose own incidents are its own by its name."""
    units: frozenset[str] | None = None
    """Of a crew: its units; None: whichever."""

    @property
    def sees_all(self) -> bool:
        """Tell whether nothing is ever left out for it."""
        return all(scope is Scope.ALL for scope in SEES[self.role].values())

    def speaks_with(self, unit: str | None) -> bool:
        """Tell whether it is the unit's own crew."""
        return self.role is Role.CREW and (self.units is None or unit in self.units)

    def hidden(self, incident: IncidentView | None) -> frozenset[Kind]:
        """Return the kinds that it may not see of this incident; of one that is not known, all that is not for it anyway."""
        if self.sees_all:
            return NOTHING
        owns = incident is not None and self._owns(incident)
        row = SEES[self.role]
        return frozenset(kind for kind in Kind if row[kind] is Scope.NONE or (row[kind] is Scope.OWN and not owns))

    def _owns(self, incident: IncidentView) -> bool:
        if self.role is Role.CALL_TAKER:
            return bool(self.name) and incident.reported_by == self.name
        told = (each.unit for each in incident.assigned if each.status is not Status.RESERVED)
        return any(self.units is None or unit in self.units for unit in told)


def audience_of(principal: Principal) -> Audience:
    """Return the audience that this principal is: the largest one that is sent the same."""
    if principal.role is Role.CALL_TAKER:
        return Audience(principal.role, principal.name)
    return Audience(principal.role, units=principal.units if principal.role is Role.CREW else None)


class Concern(Struct, frozen=True):
    """Whom something concerns: it may look different to these, and looks the same to all others of their role."""

    units: frozenset[str]
    reporters: frozenset[str]

    def narrowed(self, audience: Audience) -> Audience:
        """Return the audience without what does not matter here: those that are equal then are sent the same bytes."""
        if audience.role is Role.CREW and audience.units is not None:
            return Audience(audience.role, units=audience.units & self.units)
        if audience.role is Role.CALL_TAKER and audience.name not in self.reporters:
            return Audience(audience.role)
        return audience


NOBODY: Final = Concern(frozenset(), frozenset())


def concern_of(content: Update | Snapshot, find: Find) -> Concern:
    """Return whom an update or a snapshot concerns. `find` need not know the incidents that are in it."""
    units = {unit.id for unit in content.units if unit.words} | {alert.unit for alert in content.alerts}
    incidents = {incident.id: incident for incident in content.incidents}
    named = {alarm.incident for alarm in content.alarms}
    if isinstance(content, Update):
        units |= {event.unit for event in content.events if event.unit is not None}
        named |= {event.incident for event in content.events if event.incident is not None}
        named |= {ranked.incident for ranked in content.destinations}
    for name in named - incidents.keys():
        known = find(name)
        if known is not None:
            incidents[name] = known
    for incident in incidents.values():
        units |= {each.unit for each in incident.assigned}
    return Concern(frozenset(units), frozenset(incident.reported_by for incident in incidents.values()))


def incident_for(audience: Audience, incident: IncidentView) -> IncidentView:
    """Return what this audience may see of the incident."""
    hidden = audience.hidden(incident)
    if not hidden:
        return incident
    changes: dict[str, object] = {"redacted": tuple(kind.value for kind in Kind if kind in hidden)}
    if Kind.CALLER in hidden:
        changes["caller"] = ""
    if Kind.NARRATIVE in hidden:
        changes |= {"notes": (), "disposition": "", "held_reason": ""}
    if Kind.MEDICAL in hidden:
        changes["code"] = ""
    if Kind.PLACE in hidden:
        lat, lon = round(incident.lat, COARSE_DIGITS), round(incident.lon, COARSE_DIGITS)
        changes |= {"address": "", "lat": lat, "lon": lon, "suspects": ()}
    changes["assigned"] = tuple(_assignment(each, hidden) for each in incident.assigned)
    changes["past"] = tuple(_assignment(each, hidden) for each in incident.past)
    return replace(incident, **changes)


def _assignment(assignment: AssignmentView, hidden: frozenset[Kind]) -> AssignmentView:
    changes: dict[str, object] = {}
    if Kind.NARRATIVE in hidden:
        changes["deviation"] = ""
    if Kind.MEDICAL in hidden:
        changes["destination"] = None
    if Kind.PLACE in hidden:
        changes["route"] = None
    return replace(assignment, **changes) if changes else assignment


def unit_for(audience: Audience, unit: UnitView) -> UnitView:
    """Return what this audience may see of the unit: what is said between its crew and dispatch is theirs."""
    return unit if not unit.words or audience.sees_all or audience.speaks_with(unit.id) else replace(unit, words=())


def alarm_for(audience: Audience, alarm: AlarmView, find: Find) -> AlarmView:
    """Return what this audience may see of the alarm: its text may quote a note, and names addresses."""
    if audience.sees_all or not audience.hidden(find(alarm.incident)) & {Kind.NARRATIVE, Kind.PLACE}:
        return alarm
    return replace(alarm, text="", redacted=True)


def surroundings_for(audience: Audience, surroundings: SurroundingsView) -> SurroundingsView:
    """Return what this audience may see of cautions and hospitals. Crews see every caution: it may save them."""
    if SEES[audience.role][Kind.PLACE] is not Scope.NONE:
        return surroundings
    return replace(surroundings, cautions=tuple(_caution(caution) for caution in surroundings.cautions))


def _caution(caution: CautionView) -> CautionView:
    lat, lon = round(caution.lat, COARSE_DIGITS), round(caution.lon, COARSE_DIGITS)
    return replace(caution, text="", lat=lat, lon=lon, polygon=None)


def alert_for(audience: Audience, alert: AlertView) -> AlertView:
    """Return what this audience may see of an alert: who of a crew was told, and how far that has come, is the crew's."""
    if audience.sees_all or audience.speaks_with(alert.unit):
        return alert
    return replace(alert, copies=())


def _event(audience: Audience, event: Event, find: Find) -> Event:
    if not event.text:
        return event
    if event.kind in BETWEEN_US:
        hidden = not (audience.sees_all or audience.speaks_with(event.unit))
    elif event.kind == "copy_marked":
        hidden = not audience.speaks_with(event.unit)
    elif event.incident is None:
        # What names no incident may quote what was said of one all the same: only these do not.
        places = SEES[audience.role][Kind.PLACE] is not Scope.NONE
        hidden = not event.kind.startswith(OPEN) and not (places and event.kind.startswith("caution_"))
    else:
        hidden = bool(audience.hidden(find(event.incident)) & {Kind.NARRATIVE, Kind.PLACE})
    return replace(event, text="") if hidden else event


def update_for(audience: Audience, update: Update, find: Find) -> Update:
    """Return what this audience may see of an update. `find` need not know the incidents that are in it."""
    if audience.sees_all:
        return update
    within = {incident.id: incident for incident in update.incidents}

    def known(name: str) -> IncidentView | None:
        return within.get(name) or find(name)

    return replace(
        update,
        incidents=tuple(incident_for(audience, incident) for incident in update.incidents),
        units=tuple(unit_for(audience, unit) for unit in update.units),
        alarms=tuple(alarm_for(audience, alarm, known) for alarm in update.alarms),
        events=tuple(_event(audience, event, known) for event in update.events),
        alerts=tuple(alert_for(audience, alert) for alert in update.alerts),
        surroundings=None if update.surroundings is None else surroundings_for(audience, update.surroundings),
        destinations=tuple(
            ranked for ranked in update.destinations if Kind.MEDICAL not in audience.hidden(known(ranked.incident))
        ),
    )


def snapshot_for(audience: Audience, snapshot: Snapshot) -> Snapshot:
    """Return what this audience may see of the board."""
    if audience.sees_all:
        return snapshot
    within = {incident.id: incident for incident in snapshot.incidents}
    return replace(
        snapshot,
        incidents=tuple(incident_for(audience, incident) for incident in snapshot.incidents),
        units=tuple(unit_for(audience, unit) for unit in snapshot.units),
        alarms=tuple(alarm_for(audience, alarm, within.get) for alarm in snapshot.alarms),
        alerts=tuple(alert_for(audience, alert) for alert in snapshot.alerts),
        surroundings=None if snapshot.surroundings is None else surroundings_for(audience, snapshot.surroundings),
    )
