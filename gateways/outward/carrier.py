"""One HTTP request to an endpoint that may not be trusted: webhooks, providers of text messages, WCTP gateways.

Rule: the other side can neither lead us elsewhere nor make us wait or grow. No redirect is followed, no proxy or
cookie is used, 64 KiB of an answer are read, and the channel's seconds are all it gets. The address that was judged is
the address that is dialled.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpcore2  # noqa: F401  httpx2 would load it in the middle of the loop, a quarter of a second long
import httpx2
import trio

from gateways.outward.address import Destination, Unreachable

BODY_MAX: Final = 65_536
COME_BACK_LATER: Final = frozenset({408, 425, 429})
CONNECT_S: Final = 2.0
"""An address that does not answer a connection by then is left for the next one of the name."""


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise ValueError if the url is not one to send to."""
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


def host_of(url: str) -> str:
    """Return the part of a url that is no secret."""
    return httpx2.URL(url).host


class Answer:
    """What has come back so far."""

    def __init__(self) -> None:
        self.status = 0
        """0: nothing yet; then `trouble` says why."""
        self.trouble = ""
        self.retry_after = ""
        self.body = b""
        """Empty unless all of it came, within its limit."""

    @property
    def good(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def refuses(self) -> bool:
        """Tell whether what was sent is refused for good, as it seems: 4xx, but for those that say to come back later."""
        return 400 <= self.status < 500 and self.status not in COME_BACK_LATER

    def refusal(self) -> str:
        """Return what went wrong, and where we know, what to do; of an answer that is not good."""
        return f"HTTP {self.status}{self._advice()}" if self.status else self.trouble

    def _advice(self) -> str:
        if 300 <= self.status < 400:
            return ": redirects are not followed; configure the final url"
        if self.status in (401, 403):
            return ": refused; check that both sides have the same secret"
        if self.retry_after:
            return f": it asks to be tried again after {self.retry_after}"
        return ""


class Carrier:
    """A client for one url. Used by several tasks at once."""

    def __init__(
        self, url: str, client: httpx2.AsyncClient, *, allow_private: bool, timeout_s: float, most: int = BODY_MAX
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._most = most
        self._url = httpx2.URL(url)
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        self._destination = Destination(self._url.host, port, allow_private=allow_private)

    async def ask(
        self, method: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask once. A status that has come counts, even if the rest of the answer never does. Never raises for it."""
        answer = Answer()
        answer.trouble = f"no answer within {self._timeout_s:g} s"
        with trio.move_on_after(self._timeout_s):
            try:
                await self._ask(method, body, headers, query or {}, answer)
            except Unreachable as error:
                answer.trouble = str(error)
            except httpx2.HTTPError as error:
                answer.trouble = f"{type(error).__name__}: {_words(error)}"
        # A server that sets cookies must not fill our memory with them.
        self._client.cookies.clear()
        return answer

    async def _ask(
        self, method: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str], answer: Answer
    ) -> None:
        """Try the addresses until one takes the connection; what is sent is sent to one only."""
        url = self._url.copy_merge_params(dict(query)) if query else self._url
        *others, last = await self._destination.addresses()
        for address in others:
            try:
                await self._ask_at(address, method, url, body, headers, answer)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
            return
        await self._ask_at(last, method, url, body, headers, answer)

    async def _ask_at(
        self, address: str, method: str, url: httpx2.URL, body: bytes, headers: Mapping[str, str], answer: Answer
    ) -> None:
        ours = {"host": url.netloc.decode(), "accept-encoding": "identity", "user-agent": "turnout"}
        request = self._client.build_request(
            method,
            url.copy_with(host=address),
            content=body,
            headers={**headers, **ours},
            extensions={"sni_hostname": url.host},
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            answer.status = response.status_code
            answer.retry_after = response.headers.get("retry-after", "")[:40]
            answer.body = await _read(response, self._most)
        finally:
            await response.aclose()


@asynccontextmanager
async def carrying(
    url: str,
    *,
    allow_private: bool,
    timeout_s: float,
    most: int = BODY_MAX,
    authorities: ssl.SSLContext | None = None,
) -> AsyncIterator[Carrier]:
    """Open a client for the url; `most` bytes of an answer are read.

    Certificates are checked against the system's authorities (or SSL_CERT_FILE). Reading those holds the loop up for
    tens of milliseconds: who opens many clients reads them once, and hands them in.
    """
    transport = httpx2.AsyncHTTPTransport(verify=authorities or ssl.create_default_context(), trust_env=False)
    timeout = httpx2.Timeout(None, connect=CONNECT_S)
    async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
        yield Carrier(url, client, allow_private=allow_private, timeout_s=timeout_s, most=most)


async def _read(response: httpx2.Response, most: int) -> bytes:
    """Return the body as it came; nothing of one that is longer than its limit."""
    body = bytearray()
    # Cancelled and not broken off: so every generator of the client below is unwound, here and now.
    with trio.CancelScope() as scope:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > most:
                scope.cancel()
    return b"" if len(body) > most else bytes(body)


def _words(error: BaseException) -> str:
    """Return the first thing that anybody said about it: the client passes on what TLS says only as a cause."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return str(cause or "no reason given")
