"""One receiver of what becomes true: goes through the durable turns, sends what is picked for it, in order.

Rule: it owns its task, its client and its position, so one that hangs costs nobody else anything: the turns lie in the
journal until it is back. It goes on only when what it sent has been taken: at least once, in order, under ids that do not
change, so a receiver knows what it has seen. Only a person's word leaves something out, or leaves a receiver alone; or the
configuration, for one that refuses for ever. Then it is parked, and everybody can see that.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import msgspec
import trio
from msgspec import Meta, Struct

from engine.journal import JournalError, JournalGap
from engine.state.world import World
from gateways.log import logger
from gateways.outward.carrier import Answer, Carrier, carrying, check_url, host_of
from gateways.outward.parking import Parking
from gateways.outward.position import Position, PositionFile
from gateways.outward.signature import key_of, signed_headers
from gateways.outward.turns import Numbered, TurnSource

TURNS_AT_ONCE: Final = 64
KEEP_EVERY_S: Final = 0.25
"""The position is written at most this often while all goes well; a crash repeats what was sent since."""
RETRY_AFTER_MAX_S: Final = 3_600.0
Picked = tuple[int, Any]
"""Index of the fact in its turn, and what is sent about it."""
_log = logger("feeds")


class Receiver(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a feed goes. Raises ValueError where url or secrets do not hold."""

    url: str
    """https; http only together with `allow_private`."""
    secrets: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]
    """`whsec_…`. More than one while they are being changed."""
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    retry_s: Annotated[float, Meta(gt=0)] = 1.0
    """After a failure, and twice as long after each further one …"""
    retry_max_s: Annotated[float, Meta(gt=0)] = 300.0
    """… up to this. What is not taken is never given up."""
    dead_after_s: Annotated[float, Meta(gt=0)] = 900.0
    """A receiver that has taken nothing for that long, though there was something, counts as dead in the metrics."""
    park_after_s: Annotated[float, Meta(gt=0)] | None = None
    """A receiver that has refused the same thing (4xx) for that long is parked, until a person has it resumed. None: never."""
    allow_private: bool = False
    """The receiver is on a private or loopback address on purpose."""
    exercise: bool = False
    """It may hear of an exercise; with others no exercise is begun."""

    def __post_init__(self) -> None:
        check_url(self.url, allow_private=self.allow_private)
        for secret in self.secrets:
            key_of(secret)

    def __repr__(self) -> str:
        """Show where it goes and no secret."""
        return f"{type(self).__name__}(host={host_of(self.url)!r})"


class Picker(Protocol):
    """Who says what is sent. It may remember things along the turns; its memory is kept with the position."""

    at_once: int
    """So many pieces in one request, at most."""

    def begin(self) -> Position:
        """Return where a feed begins that has never been served, with its memory."""

    def remember(self, memory: bytes) -> None:
        """Take the memory over, as it was after the position."""

    def memory(self) -> bytes:
        """Return it as it is now."""

    def pick(self, numbered: Numbered) -> Iterator[Picked]:
        """Give what is sent about the turn, in the order of its facts."""

    def request(self, pieces: Sequence[Any]) -> tuple[str, bytes, str]:
        """Return id, body and content type of the request that holds these pieces."""


