"""The numbers of one process: measured on the hooks of service and board, read when somebody scrapes.

Rule: the hot path adds to plain numbers; everything else happens at the scrape. A number that would cost more than a
fraction of a millisecond to read there is kept up to date turn by turn instead (`census.py`).
"""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Final

import trio
from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.registry import Collector
from starlette.routing import Route

from engine.clocks import STANDARDS, Clocks
from engine.live.planner import Planner
from engine.live.service import Service
from engine.model.inputs import Tick
from gateways.board import Board
from gateways.metrics.exposition import FRESH_S, Exposition
from gateways.metrics.family import Family, info
from gateways.metrics.health import Readiness, judge, last_durable_age_s
from gateways.metrics.observed import Observed
from gateways.metrics.of_city import city_families
from gateways.metrics.of_clocks import clock_families
from gateways.metrics.of_doors import door_families
from gateways.metrics.of_engine import engine_families
from gateways.metrics.of_moves import move_families
from gateways.metrics.of_response import response_families
from gateways.metrics.of_roads import road_families
from gateways.metrics.routes import metrics_routes
from gateways.metrics.sources import Endpoints, Feeds, Numbers, Sources
from gateways.web import HttpCounts

HEARTBEAT_S: Final = 5.0
"""Where nothing has become durable for that long, an empty turn is made: silence then means that something is wrong."""


class Metrics(Collector):
    """Reads everything; hangs itself onto the hooks of the service and the board. One per process."""

    def __init__(
        self,
        service: Service,
        board: Board,
        *,
        intake: Feeds | None = None,
        cad: Struct | None = None,
        crews: Struct | None = None,
        courier: Endpoints | None = None,
        http: HttpCounts | None = None,
        clocks: Clocks | None = None,
        planner: Planner | None = None,
        exchanges: Mapping[str, Numbers] | None = None,
        exchange_levels: Mapping[str, Numbers] | None = None,
        upkeep: Mapping[str, Numbers] | None = None,
        upkeep_levels: Mapping[str, Numbers] | None = None,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._sources = Sources(
            service=service,
            board=board,
            intake=intake,
            cad=cad,
            crews=crews,
            courier=courier,
            http=http,
            exchanges=exchanges or {},
            exchange_levels=exchange_levels or {},
            upkeep=upkeep or {},
            upkeep_levels=upkeep_levels or {},
        )
        self._observed = Observed(service, board.world)
        self._clocks = Clocks(STANDARDS, place=board.world.place) if clocks is None else clocks
        self._planner = planner
        self._build = {"version": version("turnout"), "python": platform.python_version()}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        ProcessCollector(namespace="turnout", registry=self.registry)
        self.exposition = Exposition(self.registry, fresh_s=fresh_s)
        service.on_decide = self.observe_decision
        service.epochs.on_epoch = self._observed.customisations.observe
        if planner is not None:
            planner.on_plan = self._observed.moves.plans.observe
        board.on_turn.append(self._observed.follow)
        board.on_turn.append(self._clocks.feed)

    # ── the hooks ───────────────────────────────────────────────────────────────────────────────────────────

    def observe_decision(self, kind: str, seconds: float) -> None:
        """Take the time that one step of the engine took."""
        self._observed.decision(kind, seconds)

    def observe_answer(self, seconds: float) -> None:
        """Take the time from a command entering its lane until its answer was durable."""
        self._observed.answers.observe(seconds)

    async def run(self) -> None:
        """Keep the heart beating, until cancelled: without it a quiet night would look like a dead disk."""
        service = self._sources.service
        while True:
            await trio.sleep(HEARTBEAT_S)
            age_s = last_durable_age_s(service)
            if age_s is None or age_s >= HEARTBEAT_S:
                await service.tell(Tick())

    # ── at a scrape ─────────────────────────────────────────────────────────────────────────────────────────

    def collect(self) -> Iterator[Family]:
        """Give every family, as things stand now."""
        sources, observed = self._sources, self._observed
        observed.harvest()
        yield info("build", "What runs here.", self._build)
        yield from engine_families(sources.service, observed, self.readiness())
        now_ms = sources.service.clock.now()
        yield from city_families(sources.board.world, observed, now_ms)
        yield from response_families(sources.board.world, observed)
        yield from move_families(sources.board.world, observed, self._planner)
        yield from road_families(sources.board.world, observed, now_ms)
        yield from clock_families(self._clocks)
        yield from door_families(sources)

    def readiness(self) -> Readiness:
        """Return whether the engine works, and why not."""
        return judge(self._sources.service, self._sources.board)

    def routes(self) -> list[Route]:
        """Return /metrics, /healthz, /readyz and /version."""
        watchdog = self._sources.service.watchdog
        return metrics_routes(
            self.exposition.render, self.readiness, self._build, lambda: (watchdog.blocked, watchdog.longest_s)
        )
