"""From an incident's message into the CAD socket to its durable recommendation out at the client.

    python -m loadtests.e2e --units 10000 --fixes 10000 --incidents 20 --seconds 30 [--place FOLDER]

prints one JSON line. One server process; this process is the CAD and all the trackers. Every incident lives its whole
life: its units arrive, clear, and it is closed, so the city stays in balance and every rung costs what it costs.

With `--place FOLDER` the city is an imported one: so many units of its kinds, out on its streets.

    python -m loadtests.e2e --burst 100 --seconds 60

is a catastrophe: 20 s at the city's usual rate, then so many times that rate, then the usual one until all is answered.

Beside it stands, from the same run, the floor: a bare WebSocket server that syncs each message to the disk.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil
import trio
import trio_websocket
from msgspec import Struct
from wsproto.utilities import LocalProtocolError

from gateways.cad.client import dial
from gateways.places import Loaded, load
from loadtests import floor
from loadtests.report import Row, machine, quantile
from loadtests.server import CONFIG, Server, make_city, man_place, running

SETTLE_S = 3.0
"""Positions run for at least this long before the first incident, and until every unit has sent one."""
ON_SCENE_AFTER_S = 2.0
CLEAR_AFTER_S = 4.0
CALL_TAKERS = 12
"""Connections that calls come in by, in a burst."""
CALM_S = 20.0
DRAIN_S = 60.0
"""After a burst all of it is answered within this, or counted as unanswered."""
BEAT_S = 0.02
"""Fixes are sent in helpings this often."""


class Choice(Struct):
    unit: str
    clear_ms: int = -1


class Recommendation(Struct):
    incident: str
    choices: list[Choice]


class Assigned(Struct):
    unit: str


class Incident(Struct):
    id: str
    external: str
    phase: str
    assigned: list[Assigned]
    past: list[Assigned]


class Delta(Struct, tag="delta", tag_field="type"):
    seq: int
    incidents: list[Incident]
    recommendations: list[Recommendation]


class Answer(Struct, tag="answer", tag_field="type"):
    id: str


class Refused(Struct, tag="refused", tag_field="type"):
    id: str | None
    code: str
    reason: str


class Other(Struct, tag="positions", tag_field="type"):
    pass


class Welcome(Struct, tag="welcome", tag_field="type"):
    now_ms: int


class Snapshot(Struct, tag="snapshot", tag_field="type"):
    seq: int


class Resync(Struct, tag="resync", tag_field="type"):
    reason: str


Patrol = tuple[str, int, int]
"""(unit, x_m, y_m): the point about which it drifts."""

_decode = msgspec.json.Decoder(Delta | Answer | Refused | Other | Welcome | Snapshot | Resync).decode
_encode = msgspec.json.Encoder().encode


class Load:
    """The city's side: callers, crews and trackers."""

    def __init__(self, server: Server, loaded: Loaded, options: argparse.Namespace) -> None:
        self.server = server
        self.place = loaded.place
        self.demand = loaded.demand
        self.patrols = on_streets(loaded, options.seed) if options.place else at_stations(loaded)
        self.options = options
        self.chance = random.Random(options.seed)
        self.numbers = itertools.count()
        self.sent: dict[str, float] = {}
        self.reported: dict[str, float] = {}
        self.recommended_ms: list[float] = []
        self.serving: set[tuple[str, str]] = set()
        self.most_urgent: set[str] = set()
        self.most_urgent_ms: list[float] = []
        self.answered_ms: list[float] = []
        self.ids: dict[str, str] = {}
        self.waiting_close: dict[str, str] = {}
        self.fixes = 0
        self.refused: dict[str, int] = {}
        self.resyncs = 0
        self.finished = False
        self.outbox: trio.MemorySendChannel[bytes]
        self.desks: list[trio.MemorySendChannel[bytes]] = []

    async def run(self) -> None:
        url = self.server.cad
        async with (
            dial(url) as socket,
            trio.open_nursery() as nursery,
        ):
            self.outbox, out = trio.open_memory_channel[bytes](10_000)
            hello = {"type": "hello", "version": "turnout.cad.v1", "token": self.server.tokens["dispatcher"]}
            await socket.send_message(_encode({**hello, "positions": False}).decode())
            nursery.start_soon(self._write, socket, out)
            nursery.start_soon(self._read, socket, nursery)
            for _ in range(CALL_TAKERS if self.options.burst else 0):
                await nursery.start(self._take_calls, url)
            nursery.start_soon(self._track)
            await trio.sleep(max(SETTLE_S, 1.2 * len(self.place.units) / self.options.fixes))
            started = time.perf_counter()
            self.fixes = 0
            await self._call(nursery, started)
            self.seconds = time.perf_counter() - started
            self.measured_fixes = self.fixes
            await trio.sleep(CLEAR_AFTER_S + 1.5)
            with trio.move_on_after(DRAIN_S):
                while self.options.burst and (self.reported or self.sent):  # noqa: ASYNC110  the load has no event
                    await trio.sleep(0.2)
            self.finished = True
            nursery.cancel_scope.cancel()

    async def _take_calls(self, url: str, task_status: trio.TaskStatus[None]) -> None:
        """A call-taker's connection: nobody's call waits behind the orders of the CAD, or behind another's."""
        async with dial(url) as socket, trio.open_nursery() as nursery:
            hello = {"type": "hello", "version": "turnout.cad.v1", "token": self.server.tokens["dispatcher"]}
            await socket.send_message(_encode({**hello, "positions": False}).decode())
            desk, calls = trio.open_memory_channel[bytes](10_000)
            self.desks.append(desk)
            nursery.start_soon(self._write, socket, calls)
            task_status.started()
            while True:
                text = await socket.get_message()
                if text.startswith(('{"type":"answer"', '{"type":"refused"')):
                    self._told(_decode(text), time.perf_counter())

    async def _write(self, socket: trio_websocket.WebSocketConnection, out: trio.MemoryReceiveChannel[bytes]) -> None:
        async for message in out:
            await socket.send_message(message.decode())

    async def _read(self, socket: trio_websocket.WebSocketConnection, nursery: trio.Nursery) -> None:
        while True:
            message = _decode(await socket.get_message())
            now = time.perf_counter()
            if isinstance(message, Delta):
                self._delta(message, now, nursery)
            elif isinstance(message, Resync):
                self.resyncs += 1
            else:
                self._told(message, now)

    def _told(self, message: object, now: float) -> None:
        if isinstance(message, Answer):
            sent = self.sent.pop(message.id, None)
            if sent is not None:
                self.answered_ms.append((now - sent) * 1e3)
        elif isinstance(message, Refused):
            self.sent.pop(message.id or "", None)
            self.refused[message.code] = self.refused.get(message.code, 0) + 1

    def _delta(self, delta: Delta, now: float, nursery: trio.Nursery) -> None:
        for incident in delta.incidents:
            self.ids[incident.id] = incident.external
            if incident.phase == "waiting" and incident.past and incident.id not in self.waiting_close:
                self.waiting_close[incident.id] = ""
                self._say(type="close_incident", incident=incident.id, disposition="done")
            for each in incident.assigned:
                if (incident.id, each.unit) not in self.serving:
                    self.serving.add((incident.id, each.unit))
                    nursery.start_soon(self._serve, each.unit)
        for recommendation in delta.recommendations:
            key = self.ids.get(recommendation.incident, "")
            sent = self.reported.pop(key, None)
            if sent is not None:
                self.recommended_ms.append((now - sent) * 1e3)
                if key in self.most_urgent:
                    self.most_urgent_ms.append((now - sent) * 1e3)
            self._accept(recommendation, delta)

    def _accept(self, recommendation: Recommendation, delta: Delta) -> None:
        """Accept what a person is asked about, each time anew until somebody goes."""
        assigned = any(i.assigned for i in delta.incidents if i.id == recommendation.incident)
        if not assigned and any(choice.clear_ms < 0 for choice in recommendation.choices):
            self._say(type="accept", incident=recommendation.incident, decision=delta.seq)

    async def _serve(self, unit: str) -> None:
        await trio.sleep(ON_SCENE_AFTER_S)
        self._say(type="unit_status", unit=unit, status="on_scene")
        await trio.sleep(CLEAR_AFTER_S - ON_SCENE_AFTER_S)
        self._say(type="unit_status", unit=unit, status="available")

    @property
    def rate_in_words(self) -> str:
        """How many calls came."""
        if not self.options.burst:
            return f"{self.options.incidents} incidents/s"
        assert self.demand is not None
        usual = self.demand.calls_per_day / 86_400
        return f"{self.options.burst:g} x the usual {usual:.2g} incidents/s for {self.options.seconds:g} s"

    def _say(self, **message: object) -> None:
        number = next(self.numbers)
        name = f"c{number}"
        self.sent[name] = time.perf_counter()
        calls = self.desks and message["type"] == "report_incident"
        desk = self.desks[number % len(self.desks)] if calls else self.outbox
        desk.send_nowait(_encode({**message, "id": name}))

    async def _call(self, nursery: trio.Nursery, started: float) -> None:
        del nursery
        assert self.demand is not None
        zones = self.demand.zones
        weights = list(itertools.accumulate(zone.weight for zone in zones))
        kinds = list(itertools.accumulate(share.share for share in self.demand.shares))
        to_degrees = self.place.projection.to_degrees
        due = started
        usual = self.demand.calls_per_day / 86_400
        lead_s = CALM_S if self.options.burst else 0.0
        while due - started < lead_s + self.options.seconds:
            await trio.sleep(max(0.0, due - time.perf_counter()))
            zone = self.chance.choices(zones, cum_weights=weights)[0]
            share = self.chance.choices(self.demand.shares, cum_weights=kinds)[0]
            lat, lon = to_degrees(zone.x_m, zone.y_m)
            key = f"e2e-{next(self.numbers)}"
            self.reported[key] = time.perf_counter()
            if share.priority == 1:
                self.most_urgent.add(key)
            self._say(
                type="report_incident",
                incident_type=share.type,
                priority=share.priority,
                lat=lat,
                lon=lon,
                external=key,
            )
            rate = self.options.incidents if not self.options.burst else usual
            if self.options.burst and due - started >= lead_s:
                rate *= self.options.burst
            due += self.chance.expovariate(rate)

    async def _track(self) -> None:
        """Every unit drifts about its own point; each fix is one JSON line."""
        ring = itertools.cycle(self.patrols)
        to_degrees = self.place.projection.to_degrees
        stream = await trio.open_tcp_stream(*self.server.lines)
        await stream.send_all(_encode({"token": self.server.tokens["feed"]}) + b"\n")
        debt = 0.0
        last = time.perf_counter()
        while True:
            await trio.sleep(BEAT_S)
            now = time.perf_counter()
            debt += (now - last) * self.options.fixes
            last = now
            count = int(debt)
            debt -= count
            stamp = int(time.time() * 1000)
            drift = stamp // 1000 % 60
            lines = []
            for name, x_m, y_m in itertools.islice(ring, count):
                lat, lon = to_degrees(x_m + drift, y_m - drift)
                lines.append(f'{{"device":"{name}","lat":{lat},"lon":{lon},"time_ms":{stamp},"speed_mps":1.4}}\n')
            await stream.send_all("".join(lines).encode())
            self.fixes += count


