"""What is reported about roads: taken or refused in words that help, ended in time, and decided upon by epochs."""

from typing import Any

import pytest

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.model.facts import CommandRefused, UnitsRecommended
from engine.model.inputs import (
    AdoptPlace,
    AnyInput,
    CloseRoad,
    LearnSpeeds,
    LearnTurnouts,
    OpenRoad,
    PublishEpoch,
    ReportIncident,
    ReportTraffic,
    ReportWeather,
    Tick,
)
from engine.model.place import Profile, TravelSettings
from engine.model.road_facts import ConditionsLapsed, EpochPublished, HourBegan
from engine.model.roads import OTHER_CLASSES, Conditions, Learned, Stretch, Turnout
from engine.model.turn import Turn
from engine.state.image import restore, state_hash
from engine.state.image import save as save_image
from engine.state.road_book import class_percent
from engine.state.world import World
from engine.streets.weighing import Mode
from tests import river_town
from tests.builders import NOW, small_place

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
WEST = Stretch(streets=("West Bridge",))
FLAT = (100,) * 168


class River:
    """The small place on the streets of the river town, with an engine."""

    def __init__(self, travel: TravelSettings | None = None) -> None:
        self.engine = Engine(World(streets=river_town.library))
        self.world = self.engine.world
        self.book = self.world.road_book
        self.travel = travel or TravelSettings()
        self.take(AdoptPlace(small_place(streets=river_town.graph().digest, travel=self.travel)))

    def take(self, given: AnyInput, after_ms: int = 0) -> Turn:
        turn = self.engine.step(given, max(NOW, self.world.now + after_ms))
        assert violations(self.world) == []
        return turn

    def ask(self, kind: Any, after_ms: int = 0, **fields: Any) -> Turn:
        return self.take(kind(id=f"c{self.world.seq}", by="desk", **fields), after_ms)

    def until(self, minutes: int) -> int:
        return self.world.now + minutes * MINUTE_MS

    def publish(self) -> Turn:
        assert self.book.making is not None
        return self.take(PublishEpoch(self.book.making[0]))

    def travel_ms(self, lights: bool = True) -> int:
        """From the market place (0, 0) over the bridge to the quay (0, -2500)."""
        roads = self.world.roads
        assert roads is not None
        way = roads.route(self.book.current, (0, 0), (0, -2_500), Mode.LIGHTS if lights else Mode.NORMAL)
        assert way is not None
        return way.travel_ms


def refusal(turn: Turn) -> CommandRefused:
    (fact,) = turn.facts
    assert isinstance(fact, CommandRefused)
    return fact


def test_a_closed_bridge_counts_from_its_epoch_on() -> None:
    """Reported is not yet in force; published it is, and the waiting incident gets another unit, with a new why."""
    river = River()
    river.ask(ReportIncident, type="sick", x_m=0, y_m=-2_600)
    (before,) = river.world.open["I1"].recommended
    assert before.unit in ("M2", "B1", "E2")
    epoch = river.book.epoch

    closed = river.ask(CloseRoad, stretch=WEST, reason="flood")
    assert river.world.answers[f"desk/{closed.input.id}"].road == "C1"  # type: ignore[union-attr]  # a command
    assert river.book.epoch == epoch
    assert river.book.current == Conditions()
    assert not any(isinstance(fact, UnitsRecommended) for fact in closed.facts)

    published, told = river.publish().facts
    assert published == EpochPublished(epoch + 1)
    assert isinstance(told, UnitsRecommended)
    assert told.choices[0].unit in ("M3", "B2")
    assert f"epoch {epoch + 1}" in told.why.travel

    river.ask(OpenRoad, closure="C1")
    assert river.publish().facts[1].choices[0].unit == before.unit  # type: ignore[union-attr]  # as above


def test_changes_during_the_making_wait_for_the_next_epoch() -> None:
    """One set of conditions is in the works at a time; whatever comes meanwhile makes one more, not many."""
    river = River()
    first = river.book.epoch
    river.ask(CloseRoad, stretch=WEST)
    for percent in (120, 150, 180):
        river.ask(
            ReportTraffic, stretch=Stretch(streets=("Quay",)), percent=percent, until_ms=river.until(9), slowing="q"
        )
    assert river.book.stale
    river.publish()
    assert (river.book.epoch, len(river.book.current.slowings)) == (first + 1, 0)
    river.publish()
    assert (river.book.epoch, river.book.current.slowings[0].percent) == (first + 2, 180)
    assert river.book.making is None


