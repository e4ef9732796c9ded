"""Times of the engine as other systems and people write them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from engine.model.hours import DAY_MS

Offsets = Sequence[tuple[int, int]]
"""From when on local time is so many ms ahead of UTC, in order; see `Place.utc_offsets`."""
_MOMENT: Final = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[T ])?(\d{1,2}:\d{2})(?::(\d{2}))?(Z)?")


def iso(at_ms: int) -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03}Z"


def offset_at(at_ms: int, offsets: Offsets) -> int:
    """Return how many ms local time is ahead of UTC then."""
    found = offsets[0][1] if offsets else 0
    for since_ms, ahead_ms in offsets:
        if since_ms <= at_ms:
            found = ahead_ms
    return found


def local(at_ms: int, offsets: Offsets) -> str:
    """Return the time as people of the place say it: `14:32:10 on 28 Nov 2026`."""
    then = datetime.fromtimestamp((at_ms + offset_at(at_ms, offsets)) // 1000, UTC)
    return f"{then:%H:%M:%S} on {then.day} {then:%b %Y}"


def moment(text: str, offsets: Offsets, now_ms: int) -> int | None:
    """Return the time that somebody means, in ms: local unless it ends with Z. Without a date: when it last was that time.

    `14:32`, `14:32:10`, `2026-11-28 14:32`, `2026-11-28T14:32:10Z`. None for what is no time. Of an hour that comes twice
    (the end of summer time) the first is meant.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    day, minutes, seconds, utc = match.groups()
    offsets = () if utc else offsets
    today = f"{datetime.fromtimestamp((now_ms + offset_at(now_ms, offsets)) // 1000, UTC):%Y-%m-%d}"
    try:
        then = datetime.strptime(f"{day or today} {minutes}:{seconds or '00'} +0000", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    shown_ms = round(then.timestamp() * 1000)
    at_ms = _of_local(shown_ms, offsets)
    return _of_local(shown_ms - DAY_MS, offsets) if day is None and at_ms > now_ms else at_ms


def _of_local(shown_ms: int, offsets: Offsets) -> int:
    """Return the first moment at which clocks of the place show this; in a gap, as if they had not been set yet."""
    likely = sorted({shown_ms - ahead_ms for _, ahead_ms in offsets} or {shown_ms})
    fitting = [at_ms for at_ms in likely if at_ms + offset_at(at_ms, offsets) == shown_ms]
    return fitting[0] if fitting else likely[-1]
