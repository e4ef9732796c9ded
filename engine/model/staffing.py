"""How many people are on a unit, in words for people."""

from enum import StrEnum

from engine.model.place import Unit


class Staffing(StrEnum):
    """A unit's crew against what it should be."""

    FULL = "full"
    PARTIAL = "partial"
    """Fewer than its full crew: may be sent, at a price."""
    BELOW_MINIMUM = "below_minimum"
    """Fewer than it takes: is not sent."""
    UNKNOWN = "unknown"
    """Nobody has said; it is taken to have its full crew."""


def staffing_level(unit: Unit, staff: int | None) -> Staffing:
    """Return the level at which so many people (None: nobody said how many) staff the unit."""
    if staff is None:
        return Staffing.UNKNOWN
    if staff < unit.staff_min:
        return Staffing.BELOW_MINIMUM
    return Staffing.PARTIAL if staff < unit.staff else Staffing.FULL
