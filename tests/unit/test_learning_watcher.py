"""Released turns in, parameters out: who is watched, what the streets expect, when the engine is told."""

import pytest
from msgspec.structs import replace

from engine.learning import watcher as watching
from engine.learning.drives import Drive
from engine.learning.streets import StreetPredictor, unlearned
from engine.learning.watcher import LearnerState, Watcher
from engine.model.inputs import LearnService, LearnSpeeds, LearnTurnouts
from engine.model.lifecycle import Status
from engine.model.paper import decode_as, encode
from engine.model.place import Profile, TravelSettings
from engine.model.roads import Closure, Conditions, Learned, Stretch
from engine.model.rules import WorkRules
from engine.state.road_book import RoadBook
from engine.state.world import World
from engine.streets.network import Network
from engine.streets.roads import Roads
from tests.unit.engine_place import MORNING, Town, engine_place
from tests.unit.learning_kit import LIGHTS_MS, NORMAL_MS, SPAN_M, expected, grid

CLASSES = ("street", "avenue")
STREETS = Roads(Network(grid()), TravelSettings())


class Watched:
    """A town, a World that follows it, and a watcher beside it."""

    def __init__(self, state: LearnerState | None = None, **changes: object) -> None:
        self.town = Town(engine_place(**changes))
        self.world = World(indexed=False)
        self.watcher = Watcher(self.world, state)
        self._seen = 0
        self.drives: list[Drive] = []

    def catch_up(self) -> list[Drive]:
        """Let the watcher see what has happened; return the drives that it found."""
        for turn in self.town.turns[self._seen :]:
            self.world.fold(turn)
            self.watcher.feed(turn, self.world)
        self._seen = len(self.town.turns)
        return self.watcher.take_drives(1_000)

    def drive(self, unit: str, step_m: int = 200, steps: int = 4, step_s: int = 20) -> list[Drive]:
        """Let a unit drive east and report its position after each step."""
        for each in range(steps + 1):
            self.town.see(step_s, **{unit: (each * step_m, 0)})
        return self.catch_up()


def test_only_units_that_are_known_to_drive_are_watched() -> None:
    """Available: no. Dispatched: no. En route: yes, under lights by priority. On scene: no. Returning: yes, without."""
    watched = Watched()
    assert watched.drive("A1") == []
    incident = watched.town.report("medical", 2, (800, 0))
    assert "A1" in incident.assigned
    assert watched.drive("A1") == []
    watched.town.says("A1", Status.EN_ROUTE)
    assert [each.lights for each in watched.drive("A1")] == [True] * 4
    watched.town.says("A1", Status.ON_SCENE)
    assert watched.drive("A1") == []
    watched.town.says("A1", Status.RETURNING)
    assert [each.lights for each in watched.drive("A1")] == [False] * 4


def test_calls_that_are_not_urgent_are_driven_to_without_lights() -> None:
    """By the place's own setting."""
    watched = Watched()
    (unit,) = watched.town.report("medical", 4, (800, 0)).assigned
    watched.town.says(unit, Status.EN_ROUTE)
    assert {each.lights for each in watched.drive(unit)} == {False}


def test_the_streets_say_what_a_drive_should_take() -> None:
    """Two spans east along one street: their time in each mode, by arc and class; off the road nothing."""
    predictor = StreetPredictor(STREETS, Conditions())
    for lights, span_ms in ((True, LIGHTS_MS), (False, NORMAL_MS)):
        found = predictor.predicted((-SPAN_M, 0), 90, (SPAN_M, 0), lights=lights)
        assert found is not None
        assert found.travel_ms == sum(part.travel_ms for part in found.arcs) == 2 * span_ms
        assert {part.street_class for part in found.arcs} == {"street"}
    assert predictor.predicted((-SPAN_M, 100), 90, (SPAN_M, 0), lights=True) is not None
    assert predictor.predicted((-SPAN_M + 90, 90), 90, (SPAN_M, 0), lights=True) is None
    assert predictor.predicted((0, 0), 90, (900_000, 0), lights=True) is None


def test_what_was_learned_is_not_measured_against_itself() -> None:
    """The learner's conditions are the engine's, closures and profiles included, without what was learned."""
    travel = TravelSettings(profiles=(Profile(("street",), (120,) * 168),))
    closure = Closure("C1", Stretch(arcs=(3,)))
    learned = Learned((("street", (150,) * 168), ("avenue", (70,) * 168)), ((5, 180),))
    book = RoadBook(closures={"C1": closure}, learned=learned, hour=8)
    book.current = book.known(engine_place(travel=travel))
    assert dict(book.current.class_percent) == {"street": 180, "avenue": 70}
    assert unlearned(book, travel) == Conditions(closures=(closure,), class_percent=(("street", 120),))


