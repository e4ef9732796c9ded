"""What every listener for trackers has in its table: where it listens, who comes in, and how a device is known.

Rule: nobody is taken for somebody by chance. Whoever comes in is told by a token in the first line, by the client's
certificate, or, for trackers that can show neither, by the door itself (`principal`), which is then bound to its
units. The device is told by the message, by the first line, by the sender's address, or by the door.
"""

import ssl
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from gateways.telematics.columns import Columns
from gateways.telematics.fix import DeviceName, Fix, Refusal
from gateways.telematics.refusals import Answer


class StreamDecoder(Protocol):
    """What a protocol brings to a door."""

    refused: int
    """Everything that it could not read so far."""
    lost: bool
    """It cannot find the next beginning, and reads no further."""

    def feed(self, data: bytes, received_ms: int) -> Sequence[Fix] | Sequence[Columns]:
        """Decode what came at that time; never raises."""

    def take_refusals(self) -> list[Refusal]:
        """Hand over the latest refusals not yet taken."""

    def take_answers(self) -> list[Answer]:
        """Hand over what senders are to be answered for what was fed last."""


FirstLine = Literal["token", "device", "data"]


class DoorTls(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """TLS at a door. With `client_ca` every client must show a certificate of that authority (mTLS).

    The certificate's common name, or else its first DNS name, is the name of the principal who comes in.
    """

    certificate: str
    """PEM, with what leads from it to the authority."""
    key: str | None = None
    """PEM; None where it is in the certificate's file."""
    client_ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises OSError (ssl.SSLError) where they cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.client_ca)
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Listener(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A door for trackers. Raises ValueError where anybody could come in."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0 takes any free one."""
    transport: Literal["tcp", "udp"] = "tcp"
    first_line: FirstLine = "token"
    """What the first line of a connection, or of each datagram, is: `{"token": "…"}` (a `"device"` may stand beside
    it), the bare name of the device, or already data."""
    principal: str | None = None
    """Who comes in here without showing a token: a principal of the configuration, best bound to its own units."""
    device: DeviceName | None = None
    """Whatever comes in here without a name is this device's."""
    devices: dict[str, DeviceName] = {}
    """By the sender's address (`192.0.2.7`, or `192.0.2.7:5000`), whose it is."""
    tls: DoorTls | None = None
    max_connections: int = 200
    max_senders: int = 10_000
    """Over UDP: senders that are remembered; the one silent for longest is forgotten."""
    max_bad_lines: int = 10
    token_wait_s: float = 5.0
    idle_s: float = 120.0
    send_s: float = 5.0

    def __post_init__(self) -> None:
        certified = self.tls is not None and self.tls.client_ca is not None
        if self.first_line != "token" and self.principal is None and not certified:
            raise ValueError("anybody could come in: set principal, or tls.client_ca, or let the first line be a token")
        if self.transport == "udp" and self.tls is not None:
            raise ValueError("tls: there is none over UDP; use TCP, or a private network")

    def decoder(self, device: str | None = None) -> StreamDecoder:
        """Make a decoder for one sender, who is this device where nothing else says. Each protocol has its own."""
        raise NotImplementedError

    def device_at(self, host: str, port: int) -> str | None:
        """Return the device that is known by its address, or by this door; None where neither tells."""
        return self.devices.get(f"{host}:{port}") or self.devices.get(host) or self.device
