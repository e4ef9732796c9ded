"""Traccar's position forwarding: Traccar decodes two hundred protocols of trackers, and posts what it understood here.

    forward.type = json        forward.url = http://turnout:8080/telematics/traccar
    forward.header = Authorization: Bearer feed.…

Rule: one POST of `{"position": …, "device": …}` is one fix. The device is its `uniqueId`, **speed is in knots**, an
accuracy of 0 is one that is not known. Source: Traccar's configuration reference and its `Position` and `Device`.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from gateways.telematics.fix import UNREADABLE, DeviceName, Fix, Refusal, epoch_ms, known, refusal_of
from gateways.telematics.osmand import MPS_PER_KNOT


class Traccar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="protocol"):
    """The entrance for Traccar's JSON on the HTTP listener. Tag it `protocol = "Traccar"` in the configuration."""

    path: str = "/telematics/traccar"
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    """A listener of its own, at a third of the common one's cost."""
    max_connections: int = 200
    limit_bytes: int = 65_536
    body_wait_s: float = 10.0

    def decoder(self) -> "Traccar":
        """Stateless: it decodes itself."""
        return self

    def decode_query(self, query: bytes, received_ms: int) -> list[Fix] | Refusal:
        """Refuse: Traccar posts its JSON. (`forward.type = url` can fill in a query: point that at OsmAnd's path.)"""
        del query, received_ms
        return Refusal("is not JSON in the body; set forward.type = json", "query")

    def decode_body(self, body: bytes, received_ms: int) -> list[Fix] | Refusal:
        """Decode one forwarded position; sans-IO, never raises."""
        del received_ms
        try:
            return [_decode(body).fix()]
        except UNREADABLE as error:
            return refusal_of(error, "body")


class _Position(msgspec.Struct, frozen=True, rename="camel"):
    latitude: float
    longitude: float
    fix_time: datetime | int
    """ISO 8601, or milliseconds since the epoch."""
    speed: float | None = None
    course: float | None = None
    accuracy: float | None = None
    valid: bool = True


class _Device(msgspec.Struct, frozen=True, rename="camel"):
    unique_id: DeviceName


class _Forwarded(msgspec.Struct, frozen=True):
    position: _Position
    device: _Device

    def fix(self) -> Fix:
        """SI units."""
        at = self.position
        speed = known(at.speed)
        fix_ms = at.fix_time if isinstance(at.fix_time, int) else epoch_ms(at.fix_time)
        return Fix(
            device=self.device.unique_id,
            lat=at.latitude,
            lon=at.longitude,
            fix_ms=max(-1, min(fix_ms, 2**62)),
            speed_mps=None if speed is None else speed * MPS_PER_KNOT,
            heading_deg=known(at.course, 360.0),
            accuracy_m=known(at.accuracy) or None,
            valid=at.valid,
        )


_decode = msgspec.json.Decoder(_Forwarded).decode
