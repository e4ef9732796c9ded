"""The parts of the make-believe city, each by itself: what it says of places, times, calls, crews and screens."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from engine.model.alert_facts import Purpose
from engine.model.facts import AssignmentEnded, UnitDispatched
from engine.model.lifecycle import Outcome, Phase, Status
from gateways.cad.mirror import Mirror
from gateways.demo.addresses import Addresses
from gateways.demo.callers import OPENING_MIN
from gateways.demo.chance import exponential, stream
from gateways.demo.citytime import DAY_MS, CityTime, lively_start_ms, local, pace_from
from gateways.demo.crews import Crew, Order, Town
from gateways.demo.hospitals import Hospitals
from gateways.demo.judgement import done, may_cancel
from gateways.demo.ledger import Ledger, percentile
from gateways.demo.line import Line
from gateways.demo.pagers import Pagers, signed
from gateways.demo.scene import DemoRefused, set_scene
from gateways.demo.show import Cues
from gateways.demo.streets import Navigator
from gateways.demo.tallies import Assignments
from gateways.demo.terminals import Terminals
from gateways.demo.trackers import parked_every_s
from tests.builders import NOW, small_place
from tests.unit.demo_kit import CARE, NOON_ONLY, callers, incident, on
from tests.unit.riverside_kit import copy_of_riverside

# ── the scene ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_place_without_demand_is_refused_by_the_files_that_it_lacks(tmp_path: Path) -> None:
    """Nobody knows where its calls come from."""
    place = copy_of_riverside(tmp_path)
    for name in ("demand.toml", "demand.csv"):
        (place / name).unlink()
    with pytest.raises(DemoRefused, match=r"has no demand\.toml and demand\.csv"):
        set_scene(place, tmp_path / "data", 24, 7, 10.0, lambda *_: None)


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


async def test_a_crew_that_is_moved_drives_to_its_post_and_stays_there(autojump_clock: trio.testing.MockClock) -> None:
    """It says that it rolls, and its home is where it was sent, also after its next incident."""
    del autojump_clock
    told, reports, drives = crew(), [], []
    arrived = trio.Event()

    async def report(status: Status, incident: str | None) -> bool:
        reports.append((status, incident))
        return True

    async def drive(target: tuple[int, int], *, lights: bool = False) -> None:
        drives.append((target, lights))
        if target == (0, 0):
            arrived.set()
            await trio.sleep_forever()

    told._report = report  # type: ignore[method-assign]  # stands in for the radio
    told._drive = drive  # type: ignore[method-assign]  # no streets
    async with trio.open_nursery() as nursery:
        nursery.start_soon(told.run)
        told.tell(go(1, "", Purpose.MOVE))
        await arrived.wait()
        nursery.cancel_scope.cancel()
    assert (reports, drives) == ([(Status.RETURNING, None)], [((0, 0), False)])
    assert told._home == (0, 0)


# ── the desk ────────────────────────────────────────────────────────────────────────────────────────────────


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
