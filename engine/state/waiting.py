"""The queue of waiting incidents: most urgent first, then oldest, then by number. Kept in order, never sorted anew."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from engine.state.records import Incident

Key = tuple[int, int, int, str]


class WaitingQueue(Mapping[str, Incident]):
    """Incidents by id, given out in the order of the queue."""

    def __init__(self) -> None:
        self._order: list[Key] = []
        self._keys: dict[str, Key] = {}
        self._incidents: dict[str, Incident] = {}

    def put(self, incident: Incident) -> None:
        """Put the incident where it belongs, also if it waits already and its urgency has changed."""
        key = _key(incident)
        if self._keys.get(incident.id) == key:
            return
        self.discard(incident.id)
        insort(self._order, key)
        self._keys[incident.id] = key
        self._incidents[incident.id] = incident

    def discard(self, incident_id: str) -> None:
        """Take the incident out, if it waits."""
        key = self._keys.pop(incident_id, None)
        if key is not None:
            del self._order[bisect_left(self._order, key)]
            del self._incidents[incident_id]

    def joined_by(self, incident: Incident) -> list[Incident]:
        """Return the queue as it would be with one more; it stays as it is."""
        at = bisect_left(self._order, _key(incident))
        ordered = list(self.values())
        return [*ordered[:at], incident, *ordered[at:]]

    def __getitem__(self, incident_id: str) -> Incident:
        return self._incidents[incident_id]

    def __iter__(self) -> Iterator[str]:
        return (key[3] for key in self._order)

    def __len__(self) -> int:
        return len(self._order)


def _key(incident: Incident) -> Key:
    return incident.priority, incident.reported_ms, incident.number, incident.id
