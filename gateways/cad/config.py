"""The CAD listener: where it listens and what one connection may do. Plain numbers of what went on."""

from typing import Annotated

from msgspec import Meta, Struct, field

from gateways.cad.messages import Limits

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class CadConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The listener for CAD clients. The listener is plain text: keep it on the loopback, or behind TLS."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 7010
    max_connections: Positive = 2_000
    max_per_principal: Positive = 20
    handshake_s: Seconds = 5.0
    hello_s: Seconds = 5.0
    ping_s: Seconds = 5.0
    idle_s: Seconds = 15.0
    """A client that is not heard of for so long, though it was asked, is gone. More than `ping_s`."""
    send_s: Seconds = 5.0
    """A client that takes nothing for so long is cut off."""
    grace_s: Seconds = 1.0
    """For the last words of a connection."""
    message_bytes: Positive = 64 << 10
    commands_per_s: Annotated[float, Meta(gt=0)] = 300.0
    burst: Positive = 600
    previews_per_s: Annotated[float, Meta(gt=0)] = 4.0
    """What would be recommended for a call that is being typed: each costs the engine as much as a call."""
    previews_burst: Positive = 8
    in_flight: Positive = 64
    max_errors: Positive = 10
    """Messages that could not be read before the connection ends; one is forgiven each minute."""
    queue_messages: Positive = 1_000
    queue_bytes: Positive = 4 << 20
    """Deltas that wait for one client; beyond it, it starts over from a snapshot."""
    max_overflows: Positive = 3
    ring_messages: Positive = 10_000
    ring_bytes: Positive = 16 << 20
    """Deltas kept for clients that come back."""

    def limits(self) -> Limits:
        """Return what a client is told."""
        return Limits(
            message_bytes=self.message_bytes,
            commands_per_s=self.commands_per_s,
            burst=self.burst,
            in_flight=self.in_flight,
        )


class Statistics(Struct):
    """Counts since the start; metrics read them when they are scraped."""

    connections: int = 0
    """Open now, greeted or not."""
    accepted: int = 0
    messages_in: int = 0
    messages_out: int = 0
    commands: int = 0
    """Given to the engine."""
    answers: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """By code."""
    resumed: int = 0
    snapshots: int = 0
    """Snapshots made; one may serve many clients."""
    resyncs: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    """Connections that are over, by cause."""
    faults: int = 0
    """Errors of ours, each logged."""

    @property
    def rate_limited(self) -> int:
        """Messages refused because they came too fast."""
        return self.refused.get("rate_limited", 0)

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1

    def count_end(self, cause: str) -> None:
        """Count the end of a connection."""
        self.ended[cause] = self.ended.get(cause, 0) + 1
