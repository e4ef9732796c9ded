"""The crews: each learns from its pager that it has to go, says so, drives, works, and comes home.

Rule: a crew knows what its pager and its terminal show and nothing else. A newer page always wins, whatever the
crew is doing: a diverted one turns round, a superseded one goes home. Older ones, and those that come twice, are put
aside. What asks for an answer and for nothing else is in `radio.py`.
"""

from collections.abc import Awaitable, Callable, Iterable
from random import Random

import trio
from msgspec import Struct

from engine.model.alert_facts import Purpose
from engine.model.demand import CareTimes
from engine.model.lifecycle import RUNGS, UNTOLD, Status
from engine.model.place import Place, Unit
from gateways.cad.client import new_id
from gateways.demo.chance import around, exponential, stream
from gateways.demo.citytime import CityTime
from gateways.demo.driving import Leg, Point, standing
from gateways.demo.hospitals import Hospitals
from gateways.demo.line import Line
from gateways.demo.streets import Navigator
from gateways.demo.terminals import SETTLES_S, Terminals
from gateways.views import IncidentView, UnitView
from gateways.vocabulary.incident_messages import UnitStatus

NOTICE_MS = 8_000
"""From the page to the button, in the middle."""
ROLLING_MS = 12_000
"""A crew on the road only has to turn round."""
WALK_MS = 60_000
"""From the kerb to the patient."""
SHORTEST_WORK_MS = 60_000
IN_QUARTERS_M = 150
DRIVES_DIFFER = 0.12
"""Two thirds of all drives take within 12 % of what they usually take this city's drivers."""
CARRYING = frozenset({Status.TRANSPORTING, Status.AT_HOSPITAL})
TRANSPORT = "transport"
"""The capability that plans ask for where somebody may have to go to hospital."""


class Order(Struct, frozen=True):
    """What a crew is told: by its pager, by voice, or by its terminal when the day begins in the middle."""

    number: int | None
    """Of the page; None where it came by voice, which is never old news."""
    purpose: Purpose
    incident: str
    point: Point
    reached: Status = Status.DISPATCHED
    """The rung that the crew has reached already."""


Work = Callable[[Order], Awaitable[None]]
"""What a crew does before it reports a rung."""


class Town(Struct, frozen=True):
    """What all crews share."""

    place: Place
    care: CareTimes
    time: CityTime
    line: Line
    navigator: Navigator
    terminals: Terminals
    hospitals: Hospitals
    seed: int


