"""How long crews take from dispatch to wheels rolling, by station, kind of unit and part of the day.

Rules, each with its reason:
- Only crews sent from quarters count: who is on the road has no turnout.
- Under 5 s the button was pressed for tidiness, over 10 min it was forgotten: both are counted and left out.
- What is learned is the ratio to what the place says of its crews, times the part of the day as the shipped
  distribution knows it. So the level is the agency's own from the first day, nights are slower, and only evidence
  moves either.
- The distribution of a part of the day is drawn to that of its station's crews, theirs to that of all crews of the
  kind, and that to the shipped one round what the place says.
- The time told is the median: crews who press late do not move it, and a mean would count their lateness as turnout.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from engine.learning.evidence import DAY_MS, keep_per_day
from engine.learning.histogram import Histogram, ratio_at
from engine.model.place import Place
from engine.model.priors import TURNOUT_PROFILE, TURNOUT_SHAPE
from engine.model.roads import BLOCKS_OF_DAY, Turnout

TURNOUT_MS_MIN, TURNOUT_MS_MAX = 5_000, 600_000
"""Presses outside are none of the crew's doing."""
PRIOR_COUNT = 10.0
KIND_COUNT_MIN = 20.0
"""With less evidence about a kind of unit, nothing is told of it."""
HALF_LIFE_WEEKS = 8
KEEP = keep_per_day(HALF_LIFE_WEEKS)
SHIPPED = [share / sum(TURNOUT_SHAPE) for share in TURNOUT_SHAPE]


class PostBook(Struct):
    """What is known of one kind of crew at one station."""

    whole: Histogram = field(default_factory=Histogram)
    blocks: dict[int, Histogram] = field(default_factory=dict)


class TurnoutBook(Struct):
    """All that was learned about turnouts: kept over a restart."""

    kinds: dict[str, Histogram] = field(default_factory=dict)
    posts: dict[str, dict[str, PostBook]] = field(default_factory=dict)
    """By station and kind."""
    observations: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """What became of presses, by outcome."""


class Range(Struct, frozen=True):
    """A turnout as it is believed: half of them are shorter than `median_ms`, nine in ten than `late_ms`."""

    station: str
    unit_kind: str
    block: int
    median_ms: int
    late_ms: int


class TurnoutLearner:
    """Takes turnouts in, gives what is believed of them."""

    def __init__(self, book: TurnoutBook | None = None) -> None:
        self.book = TurnoutBook() if book is None else book

    def learn(self, station: str, kind: str, block: int, said_ms: int, turnout_ms: int, now: int) -> bool:
        """Take the turnout of a crew sent from quarters, where the place says `said_ms`. Returns whether it counted."""
        outcome = _outcome(said_ms, turnout_ms)
        self.book.counts[outcome] = self.book.counts.get(outcome, 0) + 1
        if outcome != "learned":
            return False
        day, usual_ms = now // DAY_MS, _usual_ms(said_ms, block)
        post = self.book.posts.setdefault(station, {}).setdefault(kind, PostBook())
        of_kind = self.book.kinds.setdefault(kind, Histogram())
        for histogram in (of_kind, post.whole, post.blocks.setdefault(block, Histogram())):
            histogram.add(turnout_ms, usual_ms, day, KEEP)
        self.book.observations += 1
        return True

    def learned(self, place: Place, now: int) -> tuple[Turnout, ...]:
        """Return the turnout of every kind of crew at every station of the place, if its kind is known by now."""
        return tuple(Turnout(row.station, row.unit_kind, row.block, row.median_ms) for row in self.ranges(place, now))

    def ranges(self, place: Place, now: int) -> tuple[Range, ...]:
        """Return the same, with how late the late ones are."""
        day = now // DAY_MS
        return tuple(row for station, kind, said_ms in _posts(place) for row in self._rows(station, kind, said_ms, day))

    def _rows(self, station: str, kind: str, said_ms: int, day: int) -> Iterator[Range]:
        of_kind = self.book.kinds.get(kind, Histogram())
        of_kind.fade(day, KEEP)
        if of_kind.count < KIND_COUNT_MIN:
            return
        post = self.book.posts.get(station, {}).get(kind, PostBook())
        post.whole.fade(day, KEEP)
        of_post = post.whole.believed(of_kind.believed(SHIPPED, PRIOR_COUNT), PRIOR_COUNT)
        for block in range(BLOCKS_OF_DAY):
            histogram = post.blocks.get(block, Histogram())
            histogram.fade(day, KEEP)
            shares = histogram.believed(of_post, PRIOR_COUNT)
            usual_ms = _usual_ms(said_ms, block)
            yield Range(station, kind, block, _quantile_ms(shares, 0.5, usual_ms), _quantile_ms(shares, 0.9, usual_ms))


def _quantile_ms(shares: Sequence[float], share: float, usual_ms: int) -> int:
    return max(TURNOUT_MS_MIN, min(TURNOUT_MS_MAX, round(usual_ms * ratio_at(shares, share))))


def _outcome(said_ms: int, turnout_ms: int) -> str:
    if said_ms <= 0:
        return "no_turnout_expected"
    if turnout_ms < TURNOUT_MS_MIN:
        return "pressed_at_once"
    return "forgotten" if turnout_ms > TURNOUT_MS_MAX else "learned"


def _usual_ms(said_ms: int, block: int) -> int:
    """Return what the place says, times the shipped part of the day."""
    return max(1, said_ms * TURNOUT_PROFILE[block] // 1000)


def _posts(place: Place) -> list[tuple[str, str, int]]:
    """Return (station, kind, turnout that the place says) once for each, sorted; the median where units differ."""
    said: dict[tuple[str, str], list[int]] = {}
    for unit in place.units:
        if unit.turnout_ms > 0:
            said.setdefault((unit.station, unit.kind), []).append(unit.turnout_ms)
    return [(station, kind, sorted(ms)[len(ms) // 2]) for (station, kind), ms in sorted(said.items())]
