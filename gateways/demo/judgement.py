"""What a dispatcher makes of an incident on the screen: accept, do otherwise, put off, merge, strike an alarm.

Rule: pure. The same incident of the same seed is always judged alike, also after the city was started again. What a
person does once is not done again because the screen has not changed.
"""

import math
from collections.abc import Iterable, Iterator

from engine.model.facts import Choice
from engine.model.lifecycle import RUNGS, Outcome, Phase, Status
from engine.model.place import Place
from engine.model.plans import Mode
from gateways.cad.client import new_id
from gateways.cad.mirror import Mirror
from gateways.demo.chance import stream
from gateways.move_views import MoveState, MoveView
from gateways.views import IncidentView, UnitView
from gateways.vocabulary.crew_messages import AnswerAid, CallRoll
from gateways.vocabulary.incident_messages import (
    AnyCommand,
    CancelIncident,
    CloseIncident,
    Dispatch,
    MergeIncident,
    Release,
)
from gateways.vocabulary.move_messages import AcceptMove, RejectMove
from gateways.vocabulary.response_messages import Accept, Hold, Stack, StrikeAlarm

Matter = tuple[str, str]
"""Its kind, and what it is about."""
Thing = tuple[Matter, tuple[int, AnyCommand]]
"""A matter, how long a person takes over it in ms, and what will be done."""

THINK_MS = 8_000
"""Before a recommendation is accepted."""
THINK_AGAIN_MS = 60_000
"""Where somebody has released the last unit: they will send another one."""
CLOSE_MS = 12_000
AID_MS = 18_000
"""Until a neighbour's dispatcher has answered the telephone and looked."""
MERGE_MS = 15_000
RELEASE_MS = 20_000
MOVE_MS = 20_000
"""Before a move-up is accepted: both reasons are read, and the map is looked at."""
MOVE_REFUSED_SHARE = 0.12
STRIKE_MS = 60_000
"""From the first crew's arrival to its word that it needs more."""
ROLL_MS = 120_000
FALSE_ALARM_SHARE = 0.03
CALL_BACK_MS = 50_000
"""Until a caller says that nobody is needed."""
TOO_CLOSE_MS = 60_000
"""A crew that is about to arrive goes on and looks."""
HOLD_BELOW, STACK_BELOW, OVERRIDE_BELOW = 0.06, 0.16, 0.30
"""What becomes of a recommendation, by a number between 0 and 1; from the last on it is accepted."""
PUT_OFF_FROM = 4
"""Priorities from this one on may be held or stacked."""
HOLD_FOR_MS = 300_000
STRIKE_SHARE = 0.6
COMMITTED_SHARE = 0.85
SURE_PERMILLE = 850
"""So alike are two calls that a person takes them for one."""
ONCE = frozenset({"hold", "stack", "override", "strike", "roll"})
ARRIVED = frozenset(RUNGS[RUNGS.index(Status.ON_SCENE) :])
RECALLABLE = frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE})


