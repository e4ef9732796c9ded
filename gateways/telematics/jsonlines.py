"""Newline-delimited JSON over TCP: one line, one fix.

Rule: a line counts when its newline has arrived, and the same bytes give the same fixes however they were
cut. A bad line is refused and the next one starts clean; a line over the limit is dropped up to its newline.

    {"device": "av-17", "lat": 52.1, "lon": 4.9, "time_ms": 1770000000000, "speed_mps": 12.5, "heading": 270}
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from gateways.telematics.fix import UNREADABLE, DeviceName, Fix, Refusal, epoch_ms, refusal_of

_KEPT_REFUSALS: Final = 16


class JsonLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="protocol"):
    """The listener for JSON lines. Tag it `protocol = "JsonLines"` in the configuration."""

    host: str = "127.0.0.1"
    port: int = 7020
    line_limit_bytes: int = 16_384
    max_connections: int = 200
    max_bad_lines: int = 10
    token_wait_s: float = 5.0
    idle_s: float = 120.0
    send_s: float = 5.0

    def decoder(self) -> "JsonLinesDecoder":
        """One per connection: it remembers a line that has not ended yet."""
        return JsonLinesDecoder(self.line_limit_bytes)


class _StampedLine(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The same line with an ISO 8601 time instead of `time_ms`; it must carry its offset."""

    device: DeviceName
    lat: float
    lon: float
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    speed_mps: float | None = None
    heading: float | None = None
    accuracy_m: float | None = None
    valid: bool = True

    def fix(self) -> Fix:
        stamp = epoch_ms(self.time)
        return Fix(self.device, self.lat, self.lon, stamp, self.speed_mps, self.heading, self.accuracy_m, self.valid)


_decode = msgspec.json.Decoder(Fix).decode
_decode_stamped = msgspec.json.Decoder(_StampedLine).decode


class JsonLinesDecoder:
    """Bytes in, fixes out; sans-IO and never raising. Holds at most one unfinished line.

    `refused` counts every bad line; `refusals` keeps the latest few until `take_refusals`.
    """

    __slots__ = ("_limit", "_refusals", "_rest", "_skipping", "refused")

    def __init__(self, line_limit_bytes: int) -> None:
        self._limit = line_limit_bytes
        self._rest = b""
        self._skipping = False
        self._refusals: list[Refusal] = []
        self.refused = 0

    def feed(self, data: bytes) -> list[Fix]:
        """Decode all lines that ended within `data`."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            if not newline:
                return []
            self._skipping = False
        block, newline, self._rest = (self._rest + data).rpartition(b"\n")
        fixes = self._decode_block(block) if newline else []
        if len(self._rest) > self._limit:
            self._refuse(self._overlong())
            self._rest, self._skipping = b"", True
        return fixes

    def take_refusals(self) -> list[Refusal]:
        """Hand over the latest refusals not yet taken, oldest first; at most 16."""
        taken, self._refusals = self._refusals, []
        return taken

    def _decode_block(self, block: bytes) -> list[Fix]:
        lines = block.split(b"\n")
        if max(map(len, lines)) <= self._limit:
            try:
                return list(map(_decode, lines))  # the common case, all in C
            except UNREADABLE:
                pass  # one line at least is blank, ISO-stamped or bad: look at each
        fixes = []
        for line in lines:
            fix = self._decode_line(line)
            if isinstance(fix, Fix):
                fixes.append(fix)
            elif fix is not None:
                self._refuse(fix)
        return fixes

    def _decode_line(self, line: bytes) -> Fix | Refusal | None:
        """One line; None for a blank one, which a tracker may send as a sign of life."""
        if len(line) > self._limit:
            return self._overlong()
        if not line.strip():
            return None
        try:
            return _decode_stamped(line).fix() if b'"time"' in line else _decode(line)
        except UNREADABLE as error:
            return refusal_of(error, "line")

    def _overlong(self) -> Refusal:
        return Refusal(f"longer than {self._limit} bytes; dropped up to its newline", "line")

    def _refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        self._refusals = [*self._refusals[1 - _KEPT_REFUSALS :], refusal]
