"""Erasing an incident's people from a World. Whether the texts were there or had been erased before, the result is one.

The digests of answered commands go as well, of all of them: a digest of a short text can be guessed. A command whose
digest is gone is still known by its id; that it is the same one is then believed.
"""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from engine.model.personal import ERASED
from engine.state.world import World


def erase(world: World, incident_id: str) -> bool:
    """Erase the texts of one incident, in place; tell whether there were any."""
    held = list(_holders(world, incident_id))
    found = False
    for holder, fields in held:
        for field in fields:
            text = getattr(holder, field)
            if text and text != ERASED:
                setattr(holder, field, ERASED)
                found = True
    for key, answer in list(world.answers.items()):
        if answer.digest:
            world.answers[key] = replace(answer, digest=b"")
    return found


def named_in(world: World) -> list[str]:
    """Return the incidents of whose people this World may hold texts: in memory, or spoken of with a crew lately."""
    spoken = (words.incident for unit in world.units for words in unit.words if words.incident)
    return list(dict.fromkeys((*world.incidents, *spoken)))


def _holders(world: World, incident_id: str) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Give what holds texts of the incident's people, and in which fields."""
    incident = world.incidents.get(incident_id)
    if incident is not None:
        yield incident, ("address", "caller", "disposition", "held_reason")
        yield from ((note, ("text",)) for note in incident.notes)
        yield from ((assignment, ("deviation",)) for assignment in incident.assigned.values())
        yield from ((ended.assignment, ("deviation",)) for ended in incident.past)
    yield from ((alert, ("text",)) for alert in world.alerts.about(incident_id))
    yield from ((alarm, ("text",)) for alarm in world.alarms.about(incident_id))
    for unit in world.units:
        for words in unit.words:
            if words.incident == incident_id:
                yield words, ("text",)
                # The alert that brings words to a crew names no incident.
                if words.alert in world.alerts:
                    yield world.alerts[words.alert], ("text",)