def test_what_comes_back_to_what_it_was_needs_no_further_epoch() -> None:
    """Closed and opened again while travel times are worked out: the next epoch is the old one, then rest."""
    river = River()
    river.ask(CloseRoad, stretch=WEST)
    river.publish()
    river.ask(OpenRoad, closure="C1")
    river.ask(CloseRoad, stretch=WEST, closure="C1")
    river.publish()
    river.publish()
    assert river.book.making is None
    assert [each.id for each in river.book.current.closures] == ["C1"]


def test_an_epoch_that_is_not_in_the_works_changes_nothing() -> None:
    """A late or wrong word of the driver is refused."""
    river = River()
    assert refusal(river.take(PublishEpoch(7))).code == "stale_epoch"
    river.ask(CloseRoad, stretch=WEST)
    assert refusal(river.take(PublishEpoch(river.book.epoch))).field == "epoch"
    assert river.book.making is not None


def test_everything_with_an_end_ends_by_itself() -> None:
    """One fact names all that is over, and the next epoch rests on the streets as they were."""
    river = River()
    river.ask(CloseRoad, stretch=WEST, until_ms=river.until(5))
    river.ask(ReportTraffic, stretch=Stretch(), percent=200, until_ms=river.until(5))
    river.ask(ReportWeather, weather="snow", percent=150, until_ms=river.until(5))
    river.publish()
    river.publish()
    assert len(river.take(Tick(), 4 * MINUTE_MS).facts) == 1
    assert river.take(Tick(), MINUTE_MS).facts[1] == ConditionsLapsed(("C1",), ("T2",), weather=True)
    river.publish()
    assert river.book.current == Conditions()


def test_a_report_under_the_same_name_replaces_and_hundred_percent_ends_it() -> None:
    """Also its end: the first reminder finds that it is not over."""
    river = River()
    stretch = Stretch(streets=("Quay",))
    for minutes in (5, 20):
        river.ask(ReportTraffic, stretch=stretch, percent=150, until_ms=river.until(minutes), slowing="feed-17")
    assert len(river.take(Tick(), 6 * MINUTE_MS).facts) == 1
    assert list(river.book.slowings) == ["feed-17"]
    assert (
        refusal(river.ask(ReportTraffic, stretch=stretch, percent=100, until_ms=0, slowing="feed-18")).code
        == "unknown_slowing"
    )
    river.ask(ReportTraffic, stretch=stretch, percent=100, until_ms=0, slowing="feed-17")
    assert not river.book.slowings
    river.ask(ReportWeather, weather="ice", percent=150, until_ms=river.until(9))
    river.ask(ReportWeather, weather="ice", percent=100, until_ms=0)
    assert river.book.weather is None
    assert refusal(river.ask(ReportWeather, weather="ice", percent=100, until_ms=0)).code == "no_weather"


def test_names_of_ours_pass_over_those_that_are_taken() -> None:
    """A sender may have called something C2."""
    river = River()
    river.ask(CloseRoad, stretch=WEST, closure="C2")
    river.ask(CloseRoad, stretch=WEST)
    river.ask(CloseRoad, stretch=WEST)
    assert list(river.book.closures) == ["C2", "C3", "C4"]


SNOW = {"weather": "snow", "percent": 140, "until_ms": NOW + HOUR_MS}
QUAY = {"stretch": Stretch(streets=("Quay",)), "percent": 140, "until_ms": NOW + HOUR_MS}


