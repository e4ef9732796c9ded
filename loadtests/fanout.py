"""From a command's durable answer until each of many subscribers has what it changed.

    python -m loadtests.fanout [--subscribers 1000] [--events 20] [--seconds 20] [--units 200] [--only METHOD] [--json]

Three processes: the server (`turnout run` on a generated city, with its journal), the subscribers, and this one, which
gives one command after another at a steady rate: an incident's address is amended, which makes a delta of about 2 kB.

- `dispatchers`: all are sent the same bytes; `crews`: each is bound to a unit of its own, so each is an audience of its
  own; `herd`: commands are given while all subscribers connect at once, as after a restart;
- beside it, in the same run, servers that only pass on a message of the same size (`loadtests.fanout_peers`).

- `median_ms`, `p99_ms`, `max_ms`: from the answer's arrival at the commander's socket to the delta's at a subscriber's,
  over all events and subscribers, stamped by the kernel. On the loopback that stamp is taken within the server's own system
  call, so it says when the server handed the delta to the kernel; `last_p99_ms`: the same of each event's last subscriber;
  `read_p99_ms`: until the subscriber has read it, who waits for the others of its process; `command_p99_ms`: from the
  command itself to the arrival. For the herd they are from a command to the arrival of its answer;
- `server_cpu_ms`: processor time of the server for one event, all of its work included;
  `driver_cpu_ms`: of all subscribers together, who share one process and so one core; `bytes`: of one event, to one
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil
from msgspec import Struct

from gateways.auth import digest_of_secret
from gateways.cad.messages import VERSION
from gateways.places import Loaded, load
from loadtests.commander import PATIENCE_S, SETTLE_S, Commander, Told, amendment
from loadtests.report import Row, emit, quantile, wants_json
from loadtests.server import CONFIG, make_city, running

LEAD_S = 1.0
HERD_S = 6.0
KNOWN_TO_ALL = "of-a-load-test"
CROWDED = CONFIG.replace("[cad]\n", "[cad]\nmax_connections = 5000\nmax_per_principal = 5000\n")
EVENT_BYTES = 2_000
"""What an alternative passes on, if ours did not run before it and say what a delta takes."""


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


def report(loaded: Loaded) -> str:
    """Return a call of the commonest kind, beside a station."""
    place = loaded.place
    lat, lon = place.projection.to_degrees(place.stations[0].x_m, place.stations[0].y_m)
    assert loaded.demand is not None, "a generated city says what its calls are"
    kind = max(loaded.demand.shares, key=lambda share: share.share).type
    return json.dumps({"type": "report_incident", "id": "first", "incident_type": kind, "lat": lat, "lon": lon})


def event(number: int, size: int) -> str:
    return json.dumps({"type": "delta", "seq": number, "text": "x" * size})


def command(target: Target, per_s: float, seconds: float, size: int) -> Told:
    """Give commands, or pass messages on where the server knows of none."""
    if target.commander is None or target.report is None:
        return Commander(target.url, target.process, lambda number: event(number, size)).run(per_s, seconds)
    commander = Commander(target.url, target.process, amendment)
    commander.prepare(target.commander, target.report)
    return commander.run(per_s, seconds)


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
        told = command(target, options.events, options.seconds, size)
        result = crowd.finish()
    arrived, read = ({int(seq): times for seq, times in result[name].items()} for name in ("arrived", "read"))
    missing = sum(options.subscribers - len(arrived.get(seq, ())) for seq in told.answered)
    taken_ms = [(at - since) * 1e3 for seq, since in told.answered.items() for at in arrived[seq]]
    last_ms = [(max(arrived[seq]) - since) * 1e3 for seq, since in told.answered.items()]
    read_ms = [(at - since) * 1e3 for seq, since in told.answered.items() for at in read[seq]]
    whole_ms = [(at - since) * 1e3 for seq, since in told.sent.items() for at in arrived[seq]]
    events = len(told.answered)
    return {
        "case": f"{options.subscribers} {who}, {options.events:g} events/s, {options.seconds:g} s",
        "method": target.method,
        "median_ms": round(quantile(taken_ms, 0.5), 2),
        "p99_ms": round(quantile(taken_ms, 0.99), 2),
        "max_ms": round(max(taken_ms), 2),
        "last_p99_ms": round(quantile(last_ms, 0.99), 2),
        "read_p99_ms": round(quantile(read_ms, 0.99), 2),
        "command_p99_ms": round(quantile(whole_ms, 0.99), 2),
        "missing": missing,
        "server_cpu_ms": round(told.cpu_s / events * 1e3, 2),
        "driver_cpu_ms": round(result["cpu_s"] / events * 1e3, 2),
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
        told = command(target, options.events, HERD_S, EVENT_BYTES)
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
