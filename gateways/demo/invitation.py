"""A link that opens the console signed in as the demo's dispatcher.

Rule: the link bears a code that counts once and not for long, never the token. There is always a fresh one: it is
renewed every minute, and at once after the engine was started again, which forgets codes.
"""

from typing import Final

import httpx2
import msgspec
import trio
from msgspec import Struct

from gateways.demo.supervisor import Supervisor

EVERY_S: Final = 60.0
LOOK_S: Final = 1.0
WITHIN_S: Final = 5.0
WAIT_S: Final = 5.0
"""The board appears with the link, or without it after this long."""
CODE_S: Final = 3_600
"""How long a link of the demo holds."""


class _Code(Struct):
    code: str


class Invitation:
    """Keeps the link fresh."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.link = ""
        """Empty until there is one."""
        self._supervisor = supervisor
        self._there = trio.Event()

    async def run(self) -> None:
        """Renew the link, until cancelled."""
        pid, due_s = None, 0.0
        while True:
            engine = self._supervisor
            if engine.up and (engine.pid != pid or trio.current_time() >= due_s):
                link = await self._ask()
                if link:
                    self.link, pid, due_s = link, engine.pid, trio.current_time() + EVERY_S
                    self._there.set()
            await trio.sleep(LOOK_S)

    async def first(self, within_s: float) -> None:
        """Wait for the first link, but no longer than that."""
        with trio.move_on_after(within_s):
            await self._there.wait()

    async def _ask(self) -> str:
        doors = self._supervisor.doors
        if doors is None:
            return ""
        headers = {"Authorization": f"Bearer {doors.access.tokens['dispatcher']}"}
        try:
            async with httpx2.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
                answer = await client.post(f"{doors.web}/console/codes", headers=headers)
            code = msgspec.json.decode(answer.content, type=_Code).code
        except (httpx2.HTTPError, msgspec.MsgspecError):
            return ""  # it is being started again: the next look finds it
        return f"{doors.web}/#code={code}"
