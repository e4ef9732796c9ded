"""NMEA 0183 as any GPS receiver speaks it: RMC, GGA and VTG, from whatever constellation (GP, GN, GL, GA, GB, …).

Rule: the sentences of one moment make one fix. RMC brings date, place, speed and course; GGA place and how good it is;
VTG speed and course. A fix is handed on as soon as every kind of sentence has come that came the moment before, or
when the next moment begins. **Speed is in knots.** A sentence whose checksum is missing or wrong is refused, others
than these three are passed over. A receiver tells no name: the first line, its address or the door does.
Source: NMEA 0183 as documented by gpsd, and sentences of gpsd's public regression tests.
"""

import re
from datetime import UTC, datetime
from typing import Final

from gateways.telematics.fix import Fix, Refusal, epoch_ms
from gateways.telematics.listener import FirstLine, Listener
from gateways.telematics.osmand import MPS_PER_KNOT
from gateways.telematics.refusals import Refusals
from gateways.telematics.timing import unrolled, whole_time

SENTENCE_MAX: Final = 256
"""The standard allows 82 characters; some receivers write more."""
METRES_PER_HDOP: Final = 5.0
"""What a receiver's measurement is good for where the satellites stand at their best: accuracy is this times HDOP."""
_CLOCK: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(?:\.(\d{1,9}))?", re.ASCII)
_DATE: Final = re.compile(r"(\d\d)(\d\d)(\d\d)", re.ASCII)
_ANGLE: Final = re.compile(r"(\d{2,3})([0-5]\d(?:\.\d{1,9})?)", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,6}(\.\d{1,9})?", re.ASCII)
_SENTENCE: Final = re.compile(rb"[$!]([^*$!\r\n]*)\*([0-9A-Fa-f]{2})\s*", re.ASCII)


class Nmea(Listener, frozen=True, kw_only=True, tag_field="protocol"):
    """The listener for NMEA 0183. Tag it `protocol = "Nmea"` in the configuration."""

    port: int = 7022
    first_line: FirstLine = "device"

    def decoder(self, device: str | None = None) -> "NmeaDecoder":
        """One per connection or sender; `device` is whose sentences these are."""
        return NmeaDecoder(device)


class _FieldError(Exception):
    """Carries the refusal of a field to the boundary of the sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, field)


class _Moment:
    """What is known of one moment: `of_day_ms` since midnight, degrees, m/s."""

    __slots__ = ("accuracy_m", "date", "heading_deg", "kinds", "lat", "lon", "of_day_ms", "speed_mps", "told", "valid")

    def __init__(self, of_day_ms: int) -> None:
        self.of_day_ms = of_day_ms
        self.kinds: set[str] = set()
        self.date: tuple[int, int, int] | None = None
        self.lat: float | None = None
        self.lon: float | None = None
        self.speed_mps: float | None = None
        self.heading_deg: float | None = None
        self.accuracy_m: float | None = None
        self.valid = True
        self.told = False


class NmeaDecoder(Refusals):
    """Bytes in, fixes out; sans-IO and never raising. Holds at most one unfinished line and one moment."""

    __slots__ = ("_device", "_expected", "_moment", "_rest", "_skipping")

    def __init__(self, device: str | None) -> None:
        super().__init__()
        self._device = device
        self._rest = b""
        self._skipping = False
        self._moment: _Moment | None = None
        self._expected: frozenset[str] = frozenset()

    def feed(self, data: bytes, received_ms: int) -> list[Fix]:
        """Decode all lines that ended within `data`."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            if not newline:
                return []
            self._skipping = False
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > SENTENCE_MAX:
            self._refuse(Refusal(f"longer than {SENTENCE_MAX} bytes; dropped up to its newline", "sentence"))
            self._rest, self._skipping = b"", True
        fixes: list[Fix] = []
        for line in lines:
            if not line.strip():
                continue
            try:
                self._take(line, received_ms, fixes)
            except _FieldError as error:
                self._refuse(error.refusal)
        return fixes

    def _take(self, line: bytes, received_ms: int, fixes: list[Fix]) -> None:
        fields = _fields(line)
        kind = fields[0][-3:]
        if kind in _TIME_AT:
            of_day_ms = _of_day_ms(_field(fields, _TIME_AT[kind]))
            if of_day_ms is None:
                return  # the receiver does not know the time yet
            if self._moment is None or self._moment.of_day_ms != of_day_ms:
                self._end(received_ms, fixes)
                self._moment = _Moment(of_day_ms)
            _READ[kind](self._moment, fields)
            self._moment.kinds.add(kind)
        elif kind == "VTG" and self._moment is not None:
            _read_vtg(self._moment, fields)
            self._moment.kinds.add(kind)
        moment = self._moment
        if moment is not None and self._expected and self._expected <= moment.kinds:
            self._tell(moment, received_ms, fixes)

    def _end(self, received_ms: int, fixes: list[Fix]) -> None:
        """Close a moment: tell it if it was not told, and expect of the next one what it had."""
        if self._moment is not None:
            self._expected = frozenset(self._moment.kinds)
            self._tell(self._moment, received_ms, fixes)

    def _tell(self, moment: _Moment, received_ms: int, fixes: list[Fix]) -> None:
        if moment.told:
            return
        moment.told = True
        if self._device is None:
            self._refuse(Refusal("is not known; send it as the first line, or name it in the configuration", "device"))
        elif moment.lat is not None and moment.lon is not None:
            fixes.append(self._fix(self._device, moment, moment.lat, moment.lon, received_ms))

    def _fix(self, device: str, moment: _Moment, lat: float, lon: float, received_ms: int) -> Fix:
        stamp_ms = whole_time(moment.of_day_ms, received_ms)
        if moment.date is not None:
            day, month, year = moment.date
            midnight = datetime(year + (1900 if year >= 80 else 2000), month, day, tzinfo=UTC)
            stamp_ms = unrolled(epoch_ms(midnight) + moment.of_day_ms, received_ms)
        return Fix(device, lat, lon, stamp_ms, moment.speed_mps, moment.heading_deg, moment.accuracy_m, moment.valid)


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────


