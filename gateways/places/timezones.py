"""Local time as a table, so that no decision ever reads a time zone database.

Rule: the table is part of the adopted place; a later change of law comes in with a new version of the place.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST_YEAR, LAST_YEAR = 2020, 2040
_DAY_S = 86_400


def utc_offsets(timezone: str) -> tuple[tuple[int, int], ...]:
    """Return (from_ms, offset_ms) in rising order, for the years 2020 to 2040.

    Raises ValueError when the name is not a time zone that this computer knows.
    """
    zone = _zone(timezone)
    start = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    offset = _offset_s(zone, start)
    table = [(start * 1000, offset * 1000)]
    # No zone changes its mind twice in one day, so a look at each midnight finds every change.
    for day in range(start, end, _DAY_S):
        if (then := _offset_s(zone, day + _DAY_S)) != offset:
            table.append((_change(zone, day, day + _DAY_S, offset) * 1000, then * 1000))
            offset = then
    return tuple(table)


def nautical(lon: float) -> str:
    """Return the zone whose noon is nearest the sun's. Etc/GMT counts westward, so the sign turns."""
    hours = round(lon / 15)
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f'time zone "{timezone}" is not known here; use an IANA name such as "Europe/Paris" '
            "(the tzdata package carries all of them)"
        ) from error


def _offset_s(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _change(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Return the first second after `low` at which the offset differs (it does at `high`)."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_s(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
