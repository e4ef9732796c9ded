"""The parts of the make-believe city, each by itself: what it says of places, times, calls, crews and screens."""

import io
import itertools
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from standardwebhooks import Webhook

from engine.model.alert_facts import Purpose
from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.facts import AssignmentEnded, Choice, UnitDispatched
from engine.model.lifecycle import Outcome, Phase, Status
from gateways.cad.mirror import Mirror
from gateways.demo.addresses import Addresses
from gateways.demo.board import Board, Seen
from gateways.demo.callers import OPENING_MIN, Callers
from gateways.demo.chance import exponential, stream
from gateways.demo.citytime import DAY_MS, CityTime, lively_start_ms, local, pace_from
from gateways.demo.crews import Crew, Order, Town
from gateways.demo.hospitals import Hospitals
from gateways.demo.judgement import done, may_cancel
from gateways.demo.ledger import Closing, Ledger, percentile
from gateways.demo.line import Line
from gateways.demo.pagers import Pagers, signed
from gateways.demo.show import Cues
from gateways.demo.streets import Navigator
from gateways.demo.supervisor import Outage, Supervisor
from gateways.demo.tallies import Assignments
from gateways.demo.terminals import Terminals
from gateways.demo.trackers import parked_every_s
from gateways.demo.watch import Watch
from gateways.road_views import ClosureView, RoadsView, StretchView, WeatherView
from gateways.views import AssignmentView, IncidentView, UnitView
from tests.builders import NOW, PLANS, small_place

CARE = CareTimes(600_000, 0.5, 600_000)
NOON_ONLY = tuple(24.0 if hour == 12 else 0.0 for hour in range(24))


def demand(hourly: tuple[float, ...] = (1.0,) * 24) -> Demand:
    shares = (TypeShare("sick", 3, 0.9), TypeShare("fire", 1, 0.1))
    return Demand(2_400.0, hourly, shares, (Zone(0, 0, 500, 1.0), Zone(9_900, 9_900, 400, 0.2)), CARE)


def callers(seed: int = 7, hourly: tuple[float, ...] = (1.0,) * 24) -> Callers:
    place = small_place()
    return Callers(place, demand(hourly), Addresses(place, None), seed, NOW, 6_000)


# ── time ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from([0.5, 1.5, 2.0, 10.0, 30.0, 1000.0]), st.integers(0, 30 * DAY_MS))
def test_a_pace_begins_when_it_is_told_to(rate: float, ahead_ms: int) -> None:
    """It is the wanted time in the city now, and the city's seconds pass at the wanted rate."""
    pace = pace_from(rate, NOW + ahead_ms, NOW)
    assert abs(pace.at(NOW) - (NOW + ahead_ms)) <= rate + 1
    assert abs(pace.at(NOW + 60_000) - pace.at(NOW) - 60_000 * rate) <= 1


def test_a_demo_begins_at_five_in_the_afternoon_of_the_place() -> None:
    """Within the next day, by the place's own clock."""
    place = small_place(utc_offsets=((0, -5 * 3_600_000),))
    start_ms = lively_start_ms(place, NOW)
    assert NOW <= start_ms < NOW + DAY_MS
    assert local(place, start_ms).hour == 17


def test_a_closed_bridge_is_opened_after_a_third_of_what_is_left() -> None:
    """And after a while in a demo without an end."""
    assert Cues(30.0, None, 9.0).open_s == 16.0
    assert Cues(5.0, None, 9.0).open_s == 9.0
    assert Cues(None, None, 9.0).open_s > 9.0


def test_a_parked_unit_reports_before_its_position_is_stale() -> None:
    """At any pace and for any fleet."""
    for rate, devices in itertools.product((0.5, 1.0, 10.0, 100.0, 1000.0), (10, 10_000, 1_000_000)):
        time = CityTime(pace_from(rate, NOW, NOW))
        assert time.city_ms(parked_every_s(time, devices, 600_000)) <= 200_000


# ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_seed_calls_in_the_same_city() -> None:
    """Call by call; another seed makes another day."""
    first, again, other = (list(itertools.islice(callers(seed).calls(), 200)) for seed in (7, 7, 8))
    assert first == again
    assert [call.at_ms for call in first] != [call.at_ms for call in other]
    assert [call.number for call in first] == list(range(1, 201))
    assert all(a.at_ms <= b.at_ms for a, b in itertools.pairwise(first))


