"""The units of an incident as EIDO components: those that are on it, those that were, and who sent them."""

from collections.abc import Iterator
from typing import Protocol

from engine.state.records import Assignment, Ended, Incident, UnitRecord
from engine.state.world import World
from gateways.eido import parts, pidf
from gateways.eido.config import EidoConfig
from gateways.eido.moments import stamp
from gateways.eido.naming import Naming
from gateways.eido.parts import Ref
from gateways.eido.registries import ENDED, unit_status

OTHER = "Other"


class Agents(Protocol):
    """Names somebody who acts."""

    def __call__(self, name: str) -> Ref:
        """Return the reference; describe him in the document."""


class UnitWriter:
    """Writes the units of one document, and the places where they are and go to."""

    def __init__(
        self,
        config: EidoConfig,
        naming: Naming,
        world: World,
        incident: Incident,
        updated_ms: int,
        agent: Agents,
    ) -> None:
        self._config = config
        self._naming = naming
        self._world = world
        self._incident = incident
        self._updated_ms = updated_ms
        self._agent = agent
        self.locations: dict[str, parts.Location] = {}
        """By `$id`: filled while units are written."""
        self.neighbours: dict[str, None] = {}
        """Agencies of the place whose units are or were on it."""
        for _, record, _ in self._involved():
            owner = world.neighbour(record.row)
            if owner is not None:
                self.neighbours[owner.id] = None

    def write(self) -> tuple[parts.Unit, ...]:
        """Return each unit once."""
        return tuple(self._unit(assignment, record, ended) for assignment, record, ended in self._involved())

    def dispatches(self) -> tuple[parts.Dispatch, ...]:
        """Return one for each time that a unit was sent, or asked for."""
        world = self._world
        written = []
        every = [*((each.assignment, each) for each in self._incident.past), *self._current()]
        for number, (assignment, _) in enumerate(every, 1):
            row = world.fleet.rows.get(assignment.unit)
            if row is not None:
                written.append(
                    parts.Dispatch(
                        id=self._naming.part("dispatch", self._incident, str(number)),
                        last_update_time_stamp=stamp(assignment.sent_ms),
                        updated_by_agency_reference=Ref(self._config.agency),
                        agency_reference=Ref(self._naming.agency_of(world, row)),
                        agent_reference=self._agent(assignment.by),
                        emergency_resource_reference=(Ref(self._naming.unit(world, row)),),
                    )
                )
        return tuple(written)

    def _current(self) -> list[tuple[Assignment, Ended | None]]:
        return [(assignment, None) for assignment in self._incident.assigned.values()]

    def _involved(self) -> Iterator[tuple[Assignment, UnitRecord, Ended | None]]:
        """Yield each unit that the place still knows, once: as assigned now, else as its last assignment ended."""
        every = [*self._current(), *((each.assignment, each) for each in reversed(self._incident.past))]
        seen = set()
        for assignment, ended in every:
            record = self._world.unit(assignment.unit)
            if record is not None and record.id not in seen:
                seen.add(record.id)
                yield assignment, record, ended

    def _unit(self, assignment: Assignment, record: UnitRecord, ended: Ended | None) -> parts.Unit:
        world, registries = self._world, self._config.registries
        described = world.fleet.units[record.row]
        active = world.open.get(record.incident or "")
        held = None if active is None else active.assigned.get(record.id)
        primary, secondary = unit_status(world, record, active, held)
        if ended is not None:
            secondary = (ENDED.get(ended.outcome, "AssignmentCancelled"), *secondary)
        capabilities = world.settled.names(int(world.fleet.capability[record.row]))
        at_ms = max(assignment.reported_ms, assignment.sent_ms) if ended is None else ended.at_ms
        return parts.Unit(
            id=self._naming.unit(world, record.row),
            last_update_time_stamp=stamp(at_ms),
            updated_by_agency_reference=Ref(self._config.agency),
            emergency_resource_type_common_registry_text=registries.unit_kinds.get(
                described.kind, registries.unit_kind
            ),
            emergency_resource_type_internal_text=described.kind,
            resource_attribute_registry_text=tuple(registries.capabilities.get(each, OTHER) for each in capabilities),
            resource_attribute_internal_text=capabilities,
            emergency_resource_name=record.id,
            primary_unit_status_registry_text=primary,
            secondary_unit_status_registry_text=secondary,
            unit_status_internal=(world.status(record).value,),
            agent_reference=(self._agent(record.id),),
            unit_location_reference=self._whereabouts(record),
            unit_destination_reference=self._destination(held),
            eta=None if held is None or not held.arrive_ms else stamp(held.arrive_ms),
            active_on_incident_id=None if active is None else self._naming.tracking(active),
            stacked_on_incident_id=tuple(
                self._naming.tracking(world.incidents[name]) for name in record.stack if name in world.incidents
            ),
        )

    def _whereabouts(self, record: UnitRecord) -> Ref | None:
        """Return where it was last seen; None for one that is only assumed at its station."""
        fleet = self._world.fleet
        fix_ms = int(fleet.fix_ms[record.row])
        if fleet.assumed[record.row] or fix_ms < 0:
            return None
        spot = self._spot(int(fleet.x_m[record.row]), int(fleet.y_m[record.row]), "")
        return self._locate(f"unit-{self._naming.agent(record.id).partition('@')[0]}", "UnitLocation", spot, fix_ms)

    def _destination(self, held: Assignment | None) -> Ref | None:
        """Return where its patient is brought."""
        if held is None or held.destination is None:
            return None
        hospital = next((each for each in self._world.settled.hospitals if each.id == held.destination), None)
        if hospital is None:
            return None
        spot = self._spot(hospital.x_m, hospital.y_m, hospital.name)
        name = self._naming.agent(hospital.id).partition("@")[0]
        return self._locate(f"to-{name}", OTHER, spot, held.sent_ms, hospital.name)

    def _spot(self, x_m: int, y_m: int, address: str) -> pidf.Spot:
        lat, lon = self._world.settled.projection.to_degrees(x_m, y_m)
        return pidf.Spot(lat, lon, address)

    def _locate(self, suffix: str, kind: str, spot: pidf.Spot, at_ms: int, text: str | None = None) -> Ref:
        name = self._naming.part("location", self._incident, suffix)
        at = stamp(at_ms)
        self.locations[name] = parts.Location(
            id=name,
            last_update_time_stamp=at,
            updated_by_agency_reference=Ref(self._config.agency),
            location_type_description_registry_text=kind,
            location_by_value=pidf.write(spot, suffix, at),
            location_description_text=text,
        )
        return Ref(name)
