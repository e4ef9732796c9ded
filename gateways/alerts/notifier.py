"""The Apprise channel: the hundred services that Apprise knows, each recipient's address being one of its URLs.

Rule: the library blocks and keeps its own time, so each attempt has a thread of its own. One service of the many may hold
a few of them, and all together so many; what is beyond that fails at once. Apprise says no more than whether a service has taken it; its log says why not. Optional: pip install 'turnout[apprise]'.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit

import trio
from msgspec import Meta

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message
from gateways.alerts.wording import Worded, brief, long

THREADS: Final = 32
LANE: Final = 4
"""Threads that one service may hold, also after its attempts were given up."""


class Notifier(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="apprise"):
    """Apprise as configured: the addresses are the recipients' own. Raises ValueError without the library."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if find_spec("apprise") is None:
            raise ValueError("channel: apprise needs its extra: pip install 'turnout[apprise]'")

    @property
    def lanes(self) -> int:
        """Attempts that must be possible at the same time, so that no service waits for another."""
        return THREADS

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel."""
        del folder
        import apprise

        yield _Sender(self, apprise)


class _Sender:
    """The library."""

    def __init__(self, config: Notifier, library: Any) -> None:
        self._config = config
        self._library = library
        self._lanes: dict[str, trio.CapacityLimiter] = {}
        """By service. A thread gives its place back when it ends, also if nobody waits for it any more."""

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Send one notification."""
        service = "://".join(urlsplit(copy.address)[:2]).rpartition("@")[2]
        lane = self._lanes.setdefault(service, trio.CapacityLimiter(LANE))
        if lane.available_tokens < 1:
            return _failed(f"the service holds {LANE} attempts already")
        if sum(each.borrowed_tokens for each in self._lanes.values()) >= THREADS:
            return _failed(f"{THREADS} attempts at other services are under way, and hang")
        mark = "EXERCISE " if message.exercise else ""
        body = long(self._config, message, copy.recipient)
        title = mark + brief(message)
        with trio.move_on_after(self._config.timeout_s):
            return await trio.to_thread.run_sync(
                self._notify, copy.address, title, body, abandon_on_cancel=True, limiter=lane
            )
        return _failed(f"the service did not take it within {self._config.timeout_s:g} s")

    def _notify(self, url: str, title: str, body: str) -> Outcome:
        notifier = self._library.Apprise()
        if not notifier.add(url):
            return _failed("the address is no URL that Apprise knows")
        if not notifier.notify(title=title, body=body, notify_type=self._library.NotifyType.WARNING):
            return _failed("the service has not taken it; see the log of Apprise")
        return Outcome(delivered=True)


def _failed(detail: str) -> Outcome:
    return Outcome(delivered=False, detail=detail, only_this=True)
