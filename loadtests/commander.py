"""Who gives the commands in the fan-out benchmark, at a steady rate, whatever the answers do: one bare socket."""

import json
import re
import select
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import psutil
from msgspec import Struct

from loadtests.subscribers import PING, SEQ, TEXT, TYPE, Subscriber, masked

PATIENCE_S: Final = 30.0
SETTLE_S: Final = 0.5
ID = re.compile(rb'"id": ?"([^"]+)"')


class Told(Struct):
    """What is known of the events, by seq: times in seconds of the epoch, an answer's as it arrived at the socket."""

    sent: dict[int, float]
    answered: dict[int, float]
    cpu_s: float
    """Of the server, meanwhile."""


class Commander:
    """Sends `of(number)` for 1, 2, 3 …, and notes when each was sent and answered."""

    def __init__(self, url: str, process: psutil.Process, of: Callable[[int], str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._process = process
        self._of = of
        self._sent: dict[str, float] = {}
        self._answered: dict[str, tuple[float, int]] = {}
        self._seen: set[bytes] = set()
        """Types of messages."""
        self._socket = Subscriber((parts.hostname, parts.port), None)
        self._poll = select.epoll()
        self._poll.register(self._socket.socket, select.EPOLLIN)
        self._until(self._socket.handshake_ends)

    def prepare(self, hello: str, report: str) -> None:
        """Say hello and report the incident that all is about."""
        self._send(hello)
        self._until(lambda: b"snapshot" in self._seen)
        self._send(report)
        self._until(lambda: "first" in self._answered)
        time.sleep(SETTLE_S)
        del self._answered["first"]

    def run(self, per_s: float, seconds: float) -> Told:
        """Give the commands; return once all are answered and the last event has had time to reach everybody."""
        cpu, begun = self._process.cpu_times(), time.monotonic()
        for number in range(1, round(per_s * seconds) + 1):
            while (left_s := begun + number / per_s - time.monotonic()) > 0:
                self._turn(left_s)
            self._sent[str(number)] = time.time()
            self._send(self._of(number))
        self._until(lambda: len(self._answered) == len(self._sent))
        time.sleep(SETTLE_S)
        spent = self._process.cpu_times()
        self._socket.socket.close()
        return Told(
            sent={seq: self._sent[name] for name, (_, seq) in self._answered.items()},
            answered={seq: at for at, seq in self._answered.values()},
            cpu_s=spent.user + spent.system - cpu.user - cpu.system,
        )

    def _send(self, text: str) -> None:
        self._socket.socket.sendall(masked(TEXT, text.encode()))

    def _until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            self._turn(1.0)
            assert time.monotonic() < deadline, "the server does not answer"

    def _turn(self, timeout_s: float) -> None:
        """Take what comes, at most so long."""
        for _ in self._poll.poll(timeout_s):
            _, arrived = self._socket.receive()
            if self._socket.is_open:
                self._take(arrived)

    def _take(self, arrived: float) -> None:
        for opcode, payload in self._socket.frames():
            if opcode == PING:
                self._socket.socket.sendall(masked(10, payload))
                continue
            kind, seq, name = TYPE.search(payload), SEQ.search(payload), ID.search(payload)
            assert kind is not None
            assert kind[1] not in (b"refused", b"bye"), payload
            self._seen.add(kind[1])
            if kind[1] == b"answer" and seq:
                self._answered[name[1].decode() if name else seq[1].decode()] = arrived, int(seq[1])


def amendment(number: int) -> str:
    """Return a command that changes the incident's address."""
    address = f"{number} Fan-out Street, a long way down the road behind the old market hall, second yard, third floor"
    return json.dumps({"type": "amend_incident", "id": str(number), "incident": "I1", "address": address})
