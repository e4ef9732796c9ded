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

from engine.clocks import Clocks, Profile
from engine.live.clock import Clock, Pace
from engine.live.learning import Learning
from engine.live.planner import Planner
from engine.live.service import Service, serve
from engine.model.demand import Demand
from engine.model.fixes import UNKNOWN
from engine.model.place import Place
from engine.state.image import restore, save
from engine.streets.graph import Graph
from gateways.alerts import Courier, receipt_routes
from gateways.api import Api, api_routes
from gateways.auth import Gatekeeper, Principal, Right
from gateways.board import Board
from gateways.cad import Hub, serve_cad
from gateways.clock_files import FILE, load_profiles
from gateways.config import Access, Config, grant_access, read_devices
from gateways.crews import Crews, crew_routes
from gateways.crews.sessions import load_key
from gateways.doors import Address, shown
from gateways.inquiries import Inquiries
from gateways.log import logger
from gateways.memory import PLANNER_FILE, Memory
from gateways.metrics import Metrics
from gateways.telematics import OsmAnd
from gateways.telematics.fix import Fix
from gateways.telematics.http import osmand_routes
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from gateways.telematics.tcp import serve_json_lines
from gateways.web import HttpCounts, serve_http

FOLLOW_TURNS_MAX = 65_536
"""Released turns that may wait for the board. It shares the engine's loop, so only a fault can fill this."""
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


async def run_app(
    place: Place,
    data: Path,
    config: Config,
    *,
    pace: Pace | None = None,
    streets: Graph | None = None,
    calls: Demand | None = None,
    task_status: trio.TaskStatus[Doors] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the place, over its `streets` if it has some, until cancelled. Journal, logs and tokens live in `data`.

    `calls` is what the place says of its demand: the planner of move-ups starts from it.

    Raises JournalDamaged, JournalLocked, PlaceRejected, ConfigRefused or OSError before any door is opened.
    """
    access, profiles = grant_access(config, data), load_profiles(data / FILE)
    intake_of = _intake_maker(place, config)
    clock = Clock(pace)
    async with serve(place, data / "journal", clock=clock, settings=config.journal, streets=streets) as service:
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", FOLLOW_TURNS_MAX)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.run, follower)
            nursery.start_soon(board.publish_positions)
            nursery.start_soon(_keep_snapshots, service, data / "journal", config)
            memory = Memory(data)
            await nursery.start(Learning(service, load=memory.load, keep=memory.keep).run)
            planner = await _start_planner(nursery, service, config, calls, data)
            # What lives as long as the process is no business of the garbage collector.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            doors = await _open_doors(
                nursery, service, board, intake_of(service), planner, config, data, access, profiles
            )
            nursery.start_soon(service.watchdog.run)
            with shown(data, Address(doors.cad, doors.web, doors.lines, os.getpid())):
                task_status.started(doors)
                await trio.sleep_forever()


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
    intake: Intake,
    planner: Planner | None,
    config: Config,
    data: Path,
    access: Access,
    profiles: tuple[Profile, ...],
) -> Doors:
    keeper = Gatekeeper(access.credentials)
    feed = partial(_allow, keeper, Right.POSITION)
    courier = Courier(service, board, config.endpoints, folder=data)
    await nursery.start(courier.run)
    inquiries = Inquiries(data)
    hub = Hub(service, board, config.cad, inquiries)
    cad = await nursery.start(serve_cad, hub, keeper, config.cad)
    lines, routes = [], receipt_routes(service, partial(_allow, keeper, Right.STATUS))
    for protocol in config.feeds:
        if isinstance(protocol, OsmAnd):
            routes += osmand_routes(protocol, intake, feed)
        else:
            listeners = await nursery.start(partial(serve_json_lines, protocol, intake, feed))
            lines += [_address(listener) for listener in listeners]
    counts = HttpCounts()
    clocks = Clocks(profiles, place=board.world.place)
    metrics = Metrics(
        service,
        board,
        intake=intake,
        cad=hub.statistics,
        courier=courier,
        http=counts,
        clocks=clocks,
        planner=planner,
    )
    service.on_answer = metrics.observe_answer
    nursery.start_soon(metrics.run)
    if config.crews.enabled:
        routes += crew_routes(Crews(service, board, keeper, config.crews, load_key(data)))
    routes += metrics.routes() + api_routes(Api(service, board, keeper, config.api, inquiries))
    web = await nursery.start(partial(serve_http, routes, config.web, counts=counts))
    return Doors(f"ws://{cad}", f"http://{web}", tuple(lines), access, service.notes)


def _allow(keeper: Gatekeeper, right: Right, token: str | None) -> Principal | None:
    principal = keeper.authenticate(token)
    return principal if principal is not None and principal.may(right) else None


def _address(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"{host}:{port}"


def _intake_maker(place: Place, config: Config) -> Callable[[Service], Intake]:
    """Read the devices now, so that a wrong file is refused before anything starts; the service comes later."""
    units = frozenset(unit.id for unit in place.units)
    devices = read_devices(Path(config.devices), units) if config.devices else {name: name for name in units}
    roster = Roster(devices)

    def intake_of(service: Service) -> Intake:
        return Intake(roster, config.hygiene, _sink(place, service), service.clock.now)

    return intake_of


def _sink(place: Place, service: Service) -> Callable[[str, Fix], None]:
    rows = service.world.fleet.rows
    to_metres = place.projection.to_metres
    put = service.positions.put

    def sink(unit: str, fix: Fix) -> None:
        x_m, y_m = to_metres(fix.lat, fix.lon)
        speed = UNKNOWN if fix.speed_mps is None else min(32_767, round(fix.speed_mps * 10))
        heading = UNKNOWN if fix.heading_deg is None else round(fix.heading_deg) % 360
        put(rows[unit], x_m, y_m, fix.fix_ms, speed, heading)

    return sink


async def _keep_snapshots(service: Service, journal: Path, config: Config) -> None:
    """Let a process of its own fold the journal and write a snapshot now and then; the engine never stops for it."""
    last = service.measures.turns
    command = [sys.executable, "-m", "gateways.cli", "journal", "snapshot", str(journal)]
    while True:
        await trio.sleep(config.snapshot_every_s)
        if service.measures.turns - last < config.snapshot_after_turns:
            continue
        last = service.measures.turns
        with trio.move_on_after(300) as scope:
            result = await trio.run_process(
                command, check=False, capture_stdout=True, capture_stderr=True, preexec_fn=partial(os.nice, 15)
            )
        if scope.cancelled_caught or result.returncode != 0:
            detail = "it took longer than 300 s" if scope.cancelled_caught else result.stderr.decode()[-500:]
            _log.warning("no snapshot was written; a restart will take longer", detail=detail)


async def run_until_signal(
    place: Place,
    data: Path,
    config: Config,
    *,
    pace: Pace | None = None,
    streets: Graph | None = None,
    calls: Demand | None = None,
    opened: Callable[[Doors], None],
    leash: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM (or, on a leash, until standard input ends), then close in order."""
    async with trio.open_nursery() as nursery:
        if leash:
            nursery.start_soon(_stop_with_supervisor, nursery.cancel_scope)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            opened(await nursery.start(partial(run_app, place, data, config, pace=pace, streets=streets, calls=calls)))
            async for _ in signals:
                nursery.cancel_scope.cancel()
                break


async def _stop_with_supervisor(scope: trio.CancelScope) -> None:
    """Stop when standard input ends: whoever held the other end is gone, and nobody else would stop this process."""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stdin:
        while await stdin.receive_some(1024):
            pass
    scope.cancel()
