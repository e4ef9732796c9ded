"""Legs: where a unit is, how fast and which way, at any time, as a pure function of what it set out to do.

A leg is a line of points with the time at each. It follows the streets where the place has some (`streets.py`), and is
one straight section at the place's own travel speed where it has none.
"""

import math
from bisect import bisect_right

from msgspec import Struct

from engine.model.place import TravelSettings

Point = tuple[int, int]

OFF_ROAD = -1
"""Instead of an arc: a yard, a track, no street at all."""
NORMAL_PERCENT = 130
"""In a straight line and without lights and sirens a drive takes this much of the time with them."""


class Leg(Struct, frozen=True):
    """n points in metres, the time at each, and n - 1 sections between them. A unit that stands has one point."""

    points: tuple[Point, ...]
    times_ms: tuple[int, ...]
    """Never falling."""
    speeds_mps: tuple[float, ...] = ()
    """Along the street, of each section."""
    arcs: tuple[int, ...] = ()
    """Row of the street graph that each section is on, or OFF_ROAD."""

    @property
    def target(self) -> Point:
        """Where it ends."""
        return self.points[-1]

    @property
    def depart_ms(self) -> int:
        """When it begins."""
        return self.times_ms[0]

    @property
    def arrive_ms(self) -> int:
        """When it ends."""
        return self.times_ms[-1]

    def section(self, now: int) -> int | None:
        """Return the section that the unit is on; None before the leg begins and after it has ended."""
        place = bisect_right(self.times_ms, now) - 1
        return place if 0 <= place < len(self.arcs) else None

    def at(self, now: int) -> Point:
        """Return where the unit is."""
        place = self.section(now)
        if place is None:
            return self.points[0] if now < self.depart_ms else self.points[-1]
        since_ms, until_ms = self.times_ms[place], self.times_ms[place + 1]
        part = (now - since_ms) / (until_ms - since_ms)
        (xa, ya), (xb, yb) = self.points[place], self.points[place + 1]
        return round(xa + (xb - xa) * part), round(ya + (yb - ya) * part)

    def arc(self, now: int) -> int:
        """Return the arc that the unit is on; OFF_ROAD where it is on none, and where it stands."""
        place = self.section(now)
        return OFF_ROAD if place is None else self.arcs[place]

    def speed_mps(self, now: int) -> float:
        """Return how fast it drives; 0 where it stands."""
        place = self.section(now)
        return 0.0 if place is None else self.speeds_mps[place]

    def moving(self, now: int) -> bool:
        """Tell whether the wheels are rolling."""
        return self.speed_mps(now) > 0

    def heading_deg(self, now: int) -> float:
        """Return which way it drives, clockwise from north; 0 where it stands."""
        place = self.section(now)
        if place is None:
            return 0.0
        (xa, ya), (xb, yb) = self.points[place], self.points[place + 1]
        return math.degrees(math.atan2(xb - xa, yb - ya)) % 360.0


def standing(point: Point) -> Leg:
    """Return the leg of a unit that stands there."""
    return Leg((point,), (0,))


def straight(travel: TravelSettings, source: Point, target: Point, depart_ms: int, *, slower: float = 1.0) -> Leg:
    """Return the leg of a drive in a straight line; `slower` multiplies its time (traffic, no sirens)."""
    along_m = math.dist(source, target) * travel.circuity_percent / 100
    took_ms = max(1, round(along_m * 1_000_000 / travel.speed_mm_per_s * slower))
    return Leg((source, target), (depart_ms, depart_ms + took_ms), (along_m * 1000 / took_ms,), (OFF_ROAD,))
