"""What comes by MQTT: a message is a fix, a device that has gone, nothing to us, or a refusal.

Rule: the topic names the device. `+` stands for one level and what stands there is the name; of several levels the
name is all of them with slashes between.
"""

from typing import Annotated

from msgspec import Meta, Struct

from gateways.mqtt import Broker
from gateways.telematics.fix import Fix, Refusal

PAYLOAD_MAX = 16_384
Topic = Annotated[str, Meta(min_length=1, max_length=200)]


class Gone(Struct, frozen=True):
    """A device has left, by its own word or by its last will."""

    device: str


Heard = Fix | Gone | Refusal | None


class MqttFeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every feed over MQTT has in its table. The broker says who may publish; bind `principal` to those units."""

    broker: Broker
    principal: str

    @property
    def topics(self) -> tuple[str, ...]:
        """Return what is subscribed to."""
        raise NotImplementedError

    def hear(self, topic: str, payload: bytes, received_ms: int) -> Heard:
        """Decode one message; sans-IO, never raises."""
        raise NotImplementedError


def name_in(pattern: str, topic: str) -> str | None:
    """Return what stands at the `+` of a pattern; None where the topic is another, or names nobody."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if len(wanted) != len(levels) or any(want not in ("+", level) for want, level in zip(wanted, levels, strict=True)):
        return None
    name = "/".join(level for want, level in zip(wanted, levels, strict=True) if want == "+")
    return name if 1 <= len(name) <= 128 else None
