"""The courier: carries out the attempts that the engine asks for, and reports each.

Rule: it decides nothing and remembers nothing. Whether, where and when to try again stands in the World; here each
request is one attempt under the alert's own key. After a restart what the World still asks for is tried again, so
an alert is delivered at least once.
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import trio

from engine.live.service import Service
from engine.model.alert_facts import AlertRequested, Purpose
from engine.model.inputs import ReportAttempt, ReportReceipt
from engine.model.turn import Turn
from engine.state.records import Alert, AlertState
from gateways.alerts.bulkhead import Bulkhead, Request
from gateways.alerts.channel import Outcome
from gateways.alerts.endpoint import Endpoint
from gateways.alerts.message import Message, compose
from gateways.alerts.statistics import Statistics
from gateways.board import Board
from gateways.log import logger

REPORT_S = 10.0
"""A report that the engine has not taken by then is given up: the World's own deadline for the rung goes on."""
REFUSALS_MAX = 10_000
"""Reports of attempts that could not even be queued; beyond it they are counted, and the World's deadline goes on."""

_log = logger("alerts")


class Courier:
    """All endpoints of a deployment. One per process."""

    def __init__(self, service: Service, board: Board, endpoints: Iterable[Endpoint], *, folder: Path) -> None:
        """Relative paths of the endpoints begin at `folder`. Raises ValueError if two endpoints bear one name."""
        self._service = service
        self._board = board
        self._folder = folder
        self._bulkheads: dict[str, Bulkhead] = {}
        for endpoint in endpoints:
            if endpoint.name in self._bulkheads:
                raise ValueError(f"endpoints: the name {endpoint.name!r} is used twice")
            self._bulkheads[endpoint.name] = Bulkhead(endpoint, self)
        self._refusals, self._refused = trio.open_memory_channel[tuple[str, Request, str]](REFUSALS_MAX)
        self.unconfigured = 0
        """Attempts asked for at an endpoint that the configuration does not know."""
        self.unreported = 0
        """Outcomes that the engine could not be told of."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out what is owed and what is asked for, until cancelled."""
        self._warn_of_gaps()
        async with AsyncExitStack() as channels, trio.open_nursery() as nursery:
            for bulkhead in self._bulkheads.values():
                sender = await channels.enter_async_context(bulkhead.endpoint.channel.open(self._folder))
                for _ in range(bulkhead.endpoint.workers):
                    nursery.start_soon(bulkhead.work, sender)
            nursery.start_soon(self._report_refusals)
            # No await between the two: nothing is missed and nothing taken twice.
            self._take_owed()
            self._board.on_turn.append(self._on_turn)
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._board.on_turn.remove(self._on_turn)

    def statistics(self) -> tuple[Statistics, ...]:
        """Return the numbers of each endpoint."""
        return tuple(bulkhead.statistics() for bulkhead in self._bulkheads.values())

    def gaps(self) -> tuple[str, ...]:
        """Return the names of the place's ladder that no endpoint bears."""
        return tuple(name for name in self._board.world.settled.alerts.ladder if name not in self._bulkheads)

    def _warn_of_gaps(self) -> None:
        for name in self.gaps():
            _log.warning("the place's ladder names an endpoint that is not configured", endpoint=name)

    # ── what the engine asks for ────────────────────────────────────────────────────────────────────────────

    def _take_owed(self) -> None:
        for alert in self._board.world.alerts.values():
            if alert.state is AlertState.REQUESTED:
                self._take(alert.endpoint, Request(alert.id, alert.purpose, alert.rung, alert.attempt))

    def _on_turn(self, turn: Turn) -> None:
        for fact in turn.facts:
            if isinstance(fact, AlertRequested):
                self._take(fact.endpoint, Request(fact.alert, fact.purpose, fact.rung, fact.attempt))

    def _take(self, name: str, request: Request) -> None:
        bulkhead = self._bulkheads.get(name)
        if bulkhead is None:
            self.unconfigured += 1
            detail = f"no endpoint is named {name!r}; add it to the endpoints, or take it off the place's ladder"
            self._refuse(name, request, detail)
        elif not bulkhead.offer(request):
            self._refuse(name, request, "the endpoint's queue is full")

    def _refuse(self, name: str, request: Request, detail: str) -> None:
        try:
            self._refusals.send_nowait((name, request, detail))
        except trio.WouldBlock:
            self.unreported += 1

    async def _report_refusals(self) -> None:
        async for name, request, detail in self._refused:
            await self.report(name, request, Outcome(delivered=False, detail=detail))

    # ── what the bulkheads ask for ──────────────────────────────────────────────────────────────────────────

    def compose(self, request: Request) -> Message | None:
        """Return the message of the request; None if the World no longer asks for this attempt."""
        alert = self._board.world.alerts.get(request.alert)
        return None if alert is None or not _asks_for(alert, request) else compose(self._board.world, alert)

    async def report(self, endpoint: str, request: Request, outcome: Outcome) -> None:
        """Tell the engine how the attempt went; an answer that was the acknowledgement is told as well."""
        attempt = ReportAttempt(request.alert, request.rung, request.attempt, outcome.delivered, outcome.detail)
        with trio.move_on_after(REPORT_S):
            await self._service.tell(attempt)
            # A release is over with its delivery: nobody waits for an answer to it.
            if outcome.acknowledged_by is not None and request.purpose is not Purpose.RELEASE:
                by = f"{outcome.acknowledged_by} via {endpoint}" if outcome.acknowledged_by else endpoint
                await self._service.tell(ReportReceipt(request.alert, by))
            return
        self.unreported += 1
        _log.error("the engine did not take the report of an alert in time", alert=request.alert, endpoint=endpoint)

    def since_s(self, at_ms: int) -> float:
        """Return the real seconds since a time of the engine, whose clock may run at another pace."""
        clock = self._service.clock
        return (clock.now() - at_ms) / 1000 / clock.pace.rate


def _asks_for(alert: Alert, request: Request) -> bool:
    waits = alert.state is AlertState.REQUESTED
    return waits and (alert.rung, alert.attempt) == (request.rung, request.attempt)