def at_stations(loaded: Loaded) -> list[Patrol]:
    """Every unit about its station: a generated city has one for every six units."""
    stations = {station.id: station for station in loaded.place.stations}
    homes = [(unit.id, stations[unit.station]) for unit in loaded.place.units]
    return [(unit, station.x_m, station.y_m) for unit, station in homes]


def on_streets(loaded: Loaded, seed: int) -> list[Patrol]:
    """Every unit about a node of the streets: a real city has too few stations to hold them apart."""
    streets, to_metres = loaded.streets, loaded.place.projection.to_metres
    assert streets is not None, "units are put on the streets of the place, and it has none"
    chance = random.Random(seed)
    nodes = [chance.randrange(len(streets.node_lat)) for _ in loaded.place.units]
    points = [to_metres(float(streets.node_lat[node]), float(streets.node_lon[node])) for node in nodes]
    return [(unit.id, *point) for unit, point in zip(loaded.place.units, points, strict=True)]


def measure(units: int, options: argparse.Namespace) -> Row:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = man_place(options.place, folder, units) if options.place else make_city(folder, units)
        settings = CONFIG + (f'[planner]\npolicy = "{options.planner}"\n' if options.planner else "")
        with running(place, folder, settings) as server:
            load_ = Load(server, load(place), options)
            cpu = server.process.cpu_times()
            began = time.perf_counter()
            try:
                trio.run(load_.run)
            except* (trio_websocket.DisconnectionTimeout, LocalProtocolError):
                # The library's own closing handshake, after the last figure was taken; before it, it counts.
                if not load_.finished:
                    raise
            spent = server.process.cpu_times()
            wall = time.perf_counter() - began
            cores = (spent.user + spent.system - cpu.user - cpu.system) / wall
            memory = server.process.memory_info().rss
        calls = load_.recommended_ms
        assert calls, f"nothing was recommended; refused: {load_.refused}"
        if load_.reported:
            print(f"{len(load_.reported)} incidents had no recommendation in time", file=sys.stderr)
        return {
            "case": f"{load_.place.name}: {units} units, {options.fixes} fixes/s, {load_.rate_in_words}",
            "method": f"turnout, planner {options.planner}" if options.planner else "turnout",
            "median_ms": round(quantile(calls, 0.5), 3),
            "p99_ms": round(quantile(calls, 0.99), 3),
            "max_ms": round(max(calls), 3),
            "p1_median_ms": round(quantile(load_.most_urgent_ms or [0.0], 0.5), 3),
            "p1_p99_ms": round(quantile(load_.most_urgent_ms or [0.0], 0.99), 3),
            "answer_median_ms": round(quantile(load_.answered_ms, 0.5), 3),
            "answer_p99_ms": round(quantile(load_.answered_ms, 0.99), 3),
            "incidents": len(calls),
            "unanswered": len(load_.reported),
            "refused": sum(load_.refused.values()),
            "resyncs": load_.resyncs,
            "commands_per_s": round(len(load_.answered_ms) / load_.seconds, 1),
            "fixes_per_s": round(load_.measured_fixes / load_.seconds),
            "server_cores": round(cores, 2),
            "driver_cores": round(sum(psutil.Process().cpu_times()[:2]) / wall, 2),
            "server_mb": round(memory / 2**20),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[10_000])
    parser.add_argument("--fixes", type=int, default=10_000)
    parser.add_argument("--incidents", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--burst", type=float, default=0.0, help="times the city's usual rate of calls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--place", type=Path, help="a folder with an imported place, instead of a generated city")
    parser.add_argument("--planner", help="the planner's policy, as in [planner]; none: nobody plans move-ups")
    parser.add_argument("--json", action="store_true", help="the output is JSON either way")
    options = parser.parse_args()
    rows = [floor.measure(options.incidents, min(10.0, options.seconds))]
    rows += [measure(units, options) for units in options.units]
    print(json.dumps({"bench": "e2e", "machine": machine(), "rows": rows}))


if __name__ == "__main__":
    main()
