"""An incident of the durable World as an EIDO. Pure: the same World, incident and time give the same document."""

from collections.abc import Iterator
from html import escape
from typing import Any, Literal

from engine.policy.cautions import cautions_at
from engine.state.records import Incident as Record
from engine.state.world import World
from gateways.eido import parts, pidf
from gateways.eido.config import EidoConfig
from gateways.eido.moments import stamp
from gateways.eido.naming import TRACKING, Naming
from gateways.eido.parts import Ref
from gateways.eido.registries import INCIDENT_STATUS, LEVELS
from gateways.eido.render_units import UnitWriter

PHONE = frozenset("0123456789+-() .")


class Renderer:
    """Writes the incidents of one agency."""

    def __init__(self, config: EidoConfig) -> None:
        self._config = config
        self.naming = Naming(config)

    def render(
        self, world: World, incident: Record, updated_ms: int | None = None, *, callers: bool = False
    ) -> parts.Eido:
        """Return the incident as it stands. `updated_ms`: when it last changed, if that is known better than by itself.

        `callers`: with what is known of whoever called.
        """
        return _Draft(self._config, self.naming, world, incident, updated_ms or last_change_ms(incident)).write(
            callers=callers
        )


def last_change_ms(incident: Record) -> int:
    """Return the latest time that the incident itself bears witness to."""
    times = [incident.reported_ms, incident.ended_ms]
    times += [note.at_ms for note in incident.notes]
    times += [ended.at_ms for ended in incident.past]
    for assignment in incident.assigned.values():
        times += [assignment.reported_ms, *assignment.stamps.values()]
    return max(times)


