"""What vehicles send: decoded one by one, checked, given to the engine in their order, and answered once durable.

Rule: a batch is answered message by message; a wrong one is refused and keeps no other from being taken. A vehicle that
has got no answer sends the same messages again under the same ids, as often as it likes: each happens once.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
import trio
from msgspec import Meta, Struct

from engine.live.service import Service
from engine.model.facts import CommandRefused
from engine.model.inputs import ReportReceipt
from gateways.auth import Principal
from gateways.crews.config import CrewsConfig, Statistics
from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.commands import NotAllowed, Unfit, admitted
from gateways.vocabulary.crew_messages import AnswerRoll, AskForHelp, Decline, Delay, Staffing, TellDispatch
from gateways.vocabulary.incident_messages import UnitEmergency, UnitStatus
from gateways.vocabulary.move_messages import RejectMove
from gateways.vocabulary.surroundings_messages import ChooseDestination, RankDestinations
from gateways.vocabulary.unreadable import UNREADABLE, what_is_wrong
from gateways.vocabulary.words import Command, Name


class Read(Command, frozen=True, gc=False, kw_only=True):
    """The crew has read an alert, or a message."""

    unit: Name
    alert: Annotated[str, Meta(pattern=r"^A[1-9][0-9]{0,17}$")]


CrewMessage: TypeAlias = (
    UnitStatus
    | UnitEmergency
    | Decline
    | Delay
    | AskForHelp
    | TellDispatch
    | AnswerRoll
    | Staffing
    | RejectMove
    | RankDestinations
    | ChooseDestination
    | Read
)
"""What a crew may say: commands of the vocabulary that all gateways share, and that it has read something."""


class Batch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a vehicle has stored, oldest first."""

    messages: tuple[msgspec.Raw, ...]


class Taken(Struct, frozen=True, kw_only=True, tag_field="type", tag="taken"):
    """It happened, and is durable."""

    id: str
    seq: int


