"""The WCTP channel: pages and text messages through a carrier's gateway, as XML over HTTP.

Rule: the message's id is the alert and the recipient, so notifications and replies are understood after a restart too.
The carrier sends them to `/alerts/endpoints/{name}`, and is answered with a wctp-Confirmation once they are durable.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from engine.model.alert_facts import CopyState
from gateways.alerts import wctp_xml
from gateways.alerts.channel import NOBODY, Copy, Heard, News, Outcome, Posted, Sender, reference, referred
from gateways.alerts.message import Message
from gateways.alerts.wording import Tells, Worded, short
from gateways.outward.carrier import Carrier, carrying, check_url, host_of

XML = "text/xml"
OWN = ("403", "404", "411", "500", "501", "502", "503", "504")
"""Codes of refusals that are about this recipient or this message, and not about us."""


class Wctp(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="wctp"):
    """A carrier's gateway as configured. Raises ValueError where url or template do not hold."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    url: str
    sender: Annotated[str, Meta(min_length=1, max_length=128)]
    """The senderID that the carrier knows us by."""
    security_code: Annotated[str, Meta(max_length=128)] = ""
    tells: Tells = Tells.PLACE
    limit: Annotated[int, Meta(ge=20, le=2_000)] = 240
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 8.0
    allow_private: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_url(self.url, allow_private=self.allow_private)

    def __repr__(self) -> str:
        """Show where it goes and no code."""
        return f"Wctp(host={host_of(self.url)!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the client."""
        del folder
        async with carrying(self.url, allow_private=self.allow_private, timeout_s=self.timeout_s) as carrier:
            yield _Sender(self, carrier)


class _Sender:
    """An open gateway."""

    def __init__(self, config: Wctp, carrier: Carrier) -> None:
        self._config = config
        self._carrier = carrier

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Submit one message. A failure may come with any status of HTTP: the document counts."""
        document = wctp_xml.submit(
            wctp_xml.Submission(
                sender=self._config.sender,
                security_code=self._config.security_code,
                to=copy.address,
                message=reference(message.alert, copy.recipient),
                text=short(self._config, message, copy.recipient),
                at_ms=message.created_ms,
            )
        )
        answer = await self._carrier.ask("POST", document, {"content-type": XML})
        if not answer.status or not answer.body:
            said = answer.refusal() if not answer.good else "an empty answer, or one that is too long"
            return Outcome(delivered=False, detail=said)
        try:
            confirmed = wctp_xml.read_confirmation(answer.body)
        except wctp_xml.NotWctp as error:
            said = answer.refusal() if not answer.good else f"the answer is no WCTP: {error}"
            return Outcome(delivered=False, detail=said)
        if not confirmed.taken:
            own = confirmed.words[:3] in OWN
            return Outcome(delivered=False, detail=f"the carrier refuses it: {confirmed.words}", only_this=own)
        return Outcome(delivered=True)

    def hear(self, posted: Posted) -> Heard:
        """Read a notification or a reply. Raises ValueError if it is none."""
        notified = wctp_xml.read_notification(posted.body)
        alert, recipient = referred(notified.message)
        good = wctp_xml.confirm(good=True, code=200, words="Received")
        if not alert or notified.state is CopyState.SENT:
            return Heard((), good, XML)
        news = News(alert=alert, recipient=recipient, state=notified.state, detail=notified.words)
        return Heard((news,), good, XML)
