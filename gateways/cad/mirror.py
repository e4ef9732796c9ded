"""A copy of the board: the fold of a snapshot and what came behind it. Every client keeps one, and so does the hub.

Rule: every delta follows on the one before it, or the copy says so and takes no more until it starts over.
"""

from typing import Final

from msgspec.structs import replace

from gateways.alert_views import AlertView
from gateways.board import Snapshot, Update
from gateways.cad.messages import Positions
from gateways.move_views import CoverageView, MoveView
from gateways.road_views import RoadsView
from gateways.surroundings_views import SurroundingsView
from gateways.views import AlarmView, IncidentView, PositionView, UnitView


class Gap(Exception):
    """A delta is missing, or came twice. Start over without `resume_from`."""


class Mirror:
    """Incidents that are open, units, raised alarms and latest positions, by id."""

    def __init__(self) -> None:
        self.seq: int | None = None
        """Of the last update folded; None before the first snapshot."""
        self.at_ms = 0
        self.place = self.name = ""
        self.incidents: dict[str, IncidentView] = {}
        self.units: dict[str, UnitView] = {}
        self.alarms: dict[str, AlarmView] = {}
        self.roads = NO_ROADS
        """All closures and slowings in force, and the epoch that decisions rest on."""
        self.surroundings = SurroundingsView()
        """All cautions in force, and all hospitals."""
        self.moves: dict[str, MoveView] = {}
        """Moves between posts that are proposed or under way."""
        self.coverage: tuple[CoverageView, ...] = ()
        self.alerts: dict[str, AlertView] = {}
        """Alerts that are not over, each with its copies."""
        self.positions: dict[str, PositionView] = {}
        """Of units that have moved since `units` last said where they are."""
        self.deltas = 0
        self.snapshots = 0
        self.gaps = 0

    def take(self, message: Snapshot | Update | Positions) -> None:
        """Fold one message. Raises Gap, and changes nothing, if it does not follow on what is known."""
        if isinstance(message, Update):
            self._fold(message)
        elif isinstance(message, Snapshot):
            self._begin(message)
        else:
            for view in message.units:
                self.positions[view.unit] = view

    def settle(self) -> None:
        """Write the latest positions into the units."""
        for name, at in self.positions.items():
            unit = self.units.get(name)
            if unit is not None:
                self.units[name] = replace(unit, lat=at.lat, lon=at.lon, fix_ms=at.fix_ms, assumed=False)
        self.positions = {}

    def snapshot(self) -> Snapshot:
        """Return all of it as a snapshot (positions that are not settled are not in it)."""
        assert self.seq is not None, "there has been no snapshot yet"
        return Snapshot(
            seq=self.seq,
            at_ms=self.at_ms,
            place=self.place,
            name=self.name,
            incidents=tuple(self.incidents.values()),
            units=tuple(self.units.values()),
            alarms=tuple(self.alarms.values()),
            roads=self.roads,
            surroundings=self.surroundings,
            moves=tuple(self.moves.values()),
            coverage=self.coverage,
            alerts=tuple(self.alerts.values()),
        )

    def _begin(self, snapshot: Snapshot) -> None:
        self.snapshots += 1
        self.seq, self.at_ms = snapshot.seq, snapshot.at_ms
        self.place, self.name = snapshot.place, snapshot.name
        self.incidents = {view.id: view for view in snapshot.incidents}
        self.units = {view.id: view for view in snapshot.units}
        self.alarms = {view.id: view for view in snapshot.alarms}
        self.roads = snapshot.roads or NO_ROADS
        self.surroundings = snapshot.surroundings or SurroundingsView()
        self.moves = {view.id: view for view in snapshot.moves}
        self.coverage = snapshot.coverage
        self.alerts = {view.id: view for view in snapshot.alerts}
        self.positions = {}

    def _fold(self, delta: Update) -> None:
        if delta.prev != self.seq:
            self.gaps += 1
            raise Gap(f"delta {delta.seq} follows on {delta.prev}, but the last one seen was {self.seq}")
        self.deltas += 1
        self.seq, self.at_ms = delta.seq, delta.at_ms
        for incident in delta.incidents:
            if incident.ended_ms is None:
                self.incidents[incident.id] = incident
            else:
                self.incidents.pop(incident.id, None)
        for unit in delta.units:
            self.units[unit.id] = unit
            self.positions.pop(unit.id, None)
        for alarm in delta.alarms:
            self.alarms[alarm.id] = alarm
        for name in delta.cleared:
            self.alarms.pop(name, None)
        for move in delta.moves:
            self.moves[move.id] = move
        for name in delta.ended_moves:
            self.moves.pop(name, None)
        for alert in delta.alerts:
            self.alerts[alert.id] = alert
        for name in delta.ended_alerts:
            self.alerts.pop(name, None)
        if delta.coverage is not None:
            self.coverage = delta.coverage
        if delta.roads is not None:
            self.roads = _folded(self.roads, delta.roads)
        if delta.surroundings is not None:
            self.surroundings = _merged(self.surroundings, delta.surroundings)


NO_ROADS: Final = RoadsView(streets=False, epoch=0, making=None, hour=0, weather=None)
"""Before the first snapshot, or from a server that tells nothing of roads."""


def _merged(known: SurroundingsView, change: SurroundingsView) -> SurroundingsView:
    """Return cautions and hospitals after a change, as a snapshot would show them."""
    cautions = {view.id: view for view in (*known.cautions, *change.cautions)}
    hospitals = {view.id: view for view in (*known.hospitals, *change.hospitals)}
    standing = tuple(view for name, view in cautions.items() if name not in change.ended)
    return SurroundingsView(cautions=standing, hospitals=tuple(hospitals.values()))


def _folded(roads: RoadsView, change: RoadsView) -> RoadsView:
    """Return the roads after a change, as a snapshot would show them."""
    closures = {view.id: view for view in (*roads.closures, *change.closures)}
    slowings = {view.id: view for view in (*roads.slowings, *change.slowings)}
    return replace(
        change,
        closures=tuple(view for name, view in closures.items() if name not in change.ended_closures),
        slowings=tuple(view for name, view in slowings.items() if name not in change.ended_slowings),
        ended_closures=(),
        ended_slowings=(),
    )