@pytest.mark.parametrize(
    ("kind", "fields", "code", "field"),
    [
        (CloseRoad, {"stretch": Stretch()}, "closes_everything", "stretch"),
        (CloseRoad, {"stretch": Stretch(streets=("west bridge",))}, "unknown_street", "stretch.streets"),
        (CloseRoad, {"stretch": Stretch(classes=("canal",))}, "unknown_class", "stretch.classes"),
        (CloseRoad, {"stretch": Stretch(arcs=(-1,))}, "out_of_range", "stretch.arcs"),
        (CloseRoad, {"stretch": Stretch(arcs=(10_000,))}, "out_of_range", "stretch.arcs"),
        (CloseRoad, {"stretch": Stretch(arcs=(0,) * 10_001)}, "too_long", "stretch.arcs"),
        (CloseRoad, {"stretch": Stretch(polygon=((0, 0), (1, 1)))}, "out_of_range", "stretch.polygon"),
        (CloseRoad, {"stretch": Stretch(polygon=((0, 0), (1, 1), (10**9, 0)))}, "out_of_range", "stretch.polygon"),
        (CloseRoad, {"stretch": Stretch(polygon=((900, 900), (901, 900), (900, 901)))}, "touches_nothing", "stretch"),
        (CloseRoad, {"stretch": Stretch(streets=("Quay",), classes=("track",))}, "touches_nothing", "stretch"),
        (CloseRoad, {"stretch": WEST, "until_ms": NOW}, "out_of_range", "until_ms"),
        (CloseRoad, {"stretch": WEST, "closure": "x" * 129}, "too_long", "closure"),
        (CloseRoad, {"stretch": WEST, "reason": "x" * 4_001}, "too_long", "reason"),
        (OpenRoad, {"closure": "C9"}, "unknown_closure", "closure"),
        (ReportTraffic, {**QUAY, "percent": 0}, "out_of_range", "percent"),
        (ReportTraffic, {**QUAY, "percent": -150}, "out_of_range", "percent"),
        (ReportTraffic, {**QUAY, "percent": float("nan")}, "out_of_range", "percent"),
        (ReportTraffic, {**QUAY, "percent": 2_001}, "out_of_range", "percent"),
        (ReportTraffic, {**QUAY, "until_ms": NOW - 1}, "out_of_range", "until_ms"),
        (ReportTraffic, {**QUAY, "until_ms": NOW + 367 * 24 * HOUR_MS}, "out_of_range", "until_ms"),
        (ReportWeather, {**SNOW, "weather": " "}, "missing", "weather"),
        (ReportWeather, {**SNOW, "percent": 19}, "out_of_range", "percent"),
        (ReportWeather, {**SNOW, "until_ms": NOW}, "out_of_range", "until_ms"),
    ],
)
def test_bad_reports_are_refused_by_field(kind: Any, fields: dict[str, Any], code: str, field: str) -> None:
    """Nothing changes, and the sender learns what to mend."""
    river = River()
    refused = refusal(river.ask(kind, **fields))
    assert (refused.code, refused.field) == (code, field)
    assert refused.reason
    assert river.book.making is None


def test_a_misspelt_street_is_answered_with_the_one_that_was_meant() -> None:
    """Case, a typing error, a part of the name."""
    river = River()
    for said, meant in (("west bridge", "West Bridge"), ("West Brige", "West Bridge"), ("bridge", "East Bridge")):
        assert meant in refusal(river.ask(CloseRoad, stretch=Stretch(streets=(said,)))).reason
    assert "Did you mean" not in refusal(river.ask(CloseRoad, stretch=Stretch(streets=("Zzz",)))).reason


def test_a_place_without_streets_refuses_and_says_why() -> None:
    """Closures would change nothing there; to take them would be a lie."""
    engine = Engine()
    engine.step(AdoptPlace(small_place()), NOW)
    for given in (
        CloseRoad(id="1", by="desk", stretch=WEST),
        ReportTraffic(id="2", by="desk", stretch=WEST, percent=150, until_ms=NOW + 1),
        ReportWeather(id="3", by="desk", weather="snow", percent=150, until_ms=NOW + 1),
        LearnSpeeds(Learned()),
    ):
        assert refusal(engine.step(given, NOW)).code == "no_streets"
    assert violations(engine.world) == []


def test_a_place_whose_streets_nobody_has_is_refused() -> None:
    """It could not be decided upon."""
    engine = Engine()
    assert refusal(engine.step(AdoptPlace(small_place(streets="f" * 64)), NOW)).code == "unknown_streets"


def test_travel_follows_the_hour_of_the_week() -> None:
    """One hour of 168 takes twice as long; each hour is one fact, at the full hour."""
    rush = (*FLAT[:75], 200, *FLAT[76:])
    river = River(TravelSettings(profiles=(Profile((), rush),)))
    usual_ms = river.travel_ms()
    start = river.book.hour
    assert river.book.hour_due_ms == NOW - NOW % HOUR_MS + HOUR_MS
    facts: list[Any] = []
    for _ in range(168):
        turn = river.take(Tick(), river.book.hour_due_ms - river.world.now)
        facts += [fact for fact in turn.facts if isinstance(fact, HourBegan)]
        if river.book.making is not None:
            river.publish()
        expected = 2 * usual_ms if river.book.hour == 75 else usual_ms
        assert river.travel_ms() == pytest.approx(expected, abs=20)
    assert [fact.hour for fact in facts] == [(start + 1 + hour) % 168 for hour in range(168)]


