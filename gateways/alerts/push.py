"""The Apprise channel: the hundred services that Apprise knows, each recipient's address being one of its URLs.

Rule: the library blocks and keeps its own time, so each attempt has a thread out of a small pool of its own. When all of
them hang, an attempt fails in time because no thread is free, and no other endpoint notices. Apprise says no more than
whether a service has taken it; its log says why not. Optional: pip install 'turnout[apprise]'.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import trio
from msgspec import Meta

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message
from gateways.alerts.wording import Worded, brief, long

THREADS: Final = 8


class MissingExtra(RuntimeError):
    """The library is not installed. The message says what to do."""


class Push(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="apprise"):
    """Apprise as configured: the addresses are the recipients' own."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel. Raises MissingExtra without the library."""
        del folder
        try:
            import apprise
        except ImportError:
            raise MissingExtra("the channel apprise needs its extra: pip install 'turnout[apprise]'") from None
        yield _Sender(self, apprise)


class _Sender:
    """The library."""

    def __init__(self, config: Push, library: Any) -> None:
        self._config = config
        self._library = library
        self._threads = trio.CapacityLimiter(THREADS)

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Send one notification."""
        mark = "EXERCISE " if message.exercise else ""
        body = long(self._config, message, copy.recipient)
        with trio.move_on_after(self._config.timeout_s):
            return await trio.to_thread.run_sync(
                self._notify, copy.address, mark + brief(message), body, abandon_on_cancel=True, limiter=self._threads
            )
        return Outcome(delivered=False, detail=f"the service did not take it within {self._config.timeout_s:g} s")

    def _notify(self, url: str, title: str, body: str) -> Outcome:
        notifier = self._library.Apprise()
        if not notifier.add(url):
            return Outcome(delivered=False, detail="the address is no URL that Apprise knows")
        if not notifier.notify(title=title, body=body, notify_type=self._library.NotifyType.WARNING):
            return Outcome(delivered=False, detail="the service has not taken it; see the log of Apprise")
        return Outcome(delivered=True)
