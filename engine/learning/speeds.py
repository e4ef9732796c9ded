"""How fast the streets are: what driving took against what was expected, by class and hour, and by arc.

`drives.py` finds what was driven. Rules, each with its reason:
- The ratio of one drive counts within 40 % and 250 %: beyond that it is a pause, a detour or a broken clock.
- Nobody weighs more than four drives for a class in three hours: one mad tracker cannot move the city.
- A class is drawn to "as expected", an hour to its class, an arc to its class. An arc stands for itself once eight
  whole drives over it have come from three units.
"""

import math
from typing import Protocol

from msgspec import Struct, field

from engine.learning.drives import Drive
from engine.learning.evidence import DAY_MS, WHOLE, Evidence, keep_per_day, log_ratio, scaled
from engine.learning.hours import BLOCK_OF_HOUR, BLOCKS_OF_WEEK
from engine.model.roads import BLOCK_HOURS, Learned

BOUND = round(WHOLE * math.log(2.5))
CLASS_WEIGHT_MAX = 4 * WHOLE
"""Of one unit for one class in one window."""
WINDOW_MS = BLOCK_HOURS * 3_600_000
PRIOR_COUNT = 20.0
PRIOR_SPREAD = 300.0
ARC_COUNT_MIN = 8.0
ARC_UNITS_MIN = 3
ARC_APART_PERCENT = 5
"""An arc is told only if it differs from its class by so much: the others would fill the journal for nothing."""
ARCS_MAX = 20_000
"""Arcs remembered at once; while that many are, no further ones are begun."""
PERCENT_LEAST, USUAL_PERCENT, PERCENT_MOST = 50, 100, 200
HALF_LIFE_WEEKS = 4
KEEP = keep_per_day(HALF_LIFE_WEEKS)


class Crossed(Struct, frozen=True, gc=False):
    """An arc on the way."""

    arc: int
    street_class: str
    travel_ms: int
    """The part of the arc that is driven."""


class Expected(Struct, frozen=True, gc=False):
    """What a drive should have taken."""

    travel_ms: int
    arcs: tuple[Crossed, ...]


class Predictor(Protocol):
    """Knows the streets.

    Its times are those of today's conditions *without* what was learned: else that would be measured against itself.
    """

    def predicted(
        self, from_xy: tuple[int, int], heading: int, to_xy: tuple[int, int], *, lights: bool
    ) -> Expected | None:
        """Return what the drive should take; None where an end is on no road or there is no way."""


class ClassBook(Struct):
    """What is known of one class of streets."""

    whole: Evidence = field(default_factory=Evidence)
    blocks: list[Evidence] = field(default_factory=lambda: [Evidence() for _ in range(BLOCKS_OF_WEEK)])


class ArcBook(Struct):
    """What is known of one arc."""

    street_class: str
    evidence: Evidence = field(default_factory=Evidence)
    units: list[int] = field(default_factory=list)
    """Rows of the first units that drove it, as many as are asked for."""


class SpeedBook(Struct):
    """All that was learned about speeds: kept over a restart."""

    classes: dict[str, ClassBook] = field(default_factory=dict)
    arcs: dict[int, ArcBook] = field(default_factory=dict)
    observations: int = 0
    window: int = 0
    spent: dict[str, dict[int, int]] = field(default_factory=dict)
    """By class and row: weight given in this window."""
    counts: dict[str, int] = field(default_factory=dict)
    """What became of drives, by outcome."""


