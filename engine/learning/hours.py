"""Parts of the day and of the week within which crews and traffic are taken to behave alike."""

from engine.model.hours import local_minute_of_week
from engine.model.place import Place
from engine.model.roads import BLOCK_HOURS, BLOCKS_OF_DAY, HOURS_OF_WEEK

BLOCKS_OF_WEEK = 3 * BLOCKS_OF_DAY
"""Working days, Saturday, Sunday: eight blocks each."""


def block_of_day(place: Place, now: int) -> int:
    """Return 0 for 00:00 to 03:00 local time, up to 7."""
    return local_minute_of_week(place, now) // 60 % 24 // BLOCK_HOURS


def block_of_week(place: Place, now: int) -> int:
    """Return the block of the week, 0 to 23."""
    return block_of_hour(local_minute_of_week(place, now) // 60)


def block_of_hour(hour_of_week: int) -> int:
    """Return the block in which an hour of the week lies; hour 0 begins on Monday at 00:00."""
    day, hour = divmod(hour_of_week, 24)
    return max(0, day - 4) * BLOCKS_OF_DAY + hour // BLOCK_HOURS


BLOCK_OF_HOUR = tuple(block_of_hour(hour) for hour in range(HOURS_OF_WEEK))
