"""Alerts that go out by an agency's own rule, without a person at that moment. Off unless the configuration has such a rule.

Rule: pure. A rule's words are fixed: nothing that a caller or a dispatcher typed is ever in such an alert. What another
agency's alert has brought in is never sent out again by a rule: two systems would warn each other for ever.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from engine.model.surroundings import Caution
from engine.model.surroundings import Severity as CautionSeverity
from engine.state.records import Incident
from engine.state.world import World
from gateways.cap.alert import PREFIX
from gateways.cap.orders import Order, Words

BY: Final = "rule:"
"""Begins what stands as the source of such an alert; no principal is called so."""


class PublishRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which incidents or cautions are published by themselves, and with what words. Raises ValueError for all of them."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    about: Literal["incident", "caution"]
    types: tuple[str, ...] = ()
    """Incidents of these types …"""
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    """… at least as urgent …"""
    areas: tuple[str, ...] = ()
    """… in these response areas."""
    severity: CautionSeverity | None = None
    """Cautions at least as grave."""
    words: Words

    def __post_init__(self) -> None:
        of_incidents = bool(self.types or self.areas) or self.priority is not None
        if self.about == "caution" and (of_incidents or self.severity is None):
            raise ValueError(f"rule {self.name!r}: about cautions, severity says which, and nothing else")
        if self.about == "incident" and (self.severity is not None or not (self.types or self.priority)):
            raise ValueError(f"rule {self.name!r}: about incidents, types or priority say which")

    def means_incident(self, incident: Incident) -> bool:
        """Tell whether it is to be published."""
        return (
            self.about == "incident"
            and (not self.types or incident.type in self.types)
            and (self.priority is None or incident.priority <= self.priority)
            and (not self.areas or incident.area in self.areas)
        )

    def means_caution(self, caution: Caution) -> bool:
        """Tell whether it is to be published."""
        if self.about != "caution" or self.severity is None or caution.id.startswith(PREFIX):
            return False
        order = list(CautionSeverity)
        return order.index(caution.severity) >= order.index(self.severity)


def ordered(rules: Sequence[PublishRule], world: World) -> Iterator[tuple[str, str, PublishRule]]:
    """Give what is to be out as things stand: `incident` or `caution`, its id, and the first rule that means it."""
    subjects: tuple[tuple[str, Any, Any], ...] = (
        ("incident", world.open, PublishRule.means_incident),
        ("caution", world.cautions, PublishRule.means_caution),
    )
    for about, there, means in subjects:
        for name, subject in there.items():
            rule = next((each for each in rules if means(each, subject)), None)
            if rule is not None:
                yield about, name, rule


def order_of(rule: PublishRule, subject: str, number: int) -> Order:
    """Return the order of the rule about a subject; `number` counts how often it has been there anew."""
    key = sha256(f"{rule.about}/{subject}/{number}".encode()).hexdigest()[:32]
    about: dict[str, Any] = {rule.about: subject}
    return Order(id=key, **about, **msgspec.structs.asdict(rule.words))


def still_meant(rules: Sequence[PublishRule], order: Order, by: str, world: World) -> bool:
    """Tell whether what a rule had published is meant by that rule yet; what a person ordered always is."""
    if not by.startswith(BY):
        return True
    rule = next((each for each in rules if BY + each.name == by), None)
    if rule is None:
        return False
    if order.incident is not None:
        incident = world.open.get(order.incident)
        return incident is not None and rule.means_incident(incident)
    caution = world.cautions.get(order.caution or "")
    return caution is not None and rule.means_caution(caution)
