"""Newline-delimited JSON over TCP: one line, one fix.

Rule: a line counts when its newline has arrived, and the same bytes give the same fixes however they were
cut. A bad line is refused and the next one starts clean; a line over the limit is dropped up to its newline.

    {"device": "av-17", "lat": 52.1, "lon": 4.9, "time_ms": 1770000000000, "speed_mps": 12.5, "heading": 270}
"""

from datetime import datetime
from typing import Annotated

import msgspec

from gateways.telematics.fix import UNREADABLE, DeviceName, Fix, Refusal, epoch_ms, refusal_of
from gateways.telematics.listener import Listener
from gateways.telematics.refusals import Refusals


class JsonLines(Listener, frozen=True, kw_only=True, tag_field="protocol"):
    """The listener for JSON lines. Tag it `protocol = "JsonLines"` in the configuration."""

    port: int = 7020
    line_limit_bytes: int = 16_384

    def decoder(self, device: str | None = None) -> "JsonLinesDecoder":
        """One per connection or sender: it remembers a line that has not ended yet. Every line names its device."""
        del device
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


class JsonLinesDecoder(Refusals):
    """Bytes in, fixes out; sans-IO and never raising. Holds at most one unfinished line."""

    __slots__ = ("_limit", "_rest", "_skipping")

    def __init__(self, line_limit_bytes: int) -> None:
        super().__init__()
        self._limit = line_limit_bytes
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes, received_ms: int = 0) -> list[Fix]:
        """Decode all lines that ended within `data`. They bear their own time; that of receipt says nothing."""
        del received_ms
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