class Feed:
    """Serves one receiver. The name stands in the file of its position and in metrics."""

    def __init__(self, name: str, receiver: Receiver, picker: Picker, source: TurnSource, data: Path) -> None:
        """Go on where the file says. Raises PositionDamaged, OSError."""
        self.name = name
        self.counts: Counter[str] = Counter()
        self._receiver = receiver
        self._picker = picker
        self._source = source
        self._file = PositionFile(data, name)
        self._keys = [key_of(secret) for secret in receiver.secrets]
        self._reader = source.reader()
        self._firm = self._begun() or picker.begin()
        """The last place between two turns whose memory is known: from there it is gone through again after a crash."""
        self._seq = self._firm.seq
        self._taken = (self._firm.taken_seq, self._firm.taken_index)
        self._between = True
        """Is the picker's memory that of right after `_seq`?"""
        picker.remember(self._firm.memory)
        self._kept_s = trio.current_time()
        self._failing_since_s: float | None = None
        self._said_dead = False
        self.parking = Parking(data, name)
        self.head: str | None = None
        """Id of what is being sent, until it has been taken."""
        self.last = ""
        """What went wrong last."""
        self._left_out: str | None = None

    def _begun(self) -> Position | None:
        """Return how far it has come; None if it has never been served, or for another journal than this one.

        What was taken was durable, so a journal that ends before it is another: an older copy that was put back. Its
        next turns would be passed over as known.
        """
        kept = self._file.load()
        last = self._source.last_seq
        if kept is not None and max(kept.seq, kept.taken_seq) > last:
            self.counts["begun_anew"] += 1
            _log.error("a feed was farther than this journal; it begins anew", feed=self.name, was=kept.seq, last=last)
            return None
        return kept

    @property
    def behind(self) -> int:
        """Turns that it has not gone through."""
        return max(0, self._source.last_seq - self._seq)

    @property
    def dead(self) -> bool:
        """Tell whether it has taken nothing for too long, though there was something."""
        since_s = self._failing_since_s
        return since_s is not None and trio.current_time() - since_s >= self._receiver.dead_after_s

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    def levels(self) -> dict[str, int]:
        """Return how it stands now."""
        return {"turns_behind": self.behind, "dead": int(self.dead), "parked": int(self.parking.parked is not None)}

    def leave_out(self, key: str) -> bool:
        """Go on behind what is being sent under this id, as if it had been taken; False if that is not being sent."""
        if self.head is None or key != self.head:
            return False
        self._left_out = key
        self.parking.tell()
        return True

    async def run(self) -> None:
        """Serve until cancelled."""
        to = self._receiver
        await self._keep()
        try:
            async with carrying(to.url, allow_private=to.allow_private, timeout_s=to.timeout_s) as carrier:
                while True:
                    await self._go_on(carrier)
        finally:
            with trio.CancelScope(shield=True):  # it has a deadline of its own
                await self._keep()

    async def _go_on(self, carrier: Carrier) -> None:
        """Send what some more turns hold. A journal that cannot be read is tried again."""
        try:
            turns = await self._source.after(self._seq, TURNS_AT_ONCE, self._reader)
        except JournalGap:
            await self._skip_gap()
            return
        except (JournalError, OSError, msgspec.ValidationError) as error:
            self.counts["unreadable"] += 1
            _log.exception("a feed cannot read the journal", feed=self.name, detail=str(error))
            self._reader = self._source.reader()
            await trio.sleep(self._receiver.retry_max_s)
            return
        self._between = False
        for chunk in self._chunks(turns):
            await self._deliver(carrier, [piece for _, _, piece in chunk])
            self._taken = chunk[-1][:2]
            await self._keep_sometimes()
        self._seq, self._between = turns[-1].turn.seq, True
        await self._keep_sometimes()

    def _chunks(self, turns: list[Numbered]) -> Iterator[list[tuple[int, int, Any]]]:
        chunk: list[tuple[int, int, Any]] = []
        for numbered in turns:
            seq = numbered.turn.seq
            for index, piece in self._picker.pick(numbered):
                if (seq, index) <= self._taken:
                    continue
                chunk.append((seq, index, piece))
                if len(chunk) >= self._picker.at_once:
                    yield chunk
                    chunk = []
        if chunk:
            yield chunk

    async def _skip_gap(self) -> None:
        """Go on with what the journal still holds, and say what was lost."""
        first = await trio.to_thread.run_sync(self._source.first_kept)
        lost = first - 1 - self._seq
        self._reader = self._source.reader()
        if lost <= 0:
            await trio.sleep(self._receiver.retry_s)
            return
        self.counts["turns_lost"] += lost
        _log.error("turns are no longer in the journal that a feed has not had", feed=self.name, turns=lost)
        self._seq = first - 1

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self, carrier: Carrier, pieces: list[Any]) -> None:
        """Send until it has been taken, or a person has it left out."""
        self.head, body, kind = self._picker.request(pieces)
        try:
            await self._insist(carrier, self.head, body, kind, len(pieces))
        finally:
            self.head = self._left_out = None

    async def _insist(self, carrier: Carrier, key: str, body: bytes, kind: str, pieces: int) -> None:
        wait_s = self._receiver.retry_s
        while True:
            if self._left_out == key:
                self.counts["left_out"] += pieces
                _log.warning("what a receiver did not take is left out, by a person's word", feed=self.name, id=key)
                return
            pause_s = wait_s
            if self.parking.parked is None:
                headers = signed_headers(self._keys, key, int(time.time()), body)
                answer = await carrier.ask("POST", body, {**headers, "content-type": kind})
                if answer.good:
                    self._went_well(pieces)
                    return
                await self._went_wrong(answer)
                await self._keep()
                pause_s = max(wait_s, _asked_s(answer))
                wait_s = min(2 * wait_s, self._receiver.retry_max_s)
            if self._left_out != key:
                await self.parking.rest(pause_s)

    def _went_well(self, pieces: int) -> None:
        self.counts["requests"] += 1
        self.counts["events"] += pieces
        if self._said_dead:
            _log.info("a receiver is back", feed=self.name, behind=self.behind)
        self._failing_since_s, self._said_dead = None, False
        self.parking.accepted()

    async def _went_wrong(self, answer: Answer) -> None:
        self.counts["failed"] += 1
        self.last = answer.refusal()
        if self._failing_since_s is None:
            self._failing_since_s = trio.current_time()
        if self.dead and not self._said_dead:
            self._said_dead = True
            _log.error(
                "a receiver takes nothing; it is tried again, nothing is lost and nobody else waits",
                feed=self.name,
                behind=self.behind,
                last=self.last,
            )
        if answer.refuses:
            await self.parking.refused(self._receiver.park_after_s, self.last)

    # ── the position ────────────────────────────────────────────────────────────────────────────────────────

    def _bytes(self) -> bytes:
        """Return what to keep: the last firm place, and what has been taken beyond it."""
        if self._between:
            self._firm = Position(self._seq, self._picker.memory())
        self._firm.taken_seq, self._firm.taken_index = self._taken
        return msgspec.msgpack.encode(self._firm)

    async def _keep_sometimes(self) -> None:
        if trio.current_time() - self._kept_s >= KEEP_EVERY_S:
            await self._keep()

    async def _keep(self) -> None:
        self._kept_s = trio.current_time()
        try:
            await self._file.keep(self._bytes())
        except OSError as error:  # it goes on: after a restart more is sent twice
            self.counts["unkept"] += 1
            _log.error("where a feed stands cannot be written down", feed=self.name, detail=str(error))


def beginning(world: World, memory: bytes = b"") -> Position:
    """Return the position after everything that this World holds."""
    return Position(world.seq, memory)


def _asked_s(answer: Answer) -> float:
    """Return how long the receiver asks to be left alone (RFC 9110, Retry-After), within reason."""
    text = answer.retry_after
    try:
        asked_s = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(asked_s, 0.0), RETRY_AFTER_MAX_S)
