"""Everybody's pulse is felt once a round, and never everybody's at the same moment."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from gateways.cad.connection import IDLE, Connection
from gateways.cad.pulse import SPOKES, Pulse
from tests.unit.hub_kit import City


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


class Quiet:
    """The line of a client that says nothing."""

    def __init__(self) -> None:
        self.is_free, self.heard_s, self.pings = True, 0.0, 0

    def ping_now(self) -> bool:
        self.pings += self.is_free
        return self.is_free


def quiet_client(line: Quiet) -> Any:
    session: Any = SimpleNamespace(close=lambda: None)
    wire: Any = line
    return Connection("one", session, wire, session, City(ping_s=5.0, idle_s=15.0).hub, lambda _: True)


async def test_whoever_says_nothing_though_it_was_asked_is_gone() -> None:
    """Ten seconds after that, and no sooner; whoever has said anything since is asked anew."""
    line = Quiet()
    client = quiet_client(line)
    for now_s in (5.0, 10.0, 14.0):
        client.feel(now_s)
    assert (line.pings, client.end) == (1, None)
    line.heard_s = 14.5
    for now_s in (15.0, 20.0, 25.0):
        client.feel(now_s)
    assert (line.pings, client.end) == (2, None)
    client.feel(25.1)
    assert client.end is IDLE


@pytest.mark.parametrize("why", ["_sending", "_holding"])
async def test_whose_answer_may_wait_behind_other_things_gets_its_time_once_they_are_through(why: str) -> None:
    """While much is being sent, or nothing read, no answer can be expected; nor in the very moment when that ends."""
    line = Quiet()
    client = quiet_client(line)
    client.feel(5.0)
    setattr(client, why, True)
    line.is_free = why != "_sending"
    for now_s in (10.0, 15.0, 20.0, 25.0):
        client.feel(now_s)
    setattr(client, why, False)
    line.is_free = True
    for now_s in (30.0, 35.0):
        client.feel(now_s)
    assert client.end is None
    client.feel(35.1)
    assert client.end is IDLE
