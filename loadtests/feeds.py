"""From the trackers' sockets into the World, on one core: batch frames, JSON lines, OsmAnd over HTTP, JSON over MQTT.

    python -m loadtests.feeds --units 10000 --seconds 5 --json

The server is `turnout run` bound to one core, all its threads with it; the trackers (and the broker) have another. Each
feed is driven flat out first, then at its aim; the ages of positions at the moment they are in the World are those of
the second run. Positions wait up to 50 ms for the engine, which takes them all at once: that is in the ages.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from gateways.places import load
from loadtests.feeds_senders import Fleet, Pace, Sender, send_batches, send_http, send_lines, send_mqtt
from loadtests.report import Row, emit
from loadtests.server import make_city

FEEDS: dict[str, tuple[str, Sender, int]] = {
    "binary": ("Batch", send_batches, 500_000),
    "lines": ("JsonLines", send_lines, 100_000),
    "http": ("OsmAnd", send_http, 5_000),
    "mqtt": ("MqttJson", send_mqtt, 5_000),
}
"""By name: the protocol, who speaks it, and the aim in fixes a second."""
CONFIG = """
[cad]
port = 0
[web]
port = 0
[planner]
policy = "none"
[[feeds]]
protocol = "Batch"
port = 0
[[feeds]]
protocol = "JsonLines"
port = 0
[[feeds]]
protocol = "OsmAnd"
port = 0
"""
MQTT = """
[[feeds]]
protocol = "MqttJson"
principal = "feed"
broker = {{ host = "127.0.0.1", port = {port} }}
"""
SETTLE_S = 1.5
DRAIN_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--feeds", nargs="+", choices=FEEDS, default=list(FEEDS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = make_city(Path(folder), options.units)
        with broker(Path(folder)) as port:
            wanted = [name for name in options.feeds if name != "mqtt" or port]
            if len(wanted) < len(options.feeds):
                print("mqtt: left out, mosquitto is not installed (Debian: apt-get install mosquitto)", file=sys.stderr)
            with server(place, Path(folder), cores[0], port) as (doors, watch):
                for name in wanted:
                    rows.append(measure(name, fleet_of(place, name, doors, port), watch, options.seconds))
                    if not options.json:
                        print(rows[-1], file=sys.stderr)
                rows.append({"case": "verdicts", "method": "turnout", **verdicts(doors)})
    emit("feeds", rows, as_json=options.json)


def measure(name: str, fleet: Fleet, watch: Path, seconds: float) -> Row:
    """Drive one feed flat out, then at its aim."""
    _, send, aim = FEEDS[name]
    most, _ = drive(send, fleet, watch, seconds, None)
    kept, ages = drive(send, fleet, watch, seconds, aim)
    medians = sorted(median for median, _ in ages)
    return {
        "case": name,
        "method": "turnout",
        "units": len(fleet.names),
        "fixes_per_s": round(most),
        "aim_per_s": aim,
        "kept_per_s": round(kept),
        "median_ms": medians[len(medians) // 2],
        "p99_ms": sorted(p99 for _, p99 in ages)[int(0.99 * (len(ages) - 1))],
    }


def drive(
    send: Sender, fleet: Fleet, watch: Path, seconds: float, rate: float | None
) -> tuple[float, list[tuple[int, int]]]:
    """Send for so long; return the fixes that came into the lane a second, and the ages as (median, p99) a taking."""
    before = len(told(watch))
    send(fleet, Pace(seconds, rate))
    lines = drained(watch)[before:]
    # Of the first taking only the time counts, and the last counts what came until then.
    first, last = lines[0], lines[-1]
    return (last[1] - first[1]) * 1e9 / (last[0] - first[0]), [(line[2], line[3]) for line in lines[1:]]


def drained(watch: Path) -> list[list[int]]:
    """Return what was told once nothing more comes: a broker may still hold what it has acknowledged."""
    seen, until = -1, time.monotonic() + DRAIN_S
    while len(lines := told(watch)) != seen and time.monotonic() < until:
        seen = len(lines)
        time.sleep(SETTLE_S)
    return lines


def told(watch: Path) -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in watch.read_text().splitlines() if line.count(" ") == 3]


def fleet_of(place: Path, name: str, doors: dict[str, object], port: int) -> Fleet:
    """Return the units at their stations, and where this feed is."""
    loaded = load(place).place
    stations = {station.id: station for station in loaded.stations}
    spots = [
        loaded.projection.to_degrees(stations[unit.station].x_m, stations[unit.station].y_m) for unit in loaded.units
    ]
    kind = FEEDS[name][0]
    feeds = doors["feeds"]
    assert isinstance(feeds, list)
    address = next(feed["address"] for feed in feeds if feed["protocol"] == kind)
    access = doors["access"]
    assert isinstance(access, dict)
    host, _, at = address.rpartition(":")
    names = [unit.id for unit in loaded.units]
    lats, lons = [lat for lat, _ in spots], [lon for _, lon in spots]
    return Fleet(names, lats, lons, access["tokens"]["feed"], host, port if name == "mqtt" else int(at))


def verdicts(doors: dict[str, object]) -> dict[str, int]:
    """Return what became of all fixes, as the server's metrics have it."""
    time.sleep(1.5)
    text = httpx2.get(f"{doors['web']}/metrics", trust_env=False).text
    found = {}
    for line in text.splitlines():
        if line.startswith("turnout_fixes_total{"):
            word, count = line.partition('verdict="')[2].split('"}')
            if float(count):
                found[word] = int(float(count))
    return found


@contextmanager
def server(place: Path, folder: Path, core: int, broker_port: int) -> Iterator[tuple[dict[str, object], Path]]:
    """Serve the place on that core; yield where its doors are, and the file of the watch."""
    config, watch = folder / "turnout.toml", folder / "watch"
    config.write_text(CONFIG + (MQTT.format(port=broker_port) if broker_port else ""))
    command = [sys.executable, "-m", "loadtests.feeds_server", str(watch), "run", str(place)]
    command += ["--data", str(folder / "data"), "--config", str(config), "--announce", "--travel", "straight"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        doors = json.loads(process.stdout.readline())
        for thread in psutil.Process(process.pid).threads():
            os.sched_setaffinity(thread.id, {core})
        try:
            yield doors, watch
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run mosquitto beside the trackers; yield its port, 0 where it is not installed."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        yield 0
        return
    port, config = 18_830 + os.getpid() % 10_000, folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""
    config.write_text(f"listener {port} 127.0.0.1\n{user}allow_anonymous true\nmax_queued_messages 0\n")
    with subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
