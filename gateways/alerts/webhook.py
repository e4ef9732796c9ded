"""The webhook channel: one signed POST per attempt, as Standard Webhooks 1.0 has it.

Rule: the other side can neither lead us elsewhere nor make us wait or grow. No redirect is followed, no proxy or
cookie is used, 64 KiB of an answer are read, and five seconds are all it gets. 2xx is delivered, whatever
the body says; a JSON body `{"acknowledged": true}` is the recipient's acknowledgement as well.
"""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import httpcore2  # noqa: F401  httpx2 would load it in the middle of the loop, a quarter of a second long
import httpx2
import msgspec
import trio
from msgspec import Meta, Struct

from gateways.alerts.address import Destination, Unreachable
from gateways.alerts.channel import Outcome, Sender
from gateways.alerts.message import Message, render
from gateways.alerts.signature import key_of, signed_headers

BODY_MAX: Final = 65_536
CONNECT_S: Final = 2.0
"""An address that does not answer a connection by then is left for the next one of the name."""
_NAME_MAX: Final = 100


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="webhook"):
    """A webhook as configured. Raises ValueError where url or secrets do not hold."""

    url: str
    """https; http only together with `allow_private`."""
    secrets: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]
    """`whsec_…`. More than one while they are being changed: each signs, the receiver accepts any."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """For everything: look-up, connection, request, answer."""
    allow_private: bool = False
    """The endpoint is on a private or loopback address on purpose."""

    def __post_init__(self) -> None:
        _check(self.url, allow_private=self.allow_private)
        for secret in self.secrets:
            key_of(secret)

    def __repr__(self) -> str:
        """Show where it goes and no secret: neither those of the signature nor those in the url's path."""
        return f"Webhook(host={httpx2.URL(self.url).host!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the client. Certificates are checked against the system's authorities (or SSL_CERT_FILE)."""
        del folder
        transport = httpx2.AsyncHTTPTransport(verify=ssl.create_default_context(), trust_env=False)
        timeout = httpx2.Timeout(None, connect=CONNECT_S)
        async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
            yield _Sender(self, client)


def _check(url: str, *, allow_private: bool) -> None:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ValueError(f"url: {error}") from None
    if not parsed.host or parsed.userinfo or parsed.scheme not in ("http", "https"):
        raise ValueError("url: must be https://host/path, without a user or password in it")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise ValueError(f"url: there is no port {parsed.port}")
    if parsed.scheme == "http" and not allow_private:
        raise ValueError("url: must be https; http only on your own network, with allow_private = true")


class _Answer:
    """What has come back so far."""

    def __init__(self) -> None:
        self.status = 0
        """0: nothing yet."""
        self.retry_after = ""
        self.body = b""
        """Empty unless all of it came, within its limit."""


class _Receipt(Struct, frozen=True):
    """The part of an answer that we understand."""

    acknowledged: bool = False
    by: str | None = None


class _Sender:
    """An open webhook."""

    def __init__(self, config: Webhook, client: httpx2.AsyncClient) -> None:
        self._config = config
        self._client = client
        self._url = httpx2.URL(config.url)
        self._keys = [key_of(secret) for secret in config.secrets]
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        self._destination = Destination(self._url.host, port, allow_private=config.allow_private)

    async def send(self, message: Message) -> Outcome:
        """Post the message once. A status that has come counts, even if the rest of the answer never does."""
        answer = _Answer()
        trouble = f"no answer within {self._config.timeout_s:g} s"
        with trio.move_on_after(self._config.timeout_s):
            try:
                await self._post(message, answer)
            except Unreachable as error:
                trouble = str(error)
            except httpx2.HTTPError as error:
                trouble = f"{type(error).__name__}: {_words(error)}"
        # A server that sets cookies must not fill our memory with them.
        self._client.cookies.clear()
        return _judge(answer) if answer.status else Outcome(delivered=False, detail=trouble)

    async def _post(self, message: Message, answer: _Answer) -> None:
        """Try the addresses until one takes the connection; what is sent is sent to one only."""
        *others, last = await self._destination.addresses()
        body = render(message)
        for address in others:
            try:
                await self._post_to(address, message.alert, body, answer)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
            return
        await self._post_to(last, message.alert, body, answer)

    async def _post_to(self, address: str, key: str, body: bytes, answer: _Answer) -> None:
        headers = signed_headers(self._keys, key, int(time.time()), body)
        headers |= {
            "host": self._url.netloc.decode(),
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "turnout",
        }
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=address),
            content=body,
            headers=headers,
            extensions={"sni_hostname": self._url.host},
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            answer.status = response.status_code
            answer.retry_after = response.headers.get("retry-after", "")[:40]
            answer.body = await _read(response)
        finally:
            await response.aclose()


async def _read(response: httpx2.Response) -> bytes:
    """Return the body as it came; nothing of one that is longer than its limit."""
    body = bytearray()
    # Cancelled and not broken off: so every generator of the client below is unwound, here and now.
    with trio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > BODY_MAX:
                scope.cancel()
    return b"" if len(body) > BODY_MAX else bytes(body)


def _words(error: BaseException) -> str:
    """Return the first thing that anybody said about it: the client passes on what TLS says only as a cause."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return str(cause or "no reason given")


def _judge(answer: _Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return Outcome(delivered=True, acknowledged_by=_acknowledged_by(answer.body))
    return Outcome(delivered=False, detail=f"HTTP {answer.status}{_advice(answer)}")


def _acknowledged_by(body: bytes) -> str | None:
    """Return who acknowledges in this answer; "" for the endpoint itself, None if nobody does."""
    try:
        receipt = msgspec.json.decode(body, type=_Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (receipt.by or "")[:_NAME_MAX] if receipt.acknowledged else None


def _advice(answer: _Answer) -> str:
    if 300 <= answer.status < 400:
        return ": redirects are not followed; configure the final url"
    if answer.status in (401, 403):
        return ": refused; check that both sides have the same secret"
    if answer.retry_after:
        return f": it asks to be tried again after {answer.retry_after}"
    return ""
