"""One receiver: goes through the turns, sends what it wants, in order, and goes on only when that has been taken.

Rule: it owns its task, its client and its position, so one that hangs costs nobody else anything: the turns lie in the
journal until it is back. At least once, in order; ids do not change, so a receiver knows what it has seen.
"""

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from engine.journal import JournalError, JournalGap
from gateways.board import Board
from gateways.cloudevents.config import Start, Subscription
from gateways.cloudevents.events import Setting, encode, event_of
from gateways.cloudevents.position import Position, PositionFile
from gateways.cloudevents.selection import Incidents, incidents_of, wants
from gateways.cloudevents.source import Numbered, TurnSource
from gateways.log import logger
from gateways.outward.carrier import Answer, Carrier, carrying
from gateways.outward.signature import key_of, signed_headers

TURNS_AT_ONCE: Final = 64
KEEP_EVERY_S: Final = 0.25
"""The position is written at most this often while all goes well; a crash repeats what was sent since."""
RETRY_AFTER_MAX_S: Final = 3_600.0
SINGLE: Final = "application/cloudevents+json; charset=utf-8"
BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"
Sent = tuple[int, int, dict[str, Any]]
"""Seq, index and event."""
_log = logger("subscriptions")


class Subscriber:
    """Serves one subscription."""

    def __init__(self, config: Subscription, board: Board, source: TurnSource, data: Path) -> None:
        """Go on where the file says. Raises PositionDamaged, OSError."""
        self.config = config
        self.counts: Counter[str] = Counter()
        self._board = board
        self._source = source
        self._file = PositionFile(data, config.name)
        self._keys = [key_of(secret) for secret in config.secrets]
        self._reader = source.reader()
        self._position = self._file.load() or self._beginning()
        self._incidents = Incidents(self._position.incidents)
        self._kept_s = trio.current_time()
        self._failing_since_s: float | None = None
        self._said_dead = False

    @property
    def behind(self) -> int:
        """Turns that it has not gone through."""
        return max(0, self._source.last_seq - self._position.seq)

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    def levels(self) -> dict[str, int]:
        """Return how it stands now."""
        return {"turns_behind": self.behind, "dead": int(self.dead)}

    @property
    def dead(self) -> bool:
        """Tell whether it has taken nothing for too long, though there was something."""
        since_s = self._failing_since_s
        return since_s is not None and trio.current_time() - since_s >= self.config.dead_after_s

    async def run(self) -> None:
        """Serve until cancelled."""
        config = self.config
        await self._keep()
        try:
            async with carrying(config.url, allow_private=config.allow_private, timeout_s=config.timeout_s) as carrier:
                while True:
                    await self._go_on(carrier)
        finally:
            self._keep_now()

    async def _go_on(self, carrier: Carrier) -> None:
        """Send what some more turns hold. A journal that cannot be read is tried again."""
        try:
            turns = await self._source.after(self._position.seq, TURNS_AT_ONCE, self._reader)
        except JournalGap:
            await self._skip_gap()
            return
        except (JournalError, OSError, msgspec.ValidationError) as error:
            self.counts["unreadable"] += 1
            _log.exception("a subscription cannot read the journal", name=self.config.name, detail=str(error))
            self._reader = self._source.reader()
            await trio.sleep(self.config.retry_max_s)
            return
        for chunk in self._chunks(turns):
            await self._deliver(carrier, chunk)
            seq, index, _ = chunk[-1]
            self._position.seq, self._position.part = seq - 1, index + 1
            await self._keep_sometimes()
        self._position.seq, self._position.part = turns[-1].turn.seq, 0
        await self._keep_sometimes()

    def _chunks(self, turns: list[Numbered]) -> Iterator[list[Sent]]:
        chunk: list[Sent] = []
        for sent in self._events(turns):
            chunk.append(sent)
            if len(chunk) >= max(1, self.config.batch):
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _events(self, turns: list[Numbered]) -> Iterator[Sent]:
        config, world = self.config, self._board.world
        place = world.settled
        setting = Setting(place.id, place.projection, world.fleet.ids, config.personal)
        for numbered in turns:
            turn, done = numbered.turn, self._position.part if numbered.turn.seq == self._position.seq + 1 else 0
            for index, fact in enumerate(turn.facts, numbered.first):
                self._incidents.follow(fact)
                if index >= done and wants(config, self._incidents, fact):
                    at = (turn.seq, index)
                    yield *at, event_of(fact, at, turn.now, setting)

    async def _skip_gap(self) -> None:
        """Go on with what the journal still holds, and say what was lost."""
        first = await trio.to_thread.run_sync(self._source.first_kept)
        lost = first - 1 - self._position.seq
        self._reader = self._source.reader()
        if lost <= 0:
            await trio.sleep(self.config.retry_s)
            return
        self.counts["turns_lost"] += lost
        _log.error(
            "turns are no longer in the journal that a subscription has not had", name=self.config.name, turns=lost
        )
        self._position.seq, self._position.part = first - 1, 0

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self, carrier: Carrier, chunk: list[Sent]) -> None:
        """Send until it has been taken."""
        batch = self.config.batch > 0
        events = [event for _, _, event in chunk]
        body = encode(events, batch=batch)
        key = events[0]["id"] if len(events) == 1 else f"{events[0]['id']}-{len(events)}"
        wait_s = self.config.retry_s
        while True:
            headers = signed_headers(self._keys, key, int(time.time()), body)
            answer = await carrier.ask("POST", body, {**headers, "content-type": BATCH if batch else SINGLE})
            if answer.good:
                self._went_well(len(events))
                return
            self._went_wrong(answer)
            await self._keep()
            await trio.sleep(max(wait_s, _asked_s(answer)))
            wait_s = min(2 * wait_s, self.config.retry_max_s)

    def _went_well(self, events: int) -> None:
        self.counts["requests"] += 1
        self.counts["events"] += events
        if self._said_dead:
            _log.info("a receiver of events is back", name=self.config.name, behind=self.behind)
        self._failing_since_s, self._said_dead = None, False

    def _went_wrong(self, answer: Answer) -> None:
        self.counts["failed"] += 1
        if self._failing_since_s is None:
            self._failing_since_s = trio.current_time()
        if self.dead and not self._said_dead:
            self._said_dead = True
            _log.error(
                "a receiver of events takes nothing; it is tried again, nothing is lost and nobody else waits",
                name=self.config.name,
                behind=self.behind,
                last=answer.refusal(),
            )

    # ── the position ────────────────────────────────────────────────────────────────────────────────────────

    def _beginning(self) -> Position:
        if self.config.start is Start.BEGINNING:
            return Position(self._source.first_kept() - 1)
        return Position(self._board.world.seq, 0, incidents_of(self._board.world))

    async def _keep_sometimes(self) -> None:
        if trio.current_time() - self._kept_s >= KEEP_EVERY_S:
            await self._keep()

    async def _keep(self) -> None:
        self._kept_s = trio.current_time()
        data = msgspec.msgpack.encode(self._position)
        try:
            await trio.to_thread.run_sync(self._file.keep, data)
        except OSError as error:
            self._unkept(error)

    def _keep_now(self) -> None:
        try:
            self._file.keep(msgspec.msgpack.encode(self._position))
        except OSError as error:
            self._unkept(error)

    def _unkept(self, error: OSError) -> None:
        """Go on: after a restart more is sent twice."""
        self.counts["unkept"] += 1
        _log.error("where a subscription stands cannot be written down", name=self.config.name, detail=str(error))


def _asked_s(answer: Answer) -> float:
    """Return how long the receiver asks to be left alone (RFC 9110, Retry-After), within reason."""
    text = answer.retry_after
    try:
        asked_s = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(asked_s, 0.0), RETRY_AFTER_MAX_S)
