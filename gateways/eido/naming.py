"""Identifiers: the same thing has the same `$id` each time it is told, and no other thing ever has it."""

import re
from typing import Final

from engine.state.records import Incident
from engine.state.world import World
from gateways.eido.config import EidoConfig, Neighbour

TRACKING: Final = "urn:emergency:uid:incidentid:"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_OURS: Final = re.compile(r"(I\d{1,18})x[0-9a-z]{1,14}")


class Naming:
    """Makes the identifiers of one agency, and finds what they name."""

    def __init__(self, config: EidoConfig) -> None:
        self._config = config
        self.agency = config.agency
        """Our own."""

    def key(self, incident: Incident) -> str:
        """Return an incident's own string: its id and when it was reported, as another journal begins at I1 again."""
        return f"{incident.id}x{_in_base_36(incident.reported_ms)}"

    def tracking(self, incident: Incident) -> str:
        """Return the incident tracking identifier (NENA-STA-010, 2.1.7)."""
        return f"{TRACKING}{self.key(incident)}:{self._config.element}"

    def part(self, kind: str, incident: Incident, suffix: str) -> str:
        """Return the `$id` of a part of an incident."""
        return f"urn:emergency:uid:{kind}:{self.key(incident)}-{suffix}:{self._config.element}"

    def find(self, world: World, name: str) -> Incident | None:
        """Return the incident of a tracking identifier, or of the string in it; None if it is none of ours."""
        bare = name.removeprefix(TRACKING).removesuffix(f":{self._config.element}")
        match = _OURS.fullmatch(bare)
        incident = world.incidents.get(match[1]) if match is not None else world.incidents.get(bare)
        if incident is None or bare not in (incident.id, self.key(incident)):
            return None
        return incident

    def neighbour(self, agency: str) -> Neighbour:
        """Return what the world calls an agency of the place; made up of both names where the configuration is silent."""
        known = self._config.neighbours.get(agency)
        return Neighbour(id=f"{_plain(agency)}.{self._config.agency}") if known is None else known

    def agency_of(self, world: World, row: int) -> str:
        """Return the identifier of the agency that the unit of that row belongs to."""
        owner = world.neighbour(row)
        return self._config.agency if owner is None else self.neighbour(owner.id).id

    def unit(self, world: World, row: int) -> str:
        """Return unit@agency, under the name that the unit's own agency has for it."""
        name = world.fleet.ids[row]
        owner = world.neighbour(row)
        if owner is None:
            return f"{name}@{self._config.agency}"
        neighbour = self.neighbour(owner.id)
        return f"{neighbour.units.get(name, name)}@{neighbour.id}"

    def agent(self, name: str, agency: str | None = None) -> str:
        """Return name@agency."""
        return f"{_plain(name)}@{agency or self._config.agency}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._/-]", "_", name) or "_"


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
