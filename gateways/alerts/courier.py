"""The courier: carries out the attempts that the engine asks for, and reports each copy and each attempt.

Rule: it decides nothing and remembers nothing. Whether, where and when to try again stands in the World; here each
request is one attempt under the alert's own key. After a restart what the World still asks for is tried again, so
an alert is delivered at least once.
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import trio

from engine.live.service import Service
from engine.model.alert_facts import (
    AlertAcknowledged,
    AlertHandedOver,
    AlertRequested,
    AlertWithdrawn,
    CopyState,
    Purpose,
)
from engine.model.facts import CommandRefused
from engine.model.inputs import ReportCopy, ReportReceipt
from engine.model.turn import Turn
from engine.state.records import Alert, AlertState
from gateways.alerts.bulkhead import Bulkhead, Request
from gateways.alerts.channel import Listener, News, NotTold, Outcome, Receiver, Retractor, Sender
from gateways.alerts.endpoint import Endpoint
from gateways.alerts.exercise import opened
from gateways.alerts.message import Message, compose
from gateways.alerts.recipients import Recipients
from gateways.alerts.rounds import Round, endpoints_of, legs_of
from gateways.alerts.statistics import Statistics
from gateways.board import Board
from gateways.log import logger

REPORT_S = 10.0
"""A report that the engine has not taken by then is given up: the World's own deadline for the rung goes on."""
REST_S = 5.0
"""Before a listener that broke is begun again."""
REFUSALS_MAX = 10_000
"""Reports of attempts that could not even be queued; beyond it they are counted, and the World's deadline goes on."""

_log = logger("alerts")