def test_calls_come_from_inside_the_place_and_mostly_from_heavy_zones() -> None:
    """A zone that reaches over the edge is cut there."""
    calls = list(itertools.islice(callers().calls(), 600))
    assert all(abs(call.x_m) <= 10_000 and abs(call.y_m) <= 10_000 for call in calls)
    middle = sum(abs(call.x_m) <= 500 for call in calls)
    assert 0.75 < middle / 600 < 0.9


def test_calls_keep_to_the_hours() -> None:
    """With all demand at noon, nobody but the opening callers calls at another hour; the daily number still holds.

    Somebody else may call about the last of them when it has just struck one.
    """
    calls = list(itertools.islice(callers(hourly=NOON_ONLY).calls(), 5_000))[OPENING_MIN:]
    late = [local(small_place(), call.at_ms) for call in calls if local(small_place(), call.at_ms).hour != 12]
    assert all((at.hour, at.minute < 10) == (13, True) for at in late)
    assert len(late) < 20
    days = {local(small_place(), call.at_ms).date() for call in calls}
    assert 2 <= len(days) <= 4


def test_where_no_street_has_a_name_the_map_has_squares() -> None:
    """Letters eastward, numbers northward, from the south-western corner."""
    addresses = Addresses(small_place(), None)
    assert addresses.at(-10_000, -10_000, 5) == "map square A1"
    assert addresses.at(9_999, 9_999, 5) == "map square T20"


@given(st.integers(0, 1 << 32), st.floats(1, 1e7))
def test_exponential_times_end(seed: int, mean: float) -> None:
    """No crew is away for ever."""
    assert 0 <= exponential(stream(seed, "test"), mean) <= 4 * mean


# ── pagers and crews ────────────────────────────────────────────────────────────────────────────────────────


def test_a_pager_believes_a_strangers_signature_and_no_other() -> None:
    """The public Standard Webhooks library signs; a changed body, id or key does not pass."""
    pagers = Pagers([].append, Ledger(), 7)
    key = Webhook(pagers.secret)._whsecret
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "A7",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": "v1,nonsense " + Webhook(pagers.secret).sign("A7", at, "body"),
    }
    assert signed(key, headers, b"body")
    assert not signed(key, headers, b"body!")
    assert not signed(key, headers | {"webhook-id": "A8"}, b"body")
    assert not signed(b"x" * 32, headers, b"body")
    assert not signed(key, {}, b"body")


def crew() -> Crew:
    place = small_place()
    line = cast("Line", SimpleNamespace(client=SimpleNamespace(mirror=Mirror())))
    navigator = Navigator(place, None, Ledger(), 7)
    time, terminals = CityTime(pace_from(1000, NOW, NOW)), Terminals()
    town = Town(place, CARE, time, line, navigator, terminals, Hospitals(place, line, terminals), 7)
    return Crew(place.units[0], (0, 4_000), town)


def go(number: int | None, incident: str, purpose: Purpose = Purpose.DISPATCH) -> Order:
    return Order(number, purpose, incident, (0, 0))


def test_the_newest_page_wins_whatever_the_order_of_arrival() -> None:
    """An old page, and one that comes twice, are put aside; a voice is never old."""
    told = crew()
    told.tell(go(5, "I5"))
    told.tell(go(4, "I4", Purpose.RELEASE))
    assert told._order == go(5, "I5")
    told.tell(go(5, "I6"))
    assert told._order == go(5, "I5")
    told.tell(go(6, "I5", Purpose.RELEASE))
    assert told._order == go(6, "I5", Purpose.RELEASE)
    told.tell(go(None, "I9"))
    assert told._order == go(None, "I9")


