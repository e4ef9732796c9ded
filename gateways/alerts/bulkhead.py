"""One endpoint behind walls of its own: its queue, its workers, its breaker. What hangs in here holds up nobody else.

Rule: `offer` never waits and `work` never raises. Every request that is taken is stale or ends in a report.
"""

from typing import Protocol

import trio
from msgspec import Struct

from engine.model.alert_facts import Purpose
from gateways.alerts.breaker import Breaker
from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.endpoint import Endpoint
from gateways.alerts.message import Message
from gateways.alerts.rounds import Round
from gateways.alerts.statistics import Counts, Statistics
from gateways.log import logger

GRACE_S = 1.0
"""A channel keeps its own time; one that does not is cut off this much later."""

_log = logger("alerts")


class Request(Struct, frozen=True):
    """A copy of an attempt that the engine has asked for."""

    alert: str
    purpose: Purpose
    rung: int
    attempt: int
    copy: Copy = NOBODY
    round: Round | None = None
    """The attempt that it belongs to; None: it is all of it."""


class Office(Protocol):
    """Who asks for the attempts and is told of them."""

    def compose(self, request: Request) -> Message | None:
        """Return what to send; None if the request is stale."""

    async def report(self, endpoint: str, request: Request, outcome: Outcome) -> None:
        """Take the outcome to the engine. Never raises, never waits for ever."""

    def since_s(self, at_ms: int) -> float:
        """Return the real seconds since a time of the engine."""


class Bulkhead:
    """The attempts at one endpoint."""

    def __init__(self, endpoint: Endpoint, office: Office, breaker: Breaker | None = None) -> None:
        self.endpoint = endpoint
        self.counts = Counts()
        self.breaker = breaker or Breaker()
        self._office = office
        self._under_way: dict[str, list[trio.CancelScope]] = {}
        self._put, self._get = trio.open_memory_channel[Request](endpoint.queue)

    def offer(self, request: Request) -> bool:
        """Queue the request; False if the queue is full."""
        try:
            self._put.send_nowait(request)
        except trio.WouldBlock:
            self.counts.not_tried += 1
            return False
        return True

    def stop(self, alert: str) -> None:
        """The alert is over: break off what is under way about it. What waits is passed over in its turn."""
        for scope in self._under_way.get(alert, ()):
            scope.cancel()

    def statistics(self) -> Statistics:
        """Return the numbers as they stand."""
        waiting = self._get.statistics().current_buffer_used
        return Statistics(self.endpoint.name, self.counts, self.breaker.open, waiting, self.endpoint.queue)

    async def work(self, sender: Sender) -> None:
        """Carry out what is queued, one after the other, until cancelled. Several tasks may do so."""
        async for request in self._get:
            outcome = await self._carry_out(request, sender)
            if outcome is not None:
                await self._office.report(self.endpoint.name, request, outcome)

    async def _carry_out(self, request: Request, sender: Sender) -> Outcome | None:
        """The error boundary round each attempt: whatever goes wrong in here is a failed attempt."""
        try:
            message = self._office.compose(request)
            if message is None:
                self.counts.stale += 1
                return None
            refusal = self.breaker.refusal(trio.current_time())
            if refusal is not None:
                self.counts.not_tried += 1
                return Outcome(delivered=False, detail=refusal)
            attempted = await self._attempt(request, message, sender)
            if attempted is None:
                self.counts.stale += 1
                self.breaker.spared()
                return None
            outcome = attempted
        except Exception as error:  # noqa: BLE001 - the boundary: a fault in one attempt must not end the worker
            _log.exception("an attempt at an alert broke", endpoint=self.endpoint.name, alert=request.alert)
            outcome = Outcome(delivered=False, detail=f"{type(error).__name__}: {error}")
        self._count(outcome)
        return outcome

    async def _attempt(self, request: Request, message: Message, sender: Sender) -> Outcome | None:
        """Try once, within the channel's time; None if the alert was over before the outcome."""
        if (message.rung, message.attempt) == (0, 1):
            self.counts.first_attempt_s.append(self._office.since_s(message.created_ms))
        limit_s = self.endpoint.channel.timeout_s + GRACE_S
        outcome = Outcome(delivered=False, detail=f"cut off after {limit_s:g} s")
        with trio.CancelScope() as stopping:
            scopes = self._under_way.setdefault(request.alert, [])
            scopes.append(stopping)
            try:
                with trio.move_on_after(limit_s):
                    outcome = await sender.send(message, request.copy)
            finally:
                scopes.remove(stopping)
                if not scopes:
                    del self._under_way[request.alert]
        if stopping.cancelled_caught:
            return None
        if outcome.delivered:
            self.counts.delivered_s.append(self._office.since_s(message.created_ms))
        return outcome

    def _count(self, outcome: Outcome) -> None:
        self.counts.attempts += 1
        if outcome.delivered:
            self.counts.delivered += 1
            self.counts.acknowledged += outcome.acknowledged_by is not None
            if self.breaker.open:
                _log.info("an endpoint is back", endpoint=self.endpoint.name)
            self.breaker.succeeded()
            return
        self.counts.failed += 1
        if outcome.only_this:
            self.breaker.spared()
            return
        was_open = self.breaker.open
        self.breaker.failed(trio.current_time(), outcome.detail)
        if self.breaker.open and not was_open:
            _log.warning(
                "an endpoint keeps failing; it is left alone", endpoint=self.endpoint.name, last=outcome.detail
            )