class Courier:
    """All endpoints of a deployment. One per process."""

    def __init__(
        self,
        service: Service,
        board: Board,
        endpoints: Iterable[Endpoint],
        *,
        folder: Path,
        recipients: Recipients | None = None,
        exercise: bool = False,
    ) -> None:
        """Relative paths of the endpoints begin at `folder`. Raises ValueError if two endpoints bear one name."""
        self._service = service
        self._board = board
        self._folder = folder
        self._recipients = Recipients() if recipients is None else recipients
        self.exercise = exercise
        self._bulkheads: dict[str, Bulkhead] = {}
        for endpoint in endpoints:
            if endpoint.name in self._bulkheads:
                raise ValueError(f"endpoints: the name {endpoint.name!r} is used twice")
            self._bulkheads[endpoint.name] = Bulkhead(endpoint, self)
        self._addressed = {name: each.endpoint.channel.addressed for name, each in self._bulkheads.items()}
        self._real: dict[str, Sender] = {}
        """Senders that are open, by endpoint: those that may listen, be called back or call off."""
        self._releases: set[str] = set()
        """Open ones: over with their delivery, which is no reason to take the words back."""
        self._refusals, self._refused = trio.open_memory_channel[tuple[str, Request, Outcome]](REFUSALS_MAX)
        self.unconfigured = 0
        """Attempts asked for at an endpoint that the configuration does not know."""
        self.unreported = 0
        """Outcomes that the engine could not be told of."""
        self.late = 0
        """News of alerts that were over, or that said nothing new."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out what is owed and what is asked for, until cancelled."""
        self._warn_of_gaps()
        async with AsyncExitStack() as channels, trio.open_nursery() as nursery:
            for name, bulkhead in self._bulkheads.items():
                marked = any(each.exercise and name in each.addresses for each in self._recipients.all)
                channel = await channels.enter_async_context(
                    opened(bulkhead.endpoint, self._folder, exercise=self.exercise, marked=marked)
                )
                for _ in range(bulkhead.endpoint.hands):
                    nursery.start_soon(bulkhead.work, channel.sender)
                if channel.real is not None:
                    self._real[name] = channel.real
                    if isinstance(channel.real, Listener):
                        nursery.start_soon(self._listen, name, channel.real)
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
        named = [
            name for rung in self._board.world.settled.alerts.ladder for name in endpoints_of(rung, self._addressed)
        ]
        return tuple(name for name in named if name not in self._bulkheads)

    def renew(self, recipients: Recipients) -> Recipients:
        """Tell these from the next attempt on; return who was told before. What is under way goes to whom it was for.

        In an exercise an endpoint that had nobody marked at the start stays closed: who is marked now is recorded.
        """
        before, self._recipients = self._recipients, recipients
        return before

    def receiver(self, name: str) -> Receiver | None:
        """Return the endpoint's sender if its other side may call back."""
        sender = self._real.get(name)
        return sender if isinstance(sender, Receiver) else None

    def _warn_of_gaps(self) -> None:
        for name in self.gaps():
            _log.warning("the place's ladder names an endpoint that is not configured", endpoint=name)

    # ── what the engine asks for ────────────────────────────────────────────────────────────────────────────

    def _take_owed(self) -> None:
        for alert in self._board.world.alerts.values():
            if alert.state is AlertState.REQUESTED:
                self._take(alert)

    def _on_turn(self, turn: Turn) -> None:
        for fact in turn.facts:
            if isinstance(fact, AlertRequested):
                alert = self._board.world.alerts.get(fact.alert)
                if alert is not None and (alert.rung, alert.attempt) == (fact.rung, fact.attempt):
                    self._take(alert)
            elif isinstance(fact, AlertWithdrawn):
                self._end(fact.alert, fact.reason)
            elif isinstance(fact, AlertAcknowledged) and fact.alert not in self._releases:
                self._end(fact.alert, f"acknowledged by {fact.by}")
            if isinstance(fact, AlertAcknowledged | AlertWithdrawn | AlertHandedOver):
                self._releases.discard(fact.alert)

    def _take(self, alert: Alert) -> None:
        """Begin the attempt that the alert asks for: a copy for everybody, side by side."""
        if alert.purpose is Purpose.RELEASE:
            self._releases.add(alert.id)
        now = self._service.clock.now()
        legs = legs_of(self._board.world, alert, alert.endpoint, self._recipients, self._addressed, now)
        tried = [leg for leg in legs if leg.state is None]
        alone = len(legs) == 1 and not legs[0].copy.recipient and not alert.copies
        attempt = Round(alert.id, alert.purpose, alert.rung, alert.attempt, left=len(tried), alone=alone)
        for leg in legs:
            request = Request(alert.id, alert.purpose, alert.rung, alert.attempt, leg.copy, attempt)
            bulkhead = self._bulkheads.get(leg.endpoint)
            self.unconfigured += bulkhead is None
            if bulkhead is None or leg.refusal:
                self._refuse(leg.endpoint, request, leg.refusal, left_out=leg.state is not None)
            elif not bulkhead.offer(request):
                self._refuse(leg.endpoint, request, "the endpoint's queue is full")
        if not tried:
            self._conclude(alert, attempt)

    def _conclude(self, alert: Alert, attempt: Round) -> None:
        """Nobody is left to be told: the report of a delivery was lost in a crash, or all are off duty."""
        attempt.left, attempt.alone = 1, True
        request = Request(alert.id, alert.purpose, alert.rung, alert.attempt, round=attempt)
        detail = "" if alert.taken else "nobody is left to be told at this rung"
        self._hand_in(alert.endpoint, request, Outcome(delivered=alert.taken, detail=detail))

    def _refuse(self, name: str, request: Request, detail: str, *, left_out: bool = False) -> None:
        self._hand_in(name, request, Outcome(delivered=False, detail=detail, left_out=left_out))

    def _hand_in(self, name: str, request: Request, outcome: Outcome) -> None:
        try:
            self._refusals.send_nowait((name, request, outcome))
        except trio.WouldBlock:
            self.unreported += 1

    async def _report_refusals(self) -> None:
        async for name, request, outcome in self._refused:
            await self.report(name, request, outcome)

    def _end(self, alert: str, reason: str) -> None:
        """The alert is over: what is under way is broken off, and who can call it off does.

        One that was handed to a person is not over for the crew: what still reaches it may do so.
        """
        for bulkhead in self._bulkheads.values():
            bulkhead.stop(alert)
        for sender in self._real.values():
            if isinstance(sender, Retractor):
                sender.over(alert, reason)

    # ── what the bulkheads ask for ──────────────────────────────────────────────────────────────────────────

    def compose(self, request: Request) -> Message | None:
        """Return the message of the request; None if the World no longer asks for this attempt."""
        alert = self._board.world.alerts.get(request.alert)
        if alert is None or not _asks_for(alert, request):
            return None
        return compose(self._board.world, alert, exercise=self.exercise)

    async def report(self, endpoint: str, request: Request, outcome: Outcome) -> None:
        """Tell the engine how it went: the copy, the attempt; an answer that was the acknowledgement as well."""
        attempt = request.round or Round(request.alert, request.purpose, request.rung, request.attempt, left=1)
        with trio.move_on_after(REPORT_S):
            if not attempt.alone:
                await self._service.tell(_copy_of(endpoint, request, outcome))
            if outcome.left_out:
                return
            for report in attempt.settle(outcome):
                await self._service.tell(report)
            # A release is over with its delivery: nobody waits for an answer to it.
            if outcome.acknowledged_by is not None and request.purpose is not Purpose.RELEASE:
                by = f"{outcome.acknowledged_by} via {endpoint}" if outcome.acknowledged_by else endpoint
                await self._service.tell(ReportReceipt(request.alert, by))
            return
        self.unreported += 1
        _log.error("the engine did not take the report of an alert in time", alert=request.alert, endpoint=endpoint)

    # ── what the other side says later ──────────────────────────────────────────────────────────────────────

    async def tell(self, endpoint: str, news: News) -> bool:
        """Bring news of a copy to the engine; False if it has not taken it in time: then it is to be said again.

        Raises NotTold.
        """
        self._see_that_it_was_told(endpoint, news)
        recipient = self._recipient_of(endpoint, news)
        given = ReportCopy(
            alert=news.alert or self._newest(endpoint, recipient),
            endpoint=endpoint,
            recipient=recipient,
            state=news.state,
            detail=news.detail,
            by=news.by,
            at_ms=news.at_ms,
        )
        with trio.move_on_after(REPORT_S):
            turn = await self._service.tell(given)
            self.late += any(isinstance(fact, CommandRefused) for fact in turn.facts)
            return True
        self.unreported += 1
        return False

    def _see_that_it_was_told(self, endpoint: str, news: News) -> None:
        alert = self._board.world.alerts.get(news.alert)
        if news.speaker is None or alert is None:
            return
        if not news.speaker.may_answer(compose(self._board.world, alert, exercise=self.exercise)):
            self._bulkheads[endpoint].counts.strangers += 1
            _log.warning("an alert was acknowledged by who was not told of it", alert=alert.id, endpoint=endpoint)
            raise NotTold(f"{alert.id} is for {alert.unit} and was not told here: it has not been acknowledged")

    def unit_of(self, endpoint: str, news: News) -> str | None:
        """Return the unit that the news is about; None if its alert is over."""
        name = news.alert or self._newest(endpoint, self._recipient_of(endpoint, news))
        alert = self._board.world.alerts.get(name)
        return None if alert is None else alert.unit

    def _recipient_of(self, endpoint: str, news: News) -> str:
        if not news.address:
            return news.recipient
        found = self._recipients.addressed(endpoint, news.address)
        return "" if found is None else found.name

    def _newest(self, endpoint: str, recipient: str) -> str:
        """Return the newest open alert that the recipient was told here: what an answer without a number is about."""
        if not recipient:
            return ""
        told = [
            alert.id for alert in self._board.world.alerts.values() if alert.copy_of(endpoint, recipient) is not None
        ]
        return max(told, key=lambda name: int(name[1:]), default="")

    async def _listen(self, name: str, sender: Listener) -> None:
        """The error boundary round what a channel does between its messages: it is begun again after a rest."""
        while True:
            try:
                await sender.listen(partial(self.tell, name))
            except Exception:  # noqa: BLE001 - the boundary: a fault of one channel must not end the others
                _log.exception("an endpoint's listener broke; it is begun again", endpoint=name)
            await trio.sleep(REST_S)

    def since_s(self, at_ms: int) -> float:
        """Return the real seconds since a time of the engine, whose clock may run at another pace."""
        clock = self._service.clock
        return (clock.now() - at_ms) / 1000 / clock.pace.rate


def _copy_of(endpoint: str, request: Request, outcome: Outcome) -> ReportCopy:
    """Return what is known of the copy after the attempt."""
    if outcome.left_out:
        state = CopyState.OFF_DUTY
    elif not outcome.delivered:
        state = CopyState.FAILED
    else:
        state = CopyState.DELIVERED if outcome.reached else CopyState.SENT
    recipient = request.copy.recipient
    return ReportCopy(
        alert=request.alert,
        endpoint=endpoint,
        recipient=recipient,
        state=state,
        rung=request.rung,
        detail=outcome.detail,
    )


def _asks_for(alert: Alert, request: Request) -> bool:
    # Another copy of the same attempt may have been delivered already.
    waits = alert.state in (AlertState.REQUESTED, AlertState.DELIVERED)
    return waits and (alert.rung, alert.attempt) == (request.rung, request.attempt)
