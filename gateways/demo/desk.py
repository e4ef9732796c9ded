"""The dispatchers' desk: takes the calls, accepts what the engine advises, owns alarms, closes what is done.

Rule: the desk acts on what its screen shows, again and again, and never on a single message. So a lost connection
or a killed engine changes nothing but when it acts.
"""

import time as real_time
from collections.abc import Callable, Iterator
from random import Random

import trio

from engine.model.alert_facts import AlarmKind
from engine.model.lifecycle import RUNGS, Outcome, Phase, Status
from engine.model.place import Place
from engine.model.plans import Mode
from gateways.cad.client import new_id
from gateways.cad.messages import (
    AcknowledgeAlarm,
    AnyCommand,
    CancelIncident,
    CloseIncident,
    Dispatch,
    ReportIncident,
)
from gateways.demo.callers import Call
from gateways.demo.chance import around, stream
from gateways.demo.citytime import CityTime
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.views import AlarmView, IncidentView

LOOK_EVERY_S = 0.2
THINK_MS = 8_000
"""Before a recommendation is accepted."""
CLOSE_MS = 12_000
ALARM_MS = 25_000
FALSE_ALARM_SHARE = 0.03
CALL_BACK_MS = 50_000
"""Until a caller says that nobody is needed."""
TOO_CLOSE_MS = 60_000
"""A crew that is about to arrive goes on and looks."""
UNTOLD = (AlarmKind.NOT_ACKNOWLEDGED, AlarmKind.ALERT_UNDELIVERED)


class Desk:
    """One desk for the whole city. `call_crew` is the radio: unit and incident."""

    def __init__(
        self,
        place: Place,
        line: Line,
        time: CityTime,
        ledger: Ledger,
        seed: int,
        call_crew: Callable[[str, IncidentView], None],
    ) -> None:
        self._place = place
        self._advised = {plan.id for plan in place.plans if plan.mode is not Mode.AUTO}
        self._line = line
        self._time = time
        self._ledger = ledger
        self._seed = seed
        self._call_crew = call_crew
        self._chance: Random = stream(seed, "desk")
        self._due_ms: dict[tuple[str, str], int] = {}
        """When each matter that is on somebody's mind will be acted on, by its kind and id."""
        self._acting: set[tuple[str, str]] = set()
        self.sent_s: dict[str, float] = {}
        """When each call went on the wire, by its own number, in real seconds; until its recommendation is seen."""

    async def take(self, call: Call) -> None:
        """Report a call."""
        lat, lon = self._place.projection.to_degrees(call.x_m, call.y_m)
        external = f"C{self._seed}-{call.number}"
        command = ReportIncident(
            id=new_id(),
            incident_type=call.type,
            lat=lat,
            lon=lon,
            priority=call.priority,
            address=call.address,
            caller=call.caller,
            external=external,
        )
        self._ledger.calls_made += 1
        sent_s = self.sent_s[external] = real_time.perf_counter()
        if await self._line.ask(command) is not None:
            self._ledger.calls_answered += 1
            self._ledger.answer_ms.append((real_time.perf_counter() - sent_s) * 1000)

    async def run(self) -> None:
        """Look at the screen, and act on what is due, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                for matter, command in self._due():
                    nursery.start_soon(self._act, matter, command)
                await trio.sleep(LOOK_EVERY_S)

    def _due(self) -> Iterator[tuple[tuple[str, str], AnyCommand]]:
        """Give what is to be done now. What has been on the mind for long enough is done; the rest waits."""
        now = self._time.now()
        seen = dict(self._matters(now))
        self._due_ms = {matter: due_ms for matter, due_ms in self._due_ms.items() if matter in seen}
        for matter, (after_ms, command) in seen.items():
            due_ms = self._due_ms.setdefault(matter, now + round(around(self._chance, after_ms, 0.4)))
            if now >= due_ms and matter not in self._acting:
                self._acting.add(matter)
                yield matter, command

    async def _act(self, matter: tuple[str, str], command: AnyCommand) -> None:
        await self._line.ask(command)
        # Whatever came of it, the screen says what there is to do now; a refused order is thought over once more.
        self._acting.discard(matter)
        self._due_ms.pop(matter, None)

    # ── what stands on the screen ───────────────────────────────────────────────────────────────────────────

    def _matters(self, now: int) -> Iterator[tuple[tuple[str, str], tuple[int, AnyCommand]]]:
        mirror = self._line.client.mirror
        for incident in mirror.incidents.values():
            yield from self._about(incident, now)
        for alarm in mirror.alarms.values():
            if alarm.acknowledged_by is None:
                yield ("alarm", alarm.id), (ALARM_MS, AcknowledgeAlarm(id=new_id(), alarm=alarm.id))
                self._speak_to_crew(alarm, now)

    def _about(self, incident: IncidentView, now: int) -> Iterator[tuple[tuple[str, str], tuple[int, AnyCommand]]]:
        if incident.recommended and incident.plan in self._advised:
            units = tuple(choice.unit for choice in incident.recommended)
            yield ("dispatch", incident.id), (THINK_MS, Dispatch(id=new_id(), incident=incident.id, units=units))
        if done(incident):
            command = CloseIncident(id=new_id(), incident=incident.id, disposition="dealt with")
            yield ("close", incident.id), (CLOSE_MS, command)
        elif self._needless(incident) and may_cancel(incident, now):
            cancel = CancelIncident(id=new_id(), incident=incident.id, reason="the caller says that nobody is needed")
            yield ("cancel", incident.id), (CALL_BACK_MS, cancel)

    def _needless(self, incident: IncidentView) -> bool:
        """Tell whether the caller will call back to say so."""
        return stream(self._seed, "false alarm", incident.external).random() < FALSE_ALARM_SHARE

    def _speak_to_crew(self, alarm: AlarmView, now: int) -> None:
        """Tell the crew by voice, when it is time to."""
        incident = self._line.client.mirror.incidents.get(alarm.incident)
        due = now >= self._due_ms.get(("alarm", alarm.id), now + 1)
        if due and alarm.about in UNTOLD and alarm.unit is not None and incident is not None:
            self._call_crew(alarm.unit, incident)


def done(incident: IncidentView) -> bool:
    """Tell whether everybody who came has left again, or nobody is missing and nobody is there."""
    if incident.assigned or incident.phase is not Phase.WAITING:
        return False
    served = any(each.outcome is Outcome.CLEARED for each in incident.past)
    return served or (bool(incident.past) and not incident.lacks)


def may_cancel(incident: IncidentView, now: int) -> bool:
    """Tell whether every crew is still well away."""
    return all(
        RUNGS.index(each.status) <= RUNGS.index(Status.EN_ROUTE)
        and each.stamps.get(Status.DISPATCHED, now) + each.eta_ms > now + TOO_CLOSE_MS
        for each in incident.assigned
    )
