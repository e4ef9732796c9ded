"""Whether a new incident may be one that is on the board already: told at once, decided by people.

A suspicion never discards a call and never holds a unit back: two ambulances for one patient cost less than none for
the second of two.
"""

from engine.core.recorder import Recorder
from engine.model.response_facts import DuplicatesSuspected
from engine.policy import duplicates


def look(turn: Recorder, incident_id: str) -> None:
    """Write down which open incidents this one may be about, if that is news."""
    incident = turn.world.open[incident_id]
    suspects = duplicates.find(turn.world, duplicates.call_of(incident), incident.id)
    if suspects != duplicates.standing(turn.world, incident):
        turn.record(DuplicatesSuspected(incident.id, suspects))
