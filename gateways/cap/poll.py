"""Sources that are asked: a url that gives an alert, or an Atom feed of links to alerts, looked at again and again.

Rule: each question has its deadline and its size; a source that hangs or lies costs nobody else anything. Links are followed
to the feed's own host only. What was taken before is a duplicate, so a feed may repeat itself for ever.
"""

import ssl
from collections import OrderedDict
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import ParseError

import trio
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gateways.bodies import Refused
from gateways.cap.config import Poll
from gateways.cap.entrance import Entrance
from gateways.log import logger
from gateways.outward.carrier import Answer, carrying, check_url

LINKS_MAX: Final = 100
"""Of one feed at one look."""
SEEN_MAX: Final = 10_000
URL_SHOWN: Final = 300
ATOM: Final = "{http://www.w3.org/2005/Atom}"
_log = logger("cap")


class NoFeed(Exception):
    """This is no Atom feed."""


class Poller:
    """Asks one source."""

    def __init__(self, config: Poll, entrance: Entrance, most: int) -> None:
        self._config = config
        self._entrance = entrance
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()
        """Links whose alerts have been taken or refused for good."""

    async def run(self) -> None:
        """Ask until cancelled."""
        authorities = await trio.to_thread.run_sync(ssl.create_default_context)
        while True:
            await self._look(authorities)
            await trio.sleep(self._config.every_s)

    async def _look(self, authorities: ssl.SSLContext) -> None:
        answer = await self._get(self._config.url, authorities)
        if not answer.good:
            self._failed(self._config.url, answer.refusal())
            return
        try:
            links = await trio.to_thread.run_sync(links_of, answer.body)
        except NoFeed:
            await self._take(self._config.url, answer.body)
            return
        for link in links[:LINKS_MAX]:
            url = target_of(self._config.url, link)
            if url is None or url in self._seen:
                continue
            found = await self._get(url, authorities)
            if not found.good:
                self._failed(url, found.refusal())
            elif await self._take(url, found.body):
                self._remember(url)

    async def _get(self, url: str, authorities: ssl.SSLContext) -> Answer:
        config = self._config
        try:
            check_url(url, allow_private=config.allow_private)  # a link is the feed's word, and nobody has looked at it
        except ValueError as error:
            answer = Answer()
            answer.trouble = str(error)
            return answer
        async with carrying(
            url,
            allow_private=config.allow_private,
            timeout_s=config.timeout_s,
            most=self._most,
            authorities=authorities,
        ) as carrier:
            return await carrier.ask("GET", b"", {"accept": "application/cap+xml, application/atom+xml, text/xml"})

    async def _take(self, url: str, body: bytes) -> bool:
        """Hand the document on; False if it is to be tried again."""
        try:
            await self._entrance.take(body, f"cap-poll-{self._config.name}")
        except Refused as refused:
            self._failed(url, str(refused))
            return refused.status != 503
        return True

    def _remember(self, url: str) -> None:
        self._seen[url] = None
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _failed(self, url: str, why: str) -> None:
        self._entrance.count("poll_failed")
        _log.warning(
            "a source of alerts could not be used; it is asked again",
            source=self._config.name,
            url=url[:URL_SHOWN],
            why=why,
        )


def target_of(feed: str, link: str) -> str | None:
    """Return where a link of the feed leads; None if that is another host, or nowhere."""
    try:
        url = urljoin(feed, link)
        return url if urlsplit(url).netloc == urlsplit(feed).netloc else None
    except ValueError:
        return None


def links_of(data: bytes) -> list[str]:
    """Return the links of an Atom feed, one an entry. Raises NoFeed."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        raise NoFeed from None
    if root.tag != f"{ATOM}feed":
        raise NoFeed
    found = []
    for entry in root.iterfind(f"{ATOM}entry"):
        links = [link for link in entry.iterfind(f"{ATOM}link") if link.get("href")]
        cap = [link for link in links if (link.get("type") or "").startswith("application/cap+xml")]
        found += [str(link.get("href")) for link in (cap or links)[:1]]
    return found
