"""What is worth jumping to: urgent calls, units in distress, people who decided otherwise than recommended."""

from collections.abc import Iterator

from msgspec import Struct

from engine.model.facts import EmergencyDeclared, IncidentAmended, IncidentReported
from engine.model.response_facts import UnitsBypassed
from engine.model.turn import Turn
from engine.state.world import World


class Mark(Struct, frozen=True, gc=False):
    """A moment on the slider. It holds no text: who may read what was said is the deltas' business."""

    kind: str
    """`priority1`, `emergency` or `override`."""
    incident: str
    unit: str | None = None


def marks_of(turn: Turn, world: World) -> Iterator[Mark]:
    """Give the marks of a turn, as the World was before it."""
    distress = [fact.incident for fact in turn.facts if isinstance(fact, EmergencyDeclared)]
    for fact in turn.facts:
        if isinstance(fact, EmergencyDeclared):
            yield Mark("emergency", fact.incident, fact.unit)
        elif isinstance(fact, UnitsBypassed):
            yield Mark("override", fact.incident)
        elif isinstance(fact, IncidentReported | IncidentAmended) and fact.priority == 1:
            known = world.incidents.get(fact.incident)
            if fact.incident not in distress and (known is None or known.priority != 1):
                yield Mark("priority1", fact.incident)
