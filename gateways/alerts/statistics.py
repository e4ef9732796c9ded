"""Plain numbers of one endpoint; metrics read them when they are scraped."""

from collections import deque

from msgspec import Struct, field

LATEST = 1024
"""Latencies kept."""


def _latest() -> deque[float]:
    return deque(maxlen=LATEST)


class Counts(Struct):
    """What has happened at an endpoint since the start. Changed by its bulkhead only."""

    attempts: int = 0
    """Really tried."""
    delivered: int = 0
    failed: int = 0
    """Of those tried."""
    not_tried: int = 0
    """Failed at once: the breaker was open, or the queue full."""
    stale: int = 0
    """Passed over: the alert was over, or a later attempt was asked for."""
    acknowledged: int = 0
    """The endpoint's own answer was the acknowledgement."""
    strangers: int = 0
    """Acknowledgements by somebody else than who was told: refused."""
    first_attempt_s: deque[float] = field(default_factory=_latest)
    """Decision to first attempt, the latest ones."""
    delivered_s: deque[float] = field(default_factory=_latest)
    """Decision to delivered, the latest ones."""


class Statistics(Struct, frozen=True):
    """One endpoint at one moment."""

    endpoint: str
    counts: Counts
    breaker_open: bool
    depth: int
    """Attempts that wait."""
    capacity: int
