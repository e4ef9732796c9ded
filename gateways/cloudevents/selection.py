"""Which facts a subscription wants: by kind, and by the incident that they are about.

Rule: what an incident was when the fact became true counts, so it is followed along the same turns and kept with the position.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from engine.model.facts import (
    AnyFact,
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    UnitDiverted,
)
from engine.model.response_facts import IncidentReopened, IncidentSplit
from engine.model.words import tag
from engine.state.world import World
from gateways.cloudevents.config import Subscription

ENDED_KEPT: Final = 4_096
"""Ended incidents that are remembered: one that is reopened goes on."""


class Known(Struct, array_like=True):
    """What an incident is, as far as it is asked for."""

    type: str
    priority: int
    area: str | None
    ended: bool = False


class Incidents:
    """All that have been heard of."""

    def __init__(self, known: dict[str, Known]) -> None:
        self.known = known

    def follow(self, fact: AnyFact) -> None:
        """Take the fact over."""
        match fact:
            case IncidentReported() | IncidentAmended():
                self.known[fact.incident] = Known(fact.type, fact.priority, fact.area)
            case IncidentClosed() | IncidentCancelled() | IncidentMerged():
                self._end(fact.incident)
            case IncidentReopened() | IncidentSplit() if fact.incident in self.known:
                self.known[fact.incident].ended = False
            case _:
                pass

    def _end(self, incident: str) -> None:
        known = self.known.pop(incident, None)
        if known is None:
            return
        known.ended = True
        # Put at the end, so that the ones that ended first are the first of those that ended.
        self.known[incident] = known
        if len(self.known) > ENDED_KEPT:
            over = [name for name, each in self.known.items() if each.ended]
            for name in over[: len(over) - ENDED_KEPT]:
                del self.known[name]


def incidents_of(world: World) -> dict[str, Known]:
    """Return what stands in this World."""
    return {each.id: Known(each.type, each.priority, each.area, not each.open) for each in world.incidents.values()}


def wants(subscription: Subscription, incidents: Incidents, fact: AnyFact) -> bool:
    """Tell whether the subscription wants the fact, which has been followed."""
    if not subscription.means(tag(type(fact).__name__)):
        return False
    if not subscription.about_incidents:
        return True
    return any(_fits(subscription, incidents.known.get(name)) for name in _named(fact))


def _fits(subscription: Subscription, known: Known | None) -> bool:
    return known is not None and (
        (not subscription.types or known.type in subscription.types)
        and (not subscription.priorities or known.priority in subscription.priorities)
        and (not subscription.areas or known.area in subscription.areas)
    )


def _named(fact: Any) -> Iterator[str]:
    """Give the incidents that the fact names."""
    for field in ("incident", "into", "other"):
        name = getattr(fact, field, None)
        if name:
            yield name
    if isinstance(fact, UnitDiverted):
        yield from (fact.source, fact.target)
