"""What notifiers tell of: the durable incidents as documents, each encoded once for all who follow.

Rule: a subscriber is told from the same loop that folds the board, so it can neither miss a change between its first
documents and those that follow, nor be told of one that is not durable.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from engine.state.records import Incident
from engine.state.world import World
from gateways.board import Board, Update
from gateways.eido import documents
from gateways.eido.config import EidoConfig, Statistics
from gateways.eido.render import Renderer
from gateways.log import logger

KEPT_MAX: Final = 2_048
"""Documents that are kept as encoded."""
_log = logger("eido")


class Listener(Protocol):
    """Somebody who is told of changes. May neither wait nor raise."""

    def on_change(self, incidents: tuple[str, ...]) -> None:
        """Take the ids of incidents that have changed."""


class Document(Struct, frozen=True):
    """An incident as it was when it last changed."""

    raw: msgspec.Raw
    tree: Any
    """As decoded from JSON: what filters look at."""


class Source:
    """Follows the board. One per process."""

    def __init__(self, board: Board, config: EidoConfig, now: Callable[[], int]) -> None:
        self.config = config
        self.statistics = Statistics()
        self.renderer = Renderer(config)
        self.now = now
        """The time, in ms since the epoch."""
        self._board = board
        self._listeners: dict[Listener, None] = {}
        self._changed_ms: dict[str, int] = dict.fromkeys(board.world.incidents, board.world.now)
        """When each incident last changed. After a start: not later than that."""
        self._kept: dict[tuple[str, bool], Document] = {}
        board.on_update.append(self._updated)

    @property
    def world(self) -> World:
        """The World as it is durable."""
        return self._board.world

    def join(self, listener: Listener) -> None:
        """Tell of every change from now on."""
        self._listeners[listener] = None

    def part(self, listener: Listener) -> None:
        """Tell no more."""
        self._listeners.pop(listener, None)

    def find(self, name: str) -> Incident | None:
        """Return the incident of a tracking identifier, or of our own id."""
        return self.renderer.naming.find(self.world, name)

    def document(self, incident: str, *, callers: bool) -> Document | None:
        """Return an incident's document; None if it is no longer in memory, or cannot be written (which is logged)."""
        kept = self._kept.get((incident, callers))
        record = self.world.incidents.get(incident)
        if kept is not None or record is None:
            return kept
        try:
            eido = self.renderer.render(self.world, record, self._changed_ms.get(incident), callers=callers)
            data = documents.encode(eido)
            made = Document(msgspec.Raw(data), msgspec.json.decode(data))
        except Exception:  # noqa: BLE001  the boundary round one incident: the others are still told
            self.statistics.faults += 1
            _log.exception("an incident could not be written as an EIDO; nobody was told of it", incident=incident)
            return None
        while len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[incident, callers] = made
        return made

    def forget(self, incident: str) -> None:
        """Encode it anew when it is asked for next: its people are erased."""
        for callers in (False, True):
            self._kept.pop((incident, callers), None)

    def _updated(self, update: Update) -> None:
        names = dict.fromkeys(view.id for view in update.incidents)
        for unit in update.units:
            names.update(dict.fromkeys(name for name in (unit.incident, unit.emergency) if name is not None))
        known = tuple(name for name in names if name in self.world.incidents)
        for name in known:
            self._changed_ms.pop(name, None)
            self._changed_ms[name] = update.at_ms
            self.forget(name)
        while len(self._changed_ms) > len(self.world.incidents):
            del self._changed_ms[next(iter(self._changed_ms))]
        if known:
            for listener in list(self._listeners):
                listener.on_change(known)
