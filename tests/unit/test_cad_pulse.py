"""Everybody's pulse is felt once a round, and never everybody's at the same moment."""

from collections import Counter

import trio
from trio.testing import MockClock

from gateways.cad.pulse import SPOKES, Pulse


class Felt:
    """A client that notes when its pulse was felt."""

    def __init__(self, at_s: list[float]) -> None:
        self._at_s = at_s

    def feel(self, now_s: float) -> None:
        self._at_s.append(round(now_s, 6))


async def test_those_who_came_together_are_not_asked_together(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """A thousand clients at once: each round each of them once, spread evenly over it; who is gone is left alone."""
    assert autojump_clock.autojump_threshold == 0
    pulse, at_s = Pulse(5.0), [list[float]() for _ in range(1_000)]
    clients = [Felt(each) for each in at_s]
    for client in clients:
        pulse.attend(client)
    pulse.attend(clients[0])  # twice is once
    nursery.start_soon(pulse.run)
    await trio.sleep(10.01)
    assert {len(each) for each in at_s} == {2}
    assert {round(each[1] - each[0], 6) for each in at_s} == {5.0}
    together = Counter(each[0] for each in at_s)
    assert len(together) == SPOKES
    assert max(together.values()) - min(together.values()) <= 1
    pulse.forget(clients[1])
    pulse.forget(clients[1])
    await trio.sleep(5.0)
    assert (len(at_s[1]), len(at_s[2])) == (2, 3)
