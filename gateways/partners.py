"""Opens the doors to other organisations' systems, as far as the configuration names any.

    alerts in (CAP)

Each is a room of its own and knows nothing of the others; what they share is the engine, the board and the listener.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import trio
from msgspec import Struct, field
from starlette.routing import Route

from engine.live.service import Service
from gateways.auth import Gatekeeper, Right
from gateways.board import Board
from gateways.cap import Desk, Entrance, Ledger
from gateways.config import Config

Numbers = Callable[[], Mapping[str, int]]


class Exchanges(Struct):
    """What has been opened."""

    routes: list[Route] = field(default_factory=list)
    """To be mounted on the HTTP listener."""
    numbers: dict[str, Numbers] = field(default_factory=dict)
    """By exchange: what has happened there since the start, for metrics."""


async def open_exchanges(
    nursery: trio.Nursery, service: Service, board: Board, keeper: Gatekeeper, config: Config, data: Path
) -> Exchanges:
    """Open all that are configured; they live as long as the nursery.

    Raises LedgerDamaged, OSError where what an exchange keeps cannot be read.
    """
    opened = Exchanges()
    if not config.cap.is_off:
        _open_cap(opened, nursery, service, board, keeper, config, data)
    return opened


def _open_cap(
    opened: Exchanges,
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
) -> None:
    desk = Desk(service, board, config.cap, Ledger(data, config.cap.kept))
    entrance = Entrance(desk, config.cap, partial(keeper.admit, Right.EXCHANGE))
    nursery.start_soon(desk.run)
    if config.cap.folder is not None:
        nursery.start_soon(entrance.watch, data / config.cap.folder)
    opened.routes += entrance.routes()
    opened.numbers["cap"] = desk.statistics
