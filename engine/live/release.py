"""Released turns: durable, in order, handed to each follower through a bounded queue of its own.

A follower that falls behind by more than its queue holds is marked lagging and gets nothing more until it starts
over from the World; it never delays the others or the engine.
"""

from collections import deque

import trio

from engine.model.turn import Turn


class Follower:
    """One reader of released turns. Taken from by one task."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name = name
        self.capacity = capacity
        self.lagging = False
        self._turns: deque[Turn] = deque()
        self._news = trio.Event()

    def offer(self, turn: Turn) -> None:
        """Hand over a turn without ever waiting."""
        if len(self._turns) >= self.capacity:
            self.lagging = True
        if not self.lagging:
            self._turns.append(turn)
        self._news.set()

    async def batch(self) -> list[Turn]:
        """Wait for turns and return all there are. Raises Lagged if some were missed: start over from the World."""
        while not self._turns and not self.lagging:
            self._news = trio.Event()
            await self._news.wait()
        if self.lagging:
            raise Lagged(self.name)
        turns = list(self._turns)
        self._turns.clear()
        return turns

    def __len__(self) -> int:
        return len(self._turns)


class Lagged(Exception):
    """The follower missed turns."""


class Release:
    """Fans released turns out."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []

    def follow(self, name: str, capacity: int) -> Follower:
        """Begin to hand over turns, from the next released one on."""
        follower = Follower(name, capacity)
        self._followers.append(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Stop handing over."""
        self._followers.remove(follower)

    def offer(self, turn: Turn) -> None:
        """Hand a durable turn to everyone."""
        for follower in self._followers:
            follower.offer(turn)

    @property
    def followers(self) -> tuple[Follower, ...]:
        """Who follows."""
        return tuple(self._followers)
