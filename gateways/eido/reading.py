"""A neighbour's document as we understand it: our words, our units, and what has to do with us. Pure."""

import html
import re
from typing import Final

from msgspec import Struct

from engine.model.lifecycle import Status
from engine.model.surroundings import Severity
from gateways.eido import pidf
from gateways.eido.config import EidoConfig, Peer
from gateways.eido.moments import moment
from gateways.eido.naming import Naming
from gateways.eido.parts import UNREAD, Eido, Location, Unit, wire_name
from gateways.eido.registries import RUNG_OF, SEVERITIES

TEXT_MAX: Final = 3_900
"""Characters of a text that the engine takes, with room for where it comes from."""
OURS: Final = frozenset({"TransferredTo", "Dispatched", "Dispatching", "Assisting"})
"""Roles in which our agency has a part in an incident."""
OVER: Final = frozenset({"Cancelled", "AssignmentCancelled", "Cleared", "OutofService"})
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


class UnitRead(Struct, frozen=True):
    """A unit of the neighbour, under our name for it."""

    unit: str
    primary: str
    rung: Status | None
    """What it is doing on the incident."""
    cancelled: bool
    at_ms: int | None


class CautionRead(Struct, frozen=True):
    """A danger."""

    id: str
    text: str
    severity: Severity


class Reading(Struct, frozen=True, kw_only=True):
    """One document, understood."""

    tracking: str
    stamp: str
    """When the document was last changed, in the neighbour's own words: part of the ids of what follows from it."""
    agency: str
    concerns_us: bool
    kind: str
    """A type of our place; "" if there is none for it."""
    told_as: str
    """What the neighbour calls it."""
    priority: int | None
    lat: float | None
    lon: float | None
    address: str
    caller: str
    status: frozenset[str]
    notes: tuple[tuple[str, str], ...]
    """Identifier and text."""
    units: tuple[UnitRead, ...]
    asked_for: tuple[str, ...]
    """Units of ours that the neighbour counts on."""
    into: tuple[str, ...]
    """Incidents that have taken its place …"""
    parents: tuple[str, ...]
    """Incidents that it is the neighbour's answer to …"""
    links: tuple[str, ...]
    """… and others that it has to do with."""
    unlinked: tuple[str, ...]
    cautions: tuple[CautionRead, ...]
    distressed: tuple[tuple[str, str], ...]
    """Units of the neighbour whose crews call for help, by our names for them if there are any; and since when."""
    unread: dict[str, int]
    """Parts without a counterpart, by kind."""


