"""The make-believe city: callers, a desk, crews, their pagers and their vehicles' devices. All outside the engine."""

from functools import partial

import trio

from engine.model.facts import Purpose
from gateways.cad.client import CadClient
from gateways.demo.addresses import Addresses
from gateways.demo.callers import Callers
from gateways.demo.citytime import CityTime
from gateways.demo.crews import Crew, Order, Town, muster, tracked
from gateways.demo.desk import Desk
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.pagers import Page, Pagers
from gateways.demo.scene import Scene
from gateways.demo.supervisor import Doors
from gateways.demo.trackers import Feeds, Trackers
from gateways.demo.watch import Watch
from gateways.views import IncidentView

OPENING_STEP_S = 0.6
"""Real seconds between the calls that a demo begins with."""
OSMAND = "/telematics/osmand"
ANSWERS_WITHIN_S = 15.0
"""What the last callers wait for their answers at the end."""
GOODBYE_S = 5.0


class City:
    """Lives from `run` until its scope is cancelled."""

    def __init__(self, scene: Scene, ledger: Ledger) -> None:
        self.time = CityTime(scene.pace)
        self.pagers = Pagers(self._show_page, ledger, scene.seed)
        self._scene = scene
        self.ledger = ledger
        self._crews: dict[str, Crew] = {}
        self._lines: list[Line] = []
        self._calling = trio.CancelScope()
        self._called = trio.Event()

    def join(self, desk: CadClient, crews: CadClient) -> Watch:
        """Give the desk and the crews their connections, and return what follows the desk's screen."""
        scene, ledger, time = self._scene, self.ledger, self.time
        self._lines = [Line(desk, ledger, "dispatcher"), Line(crews, ledger, "crew")]
        town = Town(scene.place, scene.demand.care, time, self._lines[1], scene.seed)
        self._crews = muster(town)
        for unit in desk.mirror.units.values():
            if unit.id in self._crews:
                self._crews[unit.id].take_up(unit, desk.mirror.incidents.get(unit.incident or ""))
        self._desk = Desk(scene.place, self._lines[0], time, ledger, scene.seed, self._call_crew)
        return Watch(desk.mirror, ledger, self._desk.sent_s)

    async def run(self, doors: Doors) -> None:
        """Live, until cancelled."""
        scene, time = self._scene, self.time
        feeds = Feeds(doors.lines[0], doors.web + OSMAND, doors.access.tokens["feed"])
        vehicles = tracked(self._crews.values(), scene.place)
        stale_ms = scene.place.limits.stale_after_ms
        trackers = Trackers(vehicles, scene.place.projection, time, feeds, self.ledger, scene.seed, stale_ms)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trackers.run)
            nursery.start_soon(self._desk.run)
            for crew in self._crews.values():
                nursery.start_soon(crew.run)
            nursery.start_soon(self._call)

    async def _call(self) -> None:
        """Let the callers call until `wind_down`; those on the line stay on it."""
        scene, time = self._scene, self.time
        addresses = Addresses(scene.place, scene.streets)
        step_ms = time.city_ms(OPENING_STEP_S)
        callers = Callers(scene.place, scene.demand, addresses, scene.seed, time.now(), step_ms)
        async with trio.open_nursery() as nursery:
            with self._calling:
                for call in callers.calls():
                    await time.sleep_until(call.at_ms)
                    nursery.start_soon(partial(self._desk.take, call))
        self._called.set()

    async def wind_down(self) -> None:
        """Let nobody else call, and wait until everybody who did has an answer."""
        self._calling.cancel()
        with trio.move_on_after(ANSWERS_WITHIN_S):
            await self._called.wait()

    async def hang_up(self) -> None:
        """Wait a moment for the answers that are still on their way to desk and crews, then for none."""
        for line in self._lines:
            with trio.move_on_after(GOODBYE_S):
                await line.settled()
            line.hang_up()

    # ── how crews are reached ───────────────────────────────────────────────────────────────────────────────

    def _show_page(self, page: Page) -> None:
        crew = self._crews.get(page.unit)
        if crew is not None and page.lat is not None and page.lon is not None:
            point = self._scene.place.projection.to_metres(page.lat, page.lon)
            crew.tell(Order(page.number, page.purpose, page.incident, point))

    def _call_crew(self, unit: str, incident: IncidentView) -> None:
        """Tell a crew by voice what its pager has not told it."""
        point = self._scene.place.projection.to_metres(incident.lat, incident.lon)
        self._crews[unit].tell(Order(None, Purpose.DISPATCH, incident.id, point))
