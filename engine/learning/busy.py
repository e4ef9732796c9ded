"""How much of the time units are busy, by hour of the week and area: smoothed, and held within what helps.

An hour of the whole city sees many units, so its fraction is smoothed by itself. An area sees few, so it is believed in
steps, as demand is (`demand.py`): the city's hour, times how much more or less busy units of the kind are in the area at all
hours, times how much more or less so everybody is there in that part of the week (relative risks: Clayton and Kaldor 1987).
With few samples both are drawn to one, so an area of which nothing is known is as busy as the city. Local fractions in models
of cover: ReVelle and Hogan 1989.

Coverage models take q between 0.2 and 0.4 alike and do badly beyond (measured in simulation), so what is told is held
within these; what is remembered is not. Whole numbers: the same samples give the same bytes.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from engine.learning.evidence import DAY_MS, keep_per_day
from engine.learning.hours import BLOCK_OF_HOUR

LEAST, MOST = 200, 400
"""Permille."""
USUAL = 300
FINE = 1_000
"""What is remembered is kept in so many parts of a permille, so that small steps are not lost."""
STEP_PERMILLE = 50
"""A sample moves its hour by so much of the difference (exponential smoothing, Brown 1959)."""
CITY_SAMPLES = 1
"""The city itself is taken as it was seen, almost."""
AREA_SAMPLES = 150
"""That an area is as busy as the city counts like so many samples of busy units: six an hour, so some 25 jobs …"""
PART_SAMPLES = 150
"""… and that it is so in all parts of the week alike, like so many in the part."""
EVERYBODY = ""
"""The kind of unit that all are of: parts of the week are told apart by it alone."""
KEEP = keep_per_day(12)
CATCH_UP_DAYS = 3_650
MILLION = 1_000_000


class Seen(Struct):
    """Samples of busy units, and how many there would have been had they been as busy as the city: in millionths."""

    busy: int = 0
    expected: int = 0

    def add(self, busy: int, expected: int) -> None:
        """Count."""
        self.busy += busy
        self.expected += expected

    def fade(self, keep: int) -> None:
        """Let time pass; what is left is so much, in parts of 2**32."""
        self.busy, self.expected = self.busy * keep >> 32, self.expected * keep >> 32

    def risk(self, samples: int, usual: int = MILLION) -> int:
        """Return how many times as many as expected there were, in millionths, drawn to one as by so many samples.

        usual: how many times as many as in the city are expected, in millionths.
        """
        expected = self.expected * usual // MILLION
        return (samples * MILLION + self.busy) * MILLION // (samples * MILLION + expected)


class AreaSeen(Struct):
    """One area."""

    whole: Seen = field(default_factory=Seen)
    parts: dict[int, Seen] = field(default_factory=dict)
    """By block of the week (`hours.py`), of everybody's kind."""


NOTHING_SEEN = AreaSeen()


class BusyBook(Struct):
    """All that was seen: kept over a restart."""

    fractions: dict[str, int] = field(default_factory=dict)
    """By kind of unit and hour of the week ("kind/hour"): thousandths of a permille, in the whole city."""
    areas: dict[str, dict[str, AreaSeen]] = field(default_factory=dict)
    """By kind of unit and by area."""
    cities: dict[str, Seen] = field(default_factory=dict)
    """By kind of unit, all areas together: while an hour's fraction is still being learned, no area is to blame."""
    day: int = -1
    """Up to which day, since the epoch, areas have faded."""


class BusyLearner:
    """Takes samples, gives busy fractions."""

    def __init__(self, usual_permille: int = USUAL, book: BusyBook | None = None) -> None:
        self.usual_permille = usual_permille
        self.book = BusyBook() if book is None else book

    def pass_time(self, now: int) -> None:
        """Let whole days pass up to now: what was seen of areas fades."""
        day, book = now // DAY_MS, self.book
        days = min(day - book.day, CATCH_UP_DAYS) if book.day >= 0 else 0
        book.day = max(book.day, day)
        if days <= 0:
            return
        keep = KEEP**days >> 32 * (days - 1)
        for city in book.cities.values():
            city.fade(keep)
        for area in (area for areas in book.areas.values() for area in areas.values()):
            area.whole.fade(keep)
            for part in area.parts.values():
                part.fade(keep)

    def learn(self, kind: str, hour: int, areas: Iterable[tuple[str, int, int]]) -> None:
        """Take a sample: of each area its name, how many of its units are busy, and how many are on duty.

        An area with nobody on duty says nothing.
        """
        found = [(area, busy, units) for area, busy, units in areas if units > 0]
        if not found:
            return
        known = self._known(kind, hour)
        sample = sum(busy for _, busy, _ in found) * 1000 * FINE // sum(units for _, _, units in found)
        seen, city = self.book.areas.setdefault(kind, {}), self.book.cities.setdefault(kind, Seen())
        for area, busy, on_duty in found:
            of_area = seen.setdefault(area, AreaSeen())
            of_area.whole.add(busy * MILLION, on_duty * known)
            city.add(busy * MILLION, on_duty * known)
            if kind == EVERYBODY:
                of_area.parts.setdefault(BLOCK_OF_HOUR[hour], Seen()).add(busy * MILLION, on_duty * known)
        self.book.fractions[f"{kind}/{hour}"] = known + (sample - known) * STEP_PERMILLE // 1000

    def permille(self, kind: str, hour: int, area: str = "") -> int:
        """Return the busy fraction that policies should reckon with, in permille; without an area, the city's."""
        known, books, cities = self._known(kind, hour), self.book.areas, self.book.cities
        own, everybody = (books.get(each, {}).get(area, NOTHING_SEEN) for each in (kind, EVERYBODY))
        part = everybody.parts.get(BLOCK_OF_HOUR[hour], NOTHING_SEEN.whole)
        usual = cities.get(kind, NOTHING_SEEN.whole).risk(CITY_SAMPLES)
        known = known * own.whole.risk(AREA_SAMPLES, usual) // MILLION
        known = known * part.risk(PART_SAMPLES, everybody.whole.risk(AREA_SAMPLES)) // MILLION
        return max(LEAST, min(MOST, known // FINE))

    def _known(self, kind: str, hour: int) -> int:
        return self.book.fractions.get(f"{kind}/{hour}", self.usual_permille * FINE)