class NotTaken(Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    """It changed nothing. Where `again` is set, send it later under the same id; else it need not be sent again."""

    id: str | None
    code: str
    field: str
    reason: str
    again: bool = False


Verdict: TypeAlias = Taken | NotTaken

_decoder: Final = msgspec.json.Decoder[CrewMessage](CrewMessage)


class _Loose(Struct, frozen=True):
    """As much of an unreadable message as tells whose answer it is."""

    id: str | None = None


class Inbox:
    """Takes batches. One per process."""

    def __init__(self, service: Service, config: CrewsConfig, statistics: Statistics) -> None:
        self._service = service
        self._config = config
        self._statistics = statistics
        self._turns: dict[str, trio.StrictFIFOLock] = {}
        """By principal: what it sends twice at a time is taken one after the other."""
        self._paces: dict[str, Bucket] = {}

    async def take(self, principal: Principal, batch: Batch) -> list[Verdict]:
        """Return what became of each message, in the order of the batch, once all that happened is durable.

        Whoever calls for help is not made to wait behind what was stored before.
        """
        verdicts: list[Verdict | None] = [None] * len(batch.messages)
        later: list[tuple[int, CrewMessage]] = []
        for place, raw in enumerate(batch.messages):
            self._statistics.messages += 1
            message = _read(bytes(raw))
            if isinstance(message, NotTaken):
                verdicts[place] = message
            elif (stranger := self._stranger(principal, message)) is not None:
                verdicts[place] = stranger
            elif isinstance(message, UnitEmergency):
                verdicts[place] = await self._give(principal, message)
            else:
                later.append((place, message))
        lock = self._turns.setdefault(principal.name, trio.StrictFIFOLock())
        async with lock:
            for place, message in later:
                verdicts[place] = self._wait(message) or await self._give(principal, message)
        return [self._counted(verdict) for verdict in verdicts if verdict is not None]

    def _counted(self, verdict: Verdict) -> Verdict:
        if isinstance(verdict, Taken):
            self._statistics.taken += 1
        else:
            self._statistics.count_refusal(verdict.code)
        return verdict

    def _stranger(self, principal: Principal, message: CrewMessage) -> NotTaken | None:
        """Refuse what is said for a unit that is not the sender's: before it counts against that unit's pace."""
        if principal.speaks_for(message.unit) and self._service.world.unit(message.unit) is not None:
            return None
        reason = f"{principal.name} may not speak for {message.unit}."
        return NotTaken(id=message.id, code="unauthorised", field="unit", reason=reason)

    def _wait(self, message: CrewMessage) -> NotTaken | None:
        """Refuse for now what comes faster than one unit may speak, or bears a time that cannot be."""
        pace = self._paces.setdefault(message.unit, Bucket(self._config.messages_per_s, self._config.burst))
        if pace.take(trio.current_time()) > 0:
            reason = "Messages come faster than one unit may send them. Send it again later, under the same id."
            return NotTaken(id=message.id, code="rate_limited", field="", reason=reason, again=True)
        at_ms: int | None = getattr(message, "at_ms", None)
        ahead_ms = 0 if at_ms is None else at_ms - self._service.clock.now()
        if ahead_ms > self._config.ahead_ms:
            reason = f"The device's clock is {ahead_ms} ms ahead of the engine's. Set it by `now_ms` of this answer."
            return NotTaken(id=message.id, code="clock_ahead", field="at_ms", reason=reason)
        if -ahead_ms > self._config.oldest_s * 1_000 * self._service.clock.pace.rate:
            reason = f"It was kept for {-ahead_ms // 60_000} minutes; that is too long ago to be told to anybody."
            return NotTaken(id=message.id, code="too_old", field="at_ms", reason=reason)
        return None

    async def _give(self, principal: Principal, message: CrewMessage) -> Verdict:
        if isinstance(message, Read):
            return await self._receipt(principal, message)
        try:
            command = admitted(message, principal, self._service.world.settled.projection)
        except NotAllowed as refused:
            return NotTaken(id=message.id, code="unauthorised", field=refused.field, reason=refused.reason)
        except Unfit as unfit:
            return NotTaken(id=message.id, code="missing", field=unfit.field, reason=unfit.reason)
        answer = await self._service.ask(command)
        if answer.refusal is None:
            return Taken(id=message.id, seq=answer.seq)
        told = answer.refusal
        return NotTaken(id=message.id, code=told.code, field=told.field, reason=told.reason)

    async def _receipt(self, principal: Principal, message: Read) -> Verdict:
        """Say that the crew has read it. Once it is over, whoever said so before has been believed."""
        alert = self._service.world.alerts.get(message.alert)
        if alert is not None and alert.unit != message.unit:
            reason = f"{message.alert} is not for {message.unit}."
            return NotTaken(id=message.id, code="unauthorised", field="alert", reason=reason)
        by = message.unit if principal.name == message.unit else f"{message.unit} via {principal.name}"
        turn = await self._service.tell(ReportReceipt(message.alert, by))
        if any(isinstance(fact, CommandRefused) for fact in turn.facts):
            reason = f"{message.alert} is over: acknowledged before, withdrawn, or told by a person."
            return NotTaken(id=message.id, code="unknown_alert", field="alert", reason=reason)
        return Taken(id=message.id, seq=turn.seq)


def _read(text: bytes) -> CrewMessage | NotTaken:
    try:
        message: CrewMessage = _decoder.decode(text)
    except UNREADABLE as error:
        code, field, sentence = what_is_wrong(error)
        reason = f"{sentence}. Nothing was changed; gateways/crews/README.md says what is expected."
        return NotTaken(id=_id_of(text), code=code, field=field, reason=reason)
    return message


def _id_of(text: bytes) -> str | None:
    try:
        return msgspec.json.decode(text, type=_Loose).id
    except UNREADABLE:
        return None
