"""Positions as JSON objects over MQTT, in whatever words the publisher uses: the table says which word is what.

    {"lat": 52.1, "lon": 4.9, "time": 1770000000, "speed": 12.5}

Rule: latitude, longitude and time must be there; the device is named by the topic, or by the object where it says so.
A field may lie deeper: `"position.latitude"`. Times are seconds, milliseconds or ISO 8601. A device's last will goes to
one of `status_topics` with the payload `offline`, and says that it has gone.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from gateways.telematics.fix import UNREADABLE, Fix, Refusal, known, refusal_of
from gateways.telematics.osmand import MPS_PER_KNOT, FieldError, number_of, stamp_ms_of
from gateways.telematics.owntracks import MPS_PER_KMH
from gateways.telematics.taip import MPS_PER_MPH
from gateways.telematics.topics import PAYLOAD_MAX, Gone, Heard, MqttFeed, Topic, name_in

_SPEEDS: Final = {"m/s": 1.0, "km/h": MPS_PER_KMH, "knots": MPS_PER_KNOT, "mph": MPS_PER_MPH}


class Fields(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the publisher calls things; a dot goes a level deeper."""

    device: str = "device"
    lat: str = "lat"
    lon: str = "lon"
    time: str = "time"
    speed: str = "speed"
    heading: str = "heading"
    accuracy: str = "accuracy"
    valid: str = "valid"


class MqttJson(MqttFeed, frozen=True, kw_only=True, tag_field="protocol"):
    """JSON objects on a broker. Tag it `protocol = "MqttJson"` in the configuration."""

    position_topics: tuple[Topic, ...] = ("turnout/+/position",)
    status_topics: tuple[Topic, ...] = ("turnout/+/status",)
    offline: str = "offline"
    """The payload of a status that says: gone."""
    fields: Fields = Fields()
    speed_in: Literal["m/s", "km/h", "knots", "mph"] = "m/s"
    unstamped: Literal["refuse", "received"] = "refuse"
    """A position without a time cannot be put in order; `received` takes the time of its arrival."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Return what is subscribed to."""
        return (*self.position_topics, *self.status_topics)

    def hear(self, topic: str, payload: bytes, received_ms: int) -> Heard:
        """Decode one message; sans-IO, never raises."""
        for pattern in self.status_topics:
            device = name_in(pattern, topic)
            if device is not None:
                return Gone(device) if payload.strip() == self.offline.encode() else None
        if not payload:
            return None  # how a retained message is taken away
        if len(payload) > PAYLOAD_MAX:
            return Refusal(f"longer than {PAYLOAD_MAX} bytes", "payload")
        names = (name_in(pattern, topic) for pattern in self.position_topics)
        try:
            return self._fix(next((name for name in names if name), None), _decode(payload), received_ms)
        except UNREADABLE as error:
            return refusal_of(error, "payload")
        except FieldError as error:
            return error.refusal

    def _fix(self, named: str | None, told: dict[str, Any], received_ms: int) -> Fix:
        fields = self.fields
        device = _at(told, fields.device) or named
        if not isinstance(device, str) or not 1 <= len(device) <= 128:
            raise FieldError(fields.device, "is no name of 1 to 128 characters, and the topic names no device")
        speed = known(_number(told, fields.speed))
        return Fix(
            device=device,
            lat=_required(told, fields.lat),
            lon=_required(told, fields.lon),
            fix_ms=self._stamp_ms(told, received_ms),
            speed_mps=None if speed is None else speed * _SPEEDS[self.speed_in],
            heading_deg=known(_number(told, fields.heading), 360.0),
            accuracy_m=known(_number(told, fields.accuracy)),
            valid=_at(told, fields.valid) not in (False, 0, "false", "0"),
        )

    def _stamp_ms(self, told: dict[str, Any], received_ms: int) -> int:
        value = _at(told, self.fields.time)
        if value is None and self.unstamped == "received":
            return received_ms
        if value is None or isinstance(value, bool | dict | list):
            raise FieldError(self.fields.time, "is missing; without it a position cannot be put in order")
        return stamp_ms_of(self.fields.time, str(value))


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _at(told: dict[str, Any], path: str) -> Any:
    value: Any = told
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _number(told: dict[str, Any], path: str) -> float | None:
    value = _at(told, path)
    if value is None or isinstance(value, bool):
        return None
    return number_of(path, str(value))


def _required(told: dict[str, Any], path: str) -> float:
    value = _number(told, path)
    if value is None:
        raise FieldError(path, "is missing")
    return value
