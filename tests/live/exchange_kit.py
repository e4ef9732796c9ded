"""A place with its streets, its board and its exchanges behind a real HTTP listener."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import trio
from msgspec import Struct

from engine.live.clock import Clock
from engine.live.service import Service, serve
from engine.live.watchdog import Watchdog
from engine.model.place import Place
from engine.state.image import restore, save
from gateways.auth import Gatekeeper
from gateways.board import Board
from gateways.config import Config
from gateways.partners import Exchanges, open_exchanges
from gateways.upkeep import Books, Desk
from gateways.web import WebConfig, serve_http
from tests import river_town
from tests.builders import CREDENTIALS, PROJECTION, SMALL_JOURNAL, small_place, token

PLACE = small_place(streets=river_town.graph().digest)
PATIENCE_S = 120.0


class Served(Struct):
    """What runs."""

    service: Service
    board: Board
    exchanges: Exchanges
    http: httpx2.AsyncClient
    """As nobody in particular."""
    desk: Desk

    def as_(self, name: str) -> dict[str, str]:
        """The headers of one of the CREDENTIALS."""
        return {"authorization": f"Bearer {token(name)}"}

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until it holds; return what it gave."""
        with trio.fail_after(PATIENCE_S):
            while not (found := holds()):  # noqa: ASYNC110  worlds and files have no event to wait for
                await trio.sleep(0.01)
        return found


@asynccontextmanager
async def serve_exchanges(
    data: Path, config: Config, *, place: Place | None = None, clock: Clock | None = None
) -> AsyncIterator[Served]:
    """Serve the place with what the configuration opens; data in the folder, also of an earlier time."""
    async with serve(
        place or PLACE,
        data / "journal",
        clock=clock,
        settings=SMALL_JOURNAL,
        watchdog=Watchdog(hopeless_s=60.0),
        streets=river_town.graph() if (place or PLACE).streets else None,
    ) as service:
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", 100_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.run, follower)
            keeper = Gatekeeper(CREDENTIALS)
            desk = Desk(Books(data, config.books))
            nursery.start_soon(desk.books.run)
            exchanges = await open_exchanges(nursery, service, board, keeper, config, data, desk)
            address = await nursery.start(partial(serve_http, exchanges.routes, WebConfig(port=0, body_bytes=300_000)))
            async with httpx2.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE_S) as client:
                try:
                    yield Served(service, board, exchanges, client, desk)
                finally:
                    nursery.cancel_scope.cancel()


def degrees(x_m: int, y_m: int) -> tuple[float, float]:
    """Return (lat, lon) of metres in the town."""
    return PROJECTION.to_degrees(x_m, y_m)
