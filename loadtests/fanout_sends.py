"""What it costs to tell a thousand clients of one event: the pump, beside nothing but the system calls.

    python -m loadtests.fanout_sends [--clients 1000] [--rounds 40] [--json]

One process, real TCP connections over the loopback, nobody reads while the clock runs. Processor time, since that does not
depend on what else the machine does: `median_ms` and `min_ms` of all rounds, which are in turn one's and the other's.

- `turnout`: `Hub`'s stream, pump, connections and wires as they are in the server, without its encoding;
- `os.write`: a loop over the same sockets with the same bytes: what no program in Python can be under.
"""

import argparse
import os
import resource
import socket
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Final

import trio

from gateways.auth import Role
from gateways.cad.config import CadConfig, Statistics
from gateways.cad.connection import Connection
from gateways.cad.pulse import Pulse
from gateways.cad.pump import Pump
from gateways.cad.stream import Piece
from gateways.cad.wire import Wire, frame
from gateways.redaction import Audience
from loadtests.report import Row, emit, quantile, wants_json

EVENT: Final = frame(b'{"type":"delta","seq":1,"text":"%s"}' % (b"x" * 1_900))
ROOM: Final = 1 << 20
Pair = tuple[socket.socket, socket.socket]
"""Our end and the client's."""


def connected(count: int) -> list[Pair]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=count)
    pairs = []
    for _ in range(count):
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        for each in (ours, theirs):
            each.setblocking(False)
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pairs.append((ours, theirs))
    listener.close()
    return pairs


def drain(pairs: list[Pair]) -> None:
    for _, theirs in pairs:
        assert len(theirs.recv(ROOM)) == len(EVENT), "a client was not told, or told twice"


def clients_of(pairs: list[Pair]) -> Pump:
    """Return a pump with a follower on each socket."""
    pump = Pump()
    config = CadConfig()
    hub: Any = SimpleNamespace(service=None, config=config, statistics=Statistics(), pump=pump, pulse=Pulse(1.0))
    nothing: Any = None
    for ours, _ in pairs:
        wire = Wire(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        pump.stream.join(Connection("one", nothing, wire, nothing, hub, lambda _: True), Audience(Role.DISPATCHER))
    return pump


async def measure(count: int, rounds: int) -> list[Row]:
    pairs = connected(count)
    pump = clients_of(pairs)
    numbers = [ours.fileno() for ours, _ in pairs]

    async def ours() -> None:
        pump.stream.tell(Piece({None: EVENT}))
        while not pump.stream.is_idle:
            await trio.lowlevel.checkpoint()

    async def bare() -> None:
        for number in numbers:
            os.write(number, EVENT)

    ways: dict[str, Callable[[], Awaitable[None]]] = {"turnout": ours, "os.write": bare}
    taken_ms: dict[str, list[float]] = {name: [] for name in ways}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.run)
        for _ in range(rounds):
            for name, way in ways.items():
                began_s = time.process_time()
                await way()
                taken_ms[name].append((time.process_time() - began_s) * 1e3)
                drain(pairs)
        nursery.cancel_scope.cancel()
    return [
        {
            "case": f"one event of {len(EVENT)} bytes to {count} clients",
            "method": name,
            "median_ms": round(quantile(each, 0.5), 2),
            "min_ms": round(min(each), 2),
        }
        for name, each in taken_ms.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    emit("fanout_sends", trio.run(measure, options.clients, options.rounds), as_json=wants_json())


if __name__ == "__main__":
    main()
