"""One subscription: what it wants to be told, what waits, and when the next event is due. Sans I/O."""

from itertools import islice
from math import inf
from typing import Final

from msgspec import Struct

from gateways.eido.filters import Filter
from gateways.eido.frames import Event
from gateways.eido.source import Document, Source

DOCUMENTS_MAX: Final = 64
"""In one event …"""
EVENT_BYTES: Final = 1 << 20
"""… and bytes beyond which no further document is added to it."""


class Terms(Struct, frozen=True, kw_only=True):
    """What was agreed. Rates and periods in seconds; 0: none."""

    incident: str | None = None
    """The only one; None: every incident that passes."""
    filter: Filter | None = None
    eval_period: int = 0
    min_rate: int = 0
    max_rate: int = 0


class Subscription:
    """Of one connection."""

    def __init__(self, name: str, terms: Terms, source: Source, limit: Filter | None, *, callers: bool) -> None:
        self.name = name
        self.terms = terms
        self.expires_s = inf
        self._source = source
        self._limit = limit
        self._callers = callers
        self._waiting: dict[str, None] = {}
        """Incidents that have changed since they were last told, in the order in which they first did."""
        self._told: dict[str, None] = {}
        """Incidents that it knows of, and that are not known to have ended."""
        self._events = 0
        self._last_s = -inf
        self._looked_s = -inf
        self._begun = False

    def begin(self, now_s: float) -> None:
        """Let the first event hold what there is; an empty one if there is nothing."""
        self._last_s = self._looked_s = now_s
        only = self.terms.incident
        self._waiting = dict.fromkeys(self._source.world.open if only is None else (only,))

    def change(self, incidents: tuple[str, ...]) -> int:
        """Take that these have changed; return how many of them waited already."""
        only = self.terms.incident
        again = 0
        for name in incidents:
            if only in (None, name):
                again += name in self._waiting
                self._waiting[name] = None
        return again

    def due_s(self) -> float:
        """Return when there is something to send: may lie in the past; infinity if nothing is to come."""
        if not self._begun:
            return -inf
        due = inf
        if self._waiting:
            due = max(self._last_s + self.terms.max_rate, self._looked_s + self.terms.eval_period)
        if self.terms.min_rate:
            due = min(due, max(self._last_s + self.terms.min_rate, self._last_s + self.terms.max_rate))
        return due

    def wanted(self, now_s: float) -> list[str]:
        """Return the incidents that the next event will look at, if it is due."""
        return list(islice(self._waiting, DOCUMENTS_MAX)) if now_s >= self.due_s() else []

    def event(self, now_s: float) -> Event | None:
        """Return the next event if one is due; the newest of each incident that waits."""
        if now_s < self.due_s():
            return None
        first, self._begun = not self._begun, True
        silent = bool(self.terms.min_rate) and now_s >= self._last_s + self.terms.min_rate
        may_look = first or now_s >= self._looked_s + self.terms.eval_period
        chosen = self._take(now_s) if may_look else []
        if not (chosen or first or silent):
            return None
        self._last_s = now_s
        self._events += 1
        return Event(
            subscription_id=self.name,
            transaction_id=f"{self.name}-{self._events}",
            notification=tuple(document.raw for document in chosen),
        )

    def _take(self, now_s: float) -> list[Document]:
        chosen: list[Document] = []
        size = 0
        while self._waiting and len(chosen) < DOCUMENTS_MAX and size < EVENT_BYTES:
            name = next(iter(self._waiting))
            del self._waiting[name]
            document = self._source.document(name, callers=self._callers)
            if document is not None and self._is_to_be_told(name, document):
                chosen.append(document)
                size += len(bytes(document.raw))
        if not self._waiting:
            self._looked_s = now_s
        return chosen

    def _is_to_be_told(self, name: str, document: Document) -> bool:
        """Tell whether it passes. One that was told and no longer passes is told once more: else its old state would stand."""
        if self._limit is not None and not self._limit.passes(document.tree):
            self._told.pop(name, None)
            return False
        passes = self.terms.filter is None or self.terms.filter.passes(document.tree)
        knew = name in self._told
        if passes and name in self._source.world.open:
            self._told[name] = None
        else:
            self._told.pop(name, None)
        return passes or knew
