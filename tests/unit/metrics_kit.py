"""A small place served with every source of numbers there is, and its metrics."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from msgspec import Struct
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from engine.live.clock import Clock
from engine.live.planner import Planner
from engine.live.service import Service
from engine.model.inputs import ReportIncident
from engine.model.moves import Cover, ProposedMove, ProposeMoves
from gateways.alerts import Courier, Endpoint, LogFile
from gateways.board import Board
from gateways.config import Retention
from gateways.crews import Statistics as CrewStatistics
from gateways.metrics import Metrics
from gateways.retention import RetentionTask
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from gateways.web import HttpCounts
from tests.builders import serve_place, small_place
from tests.unit.demo_kit import demand


class Measured(Struct):
    """A server in the test's own loop, measured."""

    service: Service
    board: Board
    metrics: Metrics
    http: HttpCounts
    planner: Planner
    """At rest: it plans nothing by itself."""

    def families(self) -> dict[str, Metric]:
        """Read every family, by name."""
        return {family.name: family for family in self.metrics.registry.collect()}

    def samples(self) -> Iterator[Sample]:
        """Read every sample."""
        for family in self.metrics.registry.collect():
            yield from family.samples

    def value(self, name: str, **labels: str) -> float:
        """Read one sample; KeyError if there is none."""
        found = [sample.value for sample in self.samples() if sample.name == name and sample.labels == labels]
        if not found:
            raise KeyError(name, labels)
        return found[0]

    async def report(self, number: int, kind: str = "cardiac") -> str:
        """Report an incident and wait until the board shows it; return its id."""
        answer = await self.service.ask(ReportIncident(id=f"r{number}", by="cad", type=kind, x_m=number, y_m=0))
        assert answer.incident is not None
        await self.settled()
        return answer.incident

    async def plan(self, *moves: ProposedMove) -> None:
        """Tell a plan with these moves, and wait until the board shows it."""
        await self.service.tell(ProposeMoves(self.service.world.seq, "test", moves, (Cover("als", 612_000, 655_500),)))
        await self.settled()

    async def reaches(self, wanted: float, name: str, **labels: str) -> None:
        """Wait until a sample has this value."""
        while self.value(name, **labels) != wanted:  # noqa: ASYNC110  time itself makes it so; a test may poll
            await trio.sleep(0.005)

    async def settled(self) -> None:
        """Wait until the board has folded all that was decided so far."""
        seq = self.service.world.seq
        while self.board.world.seq < seq:  # noqa: ASYNC110  the board offers no event; a test may poll
            await trio.sleep(0.001)


@asynccontextmanager
async def serve_metrics(directory: Path, *, clock: Clock | None = None, **changes: object) -> AsyncIterator[Measured]:
    """Serve the small place with these changes, its courier and its metrics."""
    place = small_place(**changes)
    with trio.fail_after(120):
        async with serve_place(directory / "journal", place=place, clock=clock) as running:
            service, board = running.service, running.board
            units = {unit.id: unit.id for unit in place.units}
            intake = Intake(Roster(units), HygieneSettings(), lambda *_: None, service.clock.now)
            endpoints = (Endpoint(name="log", channel=LogFile(path="alerts.log")),)
            courier = Courier(service, board, endpoints, folder=directory)
            http = HttpCounts()
            planner = Planner(service, calls=demand())
            retention = RetentionTask(service, directory, Retention(at_hour=3))
            metrics = Metrics(
                service,
                board,
                intake=intake,
                cad=running.statistics,
                courier=courier,
                http=http,
                planner=planner,
                crews=CrewStatistics(messages=2, taken=1, refused={"stale_status": 1}),
                exchanges={"cap": lambda: {"taken": 1}},
                exchange_levels={"subscription-records": lambda: {"turns_behind": 2, "dead": 0, "parked": 0}},
                upkeep={"retention": retention.statistics},
                upkeep_levels={"retention": retention.levels},
                fresh_s=0,
            )
            yield Measured(service, board, metrics, http, planner)
