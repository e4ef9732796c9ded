"""The one task that hands out what waits for clients, so that an event for a thousand of them wakes no thousand tasks.

    an event ──► each client's outbox, and the client is due ──► the pump: push(), push(), push() …

A push sends what waits as far as the socket takes it at once, and never waits. So what came together goes together; who
is spoken to (an answer, a refusal) goes before who is told (a delta); and between helpings everybody else in the loop
has a turn, the engine first of all.
"""

from collections import OrderedDict
from typing import Final, Protocol

import trio

HELPING: Final = 64
"""Clients between two checkpoints: about half a millisecond."""


class Client(Protocol):
    """Somebody for whom something may wait."""

    def push(self) -> None:
        """Send what waits as far as that is possible at once. May neither wait nor raise."""


class Pump:
    """Pushes each client that is due. One per hub."""

    def __init__(self) -> None:
        self._due: OrderedDict[Client, None] = OrderedDict()
        self._news = trio.Event()

    def due(self, client: Client, *, first: bool = False) -> None:
        """Push this client soon, and `first` before the others. As often as one likes: it is pushed once."""
        if not self._due:
            self._news.set()
        self._due[client] = None
        if first:
            self._due.move_to_end(client, last=False)

    def forget(self, client: Client) -> None:
        """It is gone."""
        self._due.pop(client, None)

    async def run(self) -> None:
        """Push, until cancelled."""
        while True:
            for _ in range(min(HELPING, len(self._due))):
                client, _none = self._due.popitem(last=False)
                client.push()
            if self._due:
                await trio.lowlevel.checkpoint()
            else:
                self._news = trio.Event()
                await self._news.wait()
