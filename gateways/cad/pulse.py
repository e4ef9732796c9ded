"""The one task that looks whether clients are still there, so that a thousand of them cost no thousand tasks and timers.

    the wheel, once round in `ping_s`:  spoke after spoke, each client on it: heard of since it was asked? ask again : leave

Whoever comes is put where the fewest are, so those who came back together after a restart are not asked together for ever.
"""

from typing import Final, Protocol

import trio

SPOKES: Final = 32


class Client(Protocol):
    """Somebody who may be gone without a word."""

    def feel(self, now_s: float) -> None:
        """See whether it has been heard of, and ask for another sign. May neither wait nor raise."""


class Pulse:
    """Feels each client's pulse every `ping_s`. One per hub."""

    def __init__(self, ping_s: float) -> None:
        self._ping_s = ping_s
        self._wheel: list[dict[Client, None]] = [{} for _ in range(SPOKES)]
        self._spokes: dict[Client, dict[Client, None]] = {}

    def attend(self, client: Client) -> None:
        """Look after it from now on."""
        self.forget(client)
        spoke = min(self._wheel, key=len)
        spoke[client] = None
        self._spokes[client] = spoke

    def forget(self, client: Client) -> None:
        """It is gone."""
        spoke = self._spokes.pop(client, None)
        if spoke is not None:
            del spoke[client]

    async def run(self) -> None:
        """Go round, until cancelled."""
        while True:
            for spoke in self._wheel:
                await trio.sleep(self._ping_s / SPOKES)
                now_s = trio.current_time()
                for client in list(spoke):
                    client.feel(now_s)
