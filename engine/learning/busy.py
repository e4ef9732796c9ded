"""How much of the time units are busy, by hour of the week and area: smoothed, and held within what helps.

Coverage models take q between 0.2 and 0.4 alike and do badly beyond (measured in simulation), so what is told is held
within these; what is remembered is not. Whole numbers: the same samples give the same bytes.
"""

from msgspec import Struct, field

LEAST, MOST = 200, 400
"""Permille."""
USUAL = 300
FINE = 1_000
"""What is remembered is kept in so many parts of a permille, so that small steps are not lost."""
STEP_PERMILLE = 50
"""A sample moves its hour by so much of the difference (exponential smoothing, Brown 1959)."""


class BusyBook(Struct):
    """By area and hour of the week ("area/hour"): thousandths of a permille. Kept over a restart."""

    fractions: dict[str, int] = field(default_factory=dict)


class BusyLearner:
    """Takes samples, gives busy fractions."""

    def __init__(self, usual_permille: int = USUAL, book: BusyBook | None = None) -> None:
        self.usual_permille = usual_permille
        self.book = BusyBook() if book is None else book

    def learn(self, area: str, hour: int, busy: int, units: int) -> None:
        """Take a sample: so many of the area's units on duty were busy. None on duty says nothing."""
        if units <= 0:
            return
        sample, known = busy * 1000 * FINE // units, self._known(area, hour)
        self.book.fractions[f"{area}/{hour}"] = known + (sample - known) * STEP_PERMILLE // 1000

    def permille(self, area: str, hour: int) -> int:
        """Return the busy fraction that policies should reckon with, in permille."""
        return max(LEAST, min(MOST, self._known(area, hour) // FINE))

    def _known(self, area: str, hour: int) -> int:
        return self.book.fractions.get(f"{area}/{hour}", self.usual_permille * FINE)
