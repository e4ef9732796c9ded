"""The desk that takes alerts: one at a time, judged, written down, done, and taken back when they are over.

Rule: only an `Actual` alert touches the city. What is done goes through the engine's ordinary commands and is durable
before the sender is answered; a refusal of the engine is told, and the rest is done all the same.
"""

from collections import Counter

import trio
from msgspec import Struct

from engine.live.service import Service
from engine.model.inputs import AnyCommand, ReportWeather
from gateways.board import Board
from gateways.cap.alert import CapAlert, MessageType, Reference, Status
from gateways.cap.config import CapConfig
from gateways.cap.effects import Effects, effects_of, endings_of
from gateways.cap.ledger import Entry, Ledger, Stand
from gateways.log import logger

ASK_S = 20.0
"""A command that is not durable by then is tried again at the next look."""
LOOK_S = 60.0
"""Somebody looks at least this often whether an alert begins or is over."""
RETRY_S = 2.0
USUAL = 100
ASIDE = trio.CapacityLimiter(1)
"""Alerts are worked on beside the loop, one at a time."""
_log = logger("cap")


class Outcome(Struct, frozen=True, kw_only=True):
    """What has become of an alert."""

    result: str
    """taken, waiting, duplicate, superseded, expired, cancelled, without_effect, not_actual, acknowledgement."""
    identifier: str
    rules: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    """Names of cautions, closures and slowings here."""
    ended: tuple[str, ...] = ()
    weather: str = ""
    notes: tuple[str, ...] = ()