class SpeedLearner:
    """Learns from drives and what was expected of them.

    Prediction is somebody else's work and may happen in a thread; nothing in here is heavy.
    """

    def __init__(self, book: SpeedBook | None = None) -> None:
        self.book = SpeedBook() if book is None else book

    def learn(self, drive: Drive, expected: Expected | None, block: int) -> bool:
        """Take a drive with what was expected of it, in its block of the week. Returns whether it taught anything."""
        if expected is None or expected.travel_ms <= 0 or not expected.arcs:
            self._count("off_road")
            return False
        self._open_window(drive.to_ms // WINDOW_MS)
        ratio = log_ratio(drive.to_ms - drive.from_ms, expected.travel_ms, BOUND)
        shares = _shares(expected)
        granted = {name: self._grant(drive.row, name, weight) for name, weight in _by_class(shares).items()}
        if not any(weight for weight, _ in granted.values()):
            self._count("enough_of_this_unit")
            return False
        day = drive.to_ms // DAY_MS
        for name, (weight, _) in granted.items():
            book = self.book.classes.setdefault(name, ClassBook())
            book.whole.add(ratio, weight, day, KEEP)
            book.blocks[block].add(ratio, weight, day, KEEP)
        for crossed, weight in shares:
            given, asked = granted[crossed.street_class]
            self._learn_arc(crossed, drive.row, ratio, weight * given // max(1, asked), day)
        self.book.observations += 1
        self._count("learned")
        return True

    def _learn_arc(self, crossed: Crossed, row: int, ratio: int, weight: int, day: int) -> None:
        book = self.book.arcs.get(crossed.arc)
        if weight == 0 or (book is None and len(self.book.arcs) >= ARCS_MAX):
            return
        if book is None:
            book = self.book.arcs[crossed.arc] = ArcBook(crossed.street_class)
        book.evidence.add(ratio, weight, day, KEEP)
        if row not in book.units and len(book.units) < ARC_UNITS_MIN:
            book.units.append(row)

    def _grant(self, row: int, name: str, asked: int) -> tuple[int, int]:
        """Return how much of the weight that a unit asks for it still gets in this window, and what it asked for."""
        spent = self.book.spent.setdefault(name, {})
        given = min(asked, CLASS_WEIGHT_MAX - spent.get(row, 0))
        spent[row] = spent.get(row, 0) + given
        return given, asked

    def _open_window(self, window: int) -> None:
        if window > self.book.window:
            self.book.window = window
            self.book.spent = {}

    def _count(self, outcome: str) -> None:
        self.book.counts[outcome] = self.book.counts.get(outcome, 0) + 1

    def learned(self, now: int) -> Learned:
        """Return what is believed at `now`: classes in percent of the expected times, arcs in percent of their class."""
        self._fade(now // DAY_MS)
        classes = tuple((name, _week(self.book.classes[name])) for name in sorted(self.book.classes))
        means = {name: book.whole.mean(0.0, PRIOR_COUNT) for name, book in self.book.classes.items()}
        arcs = []
        for arc, book in sorted(self.book.arcs.items()):
            of_class = means[book.street_class]
            percent = _percent(book.evidence.mean(of_class, PRIOR_COUNT) - of_class)
            known = book.evidence.count >= ARC_COUNT_MIN and len(book.units) >= ARC_UNITS_MIN
            if known and abs(percent - USUAL_PERCENT) >= ARC_APART_PERCENT:
                arcs.append((arc, percent))
        return Learned(classes, tuple(arcs), self.book.observations, self._spread_percent())

    def _spread_percent(self) -> int:
        """Return how much single drives differ from what is believed; all classes together, by their evidence."""
        books = [self.book.classes[name].whole for name in sorted(self.book.classes)]
        count = sum(book.count for book in books) + PRIOR_COUNT
        total = sum(book.spread(PRIOR_SPREAD, PRIOR_COUNT) * book.count for book in books)
        return round((total + PRIOR_SPREAD * PRIOR_COUNT) / count * 100 / WHOLE)

    def forget_arcs(self) -> None:
        """Forget what is known of single arcs: the streets are others, the numbers mean other arcs."""
        self.book.arcs = {}

    def _fade(self, day: int) -> None:
        for book in self.book.classes.values():
            for evidence in (book.whole, *book.blocks):
                evidence.fade(day, KEEP)
        for arc in sorted(self.book.arcs):
            evidence = self.book.arcs[arc].evidence
            evidence.fade(day, KEEP)
            if evidence.weight == 0:
                del self.book.arcs[arc]


def _shares(expected: Expected) -> list[tuple[Crossed, int]]:
    """Split one whole drive over its arcs, by their part of the expected time."""
    total_ms = sum(crossed.travel_ms for crossed in expected.arcs)
    return [(crossed, WHOLE * crossed.travel_ms // max(1, total_ms)) for crossed in expected.arcs]


def _by_class(shares: list[tuple[Crossed, int]]) -> dict[str, int]:
    weights: dict[str, int] = {}
    for crossed, weight in shares:
        weights[crossed.street_class] = weights.get(crossed.street_class, 0) + weight
    return weights


def _week(book: ClassBook) -> tuple[int, ...]:
    mean = book.whole.mean(0.0, PRIOR_COUNT)
    blocks = [_percent(evidence.mean(mean, PRIOR_COUNT)) for evidence in book.blocks]
    return tuple(blocks[block] for block in BLOCK_OF_HOUR)


def _percent(thousandths: float) -> int:
    return max(PERCENT_LEAST, min(PERCENT_MOST, scaled(100, thousandths)))
