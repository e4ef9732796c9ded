"""The live engine: durable before answered, answered once, urgent first, and the clock of restarts."""

import time

import pytest
import trio
from msgspec.structs import replace
from trio.testing import wait_all_tasks_blocked

from engine.journal import Journal, Settings
from engine.journal.recovery import recover_world
from engine.live.clock import Clock, Pace
from engine.live.lanes import CAPACITY, Lane, Lanes, Waiting, lane_of
from engine.live.positions import PositionLane
from engine.live.release import Lagged, Release
from engine.live.service import PlaceRejected, Stage, serve
from engine.live.watchdog import Watchdog
from engine.model.alert_facts import AlarmKind
from engine.model.inputs import DeclareEmergency, ReportIncident, ReportStatus, Tick
from engine.model.lifecycle import Status
from engine.model.turn import Turn
from engine.state.image import state_hash
from gateways.places import load
from tests.unit.riverside_kit import RIVERSIDE

SMALL = Settings(segment_bytes=1 << 20, ballast_bytes=0)


def riverside():
    return load(RIVERSIDE).place


def fire(name: str = "c1", **changes) -> ReportIncident:
    place = riverside()
    given = {"type": place.types[0].id, "x_m": place.stations[0].x_m, "y_m": place.stations[0].y_m}
    return ReportIncident(id=name, by="cad", **(given | changes))


def quiet() -> Watchdog:
    return Watchdog(lambda: None)


async def test_an_answer_is_on_the_disk_before_it_is_given(tmp_path):
    """What `ask` returned can be read from the journal by another process at that moment."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        answer = await service.ask(fire())

        found = recover_world(tmp_path)
        assert answer.incident in found.world.incidents
        assert found.world.answers["cad/c1"] == answer


async def test_the_same_command_happens_once_and_is_answered_alike(tmp_path):
    """Also if the second comes before the first is durable, and after a restart."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        answers = []

        async def ask() -> None:
            answers.append(await service.ask(fire()))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert service.world.incident_number == 1
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        answers.append(await service.ask(fire()))
        assert service.world.incident_number == 1

    assert len(set(map(repr, answers))) == 1


async def test_an_id_used_for_another_command_is_refused(tmp_path):
    """The first command's answer is not given to a different one."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        await service.ask(fire())
        answer = await service.ask(fire(note="another"))

        assert answer.refusal is not None
        assert answer.refusal.code == "id_reused"
        assert service.world.incident_number == 1


async def test_a_restart_goes_on_where_it_was(tmp_path):
    """State before the stop, state by folding, state after the start: one hash."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        for number in range(20):
            await service.ask(fire(f"c{number}"))
        before = state_hash(service.world)
    assert state_hash(recover_world(tmp_path, use_snapshot=False).world) == before
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        assert service.world.incident_number == 20
        assert service.stage is Stage.READY


async def test_followers_get_every_turn_in_order(tmp_path):
    """Nothing is skipped and nothing comes twice."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        follower = service.release.follow("test", 1000)
        first = service.world.seq + 1
        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(service.ask, fire(f"c{number}"))
        turns = await follower.batch()

        assert [turn.seq for turn in turns] == list(range(first, first + 50))


async def test_a_place_that_drops_what_is_in_use_is_refused(tmp_path):
    """The engine does not start on a place that open incidents do not fit."""
    place = riverside()
    async with serve(place, tmp_path, settings=SMALL, watchdog=quiet()) as service:
        await service.ask(fire())
    other = replace(place, projection=replace(place.projection, lat0=place.projection.lat0 + 1))
    with pytest.RaisesGroup(PlaceRejected, allow_unwrapped=True, flatten_subgroups=True):
        async with serve(other, tmp_path, settings=SMALL, watchdog=quiet()):
            pytest.fail("served a place of another centre")


class Later(Clock):
    """A clock that is ahead by so many ms."""

    ahead_ms = 0

    def now(self) -> int:
        return super().now() + self.ahead_ms


async def test_an_outage_raises_no_stale_alarm(tmp_path):
    """After a day's outage a still waiting incident raises its alarm when the grace is over, and not before."""
    place = riverside()
    async with serve(place, tmp_path, settings=SMALL, watchdog=quiet()) as service:
        # Nobody is in service, so the call has to wait.
        for unit in place.units:
            out = ReportStatus(id=unit.id, by="desk", unit=unit.id, status=Status.OUT_OF_SERVICE)
            assert (await service.ask(out)).refusal is None
        answer = await service.ask(fire(priority=1))
        assert answer.incident in service.world.waiting
    clock = Later()
    clock.ahead_ms = 86_400_000
    async with serve(place, tmp_path, clock=clock, settings=SMALL, watchdog=quiet()) as service:
        await service.tell(Tick())
        assert service.world.alarms == {}

        clock.ahead_ms += place.limits.resume_grace_ms + 1_000
        await service.tell(Tick())
        assert [alarm.about for alarm in service.world.alarms.values()] == [AlarmKind.PENDING]


async def test_a_journal_that_fails_stops_the_service(tmp_path):
    """After a failed write nothing is answered any more: the process has to start again."""
    error = OSError(5, "Input/output error")
    with pytest.RaisesGroup(OSError, allow_unwrapped=True, flatten_subgroups=True):
        async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
            service._fail(error)
            with trio.fail_after(120):
                await service.ask(fire())
    assert service.stage in (Stage.FAILED, Stage.STOPPING)
    with Journal.open(tmp_path, on_durable=lambda _: None, on_failure=lambda _: None, settings=SMALL) as journal:
        assert journal.last_seq >= 2


