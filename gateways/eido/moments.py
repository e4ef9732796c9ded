"""Times on the wire: RFC 3339 with milliseconds, UTC on the way out, any offset on the way in."""

from datetime import datetime

from gateways.times import iso as stamp

__all__ = ["moment", "stamp"]


def moment(text: str) -> int | None:
    """Return milliseconds since the epoch; None where no clock ever shows that, as on the 30th of February."""
    try:
        at = datetime.fromisoformat(text.upper())
        return round(at.timestamp() * 1000) if at.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None
