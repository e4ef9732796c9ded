"""The reel: lines of an hour, packed and handed out as frames, within bounds.

    1764340330000 d {"seq": …}      when, what (s snapshot, d delta, p positions, m mark), and the message itself

Lines are in the order of time. A snapshot is all that the lines before it have led to: whoever jumps begins there.
"""

import zlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateways.reels import Kind, framed

BLOCK_BYTES: Final = 256 << 10
"""Of lines, before they are packed."""
LINES_BYTES_MAX: Final = 48 << 20
"""What a page is asked to hold; an hour that is busier is told in parts."""
LEVEL: Final = 3
GZIP: Final = 31
"""Window bits that make zlib write gzip, which browsers unpack by themselves."""

encode: Final = msgspec.json.Encoder().encode


class ReelFull(Exception):
    """The hour holds more than a page is asked to hold."""


class Reel:
    """Takes lines and words, gives frames to `write`."""

    def __init__(self, write: Callable[[bytes], object], most: int = LINES_BYTES_MAX) -> None:
        self.last_ms = 0
        """When the last line was."""
        self._write = write
        self._most = most
        self._lines: list[bytes] = []
        self._bytes = 0
        self._total = 0

    def line(self, at_ms: int, what: bytes, message: bytes) -> None:
        """Add a line. Raises ReelFull."""
        line = b"%d %s %s\n" % (at_ms, what, message)
        if self._total + len(line) > self._most:
            raise ReelFull
        self._lines.append(line)
        self._bytes += len(line)
        self._total += len(line)
        self.last_ms = at_ms
        if self._bytes >= BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand out what waits."""
        if self._lines:
            packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
            packed = packer.compress(b"".join(self._lines)) + packer.flush()
            self._lines, self._bytes = [], 0
            self._write(framed(Kind.BLOCK, packed))

    def word(self, kind: str, **fields: Any) -> None:
        """Say something to whoever waits."""
        self._write(framed(Kind.WORD, encode({"type": kind, **fields})))

    def last_word(self, kind: str, **fields: Any) -> None:
        """Hand out what waits, and say how it ended."""
        self.flush()
        self._write(framed(Kind.LAST_WORD, encode({"type": kind, **fields})))
