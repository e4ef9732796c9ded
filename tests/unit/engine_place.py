"""A small town for tests of the engine: fifteen units, all modes, a shared crew, a shift, a unit without a device."""

from typing import Any

from msgspec.structs import replace

from engine.core.engine import Engine
from engine.model.facts import AnyFact, CommandRefused, IncidentReported
from engine.model.fixes import Fixes
from engine.model.geometry import Projection
from engine.model.inputs import AdoptPlace, AnyInput, DispatchUnits, ReportIncident, ReportPositions, ReportStatus, Tick
from engine.model.lifecycle import Status
from engine.model.place import AlertSettings, Crew, IncidentType, Place, ResponseArea, Shift, Station, Unit
from engine.model.plans import Alternative, Mode, Plan, Slot
from engine.model.rules import Limits
from engine.model.turn import Turn
from engine.state.records import Incident, UnitRecord
from engine.state.world import Library, World, no_streets

MORNING = 1_772_438_400_000
"""Monday 2 March 2026, 08:00 UTC; the town keeps UTC."""
CAPABILITIES = ("als", "bls", "engine", "ladder", "police")
ALS, BLS, ENGINE, LADDER, POLICE = (1 << bit for bit in range(5))

STATIONS = (
    Station("Central", "Central", 0, 0),
    Station("East", "East", 5_000, 0),
    Station("North", "North", 0, 5_000, post=True),
)
UNITS = (
    Unit("A1", "als ambulance", ALS | BLS, "Central"),
    Unit("A2", "als ambulance", ALS | BLS, "East"),
    Unit("B1", "bls ambulance", BLS, "Central", turnout_ms=30_000),
    Unit("B2", "bls ambulance", BLS, "North"),
    Unit("B3", "bls ambulance", BLS, "East", shift="days"),
    Unit("E1", "engine", ENGINE, "Central", crew="C1"),
    Unit("E2", "engine", ENGINE, "East"),
    Unit("E3", "engine", ENGINE, "North"),
    Unit("L1", "ladder", LADDER, "Central", crew="C1"),
    Unit("L2", "ladder", LADDER, "North", crew="C2"),
    Unit("P1", "patrol", POLICE, "Central"),
    Unit("P2", "patrol", POLICE, "East", crew="C3"),
    Unit("P3", "motorcycle", POLICE, "East", crew="C3"),
    Unit("R1", "reserve engine", ENGINE, "East", crew="C2", shift="days"),
    Unit("T1", "tanker", ENGINE, "North", tracked=False),
)


def slot(name: str, needs: int, count: int = 1, second: int | None = None) -> Slot:
    """Return a slot, perhaps with a second choice that costs two minutes."""
    others = () if second is None else (Alternative(second, 120_000),)
    return Slot(name, (Alternative(needs), *others), count)


PLANS = (
    Plan("medical", ("medical",), (1, 2), Mode.AUTO, (slot("als", ALS, second=BLS),)),
    Plan("minor", ("medical",), (3, 4, 5), Mode.AUTO, (slot("bls", BLS),)),
    Plan("fire", ("fire",), (1, 2, 3, 4, 5), Mode.AUTO, (slot("engine", ENGINE, 2), slot("ladder", LADDER))),
    Plan("rescue", ("rescue",), (1, 2, 3, 4, 5), Mode.ADVISE, (slot("engine", ENGINE), slot("als", ALS))),
    Plan("patrol", ("crime",), (1, 2, 3, 4, 5), Mode.SHADOW, (slot("police", POLICE),)),
    Plan("mayday", ("unit_emergency",), (1,), Mode.AUTO, (slot("police", POLICE), slot("als", ALS, second=BLS))),
)
TYPES = tuple(
    IncidentType(name, name.replace("_", " "), priority)
    for name, priority in (("medical", 2), ("fire", 1), ("rescue", 2), ("crime", 3), ("unit_emergency", 1))
)