class Desk:
    """Takes alerts. One per process."""

    def __init__(
        self, service: Service, board: Board, config: CapConfig, ledger: Ledger, *, exercise: bool = False
    ) -> None:
        """In an exercise alerts of exercises count as well: the city is none."""
        self.counts: Counter[str] = Counter()
        self._service = service
        self._board = board
        self._config = config
        self._ledger = ledger
        self._turn = trio.Lock()
        self._counting = {Status.ACTUAL, Status.EXERCISE} if exercise else {Status.ACTUAL}
        self._news = trio.Event()
        self._refused: dict[str, str] = {}
        """By command of the alert that is being taken: why the engine did not do it."""

    async def take(self, alert: CapAlert, by: str) -> Outcome:
        """Do what the alert says. Raises OSError if that cannot be written down: then nothing was done."""
        async with self._turn:
            outcome = await self._take(alert, by)
        self.counts[outcome.result] += 1
        if alert.status is not Status.ACTUAL:
            self.counts[f"status_{alert.status.lower()}"] += 1
        self._news.set()
        return outcome

    async def run(self) -> None:
        """Begin what is due, go on with what a crash has interrupted, and end what is over; until cancelled."""
        while True:
            self._news = trio.Event()
            try:
                async with self._turn:
                    wait_s = await self._look()
            except OSError as error:
                self.counts["unwritten"] += 1
                _log.error("where alerts stand cannot be written down; it is tried again", detail=str(error))
                wait_s = RETRY_S
            with trio.move_on_after(wait_s):
                await self._news.wait()

    # ── one alert ───────────────────────────────────────────────────────────────────────────────────────────

    async def _take(self, alert: CapAlert, by: str) -> Outcome:
        told = alert.identifier
        if alert.status not in self._counting:
            note = f"Its status is {alert.status}: it is not about the world, and nothing was done."
            return Outcome(result="not_actual", identifier=told, notes=(note,))
        if alert.kind in (MessageType.ACK, MessageType.ERROR):
            return Outcome(result="acknowledgement", identifier=told)
        known = self._ledger.entries.get(alert.reference)
        if known is not None:
            return Outcome(result="duplicate" if known.seen else "superseded", identifier=told)
        now = self._service.clock.now()
        effects = Effects(from_ms=now, until_ms=now)
        if alert.kind is not MessageType.CANCEL:
            place = self._board.world.settled
            # A large polygon takes as long as a hundred decisions.
            effects = await trio.to_thread.run_sync(effects_of, alert, self._config, place, now, by, limiter=ASIDE)
        stand = self._stand(effects, now)
        until_ms = max(effects.until_ms, now + round(self._config.lasts_h * 3_600_000))
        as_it_was = dict(self._ledger.entries)
        self._ledger.put(alert.reference, Entry(stand, effects, until_ms))
        for each in replaced_by(alert):
            self._ledger.end(each, until_ms)
        try:
            await self._ledger.save()
        except OSError:
            self._ledger.entries = as_it_was
            raise
        self._refused = {}
        if stand is Stand.DUE:
            await self._do(alert.reference)
        ended = [name for each in replaced_by(alert) for name in await self._undo(each, by, f"{alert.kind} {told}")]
        await self._settle_weather(by)
        return self._outcome(alert, stand, effects, ended, now)

    def _stand(self, effects: Effects, now: int) -> Stand:
        if effects.until_ms <= now or not (effects.commands or effects.weather):
            return Stand.ENDED
        return Stand.WAITING if effects.from_ms > now else Stand.DUE

    def _outcome(self, alert: CapAlert, stand: Stand, effects: Effects, ended: list[str], now: int) -> Outcome:
        result = {Stand.DUE: "taken", Stand.WAITING: "waiting"}.get(stand, "without_effect")
        if alert.kind is MessageType.CANCEL:
            result = "cancelled"
        elif effects.commands and effects.until_ms <= now:
            result = "expired"
        commands = effects.commands if stand is Stand.DUE else ()
        foreign = [each.identifier for each in alert.references if each.sender != alert.sender]
        notes = [f"{name} is another sender's: only the sender itself ends an alert." for name in foreign]
        return Outcome(
            result=result,
            identifier=alert.identifier,
            rules=effects.rules,
            done=tuple(command.id for command in commands if command.id not in self._refused),
            ended=tuple(ended),
            weather=effects.weather.kind if effects.weather else "",
            notes=(*effects.notes, *notes, *self._refused.values()),
        )

    # ── what is done, and undone ────────────────────────────────────────────────────────────────────────────

    async def _do(self, reference: Reference) -> None:
        """Do all of it; what the engine refuses is noted, what it cannot make durable is left for the next look."""
        entry = self._ledger.entries[reference]
        if all([await self._ask(command) for command in entry.effects.commands]):
            self._ledger.put(reference, Entry(Stand.IN_FORCE, entry.effects, entry.until_ms))
            await self._ledger.save()

    async def _undo(self, reference: Reference, by: str, reason: str) -> list[str]:
        """Take back what it did; what the engine cannot make durable is left for the next look."""
        entry = self._ledger.entries.get(reference)
        if entry is None or entry.stand is not Stand.ENDING:
            return []
        ended = list(endings_of(entry.effects.commands, by, reason))
        if all([await self._ask(command, quietly=True) for command in ended]):
            self._ledger.close(reference)
            await self._ledger.save()
        return [command.id for command in ended]

    async def _ask(self, command: AnyCommand, *, quietly: bool = False) -> bool:
        """Give the command to the engine; False if it is not durable in time."""
        with trio.move_on_after(ASK_S):
            answer = await self._service.ask(command)
            if answer.refusal is not None and not quietly:
                self.counts["effects_refused"] += 1
                self._refused[command.id] = f"{command.id}: {answer.refusal.field}: {answer.refusal.reason}"
                _log.warning("an effect of an alert was refused", effect=command.id, reason=answer.refusal.reason)
            elif answer.refusal is None:
                self.counts["effects_done"] += 1
            return True
        self.counts["effects_late"] += 1
        return False

    async def _settle_weather(self, by: str) -> None:
        """Let the slowest weather of all alerts in force count; what people have said themselves is left alone."""
        now = self._service.clock.now()
        found = [
            entry.effects.weather
            for entry in self._ledger.entries.values()
            if entry.stand in (Stand.IN_FORCE, Stand.DUE)
            and entry.effects.weather
            and entry.effects.weather.until_ms > now
        ]
        wanted = max(found, key=lambda weather: (weather.percent, weather.until_ms, weather.kind), default=None)
        before = self._ledger.weather
        if wanted == before:
            return
        number = self._service.world.seq
        if wanted is not None:
            told = ReportWeather(
                id=f"cap:weather:{number}:{now}",
                by=by,
                weather=wanted.kind,
                percent=wanted.percent,
                until_ms=wanted.until_ms,
            )
        elif before is not None and self._board.world.road_book.weather == before:
            told = ReportWeather(
                id=f"cap:weather:{number}:{now}", by=by, weather=before.kind, percent=USUAL, until_ms=before.until_ms
            )
        else:
            self._ledger.weather = None
            await self._ledger.save()
            return
        if await self._ask(told):
            self._ledger.weather = wanted
            await self._ledger.save()

    async def _look(self) -> float:
        """Bring everything to where it should stand now; return for how many seconds nothing is due."""
        now = self._service.clock.now()
        changed = False
        for reference, entry in list(self._ledger.entries.items()):
            if entry.stand is Stand.ENDED:
                continue
            if entry.effects.until_ms <= now:
                # What it did has its own end in the engine, which has come as well.
                self._ledger.close(reference)
                changed = True
            elif entry.stand is Stand.WAITING and entry.effects.from_ms <= now:
                self._ledger.put(reference, Entry(Stand.DUE, entry.effects, entry.until_ms))
                changed = True
        if changed:
            await self._ledger.save()
        for reference in self._that_are(Stand.DUE):
            await self._do(reference)
        for reference in self._that_are(Stand.ENDING):
            await self._undo(reference, "cap", "the alert was updated or cancelled")
        await self._settle_weather("cap")
        return self._quiet_s()

    def _that_are(self, stand: Stand) -> list[Reference]:
        return [name for name, entry in self._ledger.entries.items() if entry.stand is stand]

    def _quiet_s(self) -> float:
        times = [
            entry.effects.from_ms if entry.stand is Stand.WAITING else entry.effects.until_ms
            for entry in self._ledger.entries.values()
            if entry.stand is not Stand.ENDED
        ]
        if self._that_are(Stand.DUE) or self._that_are(Stand.ENDING):
            return RETRY_S
        soon = min((self._service.clock.seconds_until(at_ms) for at_ms in times), default=LOOK_S)
        return min(max(soon, 0.0) + 0.001, LOOK_S)

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)


def replaced_by(alert: CapAlert) -> tuple[Reference, ...]:
    """Return the alerts that this one ends: its references, as far as they are its own sender's."""
    if alert.kind not in (MessageType.UPDATE, MessageType.CANCEL):
        return ()
    return tuple(each for each in alert.references if each.sender == alert.sender)
