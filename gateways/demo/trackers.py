"""The devices in the vehicles: half of them speak JSON lines over TCP, half OsmAnd over HTTP; or all what is said.

Rule: only the newest position counts. A device whose last report is still on its way waits; what was missed in an
outage is not sent late.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import httpx2
import trio
from msgspec import Struct

from engine.model.geometry import Projection
from gateways.demo.chance import stream
from gateways.demo.citytime import CityTime
from gateways.demo.driving import Leg
from gateways.demo.ledger import Ledger
from gateways.demo.voices import mqtt, voice_of
from gateways.mqtt import Broker, Link, NotPublished
from gateways.telematics.fix import Fix
from gateways.telematics.osmand import MPS_PER_KNOT

TICK_S = 0.4
"""Moving units report this often, in real seconds."""
PARKED_CITY_MS = 25_000
PARKED_REAL_S = 4.0
PARKED_PER_S = 300
"""Parked units report every 25 s of the city, but not so often that a large fleet keeps this machine busy."""
PHONES_MAX = 100
"""Devices on HTTP: a request each costs far more than a line."""
PHONES_AT_ONCE = 6
NOISE_M = 4.0
SEND_WITHIN_S = 5.0
RECONNECT_AFTER_S = 0.5


class Vehicle(Protocol):
    """What carries a device."""

    id: str
    leg: Leg


class Feeds(Struct, frozen=True):
    """Where the feeds are."""

    lines: str
    """host:port of what is streamed to; of the broker where all speak MQTT."""
    osmand: str
    """URL."""
    token: str
    all_speak: str | None = None
    """One protocol for all (see `voices.py`)."""


class Trackers:
    """All devices. The vehicles' legs say where they are."""

    def __init__(
        self,
        vehicles: Sequence[Vehicle],
        projection: Projection,
        time: CityTime,
        feeds: Feeds,
        ledger: Ledger,
        seed: int,
        stale_after_ms: int,
    ) -> None:
        self._vehicles = vehicles
        self._projection = projection
        self._time = time
        self._feeds = feeds
        self._ledger = ledger
        self._noise = stream(seed, "gps")
        self._parked_s = parked_every_s(time, len(vehicles), stale_after_ms)
        self._parked_due_s: dict[str, float] = {}
        phones = [vehicle.id for vehicle in vehicles[1::2]][:PHONES_MAX]
        everybody = [vehicle.id for vehicle in vehicles]
        by_http = {None: phones, "osmand": everybody}.get(feeds.all_speak, [])
        self._phones = frozenset(by_http)
        self._voice = voice_of(feeds.all_speak, feeds.token, everybody)
        self._lines = _Newest()
        self._posts = _Newest()

    async def run(self) -> None:
        """Report until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._measure)
            nursery.start_soon(self._publish if self._feeds.all_speak == "mqtt" else self._stream)
            nursery.start_soon(self._phone)

    async def _measure(self) -> None:
        while True:
            now_s, now = trio.current_time(), self._time.now()
            for vehicle in self._vehicles:
                moving = vehicle.leg.moving(now)
                if moving or now_s >= self._parked_due_s.get(vehicle.id, 0.0):
                    self._parked_due_s[vehicle.id] = now_s + self._parked_s * self._noise.uniform(0.7, 1.0)
                    box = self._posts if vehicle.id in self._phones else self._lines
                    box.put(self._fix(vehicle, now, moving=moving))
            await trio.sleep(TICK_S)

    def _fix(self, vehicle: Vehicle, now: int, *, moving: bool) -> Fix:
        x_m, y_m = vehicle.leg.at(now)
        lat, lon = self._projection.to_degrees(x_m + self._noise.gauss(0, NOISE_M), y_m + self._noise.gauss(0, NOISE_M))
        if not moving:
            return Fix(vehicle.id, lat, lon, now, speed_mps=0.0)
        speed_mps, heading_deg = vehicle.leg.speed_mps(now), vehicle.leg.heading_deg(now)
        return Fix(vehicle.id, lat, lon, now, round(speed_mps, 1), round(heading_deg, 1) % 360)

    # ── a stream: JSON lines, TAIP, batch frames ────────────────────────────────────────────────────────────────

    async def _stream(self) -> None:
        """Keep one connection for all its devices, as a fleet's own server does."""
        host, _, port = self._feeds.lines.rpartition(":")
        while True:
            try:
                with trio.fail_after(SEND_WITHIN_S):
                    connection = await trio.open_tcp_stream(host, int(port))
                async with connection, trio.open_nursery() as nursery:
                    nursery.start_soon(self._hear, connection, nursery.cancel_scope.cancel)
                    await self._send_lines(connection)
            except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
                self._ledger.feed_errors += 1
            await trio.sleep(RECONNECT_AFTER_S)

    async def _send_lines(self, connection: trio.SocketStream) -> None:
        await connection.send_all(self._voice.hello)
        while True:
            fixes = await self._lines.take_all()
            with trio.fail_after(SEND_WITHIN_S):
                await connection.send_all(self._voice.encode(fixes))
            self._ledger.fixes_streamed += len(fixes)

    async def _hear(self, connection: trio.SocketStream, gone: Callable[[], None]) -> None:
        """Count the refusals that come back; the end of them is the end of the connection."""
        while answer := await connection.receive_some(65_536):
            self._ledger.feed_refusals += answer.count(b"\n")
        gone()

    # ── MQTT ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _publish(self) -> None:
        """Publish each position by itself; the broker's acknowledgement says that it has been taken."""
        host, _, port = self._feeds.lines.rpartition(":")
        link = Link(Broker(host=host, port=int(port), retry_s=RECONNECT_AFTER_S))
        async with trio.open_nursery() as nursery:
            await nursery.start(link.run)
            while True:
                fixes = await self._lines.take_all()
                async with trio.open_nursery() as helping:
                    for fix in fixes:
                        helping.start_soon(self._publish_one, link, fix)

    async def _publish_one(self, link: Link, fix: Fix) -> None:
        topic, payload = mqtt(fix)
        try:
            await link.publish(topic, payload, within_s=SEND_WITHIN_S)
        except NotPublished:
            self._ledger.feed_errors += 1
        else:
            self._ledger.fixes_streamed += 1

    # ── OsmAnd ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _phone(self) -> None:
        headers = {"Authorization": f"Bearer {self._feeds.token}"}
        limits = httpx2.Limits(max_connections=PHONES_AT_ONCE, max_keepalive_connections=PHONES_AT_ONCE)
        async with (
            httpx2.AsyncClient(headers=headers, limits=limits, timeout=SEND_WITHIN_S, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            for _ in range(PHONES_AT_ONCE):
                nursery.start_soon(self._post_on, client)

    async def _post_on(self, client: httpx2.AsyncClient) -> None:
        while True:
            fix = await self._posts.take()
            try:
                response = await client.get(self._feeds.osmand, params=_query(fix))
            except httpx2.HTTPError:
                self._ledger.feed_errors += 1
                await trio.sleep(RECONNECT_AFTER_S)
                continue
            if response.status_code == 200:
                self._ledger.fixes_posted += 1
            else:
                self._ledger.feed_refusals += 1


class _Newest:
    """The newest fix of each device that has not been sent yet; bounded by the number of devices."""

    def __init__(self) -> None:
        self._fixes: dict[str, Fix] = {}
        self._some = trio.Event()

    def put(self, fix: Fix) -> None:
        self._fixes[fix.device] = fix
        self._some.set()

    async def take(self) -> Fix:
        while not self._fixes:
            if self._some.is_set():
                self._some = trio.Event()
            await self._some.wait()
        return self._fixes.pop(next(iter(self._fixes)))

    async def take_all(self) -> list[Fix]:
        first = await self.take()
        fixes = [first, *self._fixes.values()]
        self._fixes.clear()
        return fixes


def parked_every_s(time: CityTime, devices: int, stale_after_ms: int) -> float:
    """Return how often a parked unit reports, in real seconds: well before its position would be stale."""
    unhurried_s = max(time.real_s(PARKED_CITY_MS), PARKED_REAL_S, devices / PARKED_PER_S)
    return min(unhurried_s, time.real_s(stale_after_ms / 3))


def _query(fix: Fix) -> dict[str, str]:
    """Return the fix as the OsmAnd protocol has it: speed in knots."""
    query = {"id": fix.device, "lat": f"{fix.lat:.7f}", "lon": f"{fix.lon:.7f}", "timestamp": str(fix.fix_ms)}
    if fix.speed_mps is not None:
        query["speed"] = f"{fix.speed_mps / MPS_PER_KNOT:.2f}"
    if fix.heading_deg is not None:
        query["bearing"] = f"{fix.heading_deg:.1f}"
    return query