def engine_place(**changes: Any) -> Place:
    """Return the town. Fields of `Place` can be replaced by name."""
    place = Place(
        id="town",
        name="Town",
        projection=Projection(51.5, 7.0),
        timezone="UTC",
        utc_offsets=((0, 0),),
        bounds=(-20_000, -20_000, 20_000, 20_000),
        capabilities=CAPABILITIES,
        types=TYPES,
        plans=PLANS,
        stations=STATIONS,
        units=UNITS,
        areas=(
            ResponseArea("west", "West", ((-20_000, -20_000), (2_500, -20_000), (2_500, 20_000), (-20_000, 20_000))),
        ),
        crews=(Crew("C1"), Crew("C2", "days"), Crew("C3")),
        shifts=(Shift("days", tuple((day * 1440 + 480, day * 1440 + 1200) for day in range(7))),),
        alerts=AlertSettings(ladder=("pager", "radio"), attempts=2),
        limits=Limits(answers_kept=40, closed_kept=4),
    )
    return replace(place, **changes)


class Town:
    """An engine that has adopted the place, with every tracked unit seen at its station."""

    def __init__(self, place: Place | None = None, now: int = MORNING, streets: Library = no_streets) -> None:
        self.engine = Engine(World(streets=streets))
        self.world = self.engine.world
        self.now = now
        self.turns: list[Turn] = []
        self._commands = 0
        self.step(AdoptPlace(place or engine_place()))
        self.see()

    def step(self, given: AnyInput, after_s: int = 0) -> Turn:
        """Let time pass, then take the input."""
        self.now += after_s * 1000
        turn = self.engine.step(given, self.now)
        self.turns.append(turn)
        return turn

    def command(self, kind: Any, after_s: int = 0, by: str = "desk", **fields: Any) -> Turn:
        """Give a command with an id of its own."""
        self._commands += 1
        return self.step(kind(id=f"c{self._commands}", by=by, **fields), after_s)

    def see(self, after_s: int = 0, **at: tuple[int, int]) -> Turn:
        """Report the positions of the units named, or of every tracked unit where it stands."""
        fleet = self.world.fleet
        rows = [fleet.rows[name] for name in at] or [fleet.rows[unit.id] for unit in fleet.units if unit.tracked]
        spots = list(at.values()) or [(int(fleet.x_m[row]), int(fleet.y_m[row])) for row in rows]
        when = [self.now + after_s * 1000] * len(rows)
        nothing = [-1] * len(rows)
        fixes = Fixes(rows, [x for x, _ in spots], [y for _, y in spots], when, nothing, nothing)
        return self.step(ReportPositions(fixes), after_s)

    def report(
        self, kind: str, priority: int | None = None, at: tuple[int, int] = (0, 0), after_s: int = 0
    ) -> Incident:
        """Report an incident and return it."""
        turn = self.command(ReportIncident, after_s, type=kind, priority=priority, x_m=at[0], y_m=at[1])
        name = next(fact.incident for fact in turn.facts if isinstance(fact, IncidentReported))
        return self.world.incidents[name]

    def says(self, unit: str, status: Status, after_s: int = 0, **fields: Any) -> Turn:
        """Let a crew report its status."""
        return self.command(ReportStatus, after_s, by=unit, unit=unit, status=status, **fields)

    def send(self, incident: Incident, *units: str, reason: str = "", after_s: int = 0) -> Turn:
        """Let a dispatcher send units."""
        return self.command(DispatchUnits, after_s, incident=incident.id, units=units, reason=reason)

    def wait(self, seconds: int) -> list[Turn]:
        """Let time pass as the live clock does: a tick whenever something is due."""
        until = self.now + seconds * 1000
        ticks = []
        while (due_ms := self.world.deadlines.next_ms) is not None and due_ms <= until:
            self.now = max(self.now, due_ms)
            ticks.append(self.step(Tick()))
        self.now = until
        return ticks

    def unit(self, name: str) -> UnitRecord:
        """Return the record of a unit."""
        unit = self.world.unit(name)
        assert unit is not None
        return unit

    def status(self, name: str) -> Status:
        """Return what a unit is doing."""
        return self.world.status(self.unit(name))


def facts_of(turn: Turn, kind: type[AnyFact]) -> list[Any]:
    """Return the facts of one kind."""
    return [fact for fact in turn.facts if isinstance(fact, kind)]


def refusal(turn: Turn) -> tuple[str, str]:
    """Return the code and the field of a refused command."""
    (fact,) = turn.facts
    assert isinstance(fact, CommandRefused)
    return fact.code, fact.field
