"""From a company's message to the engine's ordinary commands, and what it is answered.

Rule: an alarm is known by its company and its id, and stands as the incident's external number in the World, so nothing is
kept beside the journal and the same alarm twice is one incident. Nobody outside decides: what a company asks for is a note
for the dispatcher, unless the agency has said that its cancel counts.
"""

from collections import Counter
from datetime import datetime
from hashlib import sha256

import trio

from engine.live.service import Service
from engine.model.inputs import AddNote, AnyCommand, CancelIncident, ReportIncident
from engine.model.turn import Answer as EngineAnswer
from engine.state.records import Incident
from gateways.asap.config import AsapConfig, Company, Premises
from gateways.asap.messages import (
    Answer,
    AnyMessage,
    Cancel,
    KeyHolder,
    NewAlarm,
    Query,
    Reason,
    Result,
    Update,
)
from gateways.board import Board

PREFIX = "asap"
ASK_S = 8.0
NOTE_MAX = 4_000


class NotDurable(Exception):
    """The engine has not made it durable in time: the company has to ask again."""


class Intake:
    """Takes messages. One per process."""

    def __init__(self, service: Service, board: Board, config: AsapConfig, premises: Premises) -> None:
        self.counts: Counter[str] = Counter()
        self._service = service
        self._board = board
        self._config = config
        self._premises = premises

    def company(self, name: str) -> Company | None:
        """Return the company of a principal."""
        return next((each for each in self._config.companies if each.name == name), None)

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    async def take(self, company: Company, message: AnyMessage) -> Answer:
        """Do what the message says. Raises NotDurable."""
        known = self.incident_of(company.name, message.alarm_id)
        if isinstance(message, NewAlarm):
            answer = await self._new(company, message, known)
        elif known is None:
            answer = Answer(
                alarm_id=message.alarm_id,
                result=Result.REJECTED,
                reason=Reason.UNKNOWN_ALARM,
                detail="There is no incident of this alarm: it was never accepted, or ended long ago.",
            )
        else:
            answer = await self._about(company, message, known)
        self.counts[f"rejected_{answer.reason}" if answer.reason else answer.result] += 1
        return answer

    def incident_of(self, company: str, alarm: str) -> Incident | None:
        """Return the incident of an alarm, as it is durable."""
        external = external_of(company, alarm)
        return next(
            (each for each in reversed(self._board.world.incidents.values()) if each.external == external), None
        )

    def alarm_of(self, incident: str) -> str:
        """Return company and alarm of an open incident that a company has reported; "" for any other."""
        found = self._board.world.open.get(incident)
        external = "" if found is None else found.external
        return external.removeprefix(f"{PREFIX}/") if external.startswith(f"{PREFIX}/") else ""

    # ── a new alarm ─────────────────────────────────────────────────────────────────────────────────────────

    async def _new(self, company: Company, alarm: NewAlarm, known: Incident | None) -> Answer:
        if known is not None:
            return Answer(alarm_id=alarm.alarm_id, result=Result.ACCEPTED, incident=known.id, repeated=True)
        command = self._command(company, alarm)
        if isinstance(command, Answer):
            return command
        answer = await self._ask(command)
        if answer.incident is not None:
            return Answer(alarm_id=alarm.alarm_id, result=Result.ACCEPTED, incident=answer.incident)
        refusal = answer.refusal
        assert refusal is not None, "a report is refused or makes an incident"
        if refusal.field == "position":
            return _rejected(alarm, Reason.BAD_ADDRESS, refusal.reason)
        return _rejected(alarm, Reason.OTHER, f"{refusal.field}: {refusal.reason}")

    def _command(self, company: Company, alarm: NewAlarm) -> ReportIncident | Answer:
        rule = self._config.events.get(alarm.event.strip().casefold())
        if rule is None:
            taken = ", ".join(sorted(self._config.events))
            return _rejected(alarm, Reason.EVENT_TYPE, f"{alarm.event!r} is not taken here. Taken are: {taken}.")
        at_ms = _ms(alarm.alarm_time)
        now = self._service.clock.now()
        if at_ms is None:
            return _rejected(alarm, Reason.OTHER, "alarm_time: is not ISO 8601 with its zone.")
        if not -self._config.ahead_s * 1_000 <= now - at_ms <= self._config.oldest_s * 1_000:
            reason = (
                f"It went off {(now - at_ms) / 1_000:.0f} s ago; {self._config.oldest_s:.0f} s are the most. Call us."
            )
            return _rejected(alarm, Reason.TOO_OLD, reason)
        place = self._place(alarm)
        if place is None:
            reason = "The location has no lat and lon, and neither its premise nor its address is in the table."
            return _rejected(alarm, Reason.BAD_ADDRESS, reason)
        x_m, y_m = self._board.world.settled.projection.to_metres(*place)
        return ReportIncident(
            id=f"{PREFIX}/{alarm.alarm_id}",
            by=company.name,
            type=rule.type,
            x_m=x_m,
            y_m=y_m,
            priority=(rule.verified_priority if alarm.verified else None) or rule.priority,
            address=alarm.location.address,
            caller=", ".join(each for each in (company.name, alarm.operator, alarm.callback) if each),
            note=_note(alarm),
            external=external_of(company.name, alarm.alarm_id),
        )

    def _place(self, alarm: NewAlarm) -> tuple[float, float] | None:
        where = alarm.location
        if where.lat is not None and where.lon is not None:
            return where.lat, where.lon
        return self._premises.find(where.premise, where.address)

    # ── about an alarm ──────────────────────────────────────────────────────────────────────────────────────

    async def _about(self, company: Company, message: Cancel | Update | Query, known: Incident) -> Answer:
        match message:
            case Query():
                return _status(message, known)
            case Update():
                parts = (message.text, f"Key-holder {_words(message.key_holder)}" if message.key_holder else "")
                text = f"Alarm company: {'. '.join(part for part in parts if part) or 'nothing new'}"
                return await self._noted(company, message, f"update/{message.message_id}", known, text)
            case Cancel():
                return await self._cancel(company, message, known)

    async def _cancel(self, company: Company, message: Cancel, known: Incident) -> Answer:
        if not known.open:
            return _status(message, known)
        if company.may_cancel:
            given = CancelIncident(
                id=f"{PREFIX}/{message.alarm_id}/cancel/{_digest(message.reason)}",
                by=company.name,
                incident=known.id,
                reason=f"alarm company: {message.reason}",
            )
            if (await self._ask(given)).refusal is None:
                return Answer(alarm_id=message.alarm_id, result=Result.CANCELLED, incident=known.id)
        text = f"Alarm company asks to cancel: {message.reason}"
        return await self._noted(company, message, f"asked/{_digest(message.reason)}", known, text)

    async def _noted(self, company: Company, message: Cancel | Update, name: str, known: Incident, text: str) -> Answer:
        by = f" ({message.operator})" if message.operator else ""
        note = AddNote(
            id=f"{PREFIX}/{message.alarm_id}/{name}",
            by=company.name,
            incident=known.id,
            text=f"{text}{by}"[:NOTE_MAX],
        )
        answer = await self._ask(note)
        if answer.refusal is not None:
            return Answer(
                alarm_id=message.alarm_id,
                result=Result.REJECTED,
                incident=known.id,
                reason=Reason.OTHER,
                detail=answer.refusal.reason,
            )
        return Answer(alarm_id=message.alarm_id, result=Result.NOTED, incident=known.id)

    async def _ask(self, command: AnyCommand) -> EngineAnswer:
        with trio.move_on_after(ASK_S):
            return await self._service.ask(command)
        raise NotDurable


