"""The browser channel: Web Push to the crew page, also while it is closed (RFC 8030, 8291, 8292).

Rule: the push service is a stranger's. It sees neither the words, which are encrypted for the one browser, nor a name; and
where a browser says that it is to be reached is dialled like any address that may not be trusted.
"""

import ssl
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

import http_ece
import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Meta, Struct
from py_vapid import Vapid02

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message
from gateways.alerts.wording import brief
from gateways.outward.carrier import Answer, carrying, check_url
from gateways.outward.subscriptions import Subscription, Subscriptions

GONE: Final = (404, 410)
"""The browser has left, or was told to stop (RFC 8030, 7.3)."""
VALID_S: Final = 12 * 3_600
"""Of a signature; RFC 8292 allows a day."""
WORDS_MAX: Final = 3_000
"""Bytes of UTF-8: an encrypted message has at most 4,096 (RFC 8291, 4)."""


class BrowserPush(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="push"):
    """Web Push as configured. Who subscribes does so on the crew page. Raises ValueError where `contact` does not hold."""

    addressed: ClassVar[bool] = False
    leaves: ClassVar[bool] = True

    contact: str
    """`mailto:` or `https:`: whom the operator of a push service may ask about us."""
    ttl_s: Annotated[int, Meta(ge=0, le=86_400)] = 300
    """For so long the push service keeps what it cannot bring; an older order is nobody's."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    allow_private: bool = False
    """Push services may be on private addresses, and plain http; for tests and closed networks."""

    def __post_init__(self) -> None:
        if urlsplit(self.contact).scheme not in ("mailto", "https"):
            raise ValueError("contact: must be mailto:somebody@example.org, or an https address")

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel. Subscriptions and our key lie in the folder. Raises OSError."""
        subscriptions = Subscriptions(folder)
        yield _Sender(self, subscriptions, subscriptions.key(), ssl.create_default_context())


class _Told(Struct, frozen=True):
    """What the page's worker shows."""

    title: str
    body: str
    alert: str
    purpose: str


class _Sender:
    """The open channel."""

    def __init__(
        self, config: BrowserPush, subscriptions: Subscriptions, key: Vapid02, authorities: ssl.SSLContext
    ) -> None:
        self._config = config
        self._subscriptions = subscriptions
        self._key = key
        self._authorities = authorities

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Tell every browser of the unit. Delivered, if one push service has taken it."""
        del copy
        browsers = await self._subscriptions.of(message.unit)
        if not browsers:
            detail = f"no browser of {message.unit} has subscribed on /crew"
            return Outcome(delivered=False, detail=detail, only_this=True)
        words = message.text.encode()[:WORDS_MAX].decode(errors="ignore")
        told = _Told(brief(message), words, message.alert, message.purpose)
        content = msgspec.json.encode(told)
        answers: list[Answer] = []

        async def tell(browser: Subscription) -> None:
            answers.append(await self._post(browser, message.alert, content))

        async with trio.open_nursery() as nursery:
            for browser in browsers:
                nursery.start_soon(tell, browser)
        if any(answer.good for answer in answers):
            return Outcome(delivered=True)
        # Each browser has a push service of its own, so a failure says nothing about those of other crews.
        detail = "; ".join(dict.fromkeys(answer.refusal() for answer in answers))
        return Outcome(delivered=False, detail=detail, only_this=True)

    async def _post(self, browser: Subscription, alert: str, content: bytes) -> Answer:
        """Post to one browser's push service; forget a browser that is gone."""
        config = self._config
        try:
            check_url(browser.endpoint, allow_private=config.allow_private)
            # Curves and ciphers take a moment of the processor: not on the loop.
            body, headers = await trio.to_thread.run_sync(self._sealed, browser, content)
        except ValueError as error:
            answer = Answer()
            answer.trouble = f"a browser's subscription does not hold: {error}"
            await self._strike_off(browser)
            return answer
        more = {"TTL": str(config.ttl_s), "Urgency": "high", "Topic": alert, "Content-Encoding": "aes128gcm"}
        async with carrying(
            browser.endpoint,
            allow_private=config.allow_private,
            timeout_s=config.timeout_s,
            authorities=self._authorities,
        ) as carrier:
            answer = await carrier.ask("POST", body, headers | more)
        if answer.status in GONE:
            await self._strike_off(browser)
        return answer

    async def _strike_off(self, browser: Subscription) -> None:
        with suppress(OSError):  # it is tried again with the next alert
            await self._subscriptions.remove(browser.endpoint)

    def _sealed(self, browser: Subscription, content: bytes) -> tuple[bytes, dict[str, str]]:
        """Return the body, encrypted for this browser only, and who we are. Raises ValueError for keys that are none."""
        parts = urlsplit(browser.endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self._config.contact,
            "exp": str(int(time.time()) + VALID_S),
        }
        headers: dict[str, str] = self._key.sign(claims)
        try:
            body: bytes = http_ece.encrypt(
                content,
                private_key=ec.generate_private_key(ec.SECP256R1()),
                dh=_bytes(browser.keys.p256dh),
                auth_secret=_bytes(browser.keys.auth),
                version="aes128gcm",
            )
        except http_ece.ECEException as error:
            raise ValueError(str(error)) from None
        return body, headers


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
