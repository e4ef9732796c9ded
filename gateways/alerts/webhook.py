"""The webhook channel: one signed POST per attempt, as Standard Webhooks 1.0 has it. The contract is in WEBHOOK.md.

Rule: 2xx is delivered, whatever the body says; a JSON body `{"acknowledged": true}` is the recipient's acknowledgement
as well. What the other side may not do to us is in `gateways/outward/carrier.py`.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message, render
from gateways.alerts.wording import Tells, redacted
from gateways.outward.carrier import Carrier, carrying, check_url, host_of
from gateways.outward.signature import key_of, signed_headers

_NAME_MAX: Final = 100


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="webhook"):
    """A webhook as configured. Raises ValueError where url or secrets do not hold."""

    addressed: ClassVar[bool] = False
    leaves: ClassVar[bool] = True

    url: str
    """https; http only together with `allow_private`."""
    secrets: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]
    """`whsec_…`. More than one while they are being changed: each signs, the receiver accepts any."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """For everything: look-up, connection, request, answer."""
    allow_private: bool = False
    """The endpoint is on a private or loopback address on purpose."""
    tells: Tells = Tells.ALL

    def __post_init__(self) -> None:
        check_url(self.url, allow_private=self.allow_private)
        for secret in self.secrets:
            key_of(secret)

    def __repr__(self) -> str:
        """Show where it goes and no secret: neither those of the signature nor those in the url's path."""
        return f"Webhook(host={host_of(self.url)!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the client."""
        del folder
        async with carrying(self.url, allow_private=self.allow_private, timeout_s=self.timeout_s) as carrier:
            yield _Sender(self, carrier)


class _Receipt(Struct, frozen=True):
    """The part of an answer that we understand."""

    acknowledged: bool = False
    by: str | None = None


class _Sender:
    """An open webhook."""

    def __init__(self, config: Webhook, carrier: Carrier) -> None:
        self._tells = config.tells
        self._carrier = carrier
        self._keys = [key_of(secret) for secret in config.secrets]

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Post the message once."""
        del copy
        body = render(redacted(message, self._tells))
        headers = signed_headers(self._keys, message.alert, int(time.time()), body)
        answer = await self._carrier.ask("POST", body, {**headers, "content-type": "application/json"})
        if answer.good:
            return Outcome(delivered=True, acknowledged_by=_acknowledged_by(answer.body))
        return Outcome(delivered=False, detail=answer.refusal())


def _acknowledged_by(body: bytes) -> str | None:
    """Return who acknowledges in this answer; "" for the endpoint itself, None if nobody does."""
    try:
        receipt = msgspec.json.decode(body, type=_Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (receipt.by or "")[:_NAME_MAX] if receipt.acknowledged else None
