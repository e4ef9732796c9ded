"""One client: a task that always reads, a task that waits for its hello, a task that writes.

The pump sends what its socket takes at once. What it does not, and all that comes meanwhile, is the writer's, until
nothing waits any more. Rule: nobody but its own writer ever waits for this client. Commands enter the engine in the
order in which they came.
"""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final

import trio
from trio_websocket import ConnectionClosed

from engine.model.inputs import AnyCommand
from engine.model.turn import Answer as EngineAnswer
from engine.model.turn import Turn
from gateways.auth import Principal
from gateways.cad.hub import Hub
from gateways.cad.link import Line, Socket
from gateways.cad.messages import VERSION, Answer, Bye, Hello, Look, Looked, Pong, Refused, Resync, Welcome, frame_of
from gateways.cad.outbox import Helping, Outbox
from gateways.cad.session import Ask, Close, Effect, Inquire, Join, Send, Session, Watch
from gateways.inquiries import NoAnswer
from gateways.log import logger
from gateways.redaction import Audience, audience_of
from gateways.vocabulary.commands import FIELDS
from gateways.vocabulary.questions import AskPreview, Question, Told

GONE: Final = Close(1000, "gone", "")
RESET: Final = Close(1006, "reset", "")
OVERSIZED: Final = Close(1009, "oversized", "")
FAULT: Final = Close(1011, "fault", "An error of the server's own, which is logged. Connect again and resume.")
SLOW: Final = Close(1013, "slow", "You do not read fast enough to follow. Connect again and resume.")
CROWD: Final = Close(1013, "crowd", "You have as many connections as one name may have. Close one of them first.")
NO_HELLO: Final = Close(1008, "no_hello", "No hello came in time. Say hello right after connecting.")
OVERTAKEN: Final = "A later preview was asked for on this connection; it is answered in place of this one."
IDLE: Final = Close(1001, "idle", "You have not answered a ping. Connect again and resume.")
FAULTY: Final = {code: Close(code, "websocket_error", "") for code in (1002, 1007)}
"""What a client did that the protocol forbids, or a text that is not UTF-8."""
_ABNORMAL: Final = {1006: RESET, 1009: OVERSIZED, **FAULTY}

_log = logger("cad")


