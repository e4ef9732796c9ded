"""When the planner thinks: soon after news, never more often than agreed, now and then anyway, ever more seldom in trouble."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import trio
from trio.testing import MockClock

from engine.live import planner as planning
from engine.live.planner import Planner, PlannerSettings
from engine.live.release import Release
from engine.live.service import Service
from engine.model.facts import UnitDispatched
from engine.model.inputs import AdoptPlace, AnyInput, CancelIncident, ReportIncident, Tick
from engine.model.moves import PlanProposed, ProposeMoves
from engine.model.rules import CoverageRules
from engine.model.turn import Turn
from engine.policy.redeploy import Look, Planning, PolicyRefused, Priced, Surveyor
from engine.policy.redeploy import Survey as Seen
from engine.state.world import World
from gateways.config import ConfigRefused, read_config
from tests.builders import NOW, small_place
from tests.unit.engine_place import Town

COVER = CoverageRules(points=((1_000, -4_000, 8), (0, 4_000, 1)))
NEWS = UnitDispatched(unit="M1", incident="I1", slot="medic", eta_ms=1, by="engine")


class Quiet:
    """A service without a disk: what is told is taken at once."""

    def __init__(self) -> None:
        began_s = trio.current_time()
        self.town = Town(small_place(coverage=COVER))
        self.world = self.town.world
        self.release = Release()
        self.clock = SimpleNamespace(now=lambda: NOW + round((trio.current_time() - began_s) * 1000))
        self.told: list[tuple[float, AnyInput]] = []

    async def tell(self, given: AnyInput) -> Turn:
        self.told.append((trio.current_time(), given))
        turn = self.town.engine.step(given, max(self.world.now, self.clock.now()))
        self.release.offer(turn)
        return turn

    def news(self) -> None:
        self.release.offer(Turn(1, NOW, Tick(), (NEWS,)))


@pytest.fixture
def thoughts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When plans were thought, by the test's clock; threads would not wait for it, so it is done at once."""
    times: list[float] = []
    whole = Priced.propose

    def propose(policy: Priced, survey: Seen) -> Any:
        times.append(trio.current_time())
        return whole(policy, survey)

    async def at_once(_: Planner, work: Callable[[], object], *, given_up: bool = False) -> object:
        del given_up
        await trio.lowlevel.checkpoint()
        return work()

    monkeypatch.setattr(Priced, "propose", propose)
    monkeypatch.setattr(Planner, "_aside", at_once)
    return times


async def begun(nursery: trio.Nursery, **settings: float) -> tuple[Quiet, Planner, float]:
    service = Quiet()
    given = PlannerSettings("priced", **settings)  # type: ignore[arg-type]  # fields by name
    found = Planner(cast("Service", service), given)
    began_s = trio.current_time()
    nursery.start_soon(found.run)
    await trio.testing.wait_all_tasks_blocked(0.001)
    return service, found, began_s


async def test_many_news_are_one_plan(thoughts: list[float], autojump_clock: MockClock) -> None:
    """A hundred dispatches within a second are thought about once, a second after the last plan began."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        service, _, began_s = await begun(nursery, apart_s=1.0, look_every_s=60.0)
        for _ in range(100):
            service.news()
            await trio.sleep(0.005)
        await trio.sleep(10)
        assert [round(at - began_s, 1) for at in thoughts] == [0.0, 1.0]
        nursery.cancel_scope.cancel()


async def test_an_epoch_that_changes_meanwhile_is_made_ready_in_the_thread_too(
    thoughts: list[float], autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a metropolis that takes seconds: a look at the World that had to find it itself would stop the loop for them."""
    del autojump_clock
    names = iter(("Second", "Third"))
    ready: list[bool] = []
    make_ready, look = Surveyor.make_ready, Planning.look

    def made_ready(surveyor: Surveyor, *basis: Any) -> Any:
        was_ready = surveyor.is_ready(service.world)
        found = make_ready(surveyor, *basis)
        if not was_ready and (name := next(names, None)):
            service.town.step(AdoptPlace(small_place(coverage=COVER, name=name)))
        return found

    def looked(planning: Planning, world: World) -> Look:
        ready.append(planning.surveyor.is_ready(world))
        return look(planning, world)

    monkeypatch.setattr(Surveyor, "make_ready", made_ready)
    monkeypatch.setattr(Planning, "look", looked)
    service = Quiet()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Planner(cast("Service", service), PlannerSettings("priced")).run)
        await trio.sleep(30)
        nursery.cancel_scope.cancel()
    assert next(names, None) is None
    assert ready
    assert all(ready)
    assert thoughts