async def test_a_new_order_interrupts_a_crew(autojump_clock: trio.testing.MockClock) -> None:
    """The crew drops the first incident where it stands and follows the newer page."""
    del autojump_clock
    told = crew()
    reports: list[tuple[Status, str | None]] = []

    async def report(status: Status, incident: str | None) -> bool:
        reports.append((status, incident))
        if (status, incident) in wanted:
            wanted[status, incident].set()
        return True

    told._report = report  # type: ignore[method-assign]  # stands in for the radio
    told._go_home = trio.sleep_forever  # type: ignore[method-assign]  # the day ends here
    told._patient = told._treats = lambda _: False  # type: ignore[method-assign]
    wanted = {(Status.EN_ROUTE, "I1"): trio.Event(), (Status.RETURNING, "I2"): trio.Event()}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(told.run)
        told.tell(go(1, "I1"))
        await wanted[Status.EN_ROUTE, "I1"].wait()
        told.tell(go(2, "I2"))
        await wanted[Status.RETURNING, "I2"].wait()
        nursery.cancel_scope.cancel()
    assert reports == [
        (Status.ACKNOWLEDGED, "I1"),
        (Status.EN_ROUTE, "I1"),
        (Status.ACKNOWLEDGED, "I2"),
        (Status.EN_ROUTE, "I2"),
        (Status.ON_SCENE, "I2"),
        (Status.RETURNING, "I2"),
    ]


# ── the desk ────────────────────────────────────────────────────────────────────────────────────────────────


def on(unit: str, status: Status, outcome: Outcome | None = None, eta_ms: int = 300_000) -> AssignmentView:
    stamps = {Status.DISPATCHED.value: NOW}
    return AssignmentView(
        unit=unit, slot="medic", status=status, eta_ms=eta_ms, stamps=stamps, by="engine", outcome=outcome
    )


def incident(number: int = 1, **changes: object) -> IncidentView:
    fields: dict[str, object] = {
        "id": f"I{number}",
        "type": "fire",
        "priority": 1 + number % 5,
        "phase": Phase.WAITING,
        "lat": 41.5,
        "lon": -90.5,
        "area": None,
        "address": "a very long address that no column of any terminal will ever hold",
        "caller": "",
        "external": f"C{number}",
        "plan": PLANS[0].id,
        "reported_ms": NOW,
        "waiting_since_ms": None,
        "lacks": {},
        "assigned": (),
        "past": (),
        "recommended": (),
        "short": (),
        "notes": (),
        "links": (),
        "merged_into": None,
        "ended_ms": None,
        "disposition": "",
    }
    return IncidentView(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def test_an_incident_is_done_when_somebody_was_there_and_nobody_is() -> None:
    """Nobody yet, somebody still, or only diverted ones: not done. All waived: done."""
    cleared, diverted = on("M1", Status.ON_SCENE, Outcome.CLEARED), on("M2", Status.EN_ROUTE, Outcome.DIVERTED)
    assert not done(incident(lacks={"medic": 1}))
    assert not done(incident(phase=Phase.ON_SCENE, assigned=(on("M1", Status.ON_SCENE),), past=(cleared,)))
    assert not done(incident(lacks={"medic": 1}, past=(diverted,)))
    assert done(incident(lacks={"medic": 1}, past=(cleared, diverted)))
    assert done(incident(past=(on("M1", Status.DISPATCHED, Outcome.RELEASED),)))


def test_nobody_is_called_back_from_the_doorstep() -> None:
    """A crew that has arrived, or is about to, sees for itself."""
    assert may_cancel(incident(), NOW)
    assert may_cancel(incident(assigned=(on("M1", Status.EN_ROUTE),)), NOW)
    assert not may_cancel(incident(assigned=(on("M1", Status.EN_ROUTE),)), NOW + 250_000)
    assert not may_cancel(incident(assigned=(on("M1", Status.EN_ROUTE), on("M2", Status.ON_SCENE))), NOW)


# ── sums and screens ────────────────────────────────────────────────────────────────────────────────────────


def test_percentiles_are_by_nearest_rank() -> None:
    """The value that so many per cent do not exceed."""
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, each) for each in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([3.0], 50) == percentile([3.0], 99) == 3.0
    assert str(percentile([], 50)) == "nan"