def _fields(line: bytes) -> list[str]:
    if len(line) > SENTENCE_MAX:
        raise _FieldError("sentence", f"longer than {SENTENCE_MAX} bytes")
    found = _SENTENCE.fullmatch(line)
    if found is None:
        raise _FieldError("sentence", f"is not $…*hh with a checksum: {line[:40].decode('ascii', 'replace')!r}")
    total = 0
    for byte in found[1]:
        total ^= byte
    if total != int(found[2], 16):
        raise _FieldError("checksum", f"is {found[2].decode()}, and the sentence adds up to {total:02X}")
    return found[1].decode("ascii", "replace").split(",")


def _field(fields: list[str], at: int) -> str:
    return fields[at].strip() if at < len(fields) else ""


def _read_rmc(moment: _Moment, fields: list[str]) -> None:
    place = _place(fields, 3)
    date = _field(fields, 9)
    if date:
        moment.date = _date(date)
    if _field(fields, 2) != "A" or _field(fields, 12) == "N":
        moment.valid = False
    _settle(moment, place, _number(fields, 7, "speed"), _number(fields, 8, "course"))


def _read_gga(moment: _Moment, fields: list[str]) -> None:
    place = _place(fields, 2)
    hdop = _number(fields, 8, "HDOP")
    if _field(fields, 6) in ("", "0"):
        moment.valid = False
    if hdop is not None:
        moment.accuracy_m = hdop * METRES_PER_HDOP
    _settle(moment, place, None, None)


def _read_vtg(moment: _Moment, fields: list[str]) -> None:
    _settle(moment, None, _number(fields, 5, "speed"), _number(fields, 1, "course"))


def _settle(moment: _Moment, place: tuple[float, float] | None, knots: float | None, course: float | None) -> None:
    """Add what a sentence knows to what others of the moment have said."""
    if place is not None:
        moment.lat, moment.lon = place
    if knots is not None:
        moment.speed_mps = knots * MPS_PER_KNOT
    if course is not None and course <= 360.0:
        moment.heading_deg = course


_TIME_AT: Final = {"RMC": 1, "GGA": 1}
_READ: Final = {"RMC": _read_rmc, "GGA": _read_gga}


def _of_day_ms(text: str) -> int | None:
    if not text:
        return None
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise _FieldError("time", f"is not hhmmss: {text[:20]!r}")
    hour, minute, second, part = found.groups()
    ms = int((part or "0").ljust(3, "0")[:3])
    return min((int(hour) * 3_600 + int(minute) * 60 + int(second)) * 1_000 + ms, 86_399_999)


def _date(text: str) -> tuple[int, int, int]:
    found = _DATE.fullmatch(text)
    if found is not None:
        day, month, year = (int(part) for part in found.groups())
        try:
            datetime(year + (1900 if year >= 80 else 2000), month, day, tzinfo=UTC)
        except ValueError:
            found = None
        else:
            return day, month, year
    raise _FieldError("date", f"is not ddmmyy: {text[:20]!r}")


def _place(fields: list[str], at: int) -> tuple[float, float] | None:
    if not (_field(fields, at) or _field(fields, at + 2)):
        return None
    return _degrees(fields, at, "latitude", "NS"), _degrees(fields, at + 2, "longitude", "EW")


def _degrees(fields: list[str], at: int, what: str, sides: str) -> float:
    text, side = _field(fields, at), _field(fields, at + 1)
    found = _ANGLE.fullmatch(text)
    if found is None or side not in (sides[0], sides[1]):
        raise _FieldError(what, f"is not degrees, minutes and {sides[0]} or {sides[1]}: {text[:20]!r},{side[:4]!r}")
    degrees = int(found[1]) + float(found[2]) / 60.0
    return -degrees if side == sides[1] else degrees


def _number(fields: list[str], at: int, what: str) -> float | None:
    text = _field(fields, at)
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise _FieldError(what, f"is not a number: {text[:20]!r}")
    return float(text)