async def test_a_storm_of_news_is_thought_about_at_the_agreed_pace(
    thoughts: list[float], autojump_clock: MockClock
) -> None:
    """Never closer together than agreed, however long it lasts."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        service, found, _ = await begun(nursery, apart_s=2.0, look_every_s=60.0)
        for _ in range(200):
            service.news()
            await trio.sleep(0.1)
        assert 9 <= len(thoughts) <= 11
        assert min(b - a for a, b in pairwise(thoughts)) >= 2.0
        assert found.measures.plans == len(thoughts)
        nursery.cancel_scope.cancel()


async def test_a_quiet_night_is_looked_at_all_the_same(thoughts: list[float], autojump_clock: MockClock) -> None:
    """Every minute; what is told already is not told again. Within the hour: in the next one units may be less busy."""
    del autojump_clock
    left_s = 3_600 - NOW // 1_000 % 3_600
    async with trio.open_nursery() as nursery:
        service, _, _ = await begun(nursery, apart_s=1.0, look_every_s=60.0)
        await trio.sleep(left_s - 1)
        assert left_s // 60 - 1 <= len(thoughts) <= left_s // 60 + 1
        assert left_s > 600
        assert len(service.told) == 1
        nursery.cancel_scope.cancel()


async def test_trouble_is_tried_again_ever_more_seldom(
    thoughts: list[float], autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 2, 4, 8 s and so on, at last every minute; after the first plan that goes well all is as before."""
    del thoughts, autojump_clock
    times: list[float] = []

    def refuse(*_: object) -> tuple[()]:
        times.append(trio.current_time())
        raise PolicyRefused("demand", "there is none")

    async with trio.open_nursery() as nursery:
        with monkeypatch.context() as patched:
            patched.setattr(Priced, "propose", refuse)
            service, found, _ = await begun(nursery, apart_s=1.0, look_every_s=3_600.0)
            await trio.sleep(400)
        waits = [round(b - a) for a, b in pairwise(times)]
        assert waits[:7] == [2, 4, 8, 16, 32, 60, 60]
        assert found.measures.failures["refused"] == len(times)
        await trio.sleep(70)
        plans = found.measures.plans
        assert plans == 1
        service.news()
        await trio.sleep(2)
        assert found.measures.plans == plans + 1
        nursery.cancel_scope.cancel()