def test_a_unit_in_two_places_is_seen() -> None:
    """Sent twice without an end in between, or taken off an incident it was not on."""
    sent = [UnitDispatched(unit="M1", incident=name, slot=None, eta_ms=1, by="x") for name in ("I1", "I2")]
    off = AssignmentEnded("M1", "I1", Outcome.CLEARED, Status.RETURNING, NOW, "x")
    good, bad = Assignments(), Assignments()
    for seq, fact in enumerate((sent[0], off, sent[1])):
        good.take(fact, seq)
    for seq, fact in enumerate((sent[0], sent[1], off)):
        bad.take(fact, seq)
    assert good.doubled == []
    assert bad.doubled == ["M1 at turn 1", "M1 at turn 2"]


def unit(number: int) -> UnitView:
    statuses = list(Status)
    return UnitView(
        id=f"U{number}", kind="", capabilities=(), station="", crew=None, status=statuses[number % len(statuses)],
        incident=None, emergency=None, lat=0, lon=0, fix_ms=None, assumed=False, reported_ms=0, clear_at_ms=None,
    )  # fmt: skip


CLOSED = RoadsView(
    streets=True,
    epoch=4,
    making=5,
    hour=17,
    weather=WeatherView(weather="snow", percent=140, until_ms=NOW),
    closures=(ClosureView(id="C1", stretch=StretchView(streets=("Mill Bridge",)), reason="", until_ms=None),),
)


async def drawn(
    incidents: int,
    width: int,
    height: int,
    *,
    up: bool = True,
    roads: RoadsView | None = None,
    closing: Closing | None = None,
) -> list[str]:
    mirror, ledger = Mirror(), Ledger()
    mirror.roads = roads or mirror.roads
    ledger.closing = closing
    crowd = tuple(on(f"M{number}", Status.EN_ROUTE) for number in range(12))
    for number in range(incidents):
        wanted = (Choice("medic", "M1", 1),) if number % 3 else ()
        lacks = {"medic": 1} if number % 2 else {}
        mirror.incidents[f"I{number}"] = incident(
            number, assigned=crowd, recommended=wanted, lacks=lacks, waiting_since_ms=NOW
        )
    mirror.units = {f"U{number}": unit(number) for number in range(200)}
    watch = Watch(mirror, ledger, {})
    watch.events.extend((NOW, "a sentence of some length that has to be cut somewhere " * 3) for _ in range(20))
    supervisor = Supervisor([], Path("log"))
    supervisor.up = up
    supervisor.outages.append(Outage(1.0, None, -9))
    time = CityTime(pace_from(10, NOW, NOW))
    street = "" if roads is None else "Mill Bridge"
    seen = Seen(small_place(), Path("data/journal"), time, mirror, watch, ledger, supervisor, street)
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False, color_system=None)
    console.print(Board(seen))
    return cast("io.StringIO", console.file).getvalue().splitlines()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (132, 43), (220, 70)])
@pytest.mark.parametrize("incidents", [0, 3, 300])
@pytest.mark.parametrize("roads", [None, CLOSED])
async def test_the_board_fills_the_terminal_and_no_more(
    size: tuple[int, int], incidents: int, roads: RoadsView | None
) -> None:
    """Whatever goes on, the same lines stand in the same places."""
    lines = await drawn(incidents, *size, roads=roads)
    assert len(lines) == size[1]
    assert all(len(line) <= size[0] for line in lines)
    assert lines[0].startswith("Smallville")
    assert any("kill -9" in line for line in lines)
    assert any("more" in line for line in lines) == (incidents == 300)


async def test_the_board_says_what_travel_times_rest_on() -> None:
    """In one line, with what is closed; and how to close a street by hand, where there is room."""
    lines = await drawn(3, 132, 43, roads=CLOSED)
    assert "roads   epoch 4, 5 in the works · closed: Mill Bridge · snow" in "\n".join(lines)
    assert any('turnout roads close "Mill Bridge" --data data' in line for line in lines)
    closing = Closing("Mill Bridge", 2, 30, 10.0, "C1", 4, 61.2)
    own = "\n".join(await drawn(3, 132, 43, roads=CLOSED, closing=closing))
    assert "closed: Mill Bridge (in force after 61 ms)" in own
    straight = "\n".join(await drawn(3, 132, 43))
    assert "straight lines" in straight
    assert "roads close" not in straight


async def test_the_board_says_that_the_engine_is_down() -> None:
    """Where everybody looks first."""
    assert "engine down, restarting" in (await drawn(3, 80, 24, up=False))[0]
