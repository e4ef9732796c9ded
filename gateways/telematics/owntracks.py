"""OwnTracks over MQTT: phones publish JSON to `owntracks/<user>/<device>`, the broker their last will.

Rule: the device is `<user>/<device>`. `tst` is in seconds, **`vel` in km/h**. `_type` says what it is: `location` is a
fix, `lwt` the last will, the rest (transition, waypoint, status, …) is nothing to us; an encrypted payload is refused.
Source: the OwnTracks booklet (JSON), and the messages of Traccar's public tests.
"""

from typing import Final

import msgspec

from gateways.telematics.fix import UNREADABLE, Fix, Refusal, known, refusal_of
from gateways.telematics.topics import PAYLOAD_MAX, Gone, Heard, MqttFeed, Topic, name_in

MPS_PER_KMH: Final = 1 / 3.6
_LATEST_S: Final = 10**11


class OwnTracks(MqttFeed, frozen=True, kw_only=True, tag_field="protocol"):
    """OwnTracks phones on a broker. Tag it `protocol = "OwnTracks"` in the configuration."""

    base: Topic = "owntracks"

    @property
    def topics(self) -> tuple[str, ...]:
        """Return what is subscribed to."""
        return (f"{self.base}/+/+",)

    def hear(self, topic: str, payload: bytes, received_ms: int) -> Heard:
        """Decode one message; sans-IO, never raises."""
        del received_ms
        device = name_in(self.topics[0], topic)
        if device is None or not payload:
            return None  # an empty payload is how a retained message is taken away
        if len(payload) > PAYLOAD_MAX:
            return Refusal(f"longer than {PAYLOAD_MAX} bytes", "payload")
        try:
            kind = _kind(payload).type
            if kind == "location":
                return _location(payload).fix(device)
        except UNREADABLE as error:
            return refusal_of(error, "payload")
        if kind == "encrypted":
            return Refusal("is encrypted; switch the app's payload encryption off and TLS on", "payload")
        return Gone(device) if kind == "lwt" else None


class _Kind(msgspec.Struct, frozen=True, rename={"type": "_type"}):
    type: str


class _Location(msgspec.Struct, frozen=True):
    lat: float
    lon: float
    tst: float
    acc: float | None = None
    vel: float | None = None
    cog: float | None = None

    def fix(self, device: str) -> Fix | Refusal:
        """SI units."""
        if not 0 <= self.tst < _LATEST_S:
            return Refusal(f"is not seconds since 1970: {self.tst:g}", "tst")
        speed = known(self.vel)
        speed_mps = None if speed is None else speed * MPS_PER_KMH
        return Fix(
            device, self.lat, self.lon, round(self.tst * 1000), speed_mps, known(self.cog, 360.0), known(self.acc)
        )


_kind = msgspec.json.Decoder(_Kind).decode
_location = msgspec.json.Decoder(_Location).decode
