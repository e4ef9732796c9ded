"""Drives: straight lines at the place's own travel speed. Where a unit is at any time is a pure function of its leg."""

import math

from msgspec import Struct

from engine.model.place import TravelSettings

Point = tuple[int, int]

NORMAL_PERCENT = 130
"""Without lights and sirens a drive takes this much of the time with them."""


class Leg(Struct, frozen=True):
    """From one point to another, in metres, and when. A unit that stands is on a leg from here to here."""

    source: Point
    target: Point
    depart_ms: int
    arrive_ms: int
    speed_mps: float = 0.0
    """Over the ground, along streets."""

    def at(self, now: int) -> Point:
        """Return where the unit is."""
        if now >= self.arrive_ms:
            return self.target
        part = max(0.0, (now - self.depart_ms) / (self.arrive_ms - self.depart_ms))
        (xa, ya), (xb, yb) = self.source, self.target
        return round(xa + (xb - xa) * part), round(ya + (yb - ya) * part)

    def moving(self, now: int) -> bool:
        """Tell whether the wheels are rolling."""
        return self.depart_ms <= now < self.arrive_ms and self.source != self.target

    @property
    def heading_deg(self) -> float:
        """Clockwise from north."""
        (xa, ya), (xb, yb) = self.source, self.target
        return math.degrees(math.atan2(xb - xa, yb - ya)) % 360.0


def standing(point: Point) -> Leg:
    """Return the leg of a unit that stands there."""
    return Leg(point, point, 0, 0)


def drive(travel: TravelSettings, source: Point, target: Point, depart_ms: int, *, slower: float = 1.0) -> Leg:
    """Return the leg of a drive that begins now; `slower` multiplies its time (traffic, no sirens)."""
    along_m = math.dist(source, target) * travel.circuity_percent / 100
    took_ms = max(1, round(along_m * 1_000_000 / travel.speed_mm_per_s * slower))
    return Leg(source, target, depart_ms, depart_ms + took_ms, along_m * 1000 / took_ms)
