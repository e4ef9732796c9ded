"""The make-believe city: callers, a desk, crews, their pagers and their vehicles' devices. All outside the engine."""

from functools import partial
from itertools import islice

import trio

from engine.model.alert_facts import Purpose
from engine.model.lifecycle import Status
from engine.streets.roads import Roads
from gateways.cad.client import CadClient
from gateways.demo.addresses import Addresses
from gateways.demo.bulletins import Bulletins
from gateways.demo.busiest import busiest
from gateways.demo.bystanders import Concern, bystanders, how_many, near
from gateways.demo.callers import Callers
from gateways.demo.citytime import CityTime
from gateways.demo.closing import Operator
from gateways.demo.conditions import conditions_of
from gateways.demo.crews import Crew, Order, Town, muster, tracked
from gateways.demo.desk import DESK, Desk
from gateways.demo.guest import Guest
from gateways.demo.hospitals import Hospitals
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.pagers import Page, Pagers
from gateways.demo.quarters import Quarters
from gateways.demo.radio import ASIDE, Radio, ReceiptDoor
from gateways.demo.scene import Scene
from gateways.demo.streets import Navigator
from gateways.demo.supervisor import Doors
from gateways.demo.terminals import Terminals
from gateways.demo.trackers import Feeds, Trackers
from gateways.demo.voices import PROTOCOLS
from gateways.demo.watch import Watch
from gateways.road_views import RoadsView
from gateways.views import IncidentView

OPENING_STEP_S = 0.6
"""Real seconds between the calls that a demo begins with."""
OSMAND = "/telematics/osmand"
ANSWERS_WITHIN_S = 15.0
"""What the last callers wait for their answers at the end."""
GOODBYE_S = 5.0
BYSTANDERS_MS = 1_500
"""Between the calls from both ends of a bridge and its closing."""


