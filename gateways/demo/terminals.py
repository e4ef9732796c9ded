"""What crews' terminals show beside the board: where patients should go, and which incidents have become one."""

import trio

from engine.model.surroundings import DestinationsRanked
from gateways.cad.client import CadClient, FellBehind
from gateways.cad.messages import Delta

DELTAS_MAX = 20_000
SHOWN_WITHIN_S = 3.0
"""Real seconds that a crew waits for its terminal."""
SETTLES_S = 0.3
"""An answer may come before the delta that explains it."""


class Terminals:
    """All crews' terminals: they follow one connection."""

    def __init__(self) -> None:
        self._ranked: dict[str, DestinationsRanked] = {}
        self._into: dict[str, str] = {}
        """By merged incident: the one that goes on."""
        self._news = trio.Event()

    async def run(self, client: CadClient) -> None:
        """Follow until the client is over."""
        while True:
            try:
                async for delta in client.updates(DELTAS_MAX):
                    self.take(delta)
            except FellBehind:
                continue  # a crew that was not told where to go asks
            return

    def take(self, delta: Delta) -> None:
        """Show one delta."""
        for incident in delta.incidents:
            if incident.merged_into is not None:
                self._into[incident.id] = incident.merged_into
            else:
                self._into.pop(incident.id, None)
        for ranked in delta.destinations:
            self._ranked[ranked.unit] = ranked
        if delta.destinations:
            self._news.set()
            self._news = trio.Event()

    def number_of(self, incident: str) -> str:
        """Return the number under which the incident goes on."""
        seen = {incident}
        while incident in self._into and self._into[incident] not in seen:
            incident = self._into[incident]
            seen.add(incident)
        return incident

    def forget(self, unit: str) -> None:
        """Clear the unit's terminal: what it shows from now on is new."""
        self._ranked.pop(unit, None)

    async def ranking(self, unit: str) -> DestinationsRanked | None:
        """Return where the unit's patient should go, as soon as the terminal shows it; None if it does not."""
        with trio.move_on_after(SHOWN_WITHIN_S):
            while unit not in self._ranked:
                await self._news.wait()
        return self._ranked.get(unit)
