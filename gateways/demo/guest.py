"""Whoever sits down at the console: for them the desk leaves some of what there is to decide.

At the pace of a demo its own desk decides within a second, and nobody else ever could. While somebody else is at the
gateway it leaves a few calls alone, and every proposed move and alarm; what nobody has taken after a while it does itself.
What somebody else took in hand stays theirs until it is done: it only closes what is over.
"""

from collections.abc import Container, Iterable
from typing import Final

import httpx2
import trio

from gateways.demo.judgement import Matter
from gateways.demo.supervisor import Supervisor
from gateways.views import IncidentView

LOOK_EVERY_S: Final = 3.0
WITHIN_S: Final = 5.0
CONNECTIONS: Final = b"turnout_cad_connections "
OWN: Final = 2
"""Connections of the demo itself: its desk's and its crews'."""
LEAVE_S: Final = 45.0
"""In real seconds: time to see it, to think, and to type."""
CALLS_MAX: Final = 3
"""So many calls of the city are left at a time. What the guest has in hand is left besides."""
URGENT: Final = 1
"""Calls of this priority are not left: that would be a city in distress."""
DECISIONS: Final = frozenset({"accept", "override", "hold", "stack", "dispatch"})
NOT_LEFT: Final = frozenset({"close", "aid"})
"""What is over is closed, and a neighbour answers, whoever has an incident in hand."""
BESIDES: Final = frozenset({"move", "alarm"})


class Guest:
    """Knows whether somebody besides the demo is connected."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.here = False
        self._supervisor = supervisor

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        async with httpx2.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
            while True:
                doors = self._supervisor.doors
                if doors is not None and self._supervisor.up:
                    try:
                        self.here = connections((await client.get(f"{doors.web}/metrics")).content) > OWN
                    except httpx2.HTTPError:
                        self.here = False  # the engine is being started again
                await trio.sleep(LOOK_EVERY_S)


def in_hand(matter: Matter, incident: IncidentView, ours: Container[str]) -> bool:
    """Tell whether the matter is left to others because they took the call or sent a unit; `ours`: who is not another."""
    hands = (incident.reported_by, *(each.by for each in (*incident.assigned, *incident.past)))
    return matter[0] not in NOT_LEFT and any(hand and hand not in ours for hand in hands)


def connections(metrics: bytes) -> float:
    """Return how many are connected to the gateway; 0 where that is not said."""
    found = (line for line in metrics.splitlines() if line.startswith(CONNECTIONS))
    return float(next(found, b"_ 0").split()[1])


class Courtesy:
    """What is left to the guest, and since when. Times in real seconds."""

    def __init__(self) -> None:
        self._since_s: dict[Matter, float] = {}

    def forget(self, seen: Iterable[Matter]) -> None:
        """Keep only what is still on the screen."""
        known = {_about(matter) for matter in seen}
        self._since_s = {about: since_s for about, since_s in self._since_s.items() if about in known}

    def leaves(self, matter: Matter, now_s: float, priority: int | None = None) -> bool:
        """Tell whether it is the guest's for now; `priority` of the call that is to be decided."""
        kind, _ = matter
        if kind not in DECISIONS | BESIDES:
            return False
        about = _about(matter)
        if about not in self._since_s:
            if kind in DECISIONS and (priority == URGENT or self._left(now_s) >= CALLS_MAX):
                return False
            self._since_s[about] = now_s
        return now_s - self._since_s[about] < LEAVE_S

    def _left(self, now_s: float) -> int:
        return sum(kind == "call" and now_s - since_s < LEAVE_S for (kind, _), since_s in self._since_s.items())


def _about(matter: Matter) -> Matter:
    """Return what it is about, whatever the desk would do: it may change its mind."""
    kind, name = matter
    return ("call" if kind in DECISIONS else kind), name