async def test_a_call_for_help_waits_for_no_storm():
    """Thousands of calls, orders and statuses wait: a crew that calls for help is taken next, whatever came first."""
    lanes = Lanes()
    storm = (
        fire(priority=1),
        fire(),
        ReportIncident(id="i", by="cad", type="x", x_m=0, y_m=0, priority=3),
        ReportStatus(id="s", by="u", unit="E1", status=Status.AVAILABLE),
        Tick(),
    )
    for _ in range(800):
        for given in storm:
            await lanes.put(Waiting(given, lambda *_: None))
    panic = DeclareEmergency(id="p", by="u", unit="E1")
    while (waiting := lanes.take()) is not None:
        assert waiting.given is not panic
        await lanes.put(Waiting(panic, lambda *_: None))
        assert lanes.take().given is panic  # type: ignore[union-attr]
    assert sum(lanes.depth(lane) for lane in Lane) == 0
    assert lanes.taken[Lane.EMERGENCY] == sum(lanes.taken[lane] for lane in Lane if lane is not Lane.EMERGENCY)


async def test_a_call_for_help_is_decided_before_the_storm_that_came_first(tmp_path):
    """The running service: five hundred statuses and calls are in its lanes when the button is pressed."""
    async with serve(riverside(), tmp_path, settings=SMALL, watchdog=quiet()) as service:
        unit = service.world.fleet.ids[0]
        decided = []
        service.on_decide = lambda kind, _: decided.append(kind)
        for number in range(500):
            report = ReportStatus(id=f"s{number}", by="u", unit=unit, status=Status.AVAILABLE)
            await service.lanes.put(Waiting(report if number % 2 else fire(f"f{number}"), lambda *_: None))
        answer = await service.ask(DeclareEmergency(id="p", by="u", unit=unit))
        assert answer.refusal is None
        assert decided.index("DeclareEmergency") <= 1


async def test_lanes_serve_the_urgent_first_and_hold_senders_back():
    """Whatever came first, emergencies leave first; a full lane makes its sender wait and loses nothing."""
    lanes = Lanes()
    status = ReportStatus(id="s", by="u", unit="E1", status=Status.AVAILABLE)
    panic = DeclareEmergency(id="p", by="u", unit="E1")
    call = ReportIncident(id="i", by="cad", type="x", x_m=0, y_m=0, priority=3)
    for given in (status, call, panic):
        await lanes.put(Waiting(given, lambda *_: None))

    taken = [lanes.take().given for _ in range(3)]  # type: ignore[union-attr]

    assert taken == [panic, call, status]
    assert lane_of(fire(priority=1)) is Lane.CALLS
    assert lane_of(Tick()) is Lane.STATUSES

    for _ in range(CAPACITY[Lane.STATUSES]):
        await lanes.put(Waiting(status, lambda *_: None))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lanes.put, Waiting(status, lambda *_: None))
        await wait_all_tasks_blocked()
        assert lanes.depth(Lane.STATUSES) == CAPACITY[Lane.STATUSES]
        lanes.take()
        await wait_all_tasks_blocked()
        assert lanes.depth(Lane.STATUSES) == CAPACITY[Lane.STATUSES]


def test_positions_are_conflated_to_the_newest_of_each_unit():
    """Order of arrival does not matter; what was overtaken is counted."""
    lane = PositionLane()
    lane.put(2, 20, 0, 100, -1, -1)
    lane.put(1, 10, 0, 100, -1, -1)
    lane.put(1, 12, 0, 300, -1, -1)
    lane.put(1, 11, 0, 200, -1, -1)

    fixes = lane.take()

    assert (fixes.unit.tolist(), fixes.x_m.tolist(), fixes.fix_ms.tolist()) == ([1, 2], [12, 20], [300, 100])
    assert (lane.received, lane.conflated, len(lane)) == (4, 2, 0)


async def test_a_follower_that_falls_behind_is_told_so_and_harms_nobody():
    """The slow one lags; the other has everything."""
    release = Release()
    slow, good = release.follow("slow", 3), release.follow("good", 100)
    for seq in range(1, 11):
        release.offer(Turn(seq, seq, Tick(), ()))

    assert [turn.seq for turn in await good.batch()] == list(range(1, 11))
    with pytest.raises(Lagged):
        await slow.batch()


def test_the_clock_never_runs_back_and_counts_steps(monkeypatch):
    """An NTP step back holds the clock; it is counted."""
    wall = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: wall)
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    clock = Clock()
    first = clock.now()
    wall -= 3600

    assert clock.now() == first
    assert clock.steps == 1


def test_accelerated_time_is_a_function_of_the_wall_clock_alone():
    """Two processes with the same pace agree."""
    pace = Pace(origin_ms=1_000_000, rate=30.0)

    assert pace.at(1_000_000) == 1_000_000
    assert pace.at(1_002_000) == 1_060_000


@pytest.mark.parametrize(("hopeless_s", "ends"), [(3_600.0, False), (0.4, True)])
async def test_the_watchdog_notices_a_blocked_loop(capfd, hopeless_s: float, ends: bool):
    """A loop that does not come round leaves stacks on standard error; after `hopeless_s` the process ends."""
    ended: list[bool] = []
    dog = Watchdog(lambda: ended.append(True), hopeless_s=hopeless_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(dog.run)
        await trio.sleep(0.1)
        given_up_s = time.monotonic() + 60
        while time.monotonic() < given_up_s and not (ended if ends else dog.blocked):
            time.sleep(0.05)  # noqa: ASYNC251  the fault that is looked for
        nursery.cancel_scope.cancel()

    assert dog.blocked >= 1
    assert bool(ended) == ends
    assert "test_the_watchdog_notices" in capfd.readouterr().err
