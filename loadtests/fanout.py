"""From a command's durable answer until each of many subscribers has what it changed.

    python -m loadtests.fanout [--subscribers 1000] [--events 20] [--seconds 20] [--units 200] [--only METHOD] [--json]

Three processes: the server (`turnout run` on a generated city, with its journal), the subscribers, and this one, which
gives one command after another at a steady rate: an incident's address is amended, which makes a delta of about 2 kB.

- `dispatchers`: all are sent the same bytes; `crews`: each is bound to a unit of its own, so each is an audience of its
  own; `herd`: commands are given while all subscribers connect at once, as after a restart;
- beside it, in the same run, servers that only pass on a message of the same size (`loadtests.fanout_peers`).

- `median_ms`, `p99_ms`, `max_ms`: from the answer at the commander to the delta at a subscriber, over all events and
  subscribers; `last_p99_ms`: the same of each event's last subscriber; `command_p99_ms`: from the command itself. For
  the herd they are from a command to its answer;
- `server_cpu_ms`: processor time of the server for one event, all of its work included; `bytes`: of one event, to one
  subscriber; `connect_s`: from no connection at all until every subscriber has its snapshot; `kb_each`: memory that the
  server grew by for each of them.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil
import trio
from msgspec import Struct
from trio_websocket import WebSocketConnection

from gateways.auth import digest_of_secret
from gateways.cad.client import dial
from gateways.cad.messages import VERSION
from gateways.places import Loaded, load
from loadtests.report import Row, emit, quantile, wants_json
from loadtests.server import CONFIG, make_city, running

PATIENCE_S = 30.0
SETTLE_S = 0.5
LEAD_S = 1.0
HERD_S = 6.0
KNOWN_TO_ALL = "of-a-load-test"
CROWDED = CONFIG.replace("[cad]\n", "[cad]\nmax_connections = 5000\nmax_per_principal = 5000\n")
EVENT_BYTES = 2_000
"""What an alternative passes on, if ours did not run before it and say what a delta takes."""
SUBPROTOCOLS = {"turnout": (VERSION,)}


class Target(Struct):
    """A server under test."""

    method: str
    url: str
    process: psutil.Process
    hello: str | None = None
    """Of its subscribers."""
    commander: str | None = None
    """The hello of who gives the commands."""
    report: str | None = None
    """What makes the incident that the commands are about."""


class Told(Struct):
    """What the commander knows of its events, by seq."""

    sent: dict[int, float]
    answered: dict[int, float]
    cpu_s: float


class Crowd(Struct):
    """The process of the subscribers."""

    process: subprocess.Popen[str]
    ready_s: float

    def finish(self) -> dict[str, Any]:
        """Stop them and return what they have received."""
        out, _ = self.process.communicate("stop\n", PATIENCE_S)
        result: dict[str, Any] = json.loads(out)
        return result


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    line = stream.readline()
    assert line, "the process ended before it was ready; what it says stands above"
    return line


@contextmanager
def crowd_of(target: Target, count: int) -> Iterator[Crowd]:
    command = [sys.executable, "-m", "loadtests.subscribers", target.url, str(count)]
    if target.hello is not None:
        command += ["--hello", target.hello, "--until", "snapshot"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Crowd(process, json.loads(line_of(process.stdout))["ready_s"])
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
        process.kill()
        process.wait()


@contextmanager
def ours(units: int, *, crews: bool = False) -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = make_city(folder, units)
        loaded = load(place)
        settings = CROWDED + principals([unit.id for unit in loaded.place.units])
        with running(place, folder, settings) as server:
            hello = {"type": "hello", "version": VERSION, "token": f"desk.{KNOWN_TO_ALL}", "positions": False}
            follow = {**hello, "token": f"crew-{{n}}.{KNOWN_TO_ALL}"} if crews else hello
            yield Target("turnout", server.cad, server.process, json.dumps(follow), json.dumps(hello), report(loaded))


def principals(units: list[str]) -> str:
    """Return the part of a configuration that lets in a desk, and for each unit a crew that is bound to it."""
    digest = digest_of_secret(KNOWN_TO_ALL)
    desk = f'[[principals]]\nname = "desk"\nrole = "dispatcher"\nsecret_sha256 = ["{digest}"]\n'
    return desk + "".join(
        f'[[principals]]\nname = "crew-{number}"\nrole = "crew"\nsecret_sha256 = ["{digest}"]\nunits = ["{unit}"]\n'
        for number, unit in enumerate(units)
    )


@contextmanager
def peer(method: str) -> Iterator[Target]:
    command = [sys.executable, "-m", "loadtests.fanout_peers", method]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Target(method, line_of(process.stdout).strip(), psutil.Process(process.pid))
        finally:
            process.terminate()


class Commander:
    """Gives commands at a steady rate, whatever the answers do, and notes when each was sent and answered."""

    def __init__(self, target: Target, size: int) -> None:
        self._target = target
        self._size = size
        self._sent: dict[str, float] = {}
        self._answered: dict[str, tuple[float, int]] = {}
        self._changed = trio.Event()
        self._has_snapshot = False

    async def run(self, per_s: float, seconds: float) -> Told:
        target = self._target
        async with (
            dial(target.url, subprotocols=SUBPROTOCOLS.get(target.method, ())) as socket,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(self._listen, socket)
            await self._prepare(socket)
            cpu, begun = target.process.cpu_times(), time.monotonic()
            for number in range(1, round(per_s * seconds) + 1):
                await trio.sleep(max(0.0, begun + number / per_s - time.monotonic()))
                self._sent[str(number)] = time.monotonic()
                await socket.send_message(amendment(number) if target.report else event(number, self._size))
            await self._until(lambda: len(self._answered) == len(self._sent))
            await trio.sleep(SETTLE_S)  # for the last event to reach everybody
            spent = target.process.cpu_times()
            nursery.cancel_scope.cancel()
        return Told(
            sent={seq: self._sent[name] for name, (_, seq) in self._answered.items()},
            answered={seq: at for at, seq in self._answered.values()},
            cpu_s=spent.user + spent.system - cpu.user - cpu.system,
        )

    async def _prepare(self, socket: WebSocketConnection) -> None:
        """Report the incident that all is about, where the server knows of incidents."""
        if self._target.commander is not None and self._target.report is not None:
            await socket.send_message(self._target.commander)
            await self._until(lambda: self._has_snapshot)
            await socket.send_message(self._target.report)
            await self._until(lambda: "first" in self._answered)
            await trio.sleep(SETTLE_S)
            del self._answered["first"]

    async def _listen(self, socket: WebSocketConnection) -> None:
        while True:
            message = json.loads(await socket.get_message())
            now = time.monotonic()
            assert message.get("type") != "refused", message
            if message.get("type") == "answer":
                self._answered[str(message.get("id", message["seq"]))] = now, message["seq"]
            self._has_snapshot = self._has_snapshot or message.get("type") == "snapshot"
            self._changed.set()

    async def _until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE_S):
            while not holds():
                self._changed = trio.Event()
                await self._changed.wait()


def report(loaded: Loaded) -> str:
    """Return a call of the commonest kind, beside a station."""
    place = loaded.place
    lat, lon = place.projection.to_degrees(place.stations[0].x_m, place.stations[0].y_m)
    assert loaded.demand is not None, "a generated city says what its calls are"
    kind = max(loaded.demand.shares, key=lambda share: share.share).type
    return json.dumps({"type": "report_incident", "id": "first", "incident_type": kind, "lat": lat, "lon": lon})


def amendment(number: int) -> str:
    address = f"{number} Fan-out Street, a long way down the road behind the old market hall, second yard, third floor"
    return json.dumps({"type": "amend_incident", "id": str(number), "incident": "I1", "address": address})


def event(number: int, size: int) -> str:
    return json.dumps({"type": "delta", "seq": number, "text": "x" * size})


def settled_rss(process: psutil.Process) -> int:
    """Return the memory of a server that has come to rest after its start."""
    rss, deadline = 0, time.monotonic() + PATIENCE_S
    while (now := process.memory_info().rss) > rss and time.monotonic() < deadline:
        rss = now
        time.sleep(2 * SETTLE_S)
    return now


def measure(target: Target, options: argparse.Namespace, who: str = "subscribers", size: int = EVENT_BYTES) -> Row:
    before = settled_rss(target.process)
    with crowd_of(target, options.subscribers) as crowd:
        grown = target.process.memory_info().rss - before
        told = trio.run(Commander(target, size).run, options.events, options.seconds)
        result = crowd.finish()
    received = {int(seq): times for seq, times in result["received"].items() if int(seq) in told.answered}
    missing = sum(options.subscribers - len(received.get(seq, ())) for seq in told.answered)
    taken_ms = [(at - told.answered[seq]) * 1e3 for seq, times in received.items() for at in times]
    last_ms = [(max(times) - told.answered[seq]) * 1e3 for seq, times in received.items()]
    whole_ms = [(at - told.sent[seq]) * 1e3 for seq, times in received.items() for at in times]
    events = len(told.answered)
    return {
        "case": f"{options.subscribers} {who}, {options.events:g} events/s, {options.seconds:g} s",
        "method": target.method,
        "median_ms": round(quantile(taken_ms, 0.5), 2),
        "p99_ms": round(quantile(taken_ms, 0.99), 2),
        "max_ms": round(max(taken_ms), 2),
        "last_p99_ms": round(quantile(last_ms, 0.99), 2),
        "command_p99_ms": round(quantile(whole_ms, 0.99), 2),
        "missing": missing,
        "server_cpu_ms": round(told.cpu_s / events * 1e3, 2),
        "bytes": round(result["bytes"] / options.subscribers / events),
        "connect_s": round(crowd.ready_s, 2),
        "kb_each": round(grown / options.subscribers / 1024, 1),
    }


def herd(target: Target, options: argparse.Namespace) -> Row:
    """Give commands while everybody connects: how long answers take meanwhile."""
    ready_s: list[float] = []
    over = threading.Event()

    def connect() -> None:
        time.sleep(LEAD_S)
        with crowd_of(target, options.subscribers) as crowd:
            ready_s.append(crowd.ready_s)
            over.wait()
            crowd.finish()

    crowd = threading.Thread(target=connect)
    crowd.start()
    try:
        told = trio.run(Commander(target, EVENT_BYTES).run, options.events, HERD_S)
    finally:
        over.set()
        crowd.join()
    taken_ms = [(told.answered[seq] - sent) * 1e3 for seq, sent in told.sent.items()]
    return {
        "case": f"herd: {options.subscribers} connect, {options.events:g} commands/s",
        "method": target.method,
        "median_ms": round(quantile(taken_ms, 0.5), 2),
        "p99_ms": round(quantile(taken_ms, 0.99), 2),
        "max_ms": round(max(taken_ms), 2),
        "connect_s": round(ready_s[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1_000)
    parser.add_argument("--events", type=float, default=20.0, help="commands a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--only", choices=("dispatchers", "crews", "herd", "trio-websocket", "websockets"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    wanted = (options.only,) if options.only else ("dispatchers", "crews", "herd", "trio-websocket", "websockets")
    rows: list[Row] = []
    if "dispatchers" in wanted:
        with ours(options.units) as target:
            rows.append(measure(target, options, "dispatchers"))
    if "crews" in wanted:
        with ours(max(options.units, options.subscribers), crews=True) as target:
            rows.append(measure(target, options, "crews"))
    if "herd" in wanted:
        with ours(options.units) as target:
            rows.append(herd(target, options))
    size = int(rows[0].get("bytes", EVENT_BYTES)) if rows else EVENT_BYTES
    for method in ("trio-websocket", "websockets"):
        if method in wanted:
            with peer(method) as target:
                rows.append(measure(target, options, size=size))
    emit("fanout", rows, as_json=wants_json())


if __name__ == "__main__":
    main()
