"""TAIP, the ASCII protocol of Trimble receivers that much of the public-safety fleet speaks: PV, LN and EV.

    >RPV46640+4197412-0752857900015802;ID=5102;*71<

Rule: a frame lies between `>` and `<`; what stands outside is noise. The checksum (XOR of all from `>` through `*`) is
optional and binding. **Speed is in miles an hour**, PV carries only the second of the day, and an age of 0 means that
there is no position: such a frame is a fix that says of itself that it is not valid. Frames that hold no position
(AL, CP, IP, ST, …) are passed over. A frame with a message number (`;#0021`, `;#IP0:0080`) is kept by its sender and sent
again until it is acknowledged (`>ACK;#0021;ID=1234;*72<`, `>SAK;ID=1234;#IP0:0080<`). Source: Trimble's TAIP reference,
the frames in Traccar's public tests, and what makers of trackers publish about acknowledgements.
"""

import re
from typing import Final

from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.listener import FirstLine, Listener
from gateways.telematics.refusals import Answer, Refusals
from gateways.telematics.timing import unrolled, whole_time

MPS_PER_MPH: Final = 0.44704
FRAME_MAX: Final = 1_024
_GPS_EPOCH_MS: Final = 315_964_800_000
_DAY_S: Final = 86_400
_POSITION: Final = (
    r"(?P<lat>[+-]\d{7})(?P<lon>[+-]\d{8})(?P<speed>\d{3})(?P<heading>\d{3})(?P<source>[0-9])(?P<age>[0-2])"
)
_PV: Final = re.compile(
    r"R(?:PV|EV(?P<event>\d{2})(?P<week>\d{4})(?P<day>[0-6]))(?P<second>\d{5})" + _POSITION, re.ASCII
)
_LN: Final = re.compile(
    r"RLN(?P<ms>\d{8})(?P<lat>[+-]\d{9})(?P<lon>[+-]\d{10})[+-]\d{8}(?P<speed>\d{4})[+-]\d{4}(?P<heading>\d{4})"
    r"(?P<count>\d{2})(?P<rest>[0-9A-Fa-f]*)",
    re.ASCII,
)
_ID: Final = re.compile(r";ID=([^;<]{1,128})", re.ASCII)
_NUMBER: Final = re.compile(r";(#[0-9A-Za-z:]{1,32})(?=[;*]|$)", re.ASCII)
_OF_POSITION: Final = ("RPV", "REV", "RLN")


class Taip(Listener, frozen=True, kw_only=True, tag_field="protocol"):
    """The listener for TAIP. Tag it `protocol = "Taip"` in the configuration."""

    port: int = 7021
    first_line: FirstLine = "data"
    ahead_of_utc_s: int = 0
    """By how much the receivers' second of the day is ahead of UTC: 18 for those that count in GPS time."""
    acknowledge: bool = True
    """Frames that bear a message number are answered; false for a network on which nothing may go back."""

    def decoder(self, device: str | None = None) -> "TaipDecoder":
        """One per connection or sender; `device` is whose frames are that have no ID."""
        return TaipDecoder(device, self.ahead_of_utc_s, acknowledge=self.acknowledge)