def test_the_engine_is_told_when_there_is_news_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each quarter of an hour at most, and only with new drives or turnouts."""
    monkeypatch.setattr(watching, "DRIVES_MIN", 4)
    watched = Watched()
    watched.catch_up()
    assert not watched.watcher.is_due(MORNING)
    incident = watched.town.report("medical", 2, (800, 0))
    assert "A1" in incident.assigned
    watched.town.says("A1", Status.EN_ROUTE)
    drives = watched.drive("A1")
    watched.watcher.learn_drives(watched.world, [(each, expected()) for each in drives])
    now = watched.world.now
    assert watched.watcher.is_due(now)
    (told,) = watched.watcher.tell(watched.world, CLASSES)
    assert isinstance(told, LearnSpeeds)
    ((name, week),) = told.learned.classes
    assert (name, told.learned.observations) == ("street", 4)
    assert week[8] > 110
    assert not watched.watcher.is_due(now + watching.TELL_EVERY_MS)
    watched.watcher.learn_drives(watched.world, [(replace(each, row=9), expected()) for each in drives])
    assert not watched.watcher.is_due(now + watching.TELL_EVERY_MS - 1)
    assert watched.watcher.is_due(now + watching.TELL_EVERY_MS)


def test_classes_of_other_streets_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine would refuse them; arcs are forgotten with the streets they belong to."""
    monkeypatch.setattr(watching, "DRIVES_MIN", 1)
    watched = Watched()
    watched.catch_up()
    watched.watcher.learn_drives(
        watched.world, [(Drive(0, (0, 0), -1, (9, 9), True, MORNING, MORNING + 9_000), expected())]
    )
    (told,) = watched.watcher.tell(watched.world, ("avenue",))
    assert isinstance(told, LearnSpeeds)
    assert told.learned.classes == ()
    assert watched.watcher.state.speeds.arcs
    state = decode_as(LearnerState, encode(watched.watcher.state))
    again = Watched(state)
    again.catch_up()
    assert state.speeds.arcs
    Watcher(again.world, replace(state, streets="others"))
    assert not state.speeds.arcs


def test_turnouts_are_learned_from_the_ladder() -> None:
    """Thirty crews sent from quarters that roll after 20 s: the engine is told less than the place says."""
    watched = Watched(work=WorkRules(rotation_ms=0))
    for number in range(30):
        watched.town.see(60)
        (unit,) = watched.town.report("medical", 4, (0, 0)).assigned
        watched.town.says(unit, Status.EN_ROUTE, after_s=20)
        watched.town.says(unit, Status.ON_SCENE, after_s=20)
        watched.town.says(unit, Status.AVAILABLE, after_s=60 + number)
    watched.catch_up()
    assert watched.watcher.is_due(watched.world.now)
    told, service = watched.watcher.tell(watched.world, ())
    assert isinstance(told, LearnTurnouts)
    assert isinstance(service, LearnService)
    assert service.paces["medical"].permille[0] < 500, "60 to 90 s on scene"
    assert service.paces["medical"].permille[1:] == (1000, 1000), "nobody was taken to hospital"
    rows = {(row.station, row.unit_kind, row.block): row.turnout_ms for row in told.turnouts}
    assert {kind for _, kind, _ in rows} == {"bls ambulance"}
    assert len(rows) == 3 * 8
    assert 18_000 < rows["Central", "bls ambulance", 2] < 26_000


def test_the_same_turns_teach_the_same_bytes() -> None:
    """Two watchers of one day agree to the last bit."""
    states = []
    for _ in range(2):
        watched = Watched()
        watched.town.report("medical", 2, (800, 0))
        watched.town.says("A1", Status.EN_ROUTE, after_s=40)
        drives = watched.drive("A1")
        predictor = StreetPredictor(STREETS, Conditions())
        found = [predictor.predicted(each.from_xy, each.heading, each.to_xy, lights=each.lights) for each in drives]
        assert found.count(None) == 0
        watched.watcher.learn_drives(watched.world, zip(drives, found, strict=True))
        watched.town.says("A1", Status.ON_SCENE, after_s=40)
        watched.town.says("A1", Status.AVAILABLE, after_s=400)
        watched.catch_up()
        states.append(encode(watched.watcher.state))
    assert states[0] == states[1]
    assert decode_as(LearnerState, states[0]).services.observations == 1