class Crew:
    """One unit's people. `leg` says where they are."""

    def __init__(self, unit: Unit, home: Point, town: Town) -> None:
        self.id = unit.id
        self.leg: Leg = standing(home)
        self._unit = unit
        self._home = home
        self._town = town
        self._chance: Random = stream(town.seed, "crew", unit.id)
        self._order: Order | None = None
        self._on: str | None = None
        self._newest = -1
        self._news = trio.Event()
        self._doing = trio.CancelScope()

    def tell(self, order: Order) -> None:
        """Show the order to the crew; it drops what it is doing."""
        if order.number is not None:
            if order.number <= self._newest:
                return
            self._newest = order.number
        if order.purpose is Purpose.DISPATCH and self._on is not None and order.incident == self._number(self._on):
            return
        if order.purpose is Purpose.RELEASE:
            self._on = None
        if not order.incident:
            self._home = order.point
        self._order = order
        self._news.set()
        self._doing.cancel()

    def take_up(self, unit: UnitView, incident: IncidentView | None) -> None:
        """Go on where the terminal says that the crew stands: the city starts again, the day does not."""
        to_metres = self._town.place.projection.to_metres
        self.leg = standing(to_metres(unit.lat, unit.lon))
        self._home = next(((at.x_m, at.y_m) for at in self._town.place.stations if at.id == unit.post), self._home)
        if incident is not None and unit.status in RUNGS and unit.status not in UNTOLD:
            self.tell(Order(None, Purpose.DISPATCH, incident.id, to_metres(incident.lat, incident.lon), unit.status))
        elif unit.status is Status.RETURNING:
            self.tell(Order(None, Purpose.RELEASE, "", self._home))

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            order = self._order
            assert order is not None
            with trio.CancelScope() as self._doing:
                await self._follow(order)

    async def _follow(self, order: Order) -> None:
        if order.purpose is Purpose.DISPATCH:
            self._on = order.incident
            await self._respond(order)
        elif order.purpose is Purpose.MOVE:
            await self._leave(order)
        self._on = None
        await self._go_home()

    # ── a response, rung by rung ────────────────────────────────────────────────────────────────────────────

    async def _respond(self, order: Order) -> None:
        """Climb the ladder from where the crew stands. A refused report ends it: the terminal knows better."""
        way = (
            (Status.ACKNOWLEDGED, self._notice),
            (Status.EN_ROUTE, self._turn_out),
            (Status.ON_SCENE, self._approach),
        )
        if not await self._climb(order, way):
            return
        patient = order.reached in CARRYING or self._patient(order.incident)
        scene: list[tuple[Status, Work]] = []
        if self._treats(order.incident):
            scene.append((Status.AT_PATIENT, self._walk))
        if patient:
            scene += [(Status.TRANSPORTING, self._care_and_ask), (Status.AT_HOSPITAL, self._carry)]
        if await self._climb(order, scene):
            await (self._hand_over(order) if patient else self._care(order))
            await self._report(Status.RETURNING, order.incident)

    async def _climb(self, order: Order, steps: Iterable[tuple[Status, Work]]) -> bool:
        """Do the work before each rung, then report it; false if a report was refused."""
        for rung, work in steps:
            if RUNGS.index(order.reached) < RUNGS.index(rung):
                await work(order)
                if not await self._report(rung, order.incident):
                    return False
        return True

    async def _notice(self, _: Order) -> None:
        await self._town.time.sleep(around(self._chance, NOTICE_MS, 0.5))

    async def _turn_out(self, _: Order) -> None:
        in_quarters = _near(self.leg.at(self._town.time.now()), self._home)
        middle_ms = max(ROLLING_MS, self._unit.turnout_ms - NOTICE_MS) if in_quarters else ROLLING_MS
        await self._town.time.sleep(around(self._chance, middle_ms))

    async def _approach(self, order: Order) -> None:
        incident = self._town.line.client.mirror.incidents.get(order.incident)
        urgent = incident is None or self._town.place.travel.under_lights(incident.priority)
        await self._drive(order.point, lights=urgent)

    async def _walk(self, _: Order) -> None:
        await self._town.time.sleep(around(self._chance, WALK_MS, 0.4))

    async def _care(self, _: Order) -> None:
        work_ms = exponential(self._chance, self._town.care.on_scene_ms)
        await self._town.time.sleep(max(SHORTEST_WORK_MS, work_ms))

    async def _care_and_ask(self, order: Order) -> None:
        await self._care(order)
        incident = self._town.line.client.mirror.incidents.get(self._number(order.incident))
        await self._town.hospitals.tell_needs(self.id, "" if incident is None else incident.type)

    async def _carry(self, _: Order) -> None:
        town = self._town
        points = list(town.hospitals.points.values())
        chosen = await town.hospitals.choose(self.id)
        await self._drive(chosen or await town.navigator.nearest(self.leg, points, town.time.now()))

    async def _hand_over(self, _: Order) -> None:
        await self._town.time.sleep(exponential(self._chance, self._town.care.handover_ms))

    async def _leave(self, order: Order) -> None:
        """Leave for the post where they belong now. Who is on the road already says so again: then it is known."""
        await self._notice(order)
        await self._town.time.sleep(around(self._chance, ROLLING_MS))
        await self._report(Status.RETURNING, None)

    async def _go_home(self) -> None:
        await self._drive(self._home)
        seen = self._town.line.client.mirror.units.get(self.id)
        if seen is not None and seen.status is Status.RETURNING:
            await self._report(Status.AVAILABLE, None)

    # ── what they do and know ───────────────────────────────────────────────────────────────────────────────

    async def _drive(self, target: Point, *, lights: bool = False) -> None:
        """Drive there, and find another way whenever a street on this one is closed."""
        time, navigator = self._town.time, self._town.navigator
        slower = around(self._chance, 1.0, DRIVES_DIFFER)
        try:
            while True:
                now, known = time.now(), navigator.conditions
                leg = await navigator.leg(self.leg, target, now, lights=lights, slower=slower)
                self._set_out(leg or standing(self.leg.at(now)), now)
                if leg is None:
                    await navigator.changed(known)
                elif await self._arrived():
                    return
        finally:
            # Wherever they are when a new order reaches them, the next drive begins there.
            now = time.now()
            self._set_out(standing(self.leg.at(now)), now)

    def _set_out(self, leg: Leg, now: int) -> None:
        self._town.navigator.drove(self.leg, now)
        self.leg = leg

    async def _arrived(self) -> bool:
        """Wait until they are there; false as soon as a street ahead is closed."""
        time, navigator = self._town.time, self._town.navigator
        with trio.move_on_after(time.real_s(self.leg.arrive_ms - time.now())):
            while not navigator.blocked(self.leg, time.now()):
                await navigator.changed(navigator.conditions)
            return False
        return True

    async def _report(self, status: Status, incident: str | None) -> bool:
        """Say it under the number that the incident bears now; false if it was refused."""
        at_ms, number = self._town.time.now(), None if incident is None else self._number(incident)
        if await self._say(status, number, at_ms):
            return True
        if incident is None:
            return False
        # Two calls may just have become one: the terminal shows it a moment later than the refusal.
        await trio.sleep(SETTLES_S)
        return self._number(incident) != number and await self._say(status, self._number(incident), at_ms)

    async def _say(self, status: Status, incident: str | None, at_ms: int) -> bool:
        command = UnitStatus(id=new_id(), unit=self.id, status=status, at_ms=at_ms, incident=incident)
        return await self._town.line.ask(command) is not None

    def _number(self, incident: str) -> str:
        return self._town.terminals.number_of(incident)

    def _slot_needs(self, incident_id: str) -> tuple[str, ...]:
        """Return what the plan's slot that this unit fills asks for first; nothing if nobody knows."""
        incident = self._town.line.client.mirror.incidents.get(self._number(incident_id))
        if incident is None:
            return ()
        slot_id = next((each.slot for each in incident.assigned if each.unit == self.id), None)
        plan = next((plan for plan in self._town.place.plans if plan.id == incident.plan), None)
        slots = plan.wanted(incident.option, incident.alarm_level) if plan is not None else ()
        needs = next((slot.choices[0].needs for slot in slots if slot.id == slot_id), 0)
        return self._town.place.names(needs)

    def _treats(self, incident: str) -> bool:
        """Tell whether they have come for a patient. Where a place has no word for transport, everybody does."""
        return TRANSPORT in self._slot_needs(incident) or TRANSPORT not in self._town.place.capabilities

    def _patient(self, incident: str) -> bool:
        """Tell whether somebody has to go to hospital; the same answer however often it is asked."""
        town = self._town
        if not town.place.hospitals or not self._treats(incident):
            return False
        return stream(town.seed, "patient", incident, self.id).random() < town.care.transport_share


def _near(a: Point, b: Point) -> bool:
    return abs(a[0] - b[0]) <= IN_QUARTERS_M and abs(a[1] - b[1]) <= IN_QUARTERS_M


def muster(town: Town) -> dict[str, Crew]:
    """Return the crews of all units, at their stations."""
    stations = {station.id: (station.x_m, station.y_m) for station in town.place.stations}
    return {unit.id: Crew(unit, stations[unit.station], town) for unit in town.place.units}


def tracked(crews: Iterable[Crew], place: Place) -> list[Crew]:
    """Return the crews whose vehicles carry a device."""
    devices = {unit.id for unit in place.units if unit.tracked}
    return [crew for crew in crews if crew.id in devices]
