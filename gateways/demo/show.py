"""The demo from curtain to curtain: scene, engine, city, board, end, audit.

    signals ⊃ pagers ⊃ engine ⊃ lines of desk and crews ⊃ city ⊃ board

Rule: the engine is stopped in order before its journal is read, and never outlives the demo.
"""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from msgspec import Struct

from engine.journal.library import StreetLibrary
from engine.journal.shelf import Shelf
from engine.model.roads import Conditions
from engine.streets.roads import Roads
from engine.streets.weighing import Mode
from gateways.cad.client import CadClient, reconnecting
from gateways.demo.board import Seen
from gateways.demo.busiest import some_street
from gateways.demo.city import City
from gateways.demo.desk import DESK
from gateways.demo.guest import Guest
from gateways.demo.invitation import WAIT_S, Invitation
from gateways.demo.ledger import Ledger
from gateways.demo.scene import Scene, free_ports, write_config
from gateways.demo.screen import Screen
from gateways.demo.supervisor import STOP_WITHIN_S, Doors, Outage, Supervisor
from gateways.demo.voices import broker
from gateways.web import WebConfig, serve_http

JOIN_WITHIN_S = 30.0
GIVE_UP_S = 120.0
OPEN_AFTER_S = 20.0
"""A closed bridge is opened again after that in a demo without an end."""


class Performance(Struct, frozen=True):
    """What is left when the curtain has fallen."""

    ledger: Ledger
    opened: bool
    """The engine's doors were open at least once."""
    since_ms: int
    """City time of the beginning."""
    seconds: float
    outages: tuple[Outage, ...]
    stopped_cleanly: bool


class Cues(Struct, frozen=True):
    """What happens when, in real seconds since the board appeared; None: not at all."""

    end_s: float | None
    crash_s: float | None
    close_s: float | None = None
    """The busiest bridge is closed, and opened again after a third of what is left then."""

    @property
    def open_s(self) -> float:
        """When it is opened."""
        assert self.close_s is not None
        return self.close_s + (OPEN_AFTER_S if self.end_s is None else max(0.0, self.end_s - self.close_s) / 3)


async def perform(scene: Scene, cues: Cues, screen: Screen) -> Performance:
    """Give the demo until its time is up or somebody says stop. Raises EngineWillNotStart (in a group)."""
    ledger = Ledger()
    city = City(scene, ledger)
    since_ms = city.time.now()
    async with trio.open_nursery() as nursery:
        curtain = trio.Event()
        await nursery.start(_await_signal, curtain)
        pagers = await nursery.start(serve_http, city.pagers.routes(), WebConfig(port=0))
        ports = free_ports()
        write_config(scene, ports, pagers, city.pagers.secret)
        supervisor = Supervisor(_arguments(scene), scene.log)
        began_s = trio.current_time()
        stopped = False
        try:
            async with broker(scene.feed, scene.data, ports.feed):
                doors = await _start(nursery, supervisor, curtain)
                if doors is not None:
                    roads = await trio.to_thread.run_sync(_roads, scene)
                    began_s = trio.current_time()
                    await _live(scene, cues, screen, city, roads, supervisor, doors, curtain)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + STOP_WITHIN_S + 5):
                seconds = trio.current_time() - began_s
                stopped = await supervisor.stop()
        nursery.cancel_scope.cancel()
    return Performance(ledger, supervisor.doors is not None, since_ms, seconds, tuple(supervisor.outages), stopped)


def _arguments(scene: Scene) -> list[str]:
    place, data, config = str(scene.folder), str(scene.data), str(scene.config)
    pace = ["--pace", repr(scene.pace.rate), "--pace-origin-ms", str(scene.pace.origin_ms)]
    return ["run", place, "--data", data, "--config", config, *pace, "--announce", "--leash"]


