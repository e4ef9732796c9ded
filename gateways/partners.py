"""Opens the doors to other organisations' systems, as far as the configuration names any.

    alerts in (CAP), events out (CloudEvents), maps (GeoJSON), incidents both ways (EIDO)

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
from gateways.cloudevents import Subscriber, TurnSource
from gateways.config import Config, ConfigRefused
from gateways.eido import EidoRefused, ExchangeLog, Peers, Source, flat, levels, retrieval_routes, serve_eido
from gateways.eido.config import EidoConfig
from gateways.geojson import geojson_routes

Numbers = Callable[[], Mapping[str, int]]


class Exchanges(Struct):
    """What has been opened."""

    routes: list[Route] = field(default_factory=list)
    """To be mounted on the HTTP listener."""
    numbers: dict[str, Numbers] = field(default_factory=dict)
    """By exchange: what has happened there since the start, for metrics."""
    levels: dict[str, Numbers] = field(default_factory=dict)
    """By exchange: what stands there now."""
    doors: dict[str, str] = field(default_factory=dict)
    """By exchange: where it listens, if at a door of its own."""


async def open_exchanges(
    nursery: trio.Nursery, service: Service, board: Board, keeper: Gatekeeper, config: Config, data: Path
) -> Exchanges:
    """Open all that are configured; they live as long as the nursery.

    Raises LedgerDamaged, PositionDamaged, OSError where what an exchange keeps cannot be read.
    """
    opened = Exchanges()
    opened.routes += geojson_routes(service, board, partial(keeper.admit, Right.WATCH))
    if not config.cap.is_off:
        _open_cap(opened, nursery, service, board, keeper, config, data)
    if config.subscriptions:
        _open_subscriptions(opened, nursery, board, config, data)
    if config.eido is not None:
        await _open_eido(opened, nursery, service, board, keeper, config.eido, data)
    return opened


async def _open_eido(
    opened: Exchanges,
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: EidoConfig,
    data: Path,
) -> None:
    source = Source(board, config, service.clock.now)
    log = ExchangeLog(data, config.log_bytes, source.statistics)
    nursery.start_soon(log.run)
    try:
        if config.listen is not None:
            address = await nursery.start(partial(serve_eido, source, keeper, config.listen, log))
            scheme = "ws" if config.listen.certificate is None else "wss"
            opened.doors["eido"] = f"{scheme}://{address}/IncidentData/ent"
            opened.routes += retrieval_routes(source, keeper.authenticate, log)
        nursery.start_soon(Peers(service, source, log, data).run)
    except EidoRefused as refused:
        raise ConfigRefused(f"[eido]: {refused}") from refused
    opened.numbers["eido"] = lambda: flat(source.statistics)
    opened.levels["eido"] = lambda: levels(source.statistics)


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


def _open_subscriptions(opened: Exchanges, nursery: trio.Nursery, board: Board, config: Config, data: Path) -> None:
    source = TurnSource(board, data / "journal")
    for each in config.subscriptions:
        subscriber = Subscriber(each, board, source, data)
        nursery.start_soon(subscriber.run)
        name = f"subscription:{each.name}"
        opened.numbers[name] = subscriber.statistics
        opened.levels[name] = subscriber.levels
