"""The other side of `loadtests.feeds`: fleets that speak each protocol as fast as they can, or at a given rate.

A sender is a function of a fleet and a deadline. What it costs is not measured, so it prepares all that it can.
"""

import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import numpy as np
from msgspec import Struct

from gateways.telematics.batch import FIX_BYTES, FIXES, HEAD, MAGIC, VERSION, encode_names

CONNECTIONS = 64
"""Trackers that are on HTTP at the same time."""
_KEEP_MS = 2
"""Positions of a device are stamped at least so far apart."""


class Fleet(Struct):
    """The devices, where they stand (degrees), and where they are to send."""

    names: Sequence[str]
    lat: Sequence[float]
    lon: Sequence[float]
    token: str
    host: str
    port: int


class Pace:
    """Says when the next fixes may go: at once, or at `rate` fixes a second; and which time they bear."""

    def __init__(self, seconds: float, rate: float | None) -> None:
        self._began = time.perf_counter()
        self._end = self._began + seconds
        self._rate = rate
        self.sent = 0
        self._stamp_ms = 0

    def goes_on(self) -> bool:
        """Whether the time is not up."""
        return time.perf_counter() < self._end

    def ahead_s(self) -> float:
        """By how much what was sent is ahead of the rate."""
        return 0.0 if self._rate is None else self.sent / self._rate - (time.perf_counter() - self._began)

    def stamp(self, fixes: int) -> int:
        """Wait until a round of the whole fleet may go, and return the time it bears: always a newer one."""
        time.sleep(max(0.0, self.ahead_s()))
        while (now_ms := time.time_ns() // 1_000_000) < self._stamp_ms + _KEEP_MS:
            time.sleep(0.0005)
        self._stamp_ms = now_ms
        self.sent += fixes
        return now_ms


Sender = Callable[[Fleet, Pace], None]


def send_batches(fleet: Fleet, pace: Pace) -> None:
    """Batch frames, each of the whole fleet."""
    count = len(fleet.names)
    static = (
        np.rint(np.array(fleet.lat) * 1e7).astype("<i4").tobytes()
        + np.rint(np.array(fleet.lon) * 1e7).astype("<i4").tobytes()
        + np.arange(count, dtype="<u4").tobytes()
        + np.full(count, 900, "<u2").tobytes()
        + np.full(count, 9_000, "<u2").tobytes()
        + np.full(count, 50, "<u2").tobytes()
    )
    head = HEAD.pack(MAGIC, VERSION, FIXES, 0, count, count * FIX_BYTES)
    with _connected(fleet) as connection:
        connection.sendall(encode_names(fleet.names))
        while pace.goes_on():
            connection.sendall(head + np.full(count, pace.stamp(count), "<i8").tobytes() + static)
        _close(connection)


def send_lines(fleet: Fleet, pace: Pace) -> None:
    """JSON lines, one for each of the fleet and again."""
    lines = [
        b'{"device":%s,"lat":%.7f,"lon":%.7f,"speed_mps":9.0,"heading":90.0,"accuracy_m":5.0,"time_ms":'
        % (json.dumps(name).encode(), lat, lon)
        for name, lat, lon in zip(fleet.names, fleet.lat, fleet.lon, strict=True)
    ]
    with _connected(fleet) as connection:
        while pace.goes_on():
            end = b"%d}\n" % pace.stamp(len(lines))
            connection.sendall(end.join(lines) + end)
        _close(connection)


def send_http(fleet: Fleet, pace: Pace) -> None:
    """OsmAnd: each tracker posts one position and waits for its answer; so many at a time."""
    heads = [
        "GET /?" + urlencode({"id": name, "lat": f"{lat:.7f}", "lon": f"{lon:.7f}", "speed": "17.5", "bearing": "90"})
        for name, lat, lon in zip(fleet.names, fleet.lat, fleet.lon, strict=True)
    ]
    rest = f" HTTP/1.1\r\nHost: turnout\r\nAuthorization: Bearer {fleet.token}\r\n\r\n"
    selector = selectors.DefaultSelector()
    connections = [socket.create_connection((fleet.host, fleet.port)) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
    nth, idle = 0, list(connections)
    while pace.goes_on() or len(idle) < CONNECTIONS:
        while idle and pace.goes_on() and pace.ahead_s() <= 0:
            stamp_ms = time.time_ns() // 1_000_000
            idle.pop().sendall(f"{heads[nth % len(heads)]}&timestamp={stamp_ms}{rest}".encode())
            nth, pace.sent = nth + 1, pace.sent + 1
        for key, _ in selector.select(0.001 if idle else 1.0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            answer = connection.recv(4_096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            idle.append(connection)
    for connection in connections:
        connection.close()


def send_mqtt(fleet: Fleet, pace: Pace) -> None:
    """Publish each position by itself with QoS 1, through the broker; at most so many unacknowledged."""
    topics = [f"turnout/{name}/position".encode() for name in fleet.names]
    texts = [
        f'{{"lat":{lat:.7f},"lon":{lon:.7f},"speed":9.0,"heading":90,"time":'.encode()
        for lat, lon in zip(fleet.lat, fleet.lon, strict=True)
    ]
    with socket.create_connection((fleet.host, fleet.port)) as broker:
        broker.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02lt")
        assert broker.recv(4) == b"\x20\x02\x00\x00"
        nth = acknowledged = 0
        while pace.goes_on():
            packets = []
            while nth - acknowledged + len(packets) < CONNECTIONS and pace.ahead_s() <= 0:
                at = pace.sent % len(topics)
                packets.append(_publish(topics[at], pace.sent % 65_000 + 1, texts[at]))
                pace.sent += 1
            broker.sendall(b"".join(packets))
            nth += len(packets)
            if nth > acknowledged:
                acknowledged += len(broker.recv(65_536)) // 4  # a PUBACK has four bytes
            else:
                time.sleep(0.0005)


def _publish(topic: bytes, number: int, text: bytes) -> bytes:
    """Return a PUBLISH of MQTT 3.1.1 with QoS 1."""
    body = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big")
    body += text + b"%d}" % (time.time_ns() // 1_000_000)
    assert len(body) < 16_384, "the length has one byte or two"
    size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) % 128 | 128, len(body) // 128])
    return b"\x32" + size + body


def _connected(fleet: Fleet) -> socket.socket:
    connection = socket.create_connection((fleet.host, fleet.port))
    connection.sendall(json.dumps({"token": fleet.token}).encode() + b"\n")
    return connection


def _close(connection: socket.socket) -> None:
    """Say that nothing more comes, and wait until the other side has read it all."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4_096):
        pass
