"""`[[subscriptions]]`: who is told of what becomes true, and how."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, get_args

from msgspec import Meta

from engine.model.facts import AnyFact
from engine.model.words import tag
from gateways.outward.feed import Receiver

KINDS = frozenset(tag(kind.__name__) for kind in get_args(AnyFact))
"""Kinds of facts, as they are named on paper and in patterns."""
BY_NAME_ONLY = frozenset({"place_adopted", "positions_moved", "ticked", "progress_seen"})
"""Many or large, and of use to few: a pattern with `*` in it does not mean these."""


class Start(StrEnum):
    """Where a subscription begins that has never been served."""

    NOW = "now"
    BEGINNING = "beginning"
    """With the first turn that the journal holds."""


class Subscription(Receiver, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One receiver. Raises ValueError where url, secrets or kinds do not hold."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    """Its position is kept in the data folder under this name: another name begins anew."""
    kinds: Annotated[tuple[str, ...], Meta(min_length=1)] = ("*",)
    """Patterns of kinds of facts, as "incident_*"."""
    types: tuple[str, ...] = ()
    """Only facts about incidents of these types; none: all facts."""
    priorities: tuple[Annotated[int, Meta(ge=1, le=5)], ...] = ()
    areas: tuple[str, ...] = ()
    """Only about incidents in these response areas."""
    personal: bool = False
    """Names, addresses, notes, codes and exact places are sent as well."""
    batch: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Up to so many events in one request (`application/cloudevents-batch+json`); 0: each by itself."""
    start: Start = Start.NOW

    def __post_init__(self) -> None:
        super().__post_init__()
        for pattern in self.kinds:
            if not any(fnmatchcase(kind, pattern) for kind in KINDS):
                raise ValueError(f"kinds: no kind of fact is called {pattern!r}. There are: {', '.join(sorted(KINDS))}")

    def means(self, kind: str) -> bool:
        """Tell whether facts of this kind are wanted."""
        if kind in BY_NAME_ONLY:
            return kind in self.kinds
        return any(fnmatchcase(kind, pattern) for pattern in self.kinds)

    @property
    def about_incidents(self) -> bool:
        """Tell whether only facts about certain incidents are wanted."""
        return bool(self.types or self.priorities or self.areas)
