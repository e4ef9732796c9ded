"""Opens the doors to other organisations' systems, as far as the configuration names any.

    alarms in and notices out (ASAP), alerts both ways (CAP), events out (CloudEvents), maps (GeoJSON), incidents both ways (EIDO)

Each is a room of its own and knows nothing of the others; what they share is the engine, the board and the listener. Rule:
what goes wrong in one of them ends neither the others nor dispatch: it is logged, counted, and begun again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import trio
from msgspec import Struct, field
from starlette.routing import Route

from engine.live.service import Service
from engine.model.place import Place
from gateways import upkeep
from gateways.asap import Entrance as AsapEntrance
from gateways.asap import Intake, NoticePicker, PremisesRefused, read_premises
from gateways.auth import Gatekeeper, Right
from gateways.board import Board
from gateways.bodies import Authorise
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
from gateways.log import logger
from gateways.outward.feed import Feed, Receiver
from gateways.outward.position import PositionDamaged
from gateways.outward.turns import TurnSource

Numbers = Callable[[], Mapping[str, int]]
REST_S: Final = 5.0
"""Before an exchange that broke is begun again."""
_log = logger("partners")


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
    faults: Counter[str] = field(default_factory=Counter)
    """By exchange: how often it broke, and was begun again."""


async def open_exchanges(
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
    desk: upkeep.Desk,
) -> Exchanges:
    """Open all that are configured; they live as long as the nursery, and hang themselves in at the operators' desk.

    Raises ConfigRefused where a table does not hold or what an exchange keeps cannot be read; OSError.
    """
    _fit(config, board.world.settled)
    source = TurnSource(board, data / "journal")
    opening = _Opening(nursery, service, board, keeper, config, data, source, desk)
    try:
        await opening.all()
    except (LedgerDamaged, PositionDamaged, PremisesRefused) as error:
        raise ConfigRefused(str(error)) from error
    return opening.opened


def _fit(config: Config, place: Place) -> None:
    """Refuse what names types and areas that the place has not: it would wait for ever, or be rejected one by one."""
    types, areas = {each.id for each in place.types}, {each.id for each in place.areas}
    named = [(f"asap.events.{name}", "type", [rule.type], types) for name, rule in config.asap.events.items()]
    for each in (each for each in config.subscriptions if each.exercise or not config.exercise):
        named.append((f"subscriptions.{each.name}", "types", list(each.types), types))
        named.append((f"subscriptions.{each.name}", "areas", list(each.areas), areas))
    for rule in () if config.cap.publish is None else config.cap.publish.rules:
        named.append((f"cap.publish.rules.{rule.name}", "type", list(rule.types), types))
        named.append((f"cap.publish.rules.{rule.name}", "area", list(rule.areas), areas))
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


class _Opening(Struct):
    """Opens one exchange after the other, on the same ground."""

    nursery: trio.Nursery
    service: Service
    board: Board
    keeper: Gatekeeper
    config: Config
    data: Path
    source: TurnSource
    desk: upkeep.Desk
    opened: Exchanges = field(default_factory=Exchanges)

    async def all(self) -> None:
        """Open all that are configured. Who keeps something of incidents learns what is forgotten, open or not."""
        config, forgetting = self.config, self.service.on_forget
        self.opened.numbers["faults"] = lambda: dict(self.opened.faults)
        self.opened.routes += geojson_routes(self.service, self.board, self._admits(Right.WATCH), self.desk.books.read)
        if not config.asap.is_off:
            self._asap()
        if not config.cap.is_off:
            self._cap()
        if config.cap.publish is not None:
            self._press(config.cap.publish)
        else:
            forgetting.append(partial(erase_published, self.data))
        for each in (each for each in config.subscriptions if self._may_hear(each)):
            picker = EventPicker(each, self.board, self.source)
            self._feed(Feed(f"subscription-{each.name}", each, picker, self.source, self.data))
        if config.eido is not None:
            await self._eido(config.eido)
        else:
            forgetting.append(partial(forget_exchanges, self.data))

    async def _eido(self, config: EidoConfig) -> None:
        source = Source(self.board, config, self.service.clock.now)
        log = ExchangeLog(self.data, config.log_bytes, source.statistics, config.log_days)
        self._keep("eido", log.run)
        try:
            if config.listen is not None:
                address = await self.nursery.start(partial(serve_eido, source, self.keeper, config.listen, log))
                scheme = "ws" if config.listen.certificate is None else "wss"
                self.opened.doors["eido"] = f"{scheme}://{address}/IncidentData/ent"
                self.opened.routes += retrieval_routes(source, self.keeper.authenticate, log, self.desk.books.read)
            peers = Peers(self.service, source, log, self.data)
            self.service.on_forget.append(peers.forget)
            self.desk.exchanges |= {each.name: each for each in peers.followed}
            self._keep("eido", peers.run)
        except EidoRefused as refused:
            raise ConfigRefused(f"[eido]: {refused}") from refused
        self.opened.numbers["eido"] = lambda: flat(source.statistics)
        self.opened.levels["eido"] = lambda: {**levels(source.statistics), "parked": peers.parked()}

    def _asap(self) -> None:
        asap = self.config.asap
        premises = read_premises(Path(asap.premises) if asap.premises else None)
        intake = Intake(self.service, self.board, asap, premises)
        companies, dispatchers = self._admits(Right.EXCHANGE), self._admits(Right.ORDER)
        self.opened.routes += AsapEntrance(self.service, intake, companies, dispatchers).routes()
        self.opened.numbers["asap"] = intake.statistics
        for company in asap.companies:
            if company.notices is not None and self._may_hear(company.notices):
                picker = NoticePicker(company.name, self.board)
                self._feed(Feed(f"asap-{company.name}", company.notices, picker, self.source, self.data))

    def _cap(self) -> None:
        config = self.config.cap
        ledger = Ledger(self.data, config.kept)
        desk = Desk(self.service, self.board, config, ledger, exercise=self.config.exercise)
        entrance = Entrance(desk, config, self._admits(Right.EXCHANGE))
        self._keep("cap", desk.run)
        if config.folder is not None:
            self._keep("cap", partial(entrance.watch, self.data / config.folder))
        for poll in config.polls:
            self._keep("cap", Poller(poll, entrance, config.body_bytes).run)
        self.opened.routes += entrance.routes()
        self.opened.numbers["cap"] = desk.statistics

    def _press(self, config: PublishConfig) -> None:
        press = Press(self.service, self.board, config, self.data, exercise=self.config.exercise)
        self.service.on_forget.append(press.forget)
        self._keep("cap-out", press.run)
        self.opened.routes += Window(press, self._admits(Right.ORDER), self._admits(Right.WATCH)).routes()
        self.opened.numbers["cap-out"] = press.statistics
        for receiver in filter(self._may_hear, config.receivers):
            outlet = Outlet(receiver.name, receiver, press, self.data)
            self.desk.exchanges[outlet.name] = outlet
            self._keep("cap-out", outlet.run)
            self.opened.numbers[outlet.name] = outlet.statistics
            self.opened.levels[outlet.name] = outlet.levels

    def _feed(self, feed: Feed) -> None:
        self._keep(feed.name, feed.run)
        self.desk.exchanges[feed.name] = feed
        self.opened.numbers[feed.name] = feed.statistics
        self.opened.levels[feed.name] = feed.levels

    def _keep(self, exchange: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a part of an exchange, behind a wall."""
        self.nursery.start_soon(self._behind_a_wall, exchange, run)

    async def _behind_a_wall(self, exchange: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await run()
            except Exception:  # noqa: BLE001  the boundary: a fault with one partner must not reach dispatch
                self.opened.faults[exchange] += 1
                _log.exception("an exchange broke; it is begun again, everything else goes on", exchange=exchange)
            await trio.sleep(REST_S)

    def _may_hear(self, receiver: Receiver) -> bool:
        """Tell whether the receiver is told of what happens here: of an exercise only if it is marked."""
        return receiver.exercise or not self.config.exercise

    def _admits(self, right: Right) -> Authorise:
        return partial(self.keeper.admit, right)