async def _start(nursery: trio.Nursery, supervisor: Supervisor, curtain: trio.Event) -> Doors | None:
    """Start the engine; None if somebody says stop before it is there."""
    doors: list[Doors] = []
    async with trio.open_nursery() as starting:

        async def give_up() -> None:
            await curtain.wait()
            starting.cancel_scope.cancel()

        starting.start_soon(give_up)
        doors.append(await nursery.start(supervisor.run))
        starting.cancel_scope.cancel()
    return doors[0] if doors else None


def _roads(scene: Scene) -> Roads | None:
    """Return the streets for the city's crews, from where the engine has laid them; ready to be asked."""
    if not scene.place.streets:
        return None
    roads = StreetLibrary(Shelf(scene.journal))(scene.place)
    assert roads is not None
    first, last = scene.place.stations[0], scene.place.stations[-1]
    for mode in Mode:
        roads.way(Conditions(), roads.spot(first.x_m, first.y_m), roads.spot(last.x_m, last.y_m), mode)
    return roads


async def _live(
    scene: Scene,
    cues: Cues,
    screen: Screen,
    city: City,
    roads: Roads | None,
    supervisor: Supervisor,
    doors: Doors,
    curtain: trio.Event,
) -> None:
    """Let the city live until the curtain falls, then bring what is under way to its end."""
    async with _clients(doors) as (desk, crews), trio.open_nursery() as nursery:
        guest = Guest(supervisor)
        nursery.start_soon(guest.run)
        watch = city.join(desk, crews, roads, guest)
        street = "" if roads is None else some_street(roads.graph)
        invitation = Invitation(supervisor)
        nursery.start_soon(invitation.run)
        await invitation.first(WAIT_S)
        seen = Seen(
            scene.place,
            scene.journal,
            city.time,
            desk.mirror,
            watch,
            city.ledger,
            supervisor,
            street,
            invitation=invitation,
        )
        nursery.start_soon(watch.run, desk)
        nursery.start_soon(screen.run, seen)
        nursery.start_soon(_cue, cues, supervisor, curtain)
        if cues.close_s is not None:
            nursery.start_soon(_close, cues, city)
        async with trio.open_nursery() as living:
            living.start_soon(city.run, doors)
            await curtain.wait()
            seen.ending = True
            await city.wind_down()
            living.cancel_scope.cancel()
            nursery.start_soon(city.hang_up)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _clients(doors: Doors) -> AsyncIterator[tuple[CadClient, CadClient]]:
    """Connect the desk and the crews, and wait until both have a screen."""
    tokens = doors.access.tokens
    async with (
        reconnecting(doors.cad, tokens[DESK], positions=False, give_up_s=GIVE_UP_S) as desk,
        reconnecting(doors.cad, tokens["crew"], positions=False, give_up_s=GIVE_UP_S) as crews,
    ):
        with trio.fail_after(JOIN_WITHIN_S):
            for client in (desk, crews):
                while client.mirror.seq is None:
                    await client.changed()
        yield desk, crews


async def _cue(cues: Cues, supervisor: Supervisor, curtain: trio.Event) -> None:
    async with trio.open_nursery() as nursery:
        if cues.crash_s is not None:
            nursery.start_soon(_at, cues.crash_s, supervisor.kill)
        if cues.end_s is not None:
            nursery.start_soon(_at, cues.end_s, curtain.set)


async def _close(cues: Cues, city: City) -> None:
    """Close the busiest bridge at its time, and open it again."""
    assert cues.close_s is not None
    began_s = trio.current_time()
    await trio.sleep(max(0.0, cues.close_s))
    await city.close_busiest(began_s)
    await trio.sleep_until(began_s + cues.open_s)
    await city.operator.open(began_s)


async def _at(seconds: float, act: Callable[[], None]) -> None:
    await trio.sleep(seconds)
    act()


async def _await_signal(curtain: trio.Event, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Let the curtain fall at the first Ctrl-C (or when the terminal goes away)."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            curtain.set()
