"""The one task that hands out what waits for clients, so that an event for a thousand of them wakes no thousand tasks.

    what concerns one ──► the client's outbox, and it is due ──► the pump: push(), push() …
    what concerns all ──► the stream (`stream.py`)           ──► the pump: a round, follower after follower

A push sends what waits as far as the socket takes it at once, and never waits. So what came together goes together; who
is spoken to (an answer, a refusal) goes before who is told (a delta); and between helpings everybody else in the loop
has a turn, the engine first of all.
"""

from collections import OrderedDict
from typing import Final, Protocol

import trio

from gateways.cad.stream import Stream

HELPING: Final = 64
"""Clients between two checkpoints: about half a millisecond."""
LEAST: Final = 16
"""Of those, so many are told what all are told, however many are due."""


class Client(Protocol):
    """Somebody for whom something may wait."""

    def push(self) -> None:
        """Send what waits as far as that is possible at once. May neither wait nor raise."""


class Pump:
    """Pushes each client that is due, and hands out what all are told. One per hub."""

    def __init__(self) -> None:
        self._due: OrderedDict[Client, None] = OrderedDict()
        self._news = trio.Event()
        self.stream = Stream(self._wake)

    def due(self, client: Client, *, first: bool = False) -> None:
        """Push this client soon, and `first` before the others. As often as one likes: it is pushed once."""
        if not self._due:
            self._wake()
        self._due[client] = None
        if first:
            self._due.move_to_end(client, last=False)

    def forget(self, client: Client) -> None:
        """It is gone."""
        self._due.pop(client, None)

    async def run(self) -> None:
        """Push and hand out, until cancelled."""
        while True:
            pushed = min(HELPING, len(self._due))
            for _ in range(pushed):
                client, _none = self._due.popitem(last=False)
                client.push()
            self.stream.hand_out(max(HELPING - pushed, LEAST))
            if self._due or not self.stream.is_idle:
                await trio.lowlevel.checkpoint()
            else:
                self._news = trio.Event()
                await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
