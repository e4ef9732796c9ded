"""The planner beside a running engine: plans come, are accepted and driven; no fault of it stops anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from engine.live.planner import Planner, PlannerSettings
from engine.live.service import Service, serve
from engine.model.inputs import AdoptPlace, ReportIncident, ReportStatus
from engine.model.lifecycle import Status
from engine.model.moves import AcceptMove, MoveRules, PlanProposed, RejectMove
from engine.model.paper import decode_as
from engine.model.place import Place
from engine.model.plans import Mode
from engine.model.rules import CoverageRules
from engine.model.turn import Turn
from engine.policy.redeploy import Priced
from engine.policy.redeploy.expected import Learned
from tests.builders import SMALL_JOURNAL, UNITS, serve_place, small_place
from tests.live.cad_kit import until as seen
from tests.live.cad_kit import wire
from tests.live.response_kit import picture

SETTINGS = PlannerSettings(policy="priced:q=300,price=500", apart_s=0.02, look_every_s=0.1)
RULES = MoveRules(at_once=3, cool_down_ms=0)


def place(**changes: object) -> Place:
    """All four ambulances stand in the middle, and most calls come from the south."""
    units = tuple(replace(unit, station="S2") for unit in UNITS if unit.id in {"M1", "M2", "M3", "B1"})
    points = ((1_000, -4_000, 8), (0, 0, 3), (0, 4_000, 5))
    fields = {"units": units, "coverage": CoverageRules(points=points), "moves": RULES, "crews": ()}
    return small_place(**{**fields, **changes})


@asynccontextmanager
async def planner(
    directory: Path, memory: list[bytes] | None = None, settings: PlannerSettings = SETTINGS, **changes: object
) -> AsyncIterator[tuple[Service, Planner]]:
    """Serve the town with a planner that keeps its memory in the list."""
    kept = [] if memory is None else memory
    async with serve(place(**changes), directory, settings=SMALL_JOURNAL) as service, trio.open_nursery() as nursery:
        found = Planner(service, settings, load=lambda: kept[-1] if kept else None, keep=kept.append)
        await nursery.start(found.run)
        yield service, found
        nursery.cancel_scope.cancel()


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(120):
        while not true():  # noqa: ASYNC110  what is waited for happens in plain counters
            await trio.sleep(0.01)


async def test_a_plan_is_proposed_accepted_and_driven(tmp_path: Path) -> None:
    """With both reasons on the CAD's screen, and the cover now and then; once the crew is there, cover is better."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client, trio.open_nursery() as nursery:
        service = running.service
        await nursery.start(Planner(service, SETTINGS).run)
        await until(lambda: bool(service.world.moves))
        await seen(lambda: bool(running.board.world.moves))
        mirror = await picture(client)
        view = next(iter(mirror.moves.values()))
        assert (view.state, view.source, view.policy) == ("proposed", "S2", "priced")
        assert view.fill.endswith(".")
        assert view.unit in view.choice
        assert any(each.then_percent > each.now_percent for each in mirror.coverage)
        before = {each.layer: each.now_percent for each in mirror.coverage}
        assert (await client.say("accept_move", move=view.id))["type"] == "answer"
        for status in ("returning", "available"):
            assert (await client.say("unit_status", unit=view.unit, status=status))["type"] == "answer"
        await until(lambda: _sum_now(running.board.world.cover) > sum(before.values()) * 10_000)
        assert service.world.units[service.world.fleet.rows[view.unit]].post == view.post
        nursery.cancel_scope.cancel()


def _sum_now(cover: tuple[object, ...]) -> int:
    return sum(each.now for each in cover)  # type: ignore[attr-defined]  # of Covers


async def test_in_auto_the_crews_are_told(tmp_path: Path) -> None:
    """Nobody has to accept: the place's mode decides, and not the planner."""
    async with planner(tmp_path, moves=replace(RULES, mode=Mode.AUTO)) as (service, found):
        await until(lambda: any(move.ordered for move in service.world.moves.values()))
        # The World has it at once, the planner hears of it when it is durable.
        await until(lambda: found.measures.told > 0)


async def test_what_was_refused_is_not_asked_again(tmp_path: Path) -> None:
    """The next best is proposed instead: a no does not silence the planner for half an hour."""
    async with planner(tmp_path) as (service, _):
        await until(lambda: bool(service.world.moves))
        first = next(iter(service.world.moves.values()))
        await service.ask(RejectMove(id="no", by="desk", move=first.id, reason="it is low on fuel"))
        await until(lambda: any(not move.ordered for move in service.world.moves.values()))
        second = next(iter(service.world.moves.values()))
        assert (second.unit, second.post) != (first.unit, first.post)


