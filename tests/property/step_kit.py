"""Any input at all, from three whole numbers: mostly about what there is, often wrong, now and then absurd.

The numbers pick from what the World holds at that moment, so that hypothesis can shrink a failure to a short story.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.model.fixes import Fixes
from engine.model.inputs import (
    AcknowledgeAlarm,
    AcknowledgeAlert,
    AddNote,
    AdoptPlace,
    AmendIncident,
    AnyInput,
    CancelIncident,
    CloseIncident,
    CloseRoad,
    DeclareEmergency,
    DispatchUnits,
    DivertUnit,
    LinkIncidents,
    MergeIncident,
    OpenRoad,
    PublishEpoch,
    RecommendUnits,
    ReleaseUnit,
    ReportAttempt,
    ReportIncident,
    ReportPositions,
    ReportStatus,
    ReportTraffic,
    ReportWeather,
    ReserveUnits,
    ResolveEmergency,
    Resume,
    Tick,
)
from engine.model.lifecycle import DUTY, Status
from engine.model.place import AlertSettings, Crew, Place, Profile, Station, TravelSettings, Unit
from engine.model.plans import Mode, Plan
from engine.model.roads import Stretch
from engine.model.rules import GeofenceRules, Limits, Suggesting
from engine.state.world import World
from tests import river_town
from tests.property import crew_kit, moves_kit, response_kit
from tests.property.alert_kit import news_of
from tests.property.surroundings_kit import HOSPITALS, SURROUNDINGS
from tests.unit.engine_place import ALS, BLS, ENGINE, LADDER, PLANS, UNITS, engine_place, slot

Numbers = tuple[int, int, int, int]
"""(kind, a, b, c): what is done, and to whom."""

TEXTS = ("", "  ", "because", "x" * 4_001, "zum Brückenkopf, 2. Stock")
TYPES = ("medical", "fire", "rescue", "crime", "unit_emergency", "medical", "dragon")


def _changed_plans() -> tuple[Plan, ...]:
    """Another run card: a slot gone, one renamed, modes the other way round."""
    fire = replace(PLANS[2], mode=Mode.ADVISE, slots=(slot("pump", ENGINE, 2), slot("ladder", LADDER)))
    medical = replace(PLANS[0], slots=(*PLANS[0].slots, slot("second", BLS)))
    return (medical, PLANS[1], fire, replace(PLANS[3], mode=Mode.AUTO), PLANS[4], PLANS[5])


PLACES: tuple[Place, ...] = (
    engine_place(hospitals=HOSPITALS, geofence=GeofenceRules(Suggesting.APPLY, Suggesting.APPLY)),
    # Units leave and come, a crew is split, another is joined.
    engine_place(
        units=(*UNITS[1:8], *UNITS[9:], Unit("A9", "als ambulance", ALS | BLS, "North", crew="C9")),
        crews=(Crew("C1"), Crew("C2"), Crew("C3", "days"), Crew("C9")),
    ),
    engine_place(units=tuple(replace(unit, crew="C1") if unit.id in ("P1", "A1") else unit for unit in UNITS)),
    engine_place(
        plans=_changed_plans(), stations=(Station("Central", "Central", 300, 300), *engine_place().stations[1:])
    ),
    engine_place(
        alerts=AlertSettings(ladder=("pager",), attempts=1),
        limits=Limits(answers_kept=3, closed_kept=1, joint_slots=2, nearest_explained=2),
        units=(*UNITS[:14], replace(UNITS[14], tracked=True, station="Central")),
    ),
    # No longer names a plan and units that may be in use.
    engine_place(plans=PLANS[2:], units=UNITS[5:]),
    engine_place(plans=(Plan("all", ("*",), (1, 2, 3, 4, 5), Mode.AUTO, (slot("any", 0),)), *PLANS)),
    # Over streets, under two settings of travel; and over streets that nobody has.
    engine_place(streets=river_town.graph().digest),
    engine_place(
        streets=river_town.graph().digest,
        hospitals=HOSPITALS[1:],
        travel=TravelSettings(lights_to_priority=1, profiles=(Profile(("main",), tuple(range(60, 228))),)),
    ),
    engine_place(streets="0" * 64),
    crew_kit.neighbourly_place(),
    crew_kit.neighbourly_place(2),
    moves_kit.mobile_place(Mode.AUTO),
    moves_kit.mobile_place(Mode.ADVISE, units=tuple(unit for unit in UNITS if unit.id not in ("E3", "P1"))),
    moves_kit.mobile_place(Mode.SHADOW),
    engine_place(stations=(*engine_place().stations, Station("South", "South", 0, -4_000, capacity=1))),
)


def _of(pool: list[str], number: int) -> str:
    """Pick one that there is; one number in sixteen picks what there is not."""
    return pool[number % len(pool)] if pool and number % 16 else ("nobody", "", "I0", "A0")[number // 8 % 4]


def _incident(world: World, number: int) -> str:
    known = list(world.open) if number % 5 else list(world.incidents)
    return _of(known, number // 5)


def _unit(world: World, number: int) -> str:
    return _of(world.fleet.ids, number)


def _assigned(world: World, number: int) -> str:
    busy = [unit.id for unit in world.units if unit.incident is not None]
    return _of(busy or world.fleet.ids, number)


def _priority(number: int) -> int | None:
    return (1, 2, 3, 4, 5, None, 1, 2, 0 if number % 20 == 8 else 2, 6 if number % 20 == 9 else None)[number % 10]


def _metres(number: int) -> int:
    return 21_000 if number % 64 == 0 else number * 7 % 12_000 - 4_000


def _text(number: int) -> str:
    return TEXTS[number % 32] if number % 32 < len(TEXTS) else "as said on the radio"


class Commands:
    """The inputs of one World. Ids of commands are counted, and sometimes used again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._given: list[Any] = []

    def input_of(self, numbers: Numbers) -> AnyInput:
        """Return what these numbers mean now."""
        kind, a, b, c = numbers
        make = MAKERS[kind % len(MAKERS)]
        return make(self, a, b, c)

    def command(self, kind: Any, **fields: Any) -> Any:
        given = kind(id=f"c{len(self._given)}", by="desk", **fields)
        self._given.append(given)
        return given

    def again(self, a: int, b: int, c: int) -> AnyInput:
        """A command given before; or its id with other contents."""
        if not self._given:
            return Tick()
        before = self._given[-1 - a % min(8, len(self._given))]
        if b % 2:
            return before
        return AddNote(id=before.id, by=before.by, incident=_incident(self.world, c), text="the id of another")

    def incident(self, a: int, b: int, c: int) -> AnyInput:
        kind = TYPES[a % len(TYPES)]
        note = _text(a // 8) if a % 3 == 0 else ""
        return self.command(
            ReportIncident, type=kind, priority=_priority(b), x_m=_metres(b + c), y_m=_metres(c), note=note
        )

    def amend(self, a: int, b: int, c: int) -> AnyInput:
        return self.command(
            AmendIncident,
            incident=_incident(self.world, a),
            type=TYPES[b % len(TYPES)] if b % 3 == 0 else None,
            priority=_priority(c) if c % 2 else None,
            x_m=_metres(b) if b % 4 == 0 else None,
            y_m=_metres(c) if b % 4 == 0 or b % 16 == 1 else None,
            address=_text(c) if c % 5 == 0 else None,
        )

    def cancel(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(CancelIncident, incident=_incident(self.world, a), reason=_text(b))

    def close(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(CloseIncident, incident=_incident(self.world, a), disposition=_text(b))

    def link(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(LinkIncidents, incident=_incident(self.world, a), other=_incident(self.world, b))

    def merge(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(MergeIncident, incident=_incident(self.world, a), into=_incident(self.world, b))

    def note(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(AddNote, incident=_incident(self.world, a), text=_text(b))

    def recommend(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        return self.command(RecommendUnits, incident=_incident(self.world, a))

    def _units(self, incident_id: str, b: int) -> tuple[str, ...]:
        incident = self.world.open.get(incident_id)
        if incident is not None and b % 3 == 0:
            held = [name for name, assignment in incident.assigned.items() if assignment.status is Status.RESERVED]
            named = [choice.unit for choice in incident.recommended]
            if held or named:
                return tuple(held or named)
        return tuple(_unit(self.world, b + i * 3) for i in range(b % 4)) or (("A1",) * (b % 2))

    def dispatch(self, a: int, b: int, c: int) -> AnyInput:
        name = _incident(self.world, a)
        return self.command(DispatchUnits, incident=name, units=self._units(name, b), reason=_text(c))

    def reserve(self, a: int, b: int, c: int) -> AnyInput:
        name = _incident(self.world, a)
        return self.command(ReserveUnits, incident=name, units=self._units(name, b), reason=_text(c))

    def divert(self, a: int, b: int, c: int) -> AnyInput:
        unit, name = _assigned(self.world, a), _incident(self.world, b)
        urgent = [incident.id for incident in self.world.open.values() if incident.priority == 1]
        if b % 3 and urgent:
            name = urgent[b % len(urgent)]
        return self.command(DivertUnit, unit=unit, incident=name, reason=_text(c))

    def release(self, a: int, b: int, c: int) -> AnyInput:
        name = _assigned(self.world, a)
        record = self.world.unit(name)
        at = record.incident if record is not None and record.incident is not None and b % 4 else None
        return self.command(ReleaseUnit, unit=name, incident=at or _incident(self.world, b), reason=_text(c))

    def status(self, a: int, b: int, c: int) -> AnyInput:
        """Any status from anybody; or the next rung of a unit that is out."""
        busy = a % 3 != 0
        name = _assigned(self.world, a // 3) if busy else _unit(self.world, a // 3)
        statuses = list(Status)
        wanted = statuses[b % len(statuses)]
        record = self.world.unit(name)
        if record is not None and busy and b % 4:
            here = statuses.index(self.world.status(record))
            wanted = statuses[(here + 1 + b // 4 % 3) % len(statuses)]
        late = (None, None, None, 0, -1_000, 4_000, 9_000, -(10**9))[c % 8]
        at_ms = None if late is None else self.world.now + late
        incident = None if c % 3 else (record.incident if record is not None and c % 2 else _incident(self.world, c))
        return self.command(ReportStatus, unit=name, status=wanted, at_ms=at_ms, incident=incident)

    def home(self, a: int, b: int, c: int) -> AnyInput:
        del c
        duty = [status for status in Status if status in DUTY][b % 5]
        return self.command(ReportStatus, unit=_unit(self.world, a), status=duty)

    def emergency(self, a: int, b: int, c: int) -> AnyInput:
        del c
        return self.command(DeclareEmergency, unit=_unit(self.world, a), text=_text(b))

    def safe(self, a: int, b: int, c: int) -> AnyInput:
        del c
        calling = [unit.id for unit in self.world.units if unit.emergency is not None]
        return self.command(ResolveEmergency, unit=_of(calling or self.world.fleet.ids, a), reason=_text(b))

    def own_alarm(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        return self.command(AcknowledgeAlarm, alarm=_of(list(self.world.alarms), a))

    def own_alert(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        return self.command(AcknowledgeAlert, alert=_of(list(self.world.alerts), a))

    def receipt(self, a: int, b: int, c: int) -> AnyInput:
        return news_of(self.world, a, b, c)

    def attempt(self, a: int, b: int, c: int) -> AnyInput:
        name = _of(list(self.world.alerts), a)
        alert = self.world.alerts.get(name)
        rung, attempt = (alert.rung, alert.attempt) if alert is not None and c % 5 else (b % 3, c % 4)
        return ReportAttempt(name, rung, attempt, b % 3 == 0, "no answer" * (b % 60))

    def positions(self, a: int, b: int, c: int) -> AnyInput:
        """Some units at once, perhaps one that does not exist, out of bounds, late, or from the future."""
        rows = [(a + i * 5) % (len(self.world.fleet) + 1) for i in range(b % 12)]
        if a % 11 == 0:
            rows.append(-1)
        times = [self.world.now + (0, 0, -500, 3_000, 9_000, -(10**12))[(c + i) % 6] for i in range(len(rows))]
        spots = [(_metres(a * 3 + i * 1_000), _metres(c * 5 + i * 700)) for i in range(len(rows))]
        here = [x for x, _ in spots], [y for _, y in spots]
        return ReportPositions(Fixes(rows, *here, times, [-1] * len(rows), [b % 360] * len(rows)))

    def place(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        return AdoptPlace(PLACES[a % len(PLACES)])

    def _stretch(self, a: int, b: int) -> Stretch:
        streets = (river_town.NAMES[a % 7],) if a % 3 else ()
        return Stretch(
            streets=streets if a % 20 else ("Elm Street",),
            classes=("track",) if b % 7 == 0 else (),
            polygon=((-500, -3_000), (500, -3_000), (_metres(b), 500)) if b % 4 == 0 else None,
            arcs=(a % 24,) if a % 11 == 0 else (),
        )

    def close_road(self, a: int, b: int, c: int) -> AnyInput:
        until_ms = None if c % 3 else self.world.now + c * 1_000
        name = f"X{c % 4}" if c % 2 else ""
        return self.command(CloseRoad, stretch=self._stretch(a, b), until_ms=until_ms, closure=name)

    def open_road(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        return self.command(OpenRoad, closure=_of(list(self.world.road_book.closures), a))

    def traffic(self, a: int, b: int, c: int) -> AnyInput:
        percent, until_ms = (c * 9, 100)[c % 5 == 0], self.world.now + b * 1_000
        name = _of(list(self.world.road_book.slowings), c) if c % 2 else ""
        return self.command(
            ReportTraffic, stretch=self._stretch(a, b), percent=percent, until_ms=until_ms, slowing=name
        )

    def weather(self, a: int, b: int, c: int) -> AnyInput:
        percent = (100, 150, 0, 2_001, 130)[a % 5]
        return self.command(
            ReportWeather, weather=TEXTS[b % 5], percent=percent, until_ms=self.world.now + (c - 20) * 1_000
        )

    def publish(self, a: int, b: int, c: int) -> AnyInput:
        del b, c
        making = self.world.road_book.making
        return PublishEpoch(making[0] if making is not None and a % 8 else a % 4)

    def resume(self, a: int, b: int, c: int) -> AnyInput:
        del a, b, c
        return Resume()

    def tick(self, a: int, b: int, c: int) -> AnyInput:
        del a, b, c
        return Tick()


Maker = Callable[[Commands, int, int, int], AnyInput]
_WEIGHTS: dict[Maker, int] = {
    Commands.incident: 9,
    Commands.amend: 4,
    Commands.cancel: 2,
    Commands.close: 4,
    Commands.link: 1,
    Commands.merge: 3,
    Commands.note: 1,
    Commands.recommend: 2,
    Commands.dispatch: 5,
    Commands.reserve: 3,
    Commands.divert: 4,
    Commands.release: 3,
    Commands.status: 14,
    Commands.home: 3,
    Commands.emergency: 2,
    Commands.safe: 2,
    Commands.own_alarm: 2,
    Commands.own_alert: 1,
    Commands.receipt: 2,
    Commands.attempt: 6,
    Commands.positions: 4,
    Commands.place: 2,
    Commands.close_road: 3,
    Commands.open_road: 1,
    Commands.traffic: 2,
    Commands.weather: 1,
    **SURROUNDINGS,
    Commands.publish: 5,
    Commands.resume: 1,
    Commands.tick: 8,
    Commands.again: 2,
    **response_kit.WEIGHTS,
    **crew_kit.WEIGHTS,
    **moves_kit.WEIGHTS,
}
MAKERS: list[Maker] = [make for make, weight in _WEIGHTS.items() for _ in range(weight)]


def time_of(world: World, number: int) -> int:
    """Return when the next input comes: mostly soon, sometimes when something is due, now and then in the past."""
    match number % 16:
        case 0:
            return world.now
        case 1:
            return world.now - number * 10
        case 2 | 3:
            due_ms = world.deadlines.next_ms
            return world.now if due_ms is None else max(world.now, due_ms)
        case 4:
            return world.now + number * number * 500
        case _:
            return world.now + number * 40