def test_the_first_profile_that_names_a_class_counts_times_what_was_learned() -> None:
    """And nothing leaves the bounds of a factor."""
    travel = TravelSettings(profiles=(Profile(("track",), (50,) * 168), Profile((), (120,) * 168)))
    learned = Learned((("main", (150,) * 168), ("track", (200,) * 168)))
    assert class_percent(travel, Learned(), 3) == ((OTHER_CLASSES, 120), ("track", 50))
    assert class_percent(travel, learned, 3) == ((OTHER_CLASSES, 120), ("main", 180), ("track", 100))
    slow = TravelSettings(profiles=(Profile((), (2_000,) * 168),))
    assert class_percent(slow, learned, 3) == ((OTHER_CLASSES, 2_000),)
    assert class_percent(TravelSettings(), Learned(), 3) == ()


def test_what_drives_teach_counts_from_the_next_epoch() -> None:
    """By class and hour, and single arcs instead of their class."""
    river = River()
    usual_ms = river.travel_ms()
    river.take(LearnSpeeds(Learned((("main", (150,) * 168),), (), 40)))
    assert river.travel_ms() == usual_ms
    river.publish()
    assert river.travel_ms() == pytest.approx(usual_ms * 3 // 2, abs=10)
    assert river.book.hour_due_ms > river.world.now
    bridge = [arc for arc in range(river_town.graph().arcs) if river_town.graph().arc_name[arc] == 3]
    river.take(LearnSpeeds(Learned((), tuple((arc, 200) for arc in bridge), 41)))
    river.publish()
    assert river.travel_ms() > usual_ms


@pytest.mark.parametrize(
    ("learned", "field"),
    [
        (Learned((("canal", FLAT),)), "classes"),
        (Learned((("main", FLAT[1:]),)), "classes"),
        (Learned((("main", FLAT), ("main", FLAT))), "classes"),
        (Learned((("main", (49, *FLAT[1:])),)), "percent"),
        (Learned((), ((0, 201),)), "percent"),
        (Learned((), ((99, 100),)), "arcs"),
        (Learned((), ((3, 100), (2, 100))), "classes"),
        (Learned(spread_percent=-1), "spread_percent"),
    ],
)
def test_what_cannot_have_been_learned_is_refused(learned: Learned, field: str) -> None:
    """A learner gone wrong moves the city by nothing at all."""
    assert refusal(River().take(LearnSpeeds(learned))).field == field


def test_turnouts_are_kept_as_they_were_learned() -> None:
    """They change no travel time; whoever recommends reads them from the book."""
    river = River()
    told = (Turnout("S1", "medic", 0, 95_000), Turnout("S1", "medic", 1, 90_000))
    river.take(LearnTurnouts(told))
    assert river.book.turnouts == told
    assert river.book.making is None
    for wrong in ((told[0], told[0]), (Turnout("S1", "medic", 8, 1),), (Turnout("S1", "medic", 0, -1),)):
        refusal(river.take(LearnTurnouts(wrong)))


def test_other_streets_end_what_was_said_of_arcs_by_number() -> None:
    """Names and polygons stay: they mean the same in any graph. Learned arcs are forgotten."""
    river = River()
    river.ask(CloseRoad, stretch=WEST)
    river.ask(CloseRoad, stretch=Stretch(arcs=(0,)))
    river.ask(ReportTraffic, stretch=Stretch(arcs=(1,)), percent=150, until_ms=river.until(9))
    river.take(LearnSpeeds(Learned((), ((1, 120),), 5)))
    epoch = river.book.epoch
    lapsed, _ = river.take(AdoptPlace(small_place())).facts
    assert lapsed == ConditionsLapsed(("C2",), ("T3",), weather=False)
    assert river.book.learned.arcs == ()
    assert river.book.making is None
    river.take(AdoptPlace(small_place(streets=river_town.graph().digest)))
    assert river.book.epoch == epoch + 1
    assert [each.id for each in river.book.current.closures] == ["C1"]


def test_a_snapshot_holds_the_book() -> None:
    """Also in the midst of a making."""
    river = River(TravelSettings(profiles=(Profile((), FLAT),)))
    river.ask(CloseRoad, stretch=WEST, until_ms=river.until(5))
    river.ask(ReportWeather, weather="snow", percent=150, until_ms=river.until(5))
    again = restore(save_image(river.world), streets=river_town.library)
    assert again.road_book == river.book
    assert state_hash(again) == state_hash(river.world)
    assert restore(save_image(river.world), indexed=False).roads is None