class Judgement:
    """How this desk decides."""

    def __init__(self, place: Place, mirror: Mirror, seed: int) -> None:
        self._plans = {plan.id: plan for plan in place.plans}
        self._neighbours = [unit.id for unit in place.units if unit.agency is not None]
        self._mirror = mirror
        self._seed = seed
        self._did: set[Matter] = set()

    def settle(self, matter: Matter) -> None:
        """Take note that it was done, or tried."""
        if matter[0] in ONCE:
            self._did.add(matter)

    def things(self, now: int) -> Iterator[Thing]:
        """Give everything that is to be done sooner or later."""
        for incident in self._mirror.incidents.values():
            yield from self._new(self._about(incident, now))
        for name in self._neighbours:
            unit = self._mirror.units.get(name)
            if unit is not None and unit.status is Status.REQUESTED and unit.incident is not None:
                yield self._neighbours_word(unit.id, unit.incident)
        for move in self._mirror.moves.values():
            if move.state is MoveState.PROPOSED:
                yield self._word_on(move)

    def _word_on(self, move: MoveView) -> Thing:
        """Accept the move, unless its crew has a reason not to go."""
        chance = stream(self._seed, "move", move.unit, move.post, str(move.since_ms))
        command: AnyCommand = AcceptMove(id=new_id(), move=move.id)
        if chance.random() < MOVE_REFUSED_SHARE:
            reason = chance.choice(("its crew is restocking", "its crew has just sat down to eat", "it is low on fuel"))
            command = RejectMove(id=new_id(), move=move.id, unit=move.unit, reason=reason)
        return ("move", move.id), (MOVE_MS, command)

    def _new(self, things: Iterable[Thing]) -> Iterator[Thing]:
        return (thing for thing in things if thing[0] not in self._did)

    def _about(self, incident: IncidentView, now: int) -> Iterator[Thing]:
        if done(incident):
            close = CloseIncident(id=new_id(), incident=incident.id, disposition="dealt with")
            yield ("close", incident.id), (CLOSE_MS, close)
            return
        if self._drawn(incident, "false alarm") < FALSE_ALARM_SHARE and may_cancel(incident, now):
            cancel = CancelIncident(id=new_id(), incident=incident.id, reason="the caller says that nobody is needed")
            yield ("cancel", incident.id), (CALL_BACK_MS, cancel)
        yield from self._one_with(incident)
        yield from self._advice(incident, now)
        yield from self._on_scene(incident)
        yield from self._too_many(incident)

    def _drawn(self, incident: IncidentView, purpose: str) -> float:
        """Return a number between 0 and 1, the same for ever."""
        return stream(self._seed, purpose, incident.external or incident.id).random()

    # ── a recommendation ────────────────────────────────────────────────────────────────────────────────────

    def _advice(self, incident: IncidentView, now: int) -> Iterator[Thing]:
        """Accept what is recommended, unless this is one of the times when a person knows better."""
        ripe = [choice for choice in incident.recommended if choice.clear_ms < 0]
        if not ripe or incident.held_until_ms is not None or incident.stacked_on is not None:
            return
        if self._plans[incident.plan].mode is Mode.SHADOW:
            units = tuple(choice.unit for choice in ripe)
            yield ("dispatch", incident.id), (THINK_MS, Dispatch(id=new_id(), incident=incident.id, units=units))
            return
        own_way = [thing for thing in (self._own_way(incident, ripe, now),) if thing is not None]
        if own_way and own_way[0][0] not in self._did:
            yield own_way[0]
            return
        accept = Accept(id=new_id(), incident=incident.id, decision=incident.decided_seq)
        yield ("accept", incident.id), (THINK_AGAIN_MS if given_up(incident) else THINK_MS, accept)

    def _own_way(self, incident: IncidentView, ripe: list[Choice], now: int) -> Thing | None:
        whim = self._drawn(incident, "whim")
        command: AnyCommand
        if whim >= OVERRIDE_BELOW or incident.assigned or len(ripe) != 1 or ripe[0].source or ripe[0].replaces:
            return None
        if whim >= STACK_BELOW:
            other = self._other_than(ripe[0], incident, busy=False)
            if other is None:
                return None
            reason = "its crew knows the building"
            command = Dispatch(id=new_id(), incident=incident.id, units=(other.id,), reason=reason)
            return ("override", incident.id), (THINK_MS, command)
        if incident.priority < PUT_OFF_FROM or sum(incident.lacks.values()) != 1:
            return None
        if whim >= HOLD_BELOW:
            busy = self._other_than(ripe[0], incident, busy=True)
            if busy is None:
                return None
            command = Stack(id=new_id(), incident=incident.id, unit=busy.id, reason="it is round the corner")
            return ("stack", incident.id), (THINK_MS, command)
        reason = "the caller asks for a visit a little later"
        command = Hold(id=new_id(), incident=incident.id, until_ms=now + HOLD_FOR_MS, reason=reason)
        return ("hold", incident.id), (THINK_MS, command)

    def _other_than(self, choice: Choice, incident: IncidentView, *, busy: bool) -> UnitView | None:
        """Return the nearest other unit of the same kind: a free one, or one that is busy with its work."""
        chosen = self._mirror.units.get(choice.unit)
        others = [
            unit
            for unit in self._mirror.units.values()
            if chosen is not None
            and unit.id != chosen.id
            and unit.agency is None
            and (unit.kind, unit.capabilities) == (chosen.kind, chosen.capabilities)
            and (unit.status in ARRIVED and not unit.stack if busy else unit.status is Status.AVAILABLE)
        ]
        return min(
            others,
            key=lambda unit: (math.dist((unit.lat, unit.lon), (incident.lat, incident.lon)), unit.id),
            default=None,
        )

    # ── what comes of it ────────────────────────────────────────────────────────────────────────────────────

    def _one_with(self, incident: IncidentView) -> Iterator[Thing]:
        """Merge what is very likely the same: the later report goes on as part of the earlier one."""
        likeliest = incident.suspects[0] if incident.suspects else None
        if likeliest is None or likeliest.permille < SURE_PERMILLE:
            return
        other = self._mirror.incidents.get(likeliest.incident)
        if other is not None and other.reported_ms <= incident.reported_ms:
            merge = MergeIncident(id=new_id(), incident=incident.id, into=other.id)
            yield ("merge", incident.id), (MERGE_MS, merge)

    def _on_scene(self, incident: IncidentView) -> Iterator[Thing]:
        """Do what crews at a large incident ask for."""
        there = sum(each.status in ARRIVED for each in incident.assigned)
        if not there or not self._plans[incident.plan].alarms:
            return
        if incident.alarm_level == 1 and self._drawn(incident, "second alarm") < STRIKE_SHARE:
            strike = StrikeAlarm(id=new_id(), incident=incident.id, reason="smoke from the roof")
            yield ("strike", incident.id), (STRIKE_MS, strike)
        if there > 1:
            yield ("roll", incident.id), (ROLL_MS, CallRoll(id=new_id(), incident=incident.id))

    def _too_many(self, incident: IncidentView) -> Iterator[Thing]:
        """Call back who came along with a merged call and has no place in the plan."""
        for each in incident.assigned:
            if each.slot is None and each.status in RECALLABLE:
                release = Release(id=new_id(), unit=each.unit, incident=incident.id, reason="enough are on their way")
                yield ("release", each.unit), (RELEASE_MS, release)

    def _neighbours_word(self, unit: str, incident: str) -> Thing:
        committed = stream(self._seed, "neighbour", unit, incident).random() < COMMITTED_SHARE
        reason = "" if committed else "it is needed at home"
        answer = AnswerAid(id=new_id(), unit=unit, incident=incident, committed=committed, reason=reason)
        return ("aid", f"{unit} {incident}"), (AID_MS, answer)


def given_up(incident: IncidentView) -> bool:
    """Tell whether its last unit was released before it was reached."""
    return not incident.assigned and bool(incident.past) and incident.past[-1].outcome is Outcome.RELEASED


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