def external_of(company: str, alarm: str) -> str:
    """Return the incident's external number."""
    return f"{PREFIX}/{company}/{alarm}"


def _rejected(alarm: NewAlarm, reason: Reason, detail: str) -> Answer:
    return Answer(alarm_id=alarm.alarm_id, result=Result.REJECTED, reason=reason, detail=detail)


def _status(message: Cancel | Update | Query, known: Incident) -> Answer:
    return Answer(
        alarm_id=message.alarm_id,
        result=Result.STATUS,
        incident=known.id,
        status=known.phase,
        units=tuple(known.assigned),
        disposition=known.disposition,
    )


def _note(alarm: NewAlarm) -> str:
    where, holder = alarm.location, alarm.key_holder
    parts = (
        f"{'Verified alarm' if alarm.verified else 'Alarm'}: {alarm.event}",
        alarm.details,
        f"{where.kind} premises {where.premise}".strip() if where.premise else "",
        where.detail,
        f"subscriber {alarm.subscriber}" if alarm.subscriber else "",
        f"permit {alarm.permit}" if alarm.permit else "",
        f"key-holder {_words(holder)}" if holder else "",
    )
    return ". ".join(part for part in parts if part)[:NOTE_MAX]


def _words(holder: KeyHolder | None) -> str:
    if holder is None:
        return ""
    eta = "" if holder.eta_minutes is None else f"in {holder.eta_minutes} min"
    return ", ".join(each for each in (holder.name, holder.telephone, holder.vehicle, eta) if each)


def _ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else round(moment.timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
