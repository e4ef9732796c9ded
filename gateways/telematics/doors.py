"""Who comes in through a door, and whose the fixes are: the part that TCP and UDP have in common."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from gateways.telematics.columns import Columns, columns_of
from gateways.telematics.fix import UNREADABLE, DeviceName, Fix, Refusal
from gateways.telematics.intake import Authorise, Intake, Named, Principal
from gateways.telematics.listener import Listener, StreamDecoder

FIXES_PER_TURN: Final = 2_000
"""So many are judged before others on the loop have a turn: about a millisecond."""


class _Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a connection."""

    token: str
    device: DeviceName | None = None


class Turned(Exception):
    """Away: `event` is what is counted, `refusal` what the sender is told."""

    def __init__(self, event: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.event = event
        self.refusal = Refusal(reason, field)


class Doorkeeper:
    """Decides from what is shown. The same for a connection and for a datagram."""

    def __init__(self, config: Listener, authorise: Authorise, named: Named) -> None:
        self._config = config
        self._authorise = authorise
        self._named = named

    def by_line(self, line: bytes, known: Principal | None) -> tuple[Principal, str | None]:
        """Return who speaks and, where the line says so, as which device. Raises Turned."""
        if self._config.first_line == "device":
            return self._known(known), _device_in(line)
        try:
            hello = msgspec.json.decode(line, type=_Hello)
        except UNREADABLE:
            raise Turned("bad_token", "token", 'the first line must be {"token": "..."}') from None
        principal = self._authorise(hello.token)
        if principal is None:
            raise Turned("bad_token", "token", "not valid for this feed")
        return principal, hello.device

    def by_door(self, known: Principal | None) -> Principal:
        """Return who speaks where nothing is shown in the data. Raises Turned."""
        return self._known(known)

    def by_certificate(self, certificate: dict[str, Any] | None) -> Principal | None:
        """Return whom a certificate names (its common name, or else a DNS name). Raises Turned if nobody of ours."""
        if self._config.tls is None or self._config.tls.client_ca is None:
            return None
        names = names_in(certificate or {})
        for name in names:
            principal = self._named(name)
            if principal is not None:
                return principal
        shown = ", ".join(names) or "nobody"
        raise Turned(
            "bad_certificate", "certificate", f"names {shown}, who is no principal of ours that feeds positions"
        )

    def _known(self, known: Principal | None) -> Principal:
        if known is not None:
            return known
        principal = self._named(self._config.principal or "")
        if principal is None:
            raise Turned("bad_token", "principal", f"{self._config.principal!r} may not feed positions")
        return principal


def names_in(certificate: dict[str, Any]) -> list[str]:
    """Return the common names and then the DNS names of a certificate, as Python's ssl shows it."""
    common = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return common + [value for key, value in certificate.get("subjectAltName", ()) if key == "DNS"]


def turns(decoded: Sequence[Fix] | Sequence[Columns]) -> Iterator[Columns]:
    """Yield what was decoded in helpings that are short enough for one turn of the loop."""
    start = 0
    while start < len(decoded):
        first = decoded[start]
        if isinstance(first, Columns):
            for begin in range(0, len(first), 10 * FIXES_PER_TURN):
                yield first.part(begin, begin + 10 * FIXES_PER_TURN)
            start += 1
        else:
            yield columns_of(decoded[start : start + FIXES_PER_TURN])  # type: ignore[arg-type]  # all are of one kind
            start += FIXES_PER_TURN


def take_refused(intake: Intake, decoder: StreamDecoder, counted: int) -> list[Refusal]:
    """Count what the decoder has refused beyond `counted`, and return the latest of it."""
    refusals = decoder.take_refusals()
    if refusals:
        intake.count("malformed", decoder.refused - counted)
    return refusals


def answers_of(intake: Intake, decoder: StreamDecoder, principal: Principal) -> bytes:
    """Return what the sender is answered for what was fed last.

    Nothing for a device that this feed may not move: what it has stays with it until it is on the roster.
    """
    owed = [each.data for each in decoder.take_answers() if intake.takes_from(each.device, principal)]
    if owed:
        intake.count("acknowledged", len(owed))
    return b"".join(owed)


def _device_in(line: bytes) -> str:
    try:
        device = line.decode().strip()
    except UnicodeDecodeError:
        device = ""
    if not 1 <= len(device) <= 128:
        raise Turned("bad_device", "device", "the first line must be the name of the device, of 1 to 128 characters")
    return device
