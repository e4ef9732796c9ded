"""Fixes of many connections judged together: most of what one fix costs by itself is the way into the compiled judge and out.

Rule: whoever adds a fix waits for nothing. All that was added in one turn of the loop is judged in the next one, in the
order in which it came, and then each is told its verdict; a fix is answered after it was judged, never before.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Final

import trio

from gateways.log import logger
from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import Verdict
from gateways.telematics.intake import Intake, Principal

HELPING: Final = 256
"""So many are judged and told before others on the loop have a turn: about two milliseconds."""
Tell = Callable[[Verdict | None], None]
"""Takes the verdict; None where judging failed, which is our fault and logged. May neither wait nor raise."""
Added = tuple[Fix, Principal, Tell]
_log = logger("telematics")


class Together:
    """One per door. The connections bound how much waits: each has one fix in it at most."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._added: list[Added] = []
        self._news = trio.Event()

    def add(self, fix: Fix, principal: Principal, tell: Tell) -> None:
        """Have it judged in the next turn of the loop."""
        if not self._added:
            self._news.set()
        self._added.append((fix, principal, tell))

    async def run(self) -> None:
        """Judge what comes, until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            added, self._added = self._added, []
            for start in range(0, len(added), HELPING):
                self._judge(added[start : start + HELPING])
                await trio.lowlevel.checkpoint()

    def _judge(self, added: list[Added]) -> None:
        for principal, group in groupby(added, key=lambda each: each[1]):
            together = list(group)
            try:
                verdicts: list[Verdict] | list[None] = self._intake.take([fix for fix, _, _ in together], principal)
            except Exception:  # noqa: BLE001 - the boundary: a fault over these fixes must not reach the door
                self._intake.count("judging_failed")
                _log.exception("positions could not be judged; their connections are closed, the others go on")
                verdicts = [None] * len(together)
            for (_, _, tell), verdict in zip(together, verdicts, strict=True):
                tell(verdict)