class _Draft:
    """One document in the making."""

    def __init__(self, config: EidoConfig, naming: Naming, world: World, incident: Record, updated_ms: int) -> None:
        self._config = config
        self._registries = config.registries
        self._naming = naming
        self._world = world
        self._incident = incident
        self._updated_ms = updated_ms
        self._tracking = naming.tracking(incident)
        self._agents: dict[str, parts.Agent] = {}
        self._units = UnitWriter(config, naming, world, incident, updated_ms, self._agent)

    def write(self, *, callers: bool) -> parts.Eido:
        notes = self._notes()
        place = self._place()
        callbacks = self._callbacks() if callers else ()
        units, dispatches = self._units.write(), self._units.dispatches()
        emergencies = tuple(self._emergencies())
        return parts.Eido(
            **self._prologue(self._tracking),
            eido_version="1.0",
            issuing_element_identification=self._config.element,
            agency_component=self._agencies(),
            incident_component=self._about(notes, place),
            call_component=self._calls(place, callbacks),
            callback_component=callbacks,
            dispatch_component=dispatches,
            notes_component=notes,
            emergency_resource_component=units,
            agent_component=tuple(self._agents.values()),
            location_component=(place, *self._units.locations.values()),
            merge_component=tuple(self._merges()),
            link_component=tuple(self._links()),
            caution_component=self._cautions(),
            unit_emergency_state_component=emergencies,
        )

    def _prologue(self, name: str, at_ms: int | None = None, by: str | None = None) -> dict[str, Any]:
        return {
            "id": name,
            "last_update_time_stamp": stamp(self._updated_ms if at_ms is None else at_ms),
            "updated_by_agency_reference": Ref(self._config.agency),
            "updated_by_agent_reference": None if by is None else self._agent(by),
        }

    def _id(self, kind: str, suffix: str) -> str:
        return self._naming.part(kind, self._incident, suffix)

    def _agent(self, name: str) -> Ref:
        """Name somebody who acts, and describe him once; the crew of a unit is another thing than the unit."""
        row = self._world.fleet.rows.get(name)
        agency, role = self._config.agency, self._registries.dispatcher_role
        if row is not None:
            name, role, agency = f"crew-{name}", self._registries.crew_role, self._naming.agency_of(self._world, row)
            owner = self._world.neighbour(row)
            if owner is not None:
                self._units.neighbours[owner.id] = None
        known = self._naming.agent(name, agency)
        if known not in self._agents:
            self._agents[known] = parts.Agent(
                id=known,
                last_update_time_stamp=stamp(self._incident.reported_ms),
                updated_by_agency_reference=Ref(self._config.agency),
                agent_role_registry_text=(role,),
                agency_reference=Ref(agency),
            )
        return Ref(known)

    def _agencies(self) -> tuple[parts.Agency, ...]:
        """Return us, and each neighbour that has a part in it."""
        at_ms = self._incident.reported_ms
        own = parts.Agency(
            **self._prologue(self._config.agency, at_ms),
            agency_role_description_registry_text=("CallReceiving", "Dispatching"),
            agency_type=self._config.agency_types,
            incident_owning_agency_indicator=True,
        )
        roles: dict[str, list[str]] = {agency: ["Assisting"] for agency in self._units.neighbours}
        for agency, neighbour in self._config.neighbours.items():
            if self._incident.area is not None and self._incident.area in neighbour.areas:
                roles.setdefault(agency, []).append("TransferredTo")
        others = [(self._naming.neighbour(agency), said) for agency, said in roles.items()]
        return own, *(
            parts.Agency(
                **self._prologue(neighbour.id, at_ms),
                agency_role_description_registry_text=tuple(said),
                agency_type=neighbour.types,
                incident_owning_agency_indicator=False,
            )
            for neighbour, said in others
        )

    def _about(self, notes: tuple[parts.Note, ...], place: parts.Location) -> parts.Incident:
        incident, registries = self._incident, self._registries
        kind = self._world.types.get(incident.type)
        return parts.Incident(
            **self._prologue(self._id("incident", "about")),
            incident_type_common_registry_text=registries.incident_types.get(incident.type, registries.incident_type),
            incident_type_internal_code=incident.code or incident.type,
            incident_type_internal_text=incident.type if kind is None else kind.name,
            incident_status_common_registry_text=INCIDENT_STATUS[incident.phase],
            incident_status_internal_text=(incident.phase.value, *(("held",) if incident.held else ())),
            internal_incident_id=incident.id,
            incident_common_priority_number=registries.priorities[incident.priority - 1],
            incident_priority_internal_text=str(incident.priority),
            beat_or_dispatch_group_text=incident.area,
            location_reference=(Ref(place.id),),
            disposition_component=self._dispositions(),
            notes_reference=tuple(Ref(note.id) for note in notes),
        )

    def _dispositions(self) -> tuple[parts.Disposition, ...]:
        said = self._incident.disposition
        if not said:
            return ()
        return (
            parts.Disposition(
                **self._prologue(self._id("disposition", "1"), self._incident.ended_ms or None),
                disposition_common_registry_code=self._registries.dispositions.get(said, self._registries.disposition),
                disposition_description_text=said,
            ),
        )

    def _place(self) -> parts.Location:
        incident = self._incident
        lat, lon = self._world.settled.projection.to_degrees(incident.x_m, incident.y_m)
        return parts.Location(
            **self._prologue(self._id("location", "scene")),
            location_type_description_registry_text="CurrentIncident",
            location_by_value=pidf.write(
                pidf.Spot(lat, lon, incident.address), self._naming.key(incident), stamp(self._updated_ms)
            ),
            location_description_text=incident.address or None,
        )

    def _calls(self, place: parts.Location, callbacks: tuple[parts.Callback, ...]) -> tuple[parts.Call, ...]:
        """Return the call that it was reported by; a unit's own emergency came over the radio."""
        incident = self._incident
        if incident.type == self._world.settled.emergency_type:
            return ()
        return (
            parts.Call(
                **self._prologue(self._id("callid", "call"), incident.reported_ms),
                call_state_registry_text="callAnswered",
                standard_primary_call_type="emergency",
                direction="incoming",
                call_start_timestamp=stamp(incident.reported_ms),
                call_back_reference=Ref(callbacks[0].id) if callbacks else None,
                location_reference=(Ref(place.id),),
            ),
        )

    def _callbacks(self) -> tuple[parts.Callback, ...]:
        caller = self._incident.caller.strip()
        digits = "".join(letter for letter in caller if letter.isdigit() or letter == "+")
        if not caller or not PHONE.issuperset(caller) or len(digits) < 3:
            return ()
        return (
            parts.Callback(
                **self._prologue(self._id("callback", "1"), self._incident.reported_ms),
                call_back_information_uri=(f"tel:{digits}",),
            ),
        )

    def _notes(self) -> tuple[parts.Note, ...]:
        return tuple(
            parts.Note(
                **self._prologue(self._id("note", str(number)), note.at_ms, note.by),
                notes_action_comments=escape(note.text, quote=False),
                agent_reference=self._agent(note.by),
            )
            for number, note in enumerate(self._incident.notes, 1)
        )

    def _merges(self) -> Iterator[parts.Merge]:
        world, incident = self._world, self._incident
        into = world.incidents.get(incident.merged_into or "")
        if into is not None:
            yield self._merge(into, "REPLACED")
        for name in world.closed:
            other = world.incidents[name]
            if other.merged_into == incident.id:
                yield self._merge(other, "REPLACING")

    def _merge(self, other: Record, direction: Any) -> parts.Merge:
        return parts.Merge(
            **self._prologue(self._id("merge", other.id)),
            incident_tracking_identifier=self._naming.tracking(other),
            incident_merge_direction_code=direction,
        )

    def _links(self) -> Iterator[parts.Link]:
        """Yield what it is linked to; and the neighbour's own that it answers to, if it was told to us by one."""
        for name in dict.fromkeys(self._incident.links):
            other = self._world.incidents.get(name)
            if other is not None:
                yield self._link(other.id, self._naming.tracking(other))
        if self._incident.external.startswith(TRACKING):
            yield self._link("external", self._incident.external, "PARENT")

    def _link(self, suffix: str, tracking: str, direction: Literal["PARENT", "RELATED"] = "RELATED") -> parts.Link:
        return parts.Link(
            **self._prologue(self._id("link", suffix)),
            incident_tracking_identifier=tracking,
            link_direction_code=direction,
        )

    def _cautions(self) -> tuple[parts.Caution, ...]:
        incident = self._incident
        if not incident.open:
            return ()
        return tuple(
            parts.Caution(
                **self._prologue(self._id("caution", self._naming.agent(caution.id).partition("@")[0])),
                caution_type_internal_text=caution.text,
                caution_type_common_registry_text=self._registries.caution_type,
                caution_severity=LEVELS[caution.severity],
                caution_source=self._config.agency,
            )
            for caution in cautions_at(self._world, incident.x_m, incident.y_m)
        )

    def _emergencies(self) -> Iterator[parts.UnitEmergency]:
        """Yield the distress of units: of the one that this incident was opened for, and of those that are on it."""
        world, incident = self._world, self._incident
        for unit in world.units:
            distress = world.incidents.get(unit.emergency or "")
            if distress is not None and incident.id in (distress.id, unit.incident):
                yield parts.UnitEmergency(
                    **self._prologue(self._id("unitemergency", unit.id), distress.reported_ms),
                    severity="highest",
                    start_timestamp=stamp(distress.reported_ms),
                    originating_device=unit.id,
                    reporting_agent_reference=self._agent(unit.id),
                )
