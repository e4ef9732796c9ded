"""Times on the wire: RFC 3339 with milliseconds, UTC on the way out, any offset on the way in."""

from datetime import UTC, datetime


def stamp(at_ms: int) -> str:
    """Return a time in milliseconds since the epoch as RFC 3339."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def moment(text: str) -> int | None:
    """Return milliseconds since the epoch; None where no clock ever shows that, as on the 30th of February."""
    try:
        at = datetime.fromisoformat(text.upper())
        return round(at.timestamp() * 1000) if at.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None
