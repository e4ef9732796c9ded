"""What crews are told, as it changes: one whole view after the other, over Server-Sent Events.

Rule: nobody waits for a follower, and nothing is kept for one: it is woken, and sees the board as it is then. So a slow
or lost connection costs no memory, and one that comes back has missed nothing.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import trio
from msgspec import Struct
from msgspec.structs import replace

from engine.model.surroundings import AnySurroundingsFact
from engine.model.turn import Turn
from engine.state.records import UnitRecord
from gateways.board import Board
from gateways.crews.config import CrewsConfig, Statistics
from gateways.crews.views import CrewView, Hello, view_crew

RETRY_MS: Final = 2_000
"""After so long a browser comes back by itself."""
Say = Callable[[bytes], Awaitable[None]]
"""Brings bytes to a follower."""
_encoder: Final = msgspec.json.Encoder()


class TooMany(Exception):
    """There are as many followers as there may be."""


class _Where(Struct, frozen=True):
    lat: float
    lon: float
    fix_ms: int | None
    now_ms: int


class Follower(Struct, eq=False):
    """One open page, or vehicle."""

    unit: str
    news: trio.Event
    heeds: tuple[str, ...] = ()
    """The unit, the incident of its job, its open alerts: what happens to one of these wakes it."""


class Feeds:
    """Wakes followers. One per process; follows the board."""

    def __init__(self, board: Board, config: CrewsConfig, statistics: Statistics) -> None:
        self._board = board
        self._config = config
        self._statistics = statistics
        self._by_unit: dict[str, list[Follower]] = {}
        self._by_name: dict[str, dict[Follower, None]] = {}
        """By the id of a unit, an incident or an alert: who heeds it."""
        self._all: dict[Follower, None] = {}
        board.on_turn.append(self._follow)

    @contextmanager
    def follow(self, unit: str) -> Iterator["Follower"]:
        """Let somebody follow for as long as the block lasts. Raises TooMany."""
        mine = self._by_unit.setdefault(unit, [])
        if len(self._all) >= self._config.feeds or len(mine) >= self._config.feeds_per_unit:
            raise TooMany
        follower = Follower(unit, trio.Event())
        mine.append(follower)
        self._all[follower] = None
        self._statistics.feeds = len(self._all)
        try:
            yield follower
        finally:
            self._ignore(follower)
            mine.remove(follower)
            del self._all[follower]
            self._statistics.feeds = len(self._all)

    async def tell(self, follower: Follower, hello: Hello, say: Say) -> None:
        """Say events until cancelled, or until nobody hears them."""
        await say(b"retry: %d\n" % RETRY_MS + _event("hello", _encoder.encode(hello)))
        said = b""
        while True:
            follower.news = trio.Event()
            view = self.view(follower.unit)
            self._heed(follower, view)
            # What changes with every turn does not make a view new.
            essence = _encoder.encode(replace(view, seq=0, now_ms=0, lat=0, lon=0, fix_ms=None))
            if essence != said:
                said = essence
                await say(_event("view", _encoder.encode(view)))
            with trio.move_on_after(self._config.ping_s):
                await follower.news.wait()
                continue
            where = self.view(follower.unit)
            await say(_event("ping", _encoder.encode(_Where(where.lat, where.lon, where.fix_ms, where.now_ms))))

    def view(self, unit: str) -> CrewView:
        """Return what the unit's crew sees now."""
        return view_crew(self._board.world, self._record(unit))

    def _record(self, unit: str) -> UnitRecord:
        record = self._board.world.unit(unit)
        assert record is not None, f"{unit} was known when it signed in"
        return record

    def _heed(self, follower: Follower, view: CrewView) -> None:
        """Let what the follower sees wake it when that changes, and nothing else."""
        job = () if view.job is None else (view.job.incident,)
        self._ignore(follower)
        follower.heeds = (view.unit, *job, *(notice.alert for notice in view.notices))
        for name in follower.heeds:
            self._by_name.setdefault(name, {})[follower] = None

    def _ignore(self, follower: Follower) -> None:
        for name in follower.heeds:
            heeding = self._by_name[name]
            del heeding[follower]
            if not heeding:
                del self._by_name[name]
        follower.heeds = ()

    def _follow(self, turn: Turn) -> None:
        """Wake whom the turn concerns. Called for every turn: it costs no more where more follow other things."""
        if not self._all:
            return
        for fact in turn.facts:
            if isinstance(fact, AnySurroundingsFact):
                for follower in self._all:
                    follower.news.set()
                return
            named = (getattr(fact, "unit", None), getattr(fact, "incident", None), getattr(fact, "alert", None))
            for name in (*named, *getattr(fact, "units", ())):
                for follower in self._by_name.get(name or "", ()):
                    follower.news.set()


def _event(name: str, content: bytes) -> bytes:
    """Return one event; JSON has no line breaks in it."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), content)
