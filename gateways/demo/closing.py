"""The demo's operator of roads: closes the busiest street, sees how fast decisions follow, and opens it again.

Rule: it speaks to the engine as anybody would, through the CAD gateway, and measures on its own screen.
"""

import trio

from gateways.cad.client import new_id
from gateways.demo.busiest import Busiest
from gateways.demo.ledger import Closing, Ledger
from gateways.demo.line import Line
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, Stretch

REASON = "closed by the demo"
IN_FORCE_WITHIN_S = 60.0
"""Long enough for an engine that is killed and comes back."""


class Operator:
    """Sits at a CAD screen."""

    def __init__(self, line: Line, ledger: Ledger) -> None:
        self._line = line
        self._ledger = ledger

    async def close(self, street: Busiest, began_s: float) -> None:
        """Close the street, and wait until decisions rest on it."""
        before = self._line.client.mirror.roads
        asked_s = trio.current_time()
        closing = Closing(street.name, street.arcs, street.share_percent, round(asked_s - began_s, 1))
        self._ledger.closing = closing
        named = Stretch(streets=street.stretch.streets, classes=street.stretch.classes, arcs=street.stretch.arcs)
        answer = await self._line.ask(CloseRoad(id=new_id(), stretch=named, reason=REASON))
        if answer is None or answer.road is None:
            return
        closing.closure = answer.road
        # What was in the works before does not know of it; what is begun after that does.
        closing.epoch = (before.making or before.epoch) + 1
        with trio.move_on_after(IN_FORCE_WITHIN_S):
            while self._line.client.mirror.roads.epoch < closing.epoch:
                await self._line.client.changed()
            closing.in_force_ms = round((trio.current_time() - asked_s) * 1000, 1)

    async def open(self, began_s: float) -> None:
        """Open it again."""
        closing = self._ledger.closing
        if closing is None or not closing.closure:
            return
        answer = await self._line.ask(OpenRoad(id=new_id(), closure=closing.closure, reason="opened by the demo"))
        if answer is not None:
            closing.opened_s = round(trio.current_time() - began_s, 1)
