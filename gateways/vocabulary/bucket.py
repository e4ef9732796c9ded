"""A token bucket: a steady rate with room for a burst. Told the time, so that it needs no clock."""


class Bucket:
    """Holds up to `burst` tokens and gains `per_s` of them each second."""

    __slots__ = ("_at_s", "_burst", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._at_s = 0.0

    def take(self, now_s: float) -> float:
        """Take a token and return 0; if there is none, return after how many seconds there will be one."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_s
        self._tokens -= 1
        return 0.0

    def left(self, now_s: float) -> float:
        """Return how many tokens there are."""
        return min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
