"""Conditions and epochs against a slow twin that reads the whole log again after every turn."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.model.facts import CommandRefused
from engine.model.inputs import (
    AdoptPlace,
    AnyInput,
    CloseRoad,
    LearnSpeeds,
    OpenRoad,
    PublishEpoch,
    ReportTraffic,
    ReportWeather,
    Tick,
)
from engine.model.paper import encode
from engine.model.place import Place, Profile, TravelSettings
from engine.model.road_facts import EpochPublished
from engine.model.roads import Closure, Conditions, Learned, Slowing, Stretch, Weather
from engine.model.turn import Turn
from engine.state.image import restore, save, state_hash
from engine.state.world import World
from tests import river_town
from tests.builders import NOW, small_place

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
STRETCHES = (
    Stretch(streets=("West Bridge",)),
    Stretch(classes=("track",)),
    Stretch(polygon=((-500, -3_000), (500, -3_000), (0, -2_000))),
    Stretch(arcs=(2, 3)),
    Stretch(),
    Stretch(streets=("Elm Street",)),
)
RUSH = TravelSettings(profiles=(Profile(("main",), tuple(60 + hour for hour in range(168))), Profile((), (130,) * 168)))
PLACES = tuple(small_place(streets=river_town.graph().digest, travel=travel) for travel in (TravelSettings(), RUSH))
LEARNED = (Learned(), Learned((("main", (110,) * 168), ("track", (90,) * 168)), ((4, 150),), 12))

STEPS = st.lists(st.tuples(*(st.integers(0, 255),) * 4), max_size=50)
Steps = list[tuple[int, int, int, int]]


class Known(Struct):
    """What the twin holds to be known."""

    closures: dict[str, Closure]
    slowings: dict[str, Slowing]
    weather: Weather | None
    learned: Learned
    place: Place
    hour: int


def read_again(turns: list[Turn], roads: list[str | None]) -> Conditions:
    """Return the conditions that a whole log leads to; `roads` are the names that its commands were answered with."""
    known = Known({}, {}, None, Learned(), PLACES[0], 0)
    for turn, road in zip(turns, roads, strict=True):
        if not isinstance(turn.facts[0], CommandRefused):
            _take(known, turn, road or "")
    return Conditions(
        closures=tuple(known.closures[name] for name in sorted(known.closures)),
        slowings=tuple(known.slowings[name] for name in sorted(known.slowings)),
        weather=known.weather,
        class_percent=_classes(known),
        arc_percent=known.learned.arcs,
    )


def _take(known: Known, turn: Turn, road: str) -> None:
    hour = (turn.now + 3 * 24 * HOUR_MS) // HOUR_MS % 168
    match turn.input:
        case AdoptPlace(place=place):
            known.place, known.hour = place, hour
        case CloseRoad() as said:
            known.closures[road] = Closure(road, said.stretch, said.reason, said.until_ms)
        case OpenRoad() as said:
            del known.closures[said.closure]
        case ReportTraffic(percent=100):
            del known.slowings[road]
        case ReportTraffic() as said:
            known.slowings[road] = Slowing(road, said.stretch, said.percent, said.until_ms)
        case ReportWeather() as said:
            known.weather = None if said.percent == 100 else Weather(said.weather, said.percent, said.until_ms)
        case LearnSpeeds(learned=learned):
            known.learned, known.hour = learned, hour
        case Tick():
            known.closures = {k: v for k, v in known.closures.items() if v.until_ms is None or v.until_ms > turn.now}
            known.slowings = {k: v for k, v in known.slowings.items() if v.until_ms > turn.now}
            known.weather = known.weather if known.weather and known.weather.until_ms > turn.now else None
            if known.place.travel.profiles or known.learned.classes:
                known.hour = hour


def _classes(known: Known) -> tuple[tuple[str, int], ...]:
    """Return what each class takes, said in the fewest words."""
    rush = known.place.travel.profiles != ()
    taught = dict(known.learned.classes)
    others = 130 if rush else 100
    found = {} if others == 100 else {"*": others}
    for name in ("main", "track"):
        profile = (60 + known.hour if name == "main" else 130) if rush else 100
        percent = round(profile * taught[name][0] / 100 + 1e-9) if name in taught else profile
        if percent != others:
            found[name] = percent
    return tuple(sorted(found.items()))


class Witness:
    """An engine, its twin, a follower, and now and then an engine that goes on from a snapshot."""

    def __init__(self) -> None:
        self.engine = Engine(World(streets=river_town.library))
        self.world = self.engine.world
        self.book = self.world.road_book
        self.follower = World(indexed=False)
        self.beside: Engine | None = None
        self.turns: list[Turn] = []
        self.roads: list[str | None] = []
        self.begun = Conditions()
        """What was known when the epoch in the works was begun."""
        self.take(AdoptPlace(PLACES[0]), NOW)

    def input_of(self, kind: int, a: int, b: int) -> AnyInput:
        stretch, until_ms = STRETCHES[a % 16 % len(STRETCHES)], self.world.now + (b % 40 - 2) * 5 * MINUTE_MS
        named = {"id": f"c{len(self.turns)}", "by": "desk"}
        match kind % 12:
            case 0 | 1:
                name, ends = ("", "flood", "crash")[b % 3], until_ms if a % 2 else None
                return CloseRoad(**named, stretch=stretch, reason="", until_ms=ends, closure=name)
            case 2:
                return OpenRoad(
                    **named, closure=(sorted(self.book.closures) or ["nothing"])[a % 3 % (len(self.book.closures) or 1)]
                )
            case 3 | 4:
                name, percent = ("", "jam", "feed")[b % 3], (100, 150, 80, 0)[a // 16 % 4]
                return ReportTraffic(**named, stretch=stretch, percent=percent, until_ms=until_ms, slowing=name)
            case 5:
                return ReportWeather(**named, weather="snow", percent=(100, 140, 2_001)[a % 3], until_ms=until_ms)
            case 6:
                return LearnSpeeds(LEARNED[a % 2])
            case 7:
                return AdoptPlace(PLACES[a // 8 % 2]) if a % 8 == 0 else Tick()
            case 8 | 9:
                return Tick()
            case _:
                return PublishEpoch(self.book.making[0] if self.book.making and a % 8 else b % 5)

    def time_of(self, number: int) -> int:
        due_ms = self.world.deadlines.next_ms
        if number % 4 == 0 and due_ms is not None:
            return max(self.world.now, due_ms)
        return self.world.now + number % 16 * number * 1_000

    def take(self, given: AnyInput, now: int) -> None:
        before, was = self.book.making, self.book.epoch
        turn = self.engine.step(given, now)
        self.turns.append(turn)
        answer: Any = self.world.answer(given) if hasattr(given, "by") else None
        self.roads.append(answer.road if answer else None)
        assert violations(self.world) == []
        self._follow(turn)
        known = read_again(self.turns, self.roads)
        assert self.book.known(self.world.settled) == known
        self._epochs(turn, before, was, known)

    def _follow(self, turn: Turn) -> None:
        self.follower.fold(turn)
        assert save(self.follower) == save(self.world)
        if self.beside is not None:
            assert encode(self.beside.step(turn.input, turn.now)) == encode(turn)
            assert state_hash(self.beside.world) == state_hash(self.world)

    def _epochs(self, turn: Turn, before: tuple[int, Conditions] | None, was: int, known: Conditions) -> None:
        """Decisions rest on what was known when their epoch was begun, and the newest is never skipped."""
        published = any(isinstance(fact, EpochPublished) for fact in turn.facts)
        adopted = isinstance(turn.input, AdoptPlace)
        assert self.book.epoch == was + (published or adopted)
        if published:
            assert before is not None
            assert (self.book.epoch, self.book.current) == before
            assert self.book.current == self.begun
        making = self.book.making
        if making is None:
            assert self.book.current == known
        elif making != before or published or adopted:
            assert making == (self.book.epoch + 1, making[1])
            self.begun = making[1]
            # Several things may lapse in one turn: the epoch was begun at the first of them.
            assert making[1] == known or self.book.stale

    def rest(self) -> None:
        """Let the driver publish: two epochs at the most, then decisions rest on everything that is known."""
        for _ in range(2):
            if self.book.making is not None:
                self.take(PublishEpoch(self.book.making[0]), self.world.now)
        assert self.book.making is None
        assert self.book.current == read_again(self.turns, self.roads)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 50))
def test_decisions_rest_on_what_was_known_at_their_epoch(steps: Steps, restart_at: int) -> None:
    """After each turn: what is known is what the whole log says; epochs rise by one; a snapshot goes on alike."""
    witness = Witness()
    for number, (kind, a, b, when) in enumerate(steps):
        if number == restart_at:
            witness.beside = Engine(restore(save(witness.world), streets=river_town.library))
        witness.take(witness.input_of(kind, a, b), witness.time_of(when))
    witness.rest()


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_the_same_reports_give_the_same_bytes(steps: Steps) -> None:
    """Deciding the whole log again gives it again."""
    witness = Witness()
    for kind, a, b, when in steps:
        witness.take(witness.input_of(kind, a, b), witness.time_of(when))
    again = Engine(World(streets=river_town.library))
    for turn in witness.turns:
        assert encode(again.step(turn.input, turn.now)) == encode(turn)
    assert state_hash(again.world) == state_hash(witness.world)