async def test_a_dispatch_is_news(tmp_path: Path) -> None:
    """Long before the next look: the plan after it rests on a World in which the crew is out."""
    async with planner(tmp_path, settings=replace(SETTINGS, look_every_s=3_600)) as (service, found):
        await until(lambda: found.measures.plans > 0)
        follower = service.release.follow("test", 1_000)
        answer = await service.ask(ReportIncident(id="r", by="cad", type="cardiac", priority=1, x_m=0, y_m=0))
        turns: list[Turn] = []
        with trio.fail_after(120):
            while not any(_plan_after(turn, answer.seq) for turn in turns):
                turns += await follower.batch()


def _plan_after(turn: Turn, seq: int) -> bool:
    return any(isinstance(fact, PlanProposed) and fact.seq >= seq for fact in turn.facts)


async def test_a_fault_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted and said, ever more seldom; calls are taken as ever; once it is mended plans come again."""

    def broken(*_: object) -> tuple[()]:
        raise RuntimeError("made up")

    told: list[tuple[str, str]] = []
    with monkeypatch.context() as patched:
        patched.setattr(Priced, "propose", broken)
        async with planner(tmp_path) as (service, found):
            found.on_fault = lambda cause, detail: told.append((cause, detail))
            await until(lambda: found.measures.failures["fault"] >= 3)
            answer = await service.ask(ReportIncident(id="x", by="cad", type="cardiac", priority=1, x_m=0, y_m=0))
            assert answer.refusal is None
            assert told[-1] == ("fault", "RuntimeError('made up')")
            assert found.measures.plans == 0
            patched.undo()
            await until(lambda: found.measures.plans > 0)


async def test_a_place_without_demand_is_dispatched_all_the_same(tmp_path: Path) -> None:
    """The planner says what it lacks."""
    async with planner(tmp_path, coverage=CoverageRules()) as (service, found):
        await until(lambda: found.measures.failures["refused"] > 0)
        assert "demand" in found.measures.last_fault
        answer = await service.ask(ReportIncident(id="x", by="cad", type="cardiac", priority=1, x_m=0, y_m=0))
        assert answer.refusal is None


async def test_a_restart_goes_on(tmp_path: Path) -> None:
    """Proposals are state: the same ones stand, nothing is told twice; and calls that were learned are known still."""
    memory: list[bytes] = []
    async with planner(tmp_path, memory) as (service, _):
        await until(lambda: bool(service.world.moves))
        answer = await service.ask(ReportIncident(id="r", by="cad", type="theft", priority=4, x_m=0, y_m=-3_900))
        assert answer.refusal is None
        await until(lambda: service.release.followers[0].name == "planner" and not len(service.release.followers[0]))
        stood = {move.id: (move.unit, move.post) for move in service.world.moves.values()}
    learned = decode_as(Learned, memory[-1])
    async with planner(tmp_path, memory) as (service, found):
        await until(lambda: found.measures.plans > 2)
        assert {move.id: (move.unit, move.post) for move in service.world.moves.values()} == stood
        # The call that was learned meanwhile changes what is expected a little: that is told once.
        assert found.measures.told <= 1
        assert found.learned.zones == learned.zones
        assert sum(found.learned.demand.zones.values()) == 1_000
        await service.ask(AcceptMove(id="a", by="desk", move=next(iter(stood))))
        first = service.world.moves[next(iter(stood))]
        assert first.ordered


@pytest.mark.parametrize("damaged", [b"", b"\xc1", b"\x81\xa5zones\x05"])
async def test_a_damaged_memory_is_learned_anew(tmp_path: Path, damaged: bytes) -> None:
    """And said so; plans come all the same."""
    async with planner(tmp_path, [damaged]) as (_, found):
        await until(lambda: found.measures.plans > 0)
        assert found.measures.failures["memory"] == 1


async def test_another_place_in_force_is_planned_for(tmp_path: Path) -> None:
    """Stations that are new are posts from the next plan on."""
    async with planner(tmp_path) as (service, found):
        await until(lambda: found.measures.plans > 0)
        bigger = place()
        south = replace(bigger.stations[2], id="S9", name="Far south", y_m=-4_500)
        await service.tell(AdoptPlace(replace(bigger, stations=(*bigger.stations, south))))
        plans = found.measures.plans
        await until(lambda: found.measures.plans > plans + 1)
        assert "S9" in found.planning.survey(service.world).posts
        assert sum(found.measures.failures.values()) == 0


async def test_proposals_are_of_idle_units_only(tmp_path: Path) -> None:
    """Whoever is out is nobody's to move."""
    async with planner(tmp_path) as (service, found):
        await service.ask(ReportStatus(id="o", by="M1", unit="M1", status=Status.OUT_OF_SERVICE))
        plans = found.measures.plans
        await until(lambda: found.measures.plans > plans + 2)
        proposed = [move.unit for move in service.world.moves.values()]
        assert proposed
        assert "M1" not in proposed
