"""What the tests of the past share: a reel taken apart, and a page's view of it at any moment."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from gateways.board import Snapshot, Update
from gateways.cad.messages import Positions
from gateways.cad.mirror import Mirror
from gateways.past import tell_hour
from gateways.reels import HEAD, Hour, Kind
from gateways.views import PositionView


class Line(Struct, frozen=True):
    """A line of a reel."""

    at_ms: int
    what: str
    message: bytes


class Told(Struct):
    """All that was told of an hour."""

    words: list[dict[str, Any]]
    lines: list[Line]

    @property
    def last(self) -> dict[str, Any]:
        return self.words[-1]

    def of(self, what: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line.message) for line in self.lines if line.what == what]

    def view(self, at_ms: int) -> Snapshot:
        """Return what a page shows then: from the last snapshot before it, on."""
        begun = max(n for n, line in enumerate(self.lines) if line.what == "s" and line.at_ms <= at_ms)
        mirror = Mirror()
        for line in self.lines[begun:]:
            if line.at_ms > at_ms:
                break
            if line.what == "s" and mirror.seq is None:
                mirror.take(msgspec.json.decode(line.message, type=Snapshot))
            elif line.what == "d":
                mirror.take(msgspec.json.decode(line.message, type=Update))
            elif line.what == "p":
                units = msgspec.json.decode(line.message)["units"]
                views = tuple(msgspec.convert(each, PositionView) for each in units)
                mirror.take(Positions(at_ms=line.at_ms, units=views))
        mirror.settle()
        return mirror.snapshot()


def told(journal: Path, hour: Hour) -> Told:
    """Read an hour as the process does."""
    frames: list[bytes] = []
    tell_hour(journal, hour, frames.append)
    return taken_apart(frames)


def taken_apart(frames: list[bytes]) -> Told:
    result = Told([], [])
    for frame in frames:
        kind, length = HEAD.unpack_from(frame)
        payload = frame[HEAD.size :]
        assert len(payload) == length
        take(result, Kind(kind), payload)
    return result


def take(result: Told, kind: Kind, payload: bytes) -> None:
    """Add a frame to what was told."""
    if kind is Kind.BLOCK:
        result.lines += lines_of(gzip.decompress(payload))
    else:
        result.words.append(msgspec.json.decode(payload))


def lines_of(block: bytes) -> Iterator[Line]:
    for line in block.splitlines():
        at, what, message = line.split(b" ", 2)
        yield Line(int(at), what.decode(), message)