class City:
    """Lives from `run` until its scope is cancelled."""

    def __init__(self, scene: Scene, ledger: Ledger) -> None:
        self.time = CityTime(scene.pace)
        self.pagers = Pagers(self._show_page, ledger, scene.seed)
        self._scene = scene
        self.ledger = ledger
        self._crews: dict[str, Crew] = {}
        self._lines: list[Line] = []
        self._terminals = Terminals()
        self._radio: Radio | None = None
        self._heard: RoadsView | None = None
        self._calling = trio.CancelScope()
        self._called = trio.Event()

    def join(self, desk: CadClient, crews: CadClient, roads: Roads | None, guest: Guest) -> Watch:
        """Give the desk and the crews their connections and their map, and return what follows the desk's screen."""
        scene, ledger, time = self._scene, self.ledger, self.time
        self._lines = [Line(desk, ledger, DESK), Line(crews, ledger, "crew")]
        self._navigator = Navigator(scene.place, roads, ledger, scene.seed)
        self._hear(crews)
        self.operator = Operator(self._lines[0], ledger)
        self._crews = muster(self._town())
        self._addresses = Addresses(scene.place, scene.streets, roads, scene.addresses)
        for unit in desk.mirror.units.values():
            if unit.id in self._crews:
                self._crews[unit.id].take_up(unit, desk.mirror.incidents.get(unit.incident or ""))
        self._desk = Desk(scene.place, self._lines[0], time, ledger, scene.seed, self._call_crew, guest)
        return Watch(desk.mirror, ledger, self._desk.sent_s)

    def _town(self) -> Town:
        scene, line = self._scene, self._lines[1]
        return Town(
            place=scene.place,
            care=scene.demand.care,
            time=self.time,
            line=line,
            navigator=self._navigator,
            terminals=self._terminals,
            hospitals=Hospitals(scene.place, line, self._terminals),
            seed=scene.seed,
        )

    async def run(self, doors: Doors) -> None:
        """Live, until cancelled."""
        scene, time, (desk, crews) = self._scene, self.time, self._lines
        own = [feed.address for feed in doors.feeds if feed.protocol == PROTOCOLS.get(scene.feed or "")]
        stream = own[0] if own else doors.lines[0]
        feeds = Feeds(stream, doors.web + OSMAND, doors.access.tokens["feed"], scene.feed)
        vehicles = tracked(self._crews.values(), scene.place)
        stale_ms = scene.place.limits.stale_after_ms
        trackers = Trackers(vehicles, scene.place.projection, time, feeds, self.ledger, scene.seed, stale_ms)
        self._radio = Radio(time, crews, self.ledger, ReceiptDoor(doors.web, doors.access.tokens["crew"]), scene.seed)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trackers.run)
            nursery.start_soon(self._desk.run)
            nursery.start_soon(self._listen, crews.client)
            nursery.start_soon(self._terminals.run, crews.client)
            nursery.start_soon(self._radio.run)
            nursery.start_soon(Quarters(scene.place, crews, time, scene.seed).run)
            nursery.start_soon(Bulletins(scene.place, scene.demand, desk, time, scene.seed).run)
            for crew in self._crews.values():
                nursery.start_soon(crew.run)
            nursery.start_soon(self._call)

    async def _call(self) -> None:
        """Let the callers call until `wind_down`; those on the line stay on it."""
        scene, time = self._scene, self.time
        step_ms = time.city_ms(OPENING_STEP_S)
        callers = Callers(scene.place, scene.demand, self._addresses, scene.seed, time.now(), step_ms)
        async with trio.open_nursery() as nursery:
            with self._calling:
                for call in callers.calls():
                    await time.sleep_until(call.at_ms)
                    nursery.start_soon(partial(self._desk.take, call))
        self._called.set()

    # ── what goes on on the roads ───────────────────────────────────────────────────────────────────────────────

    async def _listen(self, crews: CadClient) -> None:
        """Tell the crews whatever their screens say of the roads."""
        while True:
            await crews.changed()
            self._hear(crews)

    def _hear(self, crews: CadClient) -> None:
        if crews.mirror.roads is not self._heard:
            self._heard = crews.mirror.roads
            self._navigator.hear(conditions_of(self._heard, self._scene.place), self.time.now())

    async def close_busiest(self, began_s: float) -> None:
        """Let the operator close the street that the most ways lead over."""
        scene, legs = self._scene, [crew.leg for crew in self._crews.values()]
        street = await busiest(self._navigator, scene.place, scene.demand, legs, scene.seed)
        if street is None:
            return
        units = self._lines[0].client.mirror.units
        free = {name: crew.leg for name, crew in self._crews.items() if units[name].status is Status.AVAILABLE}
        now = self.time.now()
        concern = Concern(scene.place, self._navigator, near(free, street.ends[0], now), street.stretch, now)
        people, count = (
            bystanders(scene.place, scene.demand, self._addresses, street.ends, scene.seed),
            how_many(scene.place),
        )
        async with trio.open_nursery() as nursery:
            for call in await concern.first(people, count):
                nursery.start_soon(self._desk.take, call)
            # Less time than the desk takes to act on the answers.
            await self.time.sleep(BYSTANDERS_MS)
            await self.operator.close(street, began_s)
            for call in islice(people, count):
                nursery.start_soon(self._desk.take, call)

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

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
        if page.purpose in ASIDE:
            if self._radio is not None:
                self._radio.hear(page)
        elif crew is not None and page.lat is not None and page.lon is not None:
            point = self._scene.place.projection.to_metres(page.lat, page.lon)
            crew.tell(Order(page.number, page.purpose, page.incident, point))

    def _call_crew(self, unit: str, incident: IncidentView) -> None:
        """Tell a crew by voice what its pager has not told it."""
        point = self._scene.place.projection.to_metres(incident.lat, incident.lon)
        self._crews[unit].tell(Order(None, Purpose.DISPATCH, incident.id, point))
