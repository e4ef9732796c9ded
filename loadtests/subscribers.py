"""Many subscribers in one process, each as cheap as a WebSocket client can be: bare sockets, one epoll, no decoding.

    python -m loadtests.subscribers ws://127.0.0.1:7010 1000 [--hello JSON] [--until TEXT]

They connect at once, say the hello (`{n}` in it is the subscriber's number, from 0), and are ready when each has had a message of the type `--until` (or, without it,
its handshake). Then one JSON line says how long that took. From then on each message with a `"seq":` in its beginning
is stamped; a line on standard input ends it, and the answer is one JSON line:
`{"arrived": {"7": [seconds of the epoch, of each subscriber]}, "read": the same, "bytes": n, "cpu_s": x}`.

A message has *arrived* when its last bytes are at the subscriber's socket: that is stamped by the kernel, so that a
thousand subscribers who share one Python process do not wait for each other in the figures. It is *read* a little later.
"""

import argparse
import base64
import json
import os
import re
import select
import socket
import struct
import sys
import time
from collections import defaultdict
from typing import Final
from urllib.parse import urlsplit

_ROOM: Final = memoryview(bytearray(1 << 18))
"""For what is being read: a buffer made for each message would cost more than the reading."""
SO_TIMESTAMPNS: Final = 35
"""Of Linux: Python has no name for it."""
STAMP: Final = struct.Struct("qq")
STAMP_BYTES: Final = socket.CMSG_SPACE(STAMP.size)
CONNECT_S: Final = 60.0
SEQ = re.compile(rb'"seq": ?(\d+)')
TYPE = re.compile(rb'"type": ?"([a-z_]+)"')
TEXT, CLOSE, PING = 1, 8, 9
HEAD_BYTES: Final = 200
"""Of a message are looked at for what it is."""


def masked(opcode: int, payload: bytes) -> bytes:
    """Return a frame of a client; masked with zeros, which leaves the payload as it is."""
    length = len(payload)
    size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return bytes((0x80 | opcode,)) + size + bytes(4) + payload


class Subscriber:
    """One socket, and what has come of a frame that is not whole yet."""

    __slots__ = ("buffer", "hello", "is_open", "is_ready", "socket")

    def __init__(self, address: tuple[str, int], hello: bytes | None) -> None:
        self.hello = hello
        self.socket = socket.create_connection(address, CONNECT_S)
        self.socket.setblocking(False)
        self.buffer = b""
        self.is_open = self.is_ready = False
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def receive(self) -> tuple[int, float]:
        """Take what has come; return how much it is, and when the last of it arrived."""
        length, stamps, _, _ = self.socket.recvmsg_into((_ROOM,), STAMP_BYTES)
        assert length, "the server closed a connection"
        data = bytes(_ROOM[:length])
        self.buffer = self.buffer + data if self.buffer else data
        for _, kind, stamp in stamps:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = STAMP.unpack(stamp)
                return length, seconds + nanoseconds / 1e9
        return length, time.time()

    def handshake_ends(self) -> bool:
        """Take the server's answer to the handshake, if it is whole."""
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if found:
            assert head.startswith(b"HTTP/1.1 101"), head[:200].decode(errors="replace")
            self.buffer, self.is_open = rest, True
        return bool(found)

    def frames(self) -> list[tuple[int, bytes]]:
        """Take the frames that are whole: opcode and the beginning of the payload."""
        data, at, found = self.buffer, 0, []
        while len(data) - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < start + length:
                break
            found.append((data[at] & 15, data[start : start + min(length, HEAD_BYTES)]))
            at = start + length
        self.buffer = data[at:]
        return found


class Crowd:
    """All of them."""

    def __init__(self, url: str, count: int, hello: str | None, until: str | None) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._until = None if until is None else until.encode()
        self._waiting = count
        self._bytes = 0
        self._cpu_s = 0.0
        self._arrived: defaultdict[int, list[float]] = defaultdict(list)
        self._read: defaultdict[int, list[float]] = defaultdict(list)
        self._poll = select.epoll()
        self._all: dict[int, Subscriber] = {}
        for number in range(count):
            said = None if hello is None else masked(TEXT, hello.replace("{n}", str(number)).encode())
            made = Subscriber((parts.hostname, parts.port), said)
            self._all[made.socket.fileno()] = made
            self._poll.register(made.socket, select.EPOLLIN)

    def get_ready(self) -> None:
        """Run until every one is ready."""
        deadline = time.monotonic() + CONNECT_S
        while self._waiting:
            self._turn(1.0)
            assert time.monotonic() < deadline, f"{self._waiting} were not ready in {CONNECT_S:g} s"

    def receive(self) -> None:
        """Run until standard input has a line, or ends."""
        told = sys.stdin.fileno()
        self._cpu_s = time.process_time()
        self._poll.register(told, select.EPOLLIN)
        while not self._turn(-1.0, told):
            pass

    def result(self) -> dict[str, object]:
        """Return what has been received."""
        spent_s = time.process_time() - self._cpu_s
        return {"arrived": self._arrived, "read": self._read, "bytes": self._bytes, "cpu_s": spent_s}

    def _turn(self, timeout_s: float, told: int = -1) -> bool:
        over = False
        for fd, _ in self._poll.poll(timeout_s):
            if fd == told:
                over = True
                continue
            subscriber = self._all[fd]
            length, arrived = subscriber.receive()
            self._bytes += length
            if subscriber.is_open or self._opened(subscriber):
                self._take(subscriber, arrived)
        return over

    def _opened(self, subscriber: Subscriber) -> bool:
        if not subscriber.handshake_ends():
            return False
        if subscriber.hello is not None:
            subscriber.socket.sendall(subscriber.hello)
        if self._until is None:
            subscriber.is_ready = True
            self._waiting -= 1
        return True

    def _take(self, subscriber: Subscriber, arrived: float) -> None:
        for opcode, payload in subscriber.frames():
            if opcode == PING:
                subscriber.socket.sendall(masked(10, payload))
            elif opcode == CLOSE:
                raise AssertionError(f"the server closed: {payload[2:].decode()}")
            elif not subscriber.is_ready:
                kind = TYPE.search(payload)
                if kind and kind[1] == self._until:
                    subscriber.is_ready = True
                    self._waiting -= 1
            else:
                seq = SEQ.search(payload)
                if seq:
                    self._arrived[int(seq[1])].append(arrived)
                    self._read[int(seq[1])].append(time.time())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("--hello")
    parser.add_argument("--until")
    options = parser.parse_args()
    begun = time.monotonic()
    crowd = Crowd(options.url, options.count, options.hello, options.until)
    crowd.get_ready()
    print(json.dumps({"ready_s": time.monotonic() - begun, "bytes": crowd.result()["bytes"]}), flush=True)
    crowd.receive()
    print(json.dumps(crowd.result()), flush=True)


if __name__ == "__main__":
    main()