class Reader:
    """Reads the documents of one peer."""

    def __init__(self, config: EidoConfig, peer: Peer) -> None:
        self._config = config
        self._peer = peer
        self._neighbour = Naming(config).neighbour(peer.agency)
        self._ours_of = {theirs: ours for ours, theirs in self._neighbour.units.items()}

    def read(self, eido: Eido) -> Reading:
        """Return what a document says. Whatever it says, it does not raise."""
        about = eido.incident_component
        unread = {wire_name(name): len(getattr(eido, name)) for name in UNREAD if getattr(eido, name)}
        spot = self._spot(eido, unread)
        kind, told_as = self._kind(eido)
        number = None if about is None else about.incident_common_priority_number
        links = eido.link_component
        return Reading(
            tracking=eido.id,
            stamp=eido.last_update_time_stamp,
            agency=self._neighbour.id,
            concerns_us=self._peer.accept_all or self._has_part(eido),
            kind=kind,
            told_as=told_as,
            priority=None if number is None else self._config.registries.priority_of(number),
            lat=spot.lat,
            lon=spot.lon,
            address=spot.address[:TEXT_MAX],
            caller=next((uri for each in eido.callback_component for uri in each.call_back_information_uri), "")[:200],
            status=frozenset(() if about is None else about.incident_status_common_registry_text),
            notes=tuple((note.id, plain(note.notes_action_comments)) for note in eido.notes_component),
            units=tuple(read for unit in eido.emergency_resource_component if (read := self._unit(unit))),
            asked_for=self._asked_for(eido),
            into=tuple(
                each.incident_tracking_identifier
                for each in eido.merge_component
                if each.incident_merge_direction_code == "REPLACED"
            ),
            parents=tuple(each.incident_tracking_identifier for each in links if each.link_direction_code == "PARENT"),
            links=tuple(
                each.incident_tracking_identifier for each in links if each.link_direction_code in ("RELATED", "CHILD")
            ),
            unlinked=tuple(each.incident_tracking_identifier for each in links if each.link_direction_code == "UNLINK"),
            cautions=tuple(
                CautionRead(each.id, plain(each.caution_type_internal_text), SEVERITIES[each.caution_severity])
                for each in eido.caution_component
            ),
            distressed=tuple(
                (self._local(each.originating_device or each.id), each.start_timestamp)
                for each in eido.unit_emergency_state_component
                if each.stop_timestamp is None
            ),
            unread=unread,
        )

    def _has_part(self, eido: Eido) -> bool:
        named = next((each for each in eido.agency_component if each.id == self._config.agency), None)
        return named is not None and not OURS.isdisjoint(named.agency_role_description_registry_text)

    def _kind(self, eido: Eido) -> tuple[str, str]:
        """Return our type, by the neighbour's own code or by the registry's word, and what it is called."""
        about = eido.incident_component
        if about is None:
            return "", ""
        words = (about.incident_type_internal_code, about.incident_type_common_registry_text)
        known = self._peer.incident_types
        kind = next((known[word] for word in words if word is not None and word in known), self._peer.incident_type)
        return kind, about.incident_type_internal_text or about.incident_type_common_registry_text

    def _spot(self, eido: Eido, unread: dict[str, int]) -> pidf.Spot:
        """Return where it is: the location that the incident names first, else the first that is known."""
        about = eido.incident_component
        named = [] if about is None else [each.ref for each in about.location_reference]
        at_hand = {each.id: each for each in eido.location_component}
        candidates = [at_hand[name] for name in named if name in at_hand]
        if not candidates:
            kinds = ("CurrentIncident", "InitialIncident", "Caller", "RoutingLocation")
            candidates = [
                each for each in eido.location_component if each.location_type_description_registry_text in kinds
            ]
        best = pidf.Spot()
        for each in candidates:
            spot = _located(each, unread)
            best = pidf.Spot(
                spot.lat if best.lat is None else best.lat,
                spot.lon if best.lat is None else best.lon,
                best.address or spot.address or (each.location_description_text or ""),
            )
        return best

    def _local(self, name: str) -> str:
        """Return our name for a unit of the neighbour; its own name where the configuration says no other."""
        return self._ours_of.get(name, name)

    def _unit(self, unit: Unit) -> UnitRead | None:
        name, _, agency = unit.id.rpartition("@")
        if agency != self._neighbour.id:
            return None
        said = unit.secondary_unit_status_registry_text
        rung = next((status for word, status in reversed(RUNG_OF.items()) if word in said), None)
        return UnitRead(
            unit=self._local(name),
            primary=unit.primary_unit_status_registry_text,
            rung=rung,
            cancelled="AssignmentCancelled" in said,
            at_ms=moment(unit.last_update_time_stamp),
        )

    def _asked_for(self, eido: Eido) -> tuple[str, ...]:
        """Return units of ours in it, unless what they were wanted for is over."""
        suffix = f"@{self._config.agency}"
        return tuple(
            unit.id.removesuffix(suffix)
            for unit in eido.emergency_resource_component
            if unit.id.endswith(suffix) and OVER.isdisjoint(unit.secondary_unit_status_registry_text)
        )


def _located(location: Location, unread: dict[str, int]) -> pidf.Spot:
    if location.location_by_value is None:
        unread["locationByReferenceUrl"] = unread.get("locationByReferenceUrl", 0) + 1
        return pidf.Spot()
    try:
        return pidf.read(location.location_by_value)
    except pidf.Unlocatable:
        unread["locationByValue"] = unread.get("locationByValue", 0) + 1
        return pidf.Spot()


def plain(text: str) -> str:
    """Return the words of an HTML5 text, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text[: 4 * TEXT_MAX])).split())[:TEXT_MAX]
