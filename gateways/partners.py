"""Opens the doors to other organisations' systems, as far as the configuration names any.

    alarms in and notices out (ASAP), alerts both ways (CAP), events out (CloudEvents), maps (GeoJSON), incidents both ways (EIDO)

Each is a room of its own and knows nothing of the others; what they share is the engine, the board and the listener.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import trio
from msgspec import Struct, field
from starlette.routing import Route

from engine.live.service import Service
from engine.model.place import Place
from gateways.asap import Entrance as AsapEntrance
from gateways.asap import Intake, NoticePicker, PremisesRefused, read_premises
from gateways.auth import Gatekeeper, Right
from gateways.board import Board
from gateways.cap import (
    Desk,
    Entrance,
    Ledger,
    LedgerDamaged,
    Outlet,
    Poller,
    Press,
    PublishConfig,
    Window,
    erase_published,
)
from gateways.cap.config import EVERYWHERE
from gateways.cloudevents import EventPicker
from gateways.config import Config, ConfigRefused
from gateways.eido import (
    EidoRefused,
    ExchangeLog,
    Peers,
    Source,
    flat,
    forget_exchanges,
    levels,
    retrieval_routes,
    serve_eido,
)
from gateways.eido.config import EidoConfig
from gateways.geojson import geojson_routes
from gateways.outward.feed import Feed
from gateways.outward.position import PositionDamaged
from gateways.outward.turns import TurnSource

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

    Raises ConfigRefused where a table does not hold or what an exchange keeps cannot be read; OSError.
    """
    _fit(config, board.world.settled)
    opened = Exchanges()
    try:
        await _open_all(opened, nursery, service, board, keeper, config, data)
    except (LedgerDamaged, PositionDamaged, PremisesRefused) as error:
        raise ConfigRefused(str(error)) from error
    return opened


def _fit(config: Config, place: Place) -> None:
    """Refuse what names types and areas that the place has not: it would wait for ever, or be rejected one by one."""
    types, areas = {each.id for each in place.types}, {each.id for each in place.areas}
    named = [(f"asap.events.{name}", "type", [rule.type], types) for name, rule in config.asap.events.items()]
    for each in (each for each in config.subscriptions if each.exercise or not config.exercise):
        named.append((f"subscriptions.{each.name}", "types", list(each.types), types))
        named.append((f"subscriptions.{each.name}", "areas", list(each.areas), areas))
    for code, meant in config.cap.geocodes.items():
        parts = (meant,) if isinstance(meant, str) else meant
        wanted = [part for part in parts if isinstance(part, str) and part != EVERYWHERE]
        named.append((f"cap.geocodes.{code}", "area", wanted, areas))
    for where, what, found, known in named:
        for name in found:
            if name not in known:
                raise ConfigRefused(
                    f"[{where}] {what}: {place.name} has no {name!r}. It has: {', '.join(sorted(known))}."
                )


async def _open_all(
    opened: Exchanges,
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
) -> None:
    source = TurnSource(board, data / "journal")
    opened.routes += geojson_routes(service, board, partial(keeper.admit, Right.WATCH))
    if not config.asap.is_off:
        _open_asap(opened, nursery, source, service, board, keeper, config, data)
    if not config.cap.is_off:
        _open_cap(opened, nursery, service, board, keeper, config, data)
    if config.cap.publish is not None:
        _open_press(opened, nursery, service, board, keeper, config.cap.publish, data, exercise=config.exercise)
    else:
        service.on_forget.append(partial(erase_published, data))
    _open_subscriptions(opened, nursery, source, board, config, data)
    if config.eido is not None:
        await _open_eido(opened, nursery, service, board, keeper, config.eido, data)
    else:
        service.on_forget.append(partial(forget_exchanges, data))


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
    log = ExchangeLog(data, config.log_bytes, source.statistics, config.log_days)
    nursery.start_soon(log.run)
    try:
        if config.listen is not None:
            address = await nursery.start(partial(serve_eido, source, keeper, config.listen, log))
            scheme = "ws" if config.listen.certificate is None else "wss"
            opened.doors["eido"] = f"{scheme}://{address}/IncidentData/ent"
            opened.routes += retrieval_routes(source, keeper.authenticate, log)
        peers = Peers(service, source, log, data)
        service.on_forget.append(peers.forget)
        nursery.start_soon(peers.run)
    except EidoRefused as refused:
        raise ConfigRefused(f"[eido]: {refused}") from refused
    opened.numbers["eido"] = lambda: flat(source.statistics)
    opened.levels["eido"] = lambda: levels(source.statistics)


def _open_asap(
    opened: Exchanges,
    nursery: trio.Nursery,
    source: TurnSource,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
) -> None:
    asap = config.asap
    intake = Intake(service, board, asap, read_premises(Path(asap.premises) if asap.premises else None))
    companies, dispatchers = partial(keeper.admit, Right.EXCHANGE), partial(keeper.admit, Right.ORDER)
    opened.routes += AsapEntrance(service, intake, companies, dispatchers).routes()
    opened.numbers["asap"] = intake.statistics
    for company in asap.companies:
        if company.notices is not None and (company.notices.exercise or not config.exercise):
            picker = NoticePicker(company.name, board)
            _open_feed(opened, nursery, Feed(f"asap-{company.name}", company.notices, picker, source, data))


def _open_cap(
    opened: Exchanges,
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
) -> None:
    desk = Desk(service, board, config.cap, Ledger(data, config.cap.kept), exercise=config.exercise)
    entrance = Entrance(desk, config.cap, partial(keeper.admit, Right.EXCHANGE))
    nursery.start_soon(desk.run)
    if config.cap.folder is not None:
        nursery.start_soon(entrance.watch, data / config.cap.folder)
    for poll in config.cap.polls:
        nursery.start_soon(Poller(poll, entrance, config.cap.body_bytes).run)
    opened.routes += entrance.routes()
    opened.numbers["cap"] = desk.statistics


def _open_press(
    opened: Exchanges,
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: PublishConfig,
    data: Path,
    *,
    exercise: bool,
) -> None:
    press = Press(service, board, config, data, exercise=exercise)
    service.on_forget.append(press.forget)
    nursery.start_soon(press.run)
    opened.routes += Window(press, partial(keeper.admit, Right.ORDER), partial(keeper.admit, Right.WATCH)).routes()
    opened.numbers["cap-out"] = press.statistics
    for receiver in (each for each in config.receivers if each.exercise or not exercise):
        outlet = Outlet(receiver.name, receiver, press)
        nursery.start_soon(outlet.run)
        opened.numbers[f"cap-out-{receiver.name}"] = outlet.statistics
        opened.levels[f"cap-out-{receiver.name}"] = outlet.levels


def _open_subscriptions(
    opened: Exchanges, nursery: trio.Nursery, source: TurnSource, board: Board, config: Config, data: Path
) -> None:
    for each in (each for each in config.subscriptions if each.exercise or not config.exercise):
        name = f"subscription-{each.name}"
        _open_feed(opened, nursery, Feed(name, each, EventPicker(each, board, source), source, data))


def _open_feed(opened: Exchanges, nursery: trio.Nursery, feed: Feed) -> None:
    nursery.start_soon(feed.run)
    opened.numbers[feed.name] = feed.statistics
    opened.levels[feed.name] = feed.levels
