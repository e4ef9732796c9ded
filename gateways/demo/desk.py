"""The dispatchers' desk: takes the calls, decides on what the engine advises, owns alarms, closes what is done.

Rule: the desk acts on what its screen shows, again and again, and never on a single message. So a lost connection
or a killed engine changes nothing but when it acts. It does what it made up its mind to do when it first looked: by
then the screen may show something better, and the engine says so.
"""

import time as real_time
from collections.abc import Callable, Iterator
from random import Random

import trio

from engine.core.recorder import ENGINE
from engine.model.alert_facts import AlarmKind
from engine.model.place import Place
from gateways.cad.client import new_id
from gateways.demo.callers import Call
from gateways.demo.chance import around, stream
from gateways.demo.citytime import CityTime
from gateways.demo.guest import Courtesy, Guest, in_hand
from gateways.demo.judgement import Judgement, Matter, Thing
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.views import AlarmView, IncidentView
from gateways.vocabulary.incident_messages import AcknowledgeAlarm, AnyCommand, ReportIncident

DESK = "dispatcher-demo"
"""The name under which it signs in: whoever sits at the console beside it can tell who did what."""
LOOK_EVERY_S = 0.2
ALARM_MS = 25_000
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
        guest: Guest,
    ) -> None:
        self._place = place
        self._line = line
        self._time = time
        self._ledger = ledger
        self._seed = seed
        self._call_crew = call_crew
        self._guest = guest
        self._courtesy = Courtesy()
        self._judgement = Judgement(place, line.client.mirror, seed)
        self._chance: Random = stream(seed, "desk")
        self._minds: dict[Matter, tuple[int, AnyCommand]] = {}
        """What is on somebody's mind: when it will be acted on, and how, as it looked at first."""
        self._acting: set[Matter] = set()
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

    def _due(self) -> Iterator[tuple[Matter, AnyCommand]]:
        """Give what is to be done now. What has been on the mind for long enough is done; the rest waits."""
        now = self._time.now()
        seen = dict(self._things(now))
        self._minds = {matter: mind for matter, mind in self._minds.items() if matter in seen}
        self._courtesy.forget(seen)
        for matter, (after_ms, command) in seen.items():
            if matter not in self._minds:
                self._minds[matter] = (now + round(around(self._chance, after_ms, 0.4)), command)
            due_ms, resolved = self._minds[matter]
            if now >= due_ms and matter not in self._acting and not self._leaves(matter, resolved):
                self._acting.add(matter)
                yield matter, resolved

    def _leaves(self, matter: Matter, command: AnyCommand) -> bool:
        """Tell whether somebody else sits at the console who may want to do it."""
        if not self._guest.here:
            return False
        incident = self._line.client.mirror.incidents.get(getattr(command, "incident", ""))
        if incident is not None and in_hand(matter, incident, (DESK, ENGINE)):
            return True
        return self._courtesy.leaves(matter, trio.current_time(), None if incident is None else incident.priority)

    async def _act(self, matter: Matter, command: AnyCommand) -> None:
        await self._line.ask(command)
        # Whatever came of it, the screen says what there is to do now; a refused order is thought over once more.
        self._judgement.settle(matter)
        self._acting.discard(matter)
        self._minds.pop(matter, None)

    def _things(self, now: int) -> Iterator[Thing]:
        yield from self._judgement.things(now)
        for alarm in self._line.client.mirror.alarms.values():
            if alarm.acknowledged_by is None:
                yield ("alarm", alarm.id), (ALARM_MS, AcknowledgeAlarm(id=new_id(), alarm=alarm.id))
                self._speak_to_crew(alarm, now)

    def _speak_to_crew(self, alarm: AlarmView, now: int) -> None:
        """Tell the crew by voice, when it is time to."""
        incident = self._line.client.mirror.incidents.get(alarm.incident)
        due_ms, _ = self._minds.get(("alarm", alarm.id), (now + 1, None))
        if now >= due_ms and alarm.about in UNTOLD and alarm.unit is not None and incident is not None:
            self._call_crew(alarm.unit, incident)
