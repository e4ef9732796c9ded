"""Times of the engine as other systems write them."""

from datetime import UTC, datetime


def iso(at_ms: int) -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03}Z"
