"""Alerts and alarms, filed twice: by their id, and under the incident that they are about.

So a status report that settles a crew's alerts looks at one incident's few, not at all that are open.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class AboutIncident(Protocol):
    """A record of an alert or an alarm."""

    id: str
    incident: str


R = TypeVar("R", bound=AboutIncident)


class Filed(dict[str, R]):
    """Records by id. Written by `file` and `take_out` only."""

    def __init__(self, records: Iterable[R] = ()) -> None:
        super().__init__()
        self._by_incident: dict[str, dict[str, R]] = {}
        for record in records:
            self.file(record)

    def file(self, record: R) -> None:
        """Add the record."""
        self[record.id] = record
        self._by_incident.setdefault(record.incident, {})[record.id] = record

    def take_out(self, record_id: str) -> None:
        """Remove the record."""
        record = self.pop(record_id)
        siblings = self._by_incident[record.incident]
        del siblings[record_id]
        if not siblings:
            del self._by_incident[record.incident]

    def about(self, incident_id: str) -> list[R]:
        """Return the records about the incident, oldest first."""
        filed = self._by_incident.get(incident_id)
        return list(filed.values()) if filed else []
