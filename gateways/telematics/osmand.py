"""The OsmAnd protocol over HTTP, as spoken by OsmAnd, the Traccar clients and many trackers.

Rule: three spellings of one thing. A query (`id=7&lat=52.1&lon=4.9&timestamp=1770000000&speed=10`), the same
as a form body, and the JSON of the newer Traccar client. **Speed is in knots in the first two and in metres
per second in the JSON.** Unknown keys are ignored; a missing or unreadable field refuses the whole message
and is named. Source: traccar.org/osmand and the messages in Traccar's public tests.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl

import msgspec

from gateways.telematics.fix import UNREADABLE, DeviceName, Fix, Refusal, epoch_ms, known, refusal_of

MPS_PER_KNOT: Final = 1852 / 3600

_MOST_KEYS: Final = 100
_FIRST_MS: Final = 10**11
"""Below it a stamp is in seconds (to the year 5138), from it on in milliseconds (since March 1973)."""
_NUMBER: Final = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
_SECONDS_OR_MS: Final = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)


class OsmAnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="protocol"):
    """The OsmAnd entrance on the HTTP listener. Tag it `protocol = "OsmAnd"` in the configuration.

    A position without a timestamp cannot be put in order, so it is refused; `unstamped = "received"` is for
    old trackers that never send one and takes the time of arrival.
    """

    path: str = "/telematics/osmand"
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    """A listener of its own (Traccar's clients expect 5055): for a fleet, at a third of the common one's cost."""
    max_connections: int = 2_000
    limit_bytes: int = 16_384
    unstamped: Literal["refuse", "received"] = "refuse"
    body_wait_s: float = 10.0

    def decoder(self) -> "OsmAndDecoder":
        """Stateless: one serves all requests."""
        return OsmAndDecoder(unstamped_is_now=self.unstamped == "received")


class _Coordinates(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    speed: float | None = None
    heading: float | None = None
    accuracy: float | None = None


class _Location(msgspec.Struct, frozen=True):
    timestamp: datetime
    coords: _Coordinates


class _Message(msgspec.Struct, frozen=True):
    """One message of the client; with its batch option on, `location` is a list."""

    device_id: DeviceName
    location: _Location | list[_Location]

    def fixes(self) -> list[Fix]:
        places = self.location if isinstance(self.location, list) else [self.location]
        return [self._fix(place.coords, epoch_ms(place.timestamp)) for place in places]

    def _fix(self, at: _Coordinates, stamp: int) -> Fix:
        speed, heading, accuracy = known(at.speed), known(at.heading, 360.0), known(at.accuracy)
        return Fix(self.device_id, at.latitude, at.longitude, stamp, speed, heading, accuracy)


_decode_json = msgspec.json.Decoder(_Message | list[_Message]).decode


class FieldError(Exception):
    """Inside this file only: carries the refusal from the reader of one field to the decoder."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, field)


class OsmAndDecoder:
    """Requests in, fixes out; sans-IO and never raising. All of a message is taken or none of it."""

    __slots__ = ("_unstamped_is_now",)

    def __init__(self, *, unstamped_is_now: bool) -> None:
        self._unstamped_is_now = unstamped_is_now

    def decode_query(self, query: bytes, received_ms: int) -> list[Fix] | Refusal:
        """Decode one fix from a URL's query or a form body (the same encoding)."""
        try:
            keys = _keys_of(query.decode("ascii"))
        except ValueError:  # not ASCII, not UTF-8 once unquoted, too many keys
            return Refusal(f"is not a URL-encoded query of at most {_MOST_KEYS} keys", "query")
        try:
            return [self._fix(keys, received_ms)]
        except FieldError as error:
            return error.refusal

    def decode_body(self, body: bytes, received_ms: int) -> list[Fix] | Refusal:
        """Decode a posted body: JSON if it opens like JSON, else a form."""
        body = body.strip()
        if body[:1] not in (b"{", b"["):
            return self.decode_query(body, received_ms)
        try:
            decoded = _decode_json(body)
            messages = decoded if isinstance(decoded, list) else [decoded]
            return [fix for message in messages for fix in message.fixes()]
        except UNREADABLE as error:
            return refusal_of(error, "body")

    def _fix(self, keys: Mapping[str, str], received_ms: int) -> Fix:
        device = _device(keys)
        lat, lon = _place(keys)
        speed = known(_number(keys, "speed"))
        return Fix(
            device=device,
            lat=lat,
            lon=lon,
            fix_ms=self._stamp(keys, received_ms),
            speed_mps=None if speed is None else speed * MPS_PER_KNOT,
            heading_deg=known(_number(keys, "bearing" if "bearing" in keys else "heading"), 360.0),
            accuracy_m=known(_number(keys, "accuracy")),
            valid=keys.get("valid", "true").lower() in {"true", "1"},
        )

    def _stamp(self, keys: Mapping[str, str], received_ms: int) -> int:
        text = keys.get("timestamp")
        if text is not None:
            return stamp_ms_of("timestamp", text)
        if self._unstamped_is_now:
            return received_ms
        raise FieldError("timestamp", "is missing; without it a position cannot be put in order")


def _keys_of(text: str) -> dict[str, str]:
    """Return what a query holds; of a key that is there twice the last. Raises ValueError.

    Most trackers quote nothing, and then this is a quarter of the work of the library's parser.
    """
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=False, errors="strict", max_num_fields=_MOST_KEYS))
    if text.count("&") >= _MOST_KEYS:
        raise ValueError("too many keys")
    pairs = [part.partition("=") for part in text.split("&")]
    return {name: value for name, _, value in pairs if value}


def _device(keys: Mapping[str, str]) -> str:
    device = keys.get("id") or keys.get("deviceid")
    if device is None:
        raise FieldError("id", "is missing; send id= or deviceid=")
    if len(device) > 128:
        raise FieldError("id", "is longer than 128 characters")
    return device


def _place(keys: Mapping[str, str]) -> tuple[float, float]:
    if "location" in keys:
        lat, comma, lon = keys["location"].partition(",")
        if not comma:
            raise FieldError("location", "must be two numbers: latitude,longitude")
        keys = {"lat": lat, "lon": lon}
    return _required(keys, "lat"), _required(keys, "lon")


def _required(keys: Mapping[str, str], name: str) -> float:
    value = _number(keys, name)
    if value is None:
        raise FieldError(name, "is missing")
    return value


def _number(keys: Mapping[str, str], name: str) -> float | None:
    text = keys.get(name)
    return None if text is None else number_of(name, text)


def number_of(name: str, text: str) -> float:
    """Read a finite number. Raises FieldError."""
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(value):
        raise FieldError(name, f"is not a number: {text[:40]!r}")
    return value


def stamp_ms_of(name: str, text: str) -> int:
    """Milliseconds from seconds (whole or not), milliseconds, or ISO 8601 (UTC unless it has an offset).

    Raises FieldError.
    """
    if _SECONDS_OR_MS.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return round(number * 1000) if number < _FIRST_MS else int(number)
    try:
        return epoch_ms(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        reason = f"is neither seconds, milliseconds nor ISO 8601: {text[:40]!r}"
        raise FieldError(name, reason) from None