class Connection:
    """Serves one WebSocket to its end. A listener of the hub."""

    def __init__(
        self,
        name: str,
        socket: Socket,
        wire: Line,
        session: Session,
        hub: Hub,
        admit: Callable[[Principal], bool],
    ) -> None:
        self.name = name
        self.end: Close | None = None
        """Why it is over."""
        self._socket = socket
        self._wire = wire
        self._session = session
        self._nursery: trio.Nursery | None = None
        self._hub = hub
        self._service = hub.service
        self._config = hub.config
        self._statistics = hub.statistics
        self._admit = admit
        self._pump = hub.pump
        self._outbox = Outbox(hub.config.queue_messages, hub.config.queue_bytes)
        self._wants_positions = False
        self._greeted = trio.Event()
        self._in_flight = 0
        self._previewing = trio.CancelScope()
        """In which the latest preview is waited for."""
        self._overflows = 0
        self._holding = False
        """Not reading, because too much of what was read waits for its answer."""
        self._stuck = trio.Event()
        """There is work for the writer."""
        self._sending = False
        """The writer is at it, in a send that has a time of its own: a pong may be waiting behind it."""
        self._asked_s = -inf
        """When it was asked for a sign of life; anything that it sends is one."""
        self._cut = False
        """A send was given up half way: not even a goodbye can follow on it."""

    async def run(self) -> None:
        """Serve until the client goes or is told to; never raises but Cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._read)
                nursery.start_soon(self._watch)
                await self._write()
                nursery.cancel_scope.cancel()
        except* Exception:  # noqa: BLE001  the boundary: a fault in one connection must not reach another
            self._fault()
        finally:
            self._outbox.close()
            self._hub.part(self)
            self._pump.forget(self)
            self._hub.pulse.forget(self)
            self._session.close()
            self._statistics.count_end((self.end or RESET).cause)
        await self._hang_up()

    @property
    def principal(self) -> Principal | None:
        """Who it is, once that is known."""
        return self._session.principal

    @property
    def _audience(self) -> Audience:
        """Who sees what is sent here."""
        assert self.principal is not None, "nothing is sent before it is known to whom"
        return audience_of(self.principal)

    def leave(self, end: Close, retry_after_ms: int | None = None) -> None:
        """Say goodbye once what waits has been sent. The first reason counts."""
        if self.end is None:
            self.end = end
            self._session.close()
            self._hub.part(self)
            self._outbox.reply(frame_of(Bye(code=end.code, reason=end.reason, retry_after_ms=retry_after_ms)))
            self._outbox.close()
            self._pump.due(self, first=True)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self) -> None:
        try:
            while True:
                text = await self._socket.get_message()
                self._statistics.messages_in += 1
                for effect in self._session.feed(text, trio.current_time()):
                    await self._do(effect)
                if self._in_flight >= self._config.in_flight or self._outbox.crowded:
                    await self._hold_back()
        except ConnectionClosed:
            self._note_end()
            self._outbox.close()
            self._stuck.set()

    async def _hold_back(self) -> None:
        self._holding = True
        while self._in_flight >= self._config.in_flight or self._outbox.crowded:
            await self._outbox.eased()
        self._holding = False

    async def _do(self, effect: Effect) -> None:
        if isinstance(effect, Ask):
            await self._ask(effect.command)
        elif isinstance(effect, Inquire):
            assert self._nursery is not None, "a message was read outside `run`"
            self._in_flight += 1
            self._nursery.start_soon(self._inquire, effect.question, self._patience_for(effect.question))
        elif isinstance(effect, Watch):
            await self._look(effect.look)
        elif isinstance(effect, Send):
            self._tell(effect.message)
        elif isinstance(effect, Join):
            self._join(effect.principal, effect.hello)
        else:
            self.leave(effect)

    async def _ask(self, command: AnyCommand) -> None:
        self._in_flight += 1
        self._statistics.commands += 1
        await self._service.enter(command, partial(self._answered, command.id))

    def _patience_for(self, question: Question) -> trio.CancelScope:
        """Return in what a question is answered; whoever asks for another preview does not want the one before."""
        patience = trio.CancelScope()
        if isinstance(question, AskPreview):
            self._previewing.cancel()
            self._previewing = patience
        return patience

    async def _inquire(self, question: Question, patience: trio.CancelScope) -> None:
        """Answer a question; reading goes on meanwhile."""
        reply: Told | Refused = Refused(id=question.id, code="overtaken", field="", reason=OVERTAKEN)
        with patience:
            try:
                reply = await self._hub.inquire(question, self._audience)
                if self.principal is not None:
                    self._hub.note_account(self.principal, question)
            except NoAnswer as none:
                reply = Refused(id=question.id, code=none.code, field=none.field, reason=none.reason)
        self._in_flight -= 1
        self._tell(reply)

    async def _look(self, look: Look) -> None:
        """Tell of positions in that part of the map only, and of those there that the client does not know."""
        rows = self._hub.look(self, look)
        self._tell(Looked(id=look.id, units=len(rows)))
        for helping in self._hub.helpings(rows):
            self.on_positions(helping)
            await trio.lowlevel.checkpoint()

    def _answered(self, name: str, turn: Turn | None, answer: EngineAnswer | None) -> None:
        """Pass on what has become durable. Called by the engine's release, which no fault of ours may reach."""
        del turn
        self._in_flight -= 1
        try:
            assert answer is not None
            self._tell(_to_wire(name, answer))
        except Exception:  # noqa: BLE001  the boundary towards the engine
            self._fault()
            self.leave(FAULT)

    # ── following the board ─────────────────────────────────────────────────────────────────────────────────

    def _join(self, principal: Principal, hello: Hello) -> None:
        """Welcome the client and attach it, in one step."""
        if not self._admit(principal):
            self._tell(Refused(code="too_many_connections", field="token", reason=CROWD.reason))
            self.leave(CROWD)
            return
        missed = self._hub.resume(hello.resume_from, self._audience)
        self._outbox.reply(frame_of(self._welcome(principal, resumed=missed is not None)))
        self._statistics.resumed += missed is not None
        for frame in self._hub.begin(self._audience) if missed is None else missed:
            self._outbox.reply(frame)
        self._pump.due(self, first=True)
        self._wants_positions = hello.positions
        self._hub.join(self, self._audience, positions=hello.positions)
        self._hub.note_board(principal)
        self._greeted.set()

    def _welcome(self, principal: Principal, *, resumed: bool) -> Welcome:
        return Welcome(
            version=VERSION,
            session=self.name,
            principal=principal.name,
            role=principal.role,
            now_ms=self._service.clock.now(),
            pace=self._service.clock.pace,
            resumed=resumed,
            seq=self._hub.seq,
            limits=self._config.limits(),
        )

    def tell_now(self, frames: bytes, messages: int) -> bool:
        """Send what all are told, if nothing waits before it and the socket is free; else do nothing and return False."""
        if self._sending or not self._outbox.is_empty or self._outbox.behind or not self._wire.is_free:
            return False
        self._statistics.messages_out += messages
        try:
            if not self._wire.send_now(frames):
                self._stuck.set()
        except Exception:  # noqa: BLE001  the boundary towards the pump
            self._fail()
        return True

    def on_delta(self, frame: bytes) -> None:
        """Queue a delta; if the queue overflows, the client starts over once it has read what is left."""
        if not self._outbox.delta(frame):
            self._overflows += 1
            if self._overflows >= self._config.max_overflows:
                self.leave(SLOW)
        self._pump.due(self)

    def on_positions(self, helping: Helping) -> None:
        """Queue positions."""
        if self._wants_positions:
            self._outbox.positions(helping)
            self._pump.due(self)

    def _start_over(self) -> None:
        """Bring a client up to date that has missed deltas."""
        self._statistics.resyncs += 1
        self._outbox.behind = False
        self._outbox.reply(
            frame_of(Resync(reason="Deltas were not read in time and were left out; a snapshot follows."))
        )
        for frame in self._hub.begin(self._audience):
            self._outbox.reply(frame)
        self._hub.renewed(self)

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, message: Answer | Refused | Looked | Pong | Told) -> None:
        if isinstance(message, Refused):
            self._statistics.count_refusal(message.code)
        elif isinstance(message, Answer):
            self._statistics.answers += 1
        self._outbox.reply(frame_of(message))
        self._pump.due(self, first=True)

    def push(self) -> None:
        """Send what waits as far as the socket takes it at once; leave the rest to the writer."""
        try:
            if not self._sending and not self._pushed():
                self._stuck.set()
        except Exception:  # noqa: BLE001  the boundary towards the pump
            self._fail()

    def _fail(self) -> None:
        """End it, after a fault within a push."""
        self._fault()
        self._outbox.close()
        self._stuck.set()

    def _pushed(self) -> bool:
        """Push, and return whether nothing is left to do."""
        wire, outbox = self._wire, self._outbox
        while wire.is_free:
            frames = outbox.take()
            self._statistics.messages_out += len(frames)
            if frames and not wire.send_now(b"".join(frames)):
                return False
            if outbox.is_empty:
                return self.end is None and not outbox.behind
        return False

    async def _write(self) -> None:
        """Send what the socket did not take at once, until nothing will come any more or the client takes nothing."""
        with trio.CancelScope() as patience:
            try:
                while self.end is None and self._socket.closed is None:
                    await self._stuck.wait()
                    self._sending = True
                    await self._send_all_that_waits(patience)
                    self._sending, self._stuck = False, trio.Event()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            self._note_end()
        if patience.cancelled_caught:
            self.end, self._cut = self.end or SLOW, True

    async def _send_all_that_waits(self, patience: trio.CancelScope) -> None:
        frames: list[bytes] = []
        while True:
            await self._wire.send_frames(b"".join(frames), patience, self._config.send_s)
            self._statistics.messages_out += len(frames)
            frames = self._outbox.take()
            if not frames and self._outbox.behind and self.end is None:
                self._start_over()
                frames = self._outbox.take()
            if not frames:
                return

    async def _watch(self) -> None:
        """See that a hello comes; from then on the client's pulse is felt."""
        with trio.move_on_after(self._config.hello_s):
            await self._greeted.wait()
        if self._greeted.is_set():
            self._hub.pulse.attend(self)
        else:
            self.leave(NO_HELLO)

    def feel(self, now_s: float) -> None:
        """Ask for a sign of life; whoever has given none since it was asked, and had the time to, is gone."""
        wire = self._wire
        if wire.heard_s >= self._asked_s:
            if wire.ping_now():
                self._asked_s = now_s
        elif self._holding or self._sending:
            # What it was asked, or its answer, stands behind the rest: its time begins when that is through.
            self._asked_s = now_s
        elif now_s - self._asked_s > self._config.idle_s - self._config.ping_s:
            self.leave(IDLE)

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def _note_end(self) -> None:
        """The client, or the library on its behalf, has closed."""
        closed = self._socket.closed
        if self.end is None:
            self.end = RESET if closed is None else _ABNORMAL.get(closed.code, GONE)

    def _fault(self) -> None:
        self._statistics.faults += 1
        self.end = FAULT
        _log.exception("a CAD connection failed; it was closed, the others go on", session=self.name)

    async def _hang_up(self) -> None:
        """Close with the code that says why, if the client is still there to hear it."""
        end = self.end or RESET
        if not self._cut:
            with trio.move_on_after(self._config.grace_s):
                await self._socket.aclose(end.code, end.reason[:120])


def _to_wire(name: str, answer: EngineAnswer) -> Answer | Refused:
    refusal = answer.refusal
    if refusal is None:
        return Answer(id=name, seq=answer.seq, incident=answer.incident, road=answer.road, caution=answer.caution)
    field = FIELDS.get(refusal.field, refusal.field)
    return Refused(id=name, code=refusal.code, field=field, reason=refusal.reason)
