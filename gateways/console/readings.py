"""What other processes read for a supervisor: made while somebody looks, kept until it is made anew.

Rule: nobody waits for it within a request, and it is never made more often than `apart_s`, also where it fails.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import trio
from msgspec import Struct

from gateways.inquiries import NoAnswer

PAGES_MAX: Final = 4
"""Pages of kept runs that are held ready; each may be a few megabytes."""
ASKED_MAX: Final = 4


class Reading:
    """One answer, which grows old."""

    def __init__(self, read: Callable[[], Awaitable[bytes]], apart_s: float) -> None:
        self.number = 0
        """Of the answer that stands; 0: there is none yet."""
        self.content = b""
        self.reason = ""
        """Why the last attempt has failed; "" if it has not."""
        self.took_s = 0.0
        self.under_way = False
        self._read = read
        self._apart_s = apart_s
        self._done_s = 0.0
        self._wanted = trio.Event()
        self._dropped = 0

    @property
    def age_s(self) -> float:
        """How long ago the last attempt ended."""
        return trio.current_time() - self._done_s

    def look(self) -> None:
        """Have it made anew when its time has come."""
        self._wanted.set()

    def drop(self) -> None:
        """Keep nothing of it, also of what is being read: something in it was forgotten. From any thread."""
        self._dropped += 1
        self.content = b""

    async def run(self) -> None:
        """Make it whenever somebody has looked, until cancelled."""
        while True:
            await self._wanted.wait()
            await self._make()
            await trio.sleep(self._apart_s)
            self._wanted = trio.Event()  # who looked meanwhile may be gone

    async def _make(self) -> None:
        self.under_way, began_s = True, trio.current_time()
        dropped = self._dropped
        try:
            content, self.reason = await self._read(), ""
            self.content = content if dropped == self._dropped else b""
            self.number += 1
        except NoAnswer as none:
            self.reason = none.reason
        except OSError as error:
            self.reason = f"It could not be read ({error.strerror}). It is tried again."
        except msgspec.MsgspecError as error:
            self.reason = f"The process that reads it said something else than was asked ({error})."
        finally:
            self._done_s = trio.current_time()
            self.under_way, self.took_s = False, self._done_s - began_s


class RunPage(Struct, frozen=True):
    """A page of the simulator, and the policy under which it is served."""

    policy: str
    page: str


Key = tuple[str, int]
"""A file's name, and when it was written (ns): a run that was kept again has another page."""


class Pages:
    """Makes the pages of kept runs, one at a time, and holds the latest ready."""

    def __init__(self, make: Callable[[str], Awaitable[bytes]]) -> None:
        self._make = make
        self._made: OrderedDict[Key, RunPage | str] = OrderedDict()
        """Or why there is none."""
        self._asked: set[Key] = set()
        self._send, self._receive = trio.open_memory_channel[Key](ASKED_MAX)

    def get(self, key: Key) -> RunPage | None:
        """Return the page; None: it is being made. Raises NoAnswer, once for each failure: who asks again has it tried again."""
        made = self._made.get(key)
        if isinstance(made, str):
            del self._made[key]
            raise NoAnswer("unreadable", "", made)
        if made is None and key not in self._asked:
            try:
                self._send.send_nowait(key)
            except trio.WouldBlock:
                raise NoAnswer("busy", "", "Many pages are being made at this moment. Try again in a minute.") from None
            self._asked.add(key)
        return made

    async def run(self) -> None:
        """Make what is asked for, until cancelled."""
        async for key in self._receive:
            try:
                self._made[key] = msgspec.json.decode(await self._make(key[0]), type=RunPage)
            except NoAnswer as none:
                self._made[key] = none.reason
            except msgspec.MsgspecError as error:
                self._made[key] = f"The process that makes it said something else than was asked ({error})."
            self._asked.discard(key)
            while len(self._made) > PAGES_MAX:
                self._made.popitem(last=False)
