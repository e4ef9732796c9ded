"""Everything together: the engine in the middle, the gateways round it, each in the nursery of what it needs.

    engine and journal ⊃ board ⊃ couriers ⊃ doors (CAD, HTTP, telematics)

So the doors close first and the journal last. This is the only place that knows everything.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio
from msgspec import Struct
from starlette.routing import BaseRoute

from engine.clocks import Clocks, Profile
from engine.live.clock import Clock, Pace
from engine.live.learning import Learning
from engine.live.planner import Planner
from engine.live.service import Service, serve
from engine.model.demand import Demand
from engine.model.place import Place
from engine.state.image import restore, save
from engine.streets.graph import Graph
from gateways.alerts import BrowserPush, Courier, Recipients, WrongMode, callback_routes, claim, receipt_routes
from gateways.alerts.erasing import erase_alerts
from gateways.api import Api, api_routes
from gateways.arrivals import Arrivals
from gateways.auth import Gatekeeper, Right
from gateways.board import Board
from gateways.cad import Hub, serve_cad
from gateways.cad.browsers import Browsers
from gateways.clock_files import FILE, load_profiles
from gateways.config import Access, Config, ConfigRefused, grant_access, keep_to_ourselves, recipients_of
from gateways.console import Console, SupervisorDesk, console_routes, supervisor_routes
from gateways.covering import Covering
from gateways.crews import Crews, crew_routes
from gateways.crews.sessions import load_key
from gateways.doors import Address, shown
from gateways.feeds import Feed, Feeds
from gateways.geocoding import Geocoder
from gateways.inquiries import Inquiries
from gateways.log import logger
from gateways.memory import PLANNER_FILE, Memory
from gateways.metrics import Metrics
from gateways.outward.subscriptions import Subscriptions
from gateways.partners import open_exchanges
from gateways.recipients import RecipientsTable
from gateways.retention import RetentionTask
from gateways.telematics import JsonLines
from gateways.telematics.intake import Intake
from gateways.upkeep import Books, Desk
from gateways.web import HttpCounts, serve_http
from gateways.workers import Workers

FOLLOW_TURNS_MAX = 65_536
"""Released turns that may wait for the board. It shares the engine's loop, so only a fault can fill this."""
SNAPSHOT_WITHIN_S = 300.0
_log = logger("app")


class Doors(Struct, frozen=True):
    """Where the gateways listen, once they do."""

    cad: str
    web: str
    lines: tuple[str, ...]
    """Listeners for JSON lines, as host:port."""
    access: Access
    notes: tuple[str, ...]
    """What the recovery had to say."""
    feeds: tuple[Feed, ...] = ()
    """The doors of telematics, and the brokers it listens to."""
    exchanges: dict[str, str] = {}
    """Doors of exchanges with other organisations, by name."""