async def test_a_plan_that_takes_too_long_is_given_up(
    thoughts: list[float], autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as late, and the next one is tried."""
    del thoughts, autojump_clock
    slow = 1

    async def lagging(_: Planner, work: Callable[[], object], *, given_up: bool = False) -> object:
        nonlocal slow
        if given_up and slow:
            slow -= 1
            await trio.sleep(1_000)
        return work()

    monkeypatch.setattr(Planner, "_aside", lagging)
    async with trio.open_nursery() as nursery:
        _, found, _ = await begun(nursery, within_s=5.0)
        await trio.sleep(20)
        assert found.measures.failures["late"] == 1
        assert "within 5 s" in found.measures.last_fault
        assert found.measures.plans == 1
        nursery.cancel_scope.cancel()


async def test_long_thoughts_are_rare(
    thoughts: list[float], autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that takes three seconds is made every fifteen at most, whatever happens: dispatch needs the processors."""
    del autojump_clock
    asked = Planner._aside

    async def slowly(found: Planner, work: Callable[[], object], *, given_up: bool = False) -> object:
        if given_up:
            await trio.sleep(3)
        return await asked(found, work, given_up=given_up)

    monkeypatch.setattr(Planner, "_aside", slowly)
    async with trio.open_nursery() as nursery:
        service, _, _ = await begun(nursery, apart_s=1.0)
        for _ in range(600):
            service.news()
            await trio.sleep(0.1)
        assert [round(b - a) for a, b in pairwise(thoughts)] == [15, 15, 15]
        nursery.cancel_scope.cancel()


async def test_who_falls_behind_goes_on(thoughts: list[float], autojump_clock: MockClock) -> None:
    """Missed turns are said, and thought about at once: the World knows what the queue has lost."""
    del autojump_clock
    async with trio.open_nursery() as nursery:
        service, found, _ = await begun(nursery, look_every_s=3_600.0)
        (follower,) = service.release.followers
        follower.lagging = True
        service.news()
        await trio.sleep(5)
        assert "fell behind" in found.measures.last_fault
        assert service.release.followers != (follower,)
        assert len(thoughts) == 2
        nursery.cancel_scope.cancel()
    assert not service.release.followers


async def test_what_the_engine_does_not_take_is_a_failure(
    thoughts: list[float], autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan for a turn that has not been is refused, and said."""
    del thoughts, autojump_clock
    monkeypatch.setattr(
        planning.Planning, "propose", lambda self, survey: ProposeMoves(survey.seq + 99, self.name, (), ())
    )
    monkeypatch.setattr(planning.Planning, "unless_told", lambda _self, _world, plan: plan)
    async with trio.open_nursery() as nursery:
        service, found, _ = await begun(nursery)
        await trio.sleep(1)
        assert found.measures.failures["refused"] == 1
        assert not any(isinstance(fact, PlanProposed) for turn in service.town.turns for fact in turn.facts)
        nursery.cancel_scope.cancel()


async def test_a_fortnight_alone(thoughts: list[float], autojump_clock: MockClock) -> None:
    """Nobody looks at its proposals: no failure, no growth, a plan every ten minutes, and it asks about as often as agreed."""
    del autojump_clock
    kept: list[bytes] = []
    async with trio.open_nursery() as nursery:
        service = Quiet()
        settings = PlannerSettings("priced:q=learned,budget_permille=300", look_every_s=600.0)
        found = Planner(cast("Service", service), settings, keep=kept.append)
        nursery.start_soon(found.run)
        sizes = []
        for day in range(14):
            for hour in range(24):
                await trio.sleep(3_600)
                call = ReportIncident(id=f"{day}.{hour}", by="cad", type="theft", priority=4, x_m=900, y_m=-3_800)
                await service.tell(call)
                incident = next(iter(service.world.open))
                await service.tell(CancelIncident(id=f"c{day}.{hour}", by="cad", incident=incident, reason="test"))
            sizes.append(len(kept[-1]))
        nursery.cancel_scope.cancel()
    assert sum(found.measures.failures.values()) == 0
    assert found.measures.plans >= 14 * 24 * 6 - 14
    assert sizes[-1] < 2 * sizes[6]
    assert sizes[-1] < 20_000
    assert 0 < service.world.tally["moves_proposed"] <= 0.5 * 14 * 24, "asking without an answer makes asking dearer"
    assert len(thoughts) == found.measures.plans


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"policy": "prized"}, "there is no 'prized'"),
        ({"policy": "priced:q=2000"}, "not between 0 and"),
        ({"apart_s": 0}, "apart_s must lie between"),
        ({"within_s": 1e9}, "within_s must lie between"),
        ({"polcy": "home"}, "unknown field `polcy`"),
    ],
)
def test_wrong_settings_are_refused_by_name(fields: dict[str, object], reason: str) -> None:
    """When the configuration is read, long before anything is planned."""
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert(fields, PlannerSettings)


def test_the_servers_configuration_says_who_plans(tmp_path: Path) -> None:
    """By default somebody does; `none` is nobody; what does not fit is refused with its path, before any door opens."""
    file = tmp_path / "turnout.toml"
    file.write_text('[planner]\npolicy = "none"\n')
    assert read_config(file).planner.is_off
    assert not read_config(None).planner.is_off
    file.write_text('[planner]\npolicy = "priced:price=-1"\n')
    with pytest.raises(ConfigRefused, match=r"turnout.toml: priced?.price: -1 is not between .* at `\$.planner`"):
        read_config(file)
