"""Processes of our own that read what the engine must not wait for: how many were started, and what is said where none can be.

Rule: a machine that has no room for one more process loses an answer, never a connection or the server.
"""

from typing import Final

from gateways.log import logger

NOT_STARTED: Final = "not_started"
"""The code of the refusal."""
_log = logger("workers")


class Workers:
    """Counts them. One per process, or one for each who starts them."""

    def __init__(self) -> None:
        self._counts = {"started": 0, NOT_STARTED: 0}

    def statistics(self) -> dict[str, int]:
        """Return how many could be started since the start, and how many could not."""
        return dict(self._counts)

    def started(self) -> None:
        """Count one."""
        self._counts["started"] += 1

    def not_started(self, error: BaseException, purpose: str) -> str:
        """Count one that could not be started, say so in the log; return what whoever asked is told."""
        self._counts[NOT_STARTED] += 1
        detail = str(error)
        _log.error("a process could not be started; dispatch goes on", purpose=purpose, detail=detail)
        return (
            f"No process could be started to read it ({detail}): this machine is short of memory or processes. "
            "Dispatch goes on. Ask again in a minute; if it stays so, tell whoever runs this server."
        )