async def run_app(
    place: Place,
    data: Path,
    config: Config,
    *,
    pace: Pace | None = None,
    streets: Graph | None = None,
    calls: Demand | None = None,
    geocoder: Geocoder | None = None,
    task_status: trio.TaskStatus[Doors] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the place, over its `streets` if it has some, until cancelled. Journal, logs and tokens live in `data`.

    `calls` is what the place says of its demand: the planner of move-ups starts from it. `geocoder` knows its house numbers.

    Raises JournalDamaged, JournalLocked, PlaceRejected, ConfigRefused or OSError before any door is opened.
    """
    table = _recipients(place, data, config)
    access, profiles = grant_access(config, data), load_profiles(data / FILE)
    keeper = Gatekeeper(access.credentials, config.retention.hold)
    feeds = Feeds(place, config, keeper, data)
    clock = Clock(pace)
    async with serve(place, data / "journal", clock=clock, settings=config.journal, streets=streets) as service:
        desk = Desk(Books(data, config.books))
        _erase_with(service, partial(erase_alerts, data, config.endpoints), desk.books.forget)
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", FOLLOW_TURNS_MAX)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.books.run)
            nursery.start_soon(board.run, follower)
            nursery.start_soon(board.publish_positions)
            nursery.start_soon(_keep_snapshots, service, data / "journal", config)
            memory = Memory(data)
            await nursery.start(Learning(service, load=memory.load, keep=memory.keep).run)
            planner = await _start_planner(nursery, service, config, calls, data)
            _spare_the_collector()
            doors = await _open_doors(
                nursery,
                service,
                board,
                feeds,
                planner,
                config,
                data,
                access,
                keeper,
                profiles,
                table,
                streets,
                desk,
                geocoder,
            )
            await service.forgetting.catch_up_elsewhere(data / "journal")
            nursery.start_soon(service.watchdog.run)
            with shown(data, Address(doors.cad, doors.web, doors.lines, os.getpid())):
                task_status.started(doors)
                await trio.sleep_forever()


def _spare_the_collector() -> None:
    """Let what lives as long as the process be no business of the garbage collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _erase_with(service: Service, *erasing: Callable[[str], object]) -> None:
    """Have these erase what is forgotten, and say where that fails."""
    service.on_forget += erasing
    service.forgetting.on_fault = lambda names, detail: _log.error(
        "people's data could not be erased; it is tried again until it is done", incidents=names, detail=detail
    )


async def _start_planner(
    nursery: trio.Nursery, service: Service, config: Config, calls: Demand | None, data: Path
) -> Planner | None:
    """Let somebody think about move-ups beside the engine, unless the configuration says that nobody does."""
    if config.planner.is_off:
        return None
    memory = Memory(data, PLANNER_FILE)
    planner = Planner(service, config.planner, calls, load=memory.load, keep=memory.keep)
    planner.on_fault = lambda cause, detail: _log.warning(
        "a plan of move-ups failed; dispatch goes on, it is tried again", cause=cause, detail=detail
    )
    await nursery.start(planner.run)
    return planner


async def _open_doors(
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    feeds: Feeds,
    planner: Planner | None,
    config: Config,
    data: Path,
    access: Access,
    keeper: Gatekeeper,
    profiles: tuple[Profile, ...],
    recipients: Recipients,
    streets: Graph | None,
    desk: Desk,
    geocoder: Geocoder | None,
) -> Doors:
    courier = await _start_courier(nursery, service, board, config, data, recipients, desk)
    workers = Workers()
    inquiries = Inquiries(data, workers=workers)
    hub = Hub(service, board, config.cad, inquiries, Covering(planner))
    hub.on_read, hub.geocoder = desk.books.read, geocoder
    cad = await nursery.start(serve_cad, hub, keeper, config.cad)
    says = partial(keeper.admit, Right.STATUS)
    intake, fed, routes = await _open_feeds(nursery, service, feeds, desk)
    routes += receipt_routes(service, says) + callback_routes(courier, says)
    exchanges = await open_exchanges(nursery, service, board, keeper, config, data, desk)
    retention = RetentionTask(service, data, config.retention)
    counts = HttpCounts()
    clocks = Clocks(profiles, place=board.world.place)
    crews = _crews(service, board, keeper, config, data) if config.crews.enabled else None
    routes += [] if crews is None else crew_routes(crews)
    metrics = Metrics(
        service,
        board,
        intake=intake,
        cad=hub.statistics,
        crews=None if crews is None else crews.statistics,
        courier=courier,
        http=counts,
        clocks=clocks,
        planner=planner,
        exchanges=exchanges.numbers,
        exchange_levels=exchanges.levels,
        upkeep={"books": desk.books.statistics, "retention": retention.statistics, "workers": workers.statistics},
        upkeep_levels={"retention": retention.levels},
    )
    service.on_answer = metrics.observe_answer
    nursery.start_soon(metrics.run)
    if config.console.enabled:
        routes += _open_console(nursery, hub, service, board, keeper, config, data, streets, workers)
    api = Api(service, board, keeper, config.api, inquiries, desk)
    api.geocoder = geocoder
    routes += exchanges.routes + metrics.routes() + api_routes(api)
    web = await nursery.start(partial(serve_http, routes, config.web, counts=counts))
    nursery.start_soon(retention.run)
    lines = tuple(feed.address for feed in fed if (feed.protocol, feed.transport) == (JsonLines.__name__, "tcp"))
    return Doors(f"ws://{cad}", f"http://{web}", lines, access, service.notes, tuple(fed), exchanges.doors)


async def _start_courier(
    nursery: trio.Nursery,
    service: Service,
    board: Board,
    config: Config,
    data: Path,
    recipients: Recipients,
    desk: Desk,
) -> Courier:
    """Tell crews; where there is a table of recipients, operators may have it read again."""
    courier = Courier(service, board, config.endpoints, folder=data, recipients=recipients, exercise=config.exercise)
    await nursery.start(courier.run)
    desk.recipients = RecipientsTable(config, board.world.settled, courier) if config.recipients is not None else None
    return courier


async def _open_feeds(
    nursery: trio.Nursery, service: Service, feeds: Feeds, desk: Desk
) -> tuple[Intake, list[Feed], list[BaseRoute]]:
    """Open telematics; return its intake, its doors and its routes."""
    arrivals = Arrivals(service)
    nursery.start_soon(arrivals.run)
    intake = feeds.intake(service, arrivals)
    desk.devices = feeds.devices
    fed, routes = await feeds.open(nursery, intake)
    return intake, fed, [*routes]


def _open_console(
    nursery: trio.Nursery,
    hub: Hub,
    service: Service,
    board: Board,
    keeper: Gatekeeper,
    config: Config,
    data: Path,
    streets: Graph | None,
    workers: Workers,
) -> list[BaseRoute]:
    browsers = Browsers(hub)
    nursery.start_soon(browsers.run)
    supervisor = SupervisorDesk(service, board, config.console, data, workers)
    nursery.start_soon(supervisor.run)
    console = Console(service, keeper, config.console, data, streets, exercise=config.exercise, workers=workers)
    console.addresses = hub.geocoder is not None
    console.on_read = hub.on_read
    return console_routes(console, browsers.serve) + supervisor_routes(console, supervisor)


def _crews(service: Service, board: Board, keeper: Gatekeeper, config: Config, data: Path) -> Crews:
    pushes = any(isinstance(endpoint.channel, BrowserPush) for endpoint in config.endpoints)
    subscriptions = Subscriptions(data) if pushes else None
    return Crews(service, board, keeper, config.crews, load_key(data), subscriptions=subscriptions)


def _recipients(place: Place, data: Path, config: Config) -> Recipients:
    """Return who is told, and see that an exercise and the real thing never share a data folder."""
    keep_to_ourselves(config)
    recipients = recipients_of(config, place)
    try:
        claim(data, exercise=config.exercise)
    except WrongMode as error:
        raise ConfigRefused(str(error)) from error
    return recipients


async def _keep_snapshots(service: Service, journal: Path, config: Config) -> None:
    """Let a process of its own fold the journal and write a snapshot now and then; the engine never stops for it."""
    last = service.measures.turns
    command = [sys.executable, "-m", "gateways.cli", "journal", "snapshot", str(journal)]
    while True:
        await trio.sleep(config.snapshot_every_s)
        if service.measures.turns - last < config.snapshot_after_turns:
            continue
        last = service.measures.turns
        detail = await _run_beside(command)
        if detail:
            _log.warning("no snapshot was written; a restart will take longer", detail=detail)


async def _run_beside(command: list[str]) -> str:
    """Run it to its end, standing back for others; return what went wrong, "" if nothing did."""
    with trio.move_on_after(SNAPSHOT_WITHIN_S):
        try:
            result = await trio.run_process(
                command, check=False, capture_stdout=True, capture_stderr=True, preexec_fn=partial(os.nice, 15)
            )
        except OSError as error:  # no room for one more process: that is no reason to stop
            return f"the process could not be started ({error})"
        said = result.stderr.decode(errors="replace")[-500:]
        return "" if result.returncode == 0 else said or f"it ended with status {result.returncode}"
    return f"it took longer than {SNAPSHOT_WITHIN_S:g} s"


async def run_until_signal(
    place: Place,
    data: Path,
    config: Config,
    *,
    pace: Pace | None = None,
    streets: Graph | None = None,
    calls: Demand | None = None,
    geocoder: Geocoder | None = None,
    opened: Callable[[Doors], None],
    leash: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM (or, on a leash, until standard input ends), then close in order."""
    async with trio.open_nursery() as nursery:
        if leash:
            nursery.start_soon(_stop_with_supervisor, nursery.cancel_scope)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            app = partial(run_app, place, data, config, pace=pace, streets=streets, calls=calls, geocoder=geocoder)
            opened(await nursery.start(app))
            async for _ in signals:
                nursery.cancel_scope.cancel()
                break


async def _stop_with_supervisor(scope: trio.CancelScope) -> None:
    """Stop when standard input ends: whoever held the other end is gone, and nobody else would stop this process."""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stdin:
        while await stdin.receive_some(1024):
            pass
    scope.cancel()
