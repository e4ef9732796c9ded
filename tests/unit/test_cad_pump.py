"""The pump: everyone who is due is pushed, once, and others have their turn between."""

import trio
from trio.testing import wait_all_tasks_blocked

from gateways.cad.pump import HELPING, Pump


class Pushed:
    """A client that notes when it is pushed."""

    def __init__(self, name: int, log: list[int]) -> None:
        self.name = name
        self.log = log

    def push(self) -> None:
        self.log.append(self.name)


async def test_all_are_pushed_once_and_those_spoken_to_go_first(nursery: trio.Nursery) -> None:
    """However often one is due before its turn."""
    log: list[int] = []
    pump = Pump()
    clients = [Pushed(name, log) for name in range(5)]
    for client in (*clients, *clients):
        pump.due(client)
    pump.due(clients[3], first=True)
    pump.forget(clients[1])
    nursery.start_soon(pump.run)
    await wait_all_tasks_blocked()
    assert log == [3, 0, 2, 4]
    pump.due(clients[2])
    await wait_all_tasks_blocked()
    assert log == [3, 0, 2, 4, 2]


async def test_an_answer_does_not_wait_behind_a_thousand_deltas(nursery: trio.Nursery) -> None:
    """In the middle of a round another task has its turn, and whom it answers is the next."""
    log: list[int] = []
    pump = Pump()
    for name in range(1_000):
        pump.due(Pushed(name, log))
    seen: list[int] = []

    async def answer() -> None:
        while not log:
            await trio.lowlevel.checkpoint()
        seen.append(len(log))
        pump.due(Pushed(-1, log), first=True)

    nursery.start_soon(pump.run)
    nursery.start_soon(answer)
    await wait_all_tasks_blocked()
    assert seen[0] <= 2 * HELPING
    assert log[seen[0]] == -1
    assert sorted(log) == list(range(-1, 1_000))
