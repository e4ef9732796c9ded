"""Links that open the console signed in as the demo's dispatcher, or as its supervisor.

Rule: a link bears a code that counts once and not for long, never the token. There are always fresh ones: they are
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
"""The board appears with the links, or without them after this long."""
CODE_S: Final = 3_600
"""How long a link of the demo holds."""
ROLES: Final = ("dispatcher", "supervisor")


class _Code(Struct):
    code: str


class Invitation:
    """Keeps the links fresh."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.links: dict[str, str] = {}
        """By role. Empty until there are any."""
        self._supervisor = supervisor
        self._there = trio.Event()

    async def run(self) -> None:
        """Renew the links, until cancelled."""
        pid, due_s = None, 0.0
        while True:
            engine = self._supervisor
            if engine.up and (engine.pid != pid or trio.current_time() >= due_s):
                links = {role: await self._ask(role) for role in ROLES}
                if all(links.values()):
                    self.links, pid, due_s = links, engine.pid, trio.current_time() + EVERY_S
                    self._there.set()
            await trio.sleep(LOOK_S)

    async def first(self, within_s: float) -> None:
        """Wait for the first links, but no longer than that."""
        with trio.move_on_after(within_s):
            await self._there.wait()

    async def _ask(self, role: str) -> str:
        doors = self._supervisor.doors
        if doors is None:
            return ""
        headers = {"Authorization": f"Bearer {doors.access.tokens[role]}"}
        try:
            async with httpx2.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
                answer = await client.post(f"{doors.web}/console/codes", headers=headers)
            code = msgspec.json.decode(answer.content, type=_Code).code
        except (httpx2.HTTPError, msgspec.MsgspecError):
            return ""  # it is being started again: the next look finds it
        return f"{doors.web}/#code={code}"
