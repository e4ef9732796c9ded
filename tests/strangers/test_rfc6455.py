"""RFC 6455 by section, frame by frame on a bare socket, against the CAD listener's own door, connection and wire.

What Autobahn|Testsuite asks at length (`tests.strangers.autobahn`, where there is a Python 2.7) is asked here in short,
on every run. Frames are written and read by hand, conversations by another library.
"""

import base64
import os
import socket
import threading
from collections.abc import Iterator
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import ClientConnection, connect

from tests.strangers.autobahn import echo_server

WITHIN_S = 120.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
Frame = tuple[int, bytes]
"""Opcode with the FIN bit, and payload."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with echo_server() as address:
        yield address


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, mask: bool = True) -> bytes:
    """Return a client's frame, as right or wrong as asked for."""
    head = bytes((fin << 7 | reserved << 4 | opcode,))
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    if not mask:
        return head + length + payload
    key = os.urandom(4)
    covered = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    return head + bytes((length[0] | 0x80,)) + length[1:] + key + covered


class Bare:
    """A connection on which everything is said by hand."""

    def __init__(self, url: str) -> None:
        port = int(url.rpartition(":")[2])
        self.socket = socket.create_connection(("127.0.0.1", port), WITHIN_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.stream = self.socket.makefile("rb")
        assert self.stream.readline().startswith(b"HTTP/1.1 101")
        while self.stream.readline().strip():
            pass

    def read(self) -> Frame | None:
        """Read one frame; None at the end. Fails if it is masked, reserved bits are set, or it is cut short."""
        head = self.stream.read(2)
        if not head:
            return None
        assert not head[0] & 0x70
        assert not head[1] & 0x80, "a server must not mask"
        length = head[1]
        if length >= 126:
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
        payload = self.stream.read(length)
        assert len(payload) == length
        return head[0], payload

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()


VIOLATIONS = {
    "5.1 a client's frame is not masked": (masked(TEXT, b"x", mask=False), 1002),
    "5.2 a reserved bit without an extension": (masked(TEXT, b"x", reserved=4), 1002),
    "5.2 a reserved opcode": (masked(3, b"x"), 1002),
    "5.2 a reserved control opcode": (masked(11, b"x"), 1002),
    "5.4 a continuation of nothing": (masked(0, b"x"), 1002),
    "5.4 a message within a message": (masked(TEXT, b"x", fin=False) + masked(TEXT, b"y"), 1002),
    "5.5 a control frame in fragments": (masked(PING, b"x", fin=False), 1002),
    "5.5 a control frame that is too long": (masked(PING, b"x" * 126), 1002),
    "5.5.1 a close with half a code": (masked(CLOSE, b"\x03"), 1002),
    "7.4.1 a code that is never sent": (masked(CLOSE, (1005).to_bytes(2, "big")), 1002),
    "7.4.2 a code that nobody has": (masked(CLOSE, (999).to_bytes(2, "big")), 1002),
    "8.1 a text that is not UTF-8": (masked(TEXT, b"\xce\xba\xed\xa0\x80"), 1007),
    "8.1 nor across fragments": (masked(TEXT, b"\xce", fin=False) + masked(0, b"x"), 1007),
    "8.1 a reason that is not UTF-8": (masked(CLOSE, b"\x03\xe8\xff"), 1007),
}


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_fails_the_connection_with_its_code(url: str, case: str) -> None:
    """And nothing comes after the close frame."""
    said, code = VIOLATIONS[case]
    with Bare(url) as bare:
        bare.socket.sendall(said)
        frame = bare.read()
        assert frame is not None
        assert (frame[0], int.from_bytes(frame[1][:2], "big")) == (0x80 | CLOSE, code)
        assert bare.read() is None


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1011, 3000, 4999])
def test_a_close_is_answered_with_its_code(url: str, code: int) -> None:
    """7.1.5; a reason may stand behind it."""
    with Bare(url) as bare:
        bare.socket.sendall(masked(CLOSE, code.to_bytes(2, "big") + "schön".encode()))
        frame = bare.read()
        assert frame is not None
        assert (frame[0], int.from_bytes(frame[1][:2], "big")) == (0x80 | CLOSE, code)
        assert bare.read() is None


def test_what_is_sent_behind_a_close_is_not_answered(url: str) -> None:
    """5.5.1: a message after the client's close frame is dropped."""
    with Bare(url) as bare:
        bare.socket.sendall(masked(CLOSE, (1000).to_bytes(2, "big")) + masked(TEXT, b"late") + masked(PING))
        frame = bare.read()
        assert frame is not None
        assert frame[0] == 0x80 | CLOSE
        assert bare.read() is None


@pytest.mark.parametrize("length", [0, 1, 125])
def test_a_ping_within_a_message_is_answered_at_once(url: str, length: int) -> None:
    """5.5.2, 5.4: the pong bears the same payload and comes before the message that is not whole yet."""
    payload = os.urandom(length)
    with Bare(url) as bare:
        bare.socket.sendall(masked(TEXT, b"one ", fin=False) + masked(PING, payload))
        assert bare.read() == (0x80 | PONG, payload)
        bare.socket.sendall(masked(PONG, b"nobody asked") + masked(0, b"two"))
        assert bare.read() == (0x80 | TEXT, b"one two")


@pytest.mark.parametrize("length", [0, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_every_form_of_length_is_read_and_written(url: str, length: int) -> None:
    """5.2, in the shortest form that holds it."""
    with connect(url, max_size=None, compression=None) as client:
        client.send("x" * length)
        assert client.recv(WITHIN_S) == "x" * length


def test_frames_that_come_byte_by_byte_are_the_same_frames(url: str) -> None:
    """However TCP cuts them."""
    said = masked(TEXT, "Grüße".encode()) + masked(PING, b"p") + masked(BINARY, b"\x00\xff")
    with Bare(url) as bare:
        bare.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in said:
            bare.socket.sendall(bytes((byte,)))
        frames = [bare.read() for _ in range(3)]
    assert sorted(frames) == sorted(
        [(0x80 | TEXT, "Grüße".encode()), (0x80 | PONG, b"p"), (0x80 | BINARY, b"\x00\xff")]
    )


texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=4)
binaries = st.lists(st.binary(max_size=40), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.one_of(texts, binaries), st.booleans()), max_size=12))
def test_any_conversation_comes_back_as_it_was(url: str, messages: list[tuple[list[str] | list[bytes], bool]]) -> None:
    """Texts and binaries in any fragments, with pings between, sent without waiting: the same, in order, whole."""
    with connect(url, compression=None) as client:
        pings = [say(client, fragments, ping=ping) for fragments, ping in messages]
        for fragments, _ in messages:
            whole: str | bytes = "".join(map(str, fragments)) if isinstance(fragments[0], str) else b"".join(fragments)  # type: ignore[arg-type]
            assert client.recv(WITHIN_S) == whole
        assert all(ping.wait(WITHIN_S) for ping in pings if ping is not None)


def say(client: ClientConnection, fragments: list[str] | list[bytes], *, ping: bool) -> threading.Event | None:
    client.send(iter(fragments))  # type: ignore[arg-type]
    return client.ping() if ping else None
