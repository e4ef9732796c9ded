"""A circuit breaker: an endpoint that keeps failing is left alone for a while, then asked once whether it is back.

Rule: no clock of its own; `now_s` is any time that only goes forward.
"""

FAILURES = 5
REST_S = 10.0


class Breaker:
    """Closed: everything may try. Open: nothing may. After the rest, one probe at a time decides."""

    def __init__(self, failures: int = FAILURES, rest_s: float = REST_S) -> None:
        self._failures = failures
        self._rest_s = rest_s
        self._until_s = 0.0
        self._in_a_row = 0
        self._probing = False
        self._last = ""

    @property
    def open(self) -> bool:
        """Has it tripped, and no success since?"""
        return self._in_a_row >= self._failures

    def refusal(self, now_s: float) -> str | None:
        """Return why nothing may be tried now, or None: then the caller tries, and says how it went."""
        if not self.open:
            return None
        if now_s < self._until_s or self._probing:
            wait_s = max(0.0, self._until_s - now_s)
            return (
                f"not tried: {self._in_a_row} attempts in a row have failed, the next is in {wait_s:.0f} s; "
                f"the last: {self._last}"
            )
        self._probing = True
        return None

    def succeeded(self) -> None:
        """Close."""
        self._in_a_row = 0
        self._probing = False

    def spared(self) -> None:
        """What was tried was broken off by us, or failed for a reason of its own: it says nothing about the endpoint."""
        self._probing = False

    def failed(self, now_s: float, detail: str) -> None:
        """Count; trip, or rest again."""
        self._in_a_row += 1
        self._probing = False
        self._last = detail
        if self.open:
            self._until_s = now_s + self._rest_s