class TaipDecoder(Refusals):
    """Bytes in, fixes and answers out; sans-IO and never raising. Holds at most one unfinished frame."""

    __slots__ = ("_acknowledge", "_ahead_ms", "_answers", "_device", "_rest")

    def __init__(self, device: str | None, ahead_of_utc_s: int = 0, *, acknowledge: bool = True) -> None:
        super().__init__()
        self._device = device
        self._ahead_ms = ahead_of_utc_s * 1_000
        self._acknowledge = acknowledge
        self._answers: list[Answer] = []
        self._rest = b""

    def feed(self, data: bytes, received_ms: int) -> list[Fix]:
        """Decode all frames that ended within `data`; what they are to be answered waits for `take_answers`."""
        self._answers = []
        *whole, self._rest = (self._rest + data).split(b"<")
        begun = self._rest.rfind(b">")
        begun_is_a_frame = begun >= 0 and len(self._rest) - begun <= FRAME_MAX
        self._rest = self._rest[begun:] if begun_is_a_frame else b""
        fixes = []
        for piece in whole:
            _, begin, text = piece.rpartition(b">")
            if not begin:
                continue
            found = self._decode(text, received_ms)
            self._owe(text, found)
            if isinstance(found, Fix):
                fixes.append(found)
            elif found is not None:
                self._refuse(found)
        return fixes

    def take_answers(self) -> list[Answer]:
        """Hand over the acknowledgements of the frames fed last, in their order."""
        taken, self._answers = self._answers, []
        return taken

    def _owe(self, raw: bytes, found: Fix | Refusal | None) -> None:
        """Owe an answer to a frame that asks for one, unless it may come better the next time.

        One that holds by its checksum and that we cannot read all the same would only come again, for ever.
        """
        if not self._acknowledge or len(raw) >= FRAME_MAX:
            return
        if isinstance(found, Refusal) and (b"*" not in raw or found.field == "checksum"):
            return
        text = raw.decode("ascii", "replace")
        asked = _NUMBER.search(text)
        device = self._device_of(text)
        if asked is not None and device is not None:
            self._answers.append(Answer(device, acknowledgement(asked[1], device)))

    def _device_of(self, text: str) -> str | None:
        name = _ID.search(text)
        return name[1] if name else self._device

    def _decode(self, raw: bytes, received_ms: int) -> Fix | Refusal | None:
        """One frame without its brackets; None for one that holds no position."""
        if len(raw) >= FRAME_MAX:
            return None  # noise: whole or in pieces, nobody can tell where it began
        text = raw.decode("ascii", "replace")
        if text[:3] not in _OF_POSITION:
            return None
        body, star, told = text.rpartition("*")
        if star:
            total = _checksum(b">" + raw[: len(body) + 1])
            if told.upper() != total:
                return Refusal(f"is {told[:8]!r}, and the frame adds up to {total}", "checksum")
        device = self._device_of(text)
        if device is None:
            return Refusal("is missing; let the device send ;ID=, or name it in the configuration", "ID")
        return self._long(device, text, received_ms) if text[:3] == "RLN" else self._short(device, text, received_ms)

    def _short(self, device: str, text: str, received_ms: int) -> Fix | Refusal:
        found = _PV.match(text)
        if found is None:
            return Refusal(f"is not 30 characters of a position: {text[:48]!r}", text[1:3])
        second = int(found["second"])
        if second >= _DAY_S:
            return Refusal(f"is {second}, which no day has", "second of day")
        if found["week"] is None:
            stamp_ms = whole_time((second * 1_000 - self._ahead_ms) % (_DAY_S * 1_000), received_ms)
        else:
            days = int(found["week"]) * 7 + int(found["day"])
            stamp_ms = unrolled(_GPS_EPOCH_MS + (days * _DAY_S + second) * 1_000 - self._ahead_ms, received_ms)
        lat, lon = int(found["lat"]) / 1e5, int(found["lon"]) / 1e5
        speed_mps, heading = int(found["speed"]) * MPS_PER_MPH, float(found["heading"])
        return Fix(
            device, lat, lon, stamp_ms, speed_mps, heading if heading <= 360.0 else None, None, found["age"] != "0"
        )

    def _long(self, device: str, text: str, received_ms: int) -> Fix | Refusal:
        found = _LN.match(text)
        # Behind the count stand four digits for each satellite, ten reserved ones, the source and the age.
        digits = 0 if found is None else 4 * int(found["count"]) + 12
        if found is None or len(found["rest"]) < digits:
            return Refusal(f"is not a long navigation message: {text[:48]!r}", "LN")
        of_day_ms = int(found["ms"])
        if of_day_ms >= _DAY_S * 1_000:
            return Refusal(f"is {of_day_ms / 1_000:g}, which no day has", "second of day")
        stamp_ms = whole_time((of_day_ms - self._ahead_ms) % (_DAY_S * 1_000), received_ms)
        lat, lon = int(found["lat"]) / 1e7, int(found["lon"]) / 1e7
        speed_mps, heading = int(found["speed"]) / 10.0 * MPS_PER_MPH, int(found["heading"]) / 10.0
        aged = found["rest"][digits - 1] != "0"
        return Fix(device, lat, lon, stamp_ms, speed_mps, heading if heading <= 360.0 else None, None, aged)


def acknowledgement(number: str, device: str) -> bytes:
    """Return the frame that tells a device that its message of this number (`#0021`, `#IP0:0080`) need not come again."""
    if number.startswith("#IP"):
        return f">SAK;ID={device};{number}<".encode("ascii", "replace")
    body = f">ACK;{number};ID={device};*".encode("ascii", "replace")
    return body + _checksum(body).encode() + b"<"


def _checksum(data: bytes) -> str:
    total = 0
    for byte in data:
        total ^= byte
    return f"{total:02X}"
