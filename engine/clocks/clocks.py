"""The clocks of some profiles: turns in, figures out. The same code follows a running engine and reads a journal.

A clock is read when its incident ends, because only then is it known what it was, who came first (stamps may come in
late) and whether it was one occurrence with another. What was counted once is never taken back.
"""

from array import array
from collections.abc import Sequence
from copy import copy, deepcopy

from msgspec import Struct, field

from engine.clocks.cases import Case, Cases
from engine.clocks.figures import Share, nearest_rank, share_of
from engine.clocks.profiles import Measure, Profile
from engine.clocks.readings import Reader, Reading
from engine.model.place import Place
from engine.model.turn import Turn


class Tally(Struct):
    """What the clocks of one measure have shown."""

    within: list[int]
    """By limit."""
    readings: int = 0
    total_ms: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Clocks without a reading, by reason."""
    late: dict[str, int] = field(default_factory=dict)
    """Readings beyond the first limit whose incident has an exception, by exception."""
    values: "array[int]" = field(default_factory=lambda: array("q"))
    """The readings themselves, 8 bytes each, where percentiles are asked for."""


class Row(Struct, frozen=True):
    """A measure's figures."""

    profile: str
    measure: str
    readings: int
    shares: tuple[Share, ...]
    mean_ms: int | None
    mean_target_s: int | None
    mean_met: bool | None
    p50_ms: int | None
    p90_ms: int | None
    met: bool | None
    """All limits and the mean; None without a reading."""
    left_out: dict[str, int]
    late: dict[str, int]
    unverified: bool


class Clocks:
    """Follows turns. Memory: the open incidents, as many ended ones as the engine can reopen, and the tallies.

    With `keep` every reading is kept for percentiles, 8 bytes each; without it only counts and sums are. With `split`
    each priority has its figures beside those of all. `span` takes incidents whose clock starts in [from_ms, to_ms) and
    no others. `place` is the one in force where the turns do not begin with the first.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        *,
        keep: bool = False,
        split: bool = False,
        span: tuple[int | None, int | None] = (None, None),
        place: Place | None = None,
    ) -> None:
        self.profiles = tuple(profiles)
        self.owners = [profile.name for profile in profiles for _ in profile.measures]
        self.measures: list[Measure] = [measure for profile in profiles for measure in profile.measures]
        self.tallies = self._empty()
        self.by_priority: dict[int, list[Tally]] = {}
        """Of each priority that incidents had when they were read; filled with `split`."""
        self.cases = Cases(place)
        self._reader = Reader(self.measures)
        self._keep = keep
        self._split = split
        self._span = span

    def feed(self, turn: Turn) -> None:
        """Take the next turn."""
        for case in self.cases.feed(turn):
            if case.ending is None:
                self._take_back(case)
            else:
                self._read(case)

    def as_it_stands(self) -> "Clocks":
        """Return a copy in which the clocks of what is still open are read; this one goes on following."""
        standing = copy(self)
        standing.tallies, standing.by_priority = deepcopy((self.tallies, self.by_priority))
        standing.cases = copy(self.cases)
        standing.cases.open = deepcopy(self.cases.open)
        standing.finish()
        return standing

    def finish(self) -> None:
        """Read the clocks of what is still open, as they stand: for a report, after its last turn."""
        for case in self.cases.open.values():
            self._read(case)

    def rows(self, priority: int | None = None) -> list[Row]:
        """Return the figures of every measure, in the order of the profiles; of one priority, or of all incidents."""
        tallies = self.tallies if priority is None else self.by_priority[priority]
        return [
            _row(owner, measure, tally)
            for owner, measure, tally in zip(self.owners, self.measures, tallies, strict=True)
        ]

    def _read(self, case: Case) -> None:
        self._reader.lexicon.take(self.cases.place)
        if not self._in_span(case.start_ms):
            return
        for index, measure in enumerate(self.measures):
            if not self._reader.lexicon.concerns(case, index):
                continue
            if measure.every:
                for reading in self._reader.of_units(case, index):
                    self._count(index, case, reading)
            elif index not in case.counted:
                reading = self._reader.of_incident(case, index)
                self._count(index, case, reading)
                if reading.left_out:
                    case.left_out[index] = reading.left_out
                else:
                    case.counted[index] = None
        for sent in case.sent:
            sent.read = True

    def _count(self, index: int, case: Case, reading: Reading) -> None:
        for tallies in self._tallies_of(case):
            self._add(tallies[index], self.measures[index], case, reading)

    def _tallies_of(self, case: Case) -> tuple[list[Tally], ...]:
        if not self._split:
            return (self.tallies,)
        if case.priority not in self.by_priority:
            self.by_priority[case.priority] = self._empty()
        return self.tallies, self.by_priority[case.priority]

    def _empty(self) -> list[Tally]:
        return [Tally([0] * len(measure.limits)) for measure in self.measures]

    def _add(self, tally: Tally, measure: Measure, case: Case, reading: Reading) -> None:
        if reading.left_out:
            _add(tally.left_out, reading.left_out)
            return
        tally.readings += 1
        tally.total_ms += reading.ms
        for place, limit in enumerate(measure.limits):
            tally.within[place] += reading.ms <= limit.within_ms
        if measure.limits and reading.ms > measure.limits[0].within_ms:
            for strain in case.strains:
                _add(tally.late, strain.value)
        if self._keep:
            tally.values.append(reading.ms)

    def _take_back(self, case: Case) -> None:
        """Forget why a reopened incident had no reading: its clocks run again."""
        for tallies in self._tallies_of(case):
            for index, reason in case.left_out.items():
                left_out = tallies[index].left_out
                left_out[reason] -= 1
                if not left_out[reason]:
                    del left_out[reason]
        case.left_out.clear()

    def _in_span(self, start_ms: int) -> bool:
        from_ms, to_ms = self._span
        return (from_ms is None or start_ms >= from_ms) and (to_ms is None or start_ms < to_ms)


def _add(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _row(profile: str, measure: Measure, tally: Tally) -> Row:
    shares = tuple(
        share_of(limit, within, tally.readings) for limit, within in zip(measure.limits, tally.within, strict=True)
    )
    mean_met = None
    if measure.mean_s is not None and tally.readings:
        mean_met = tally.total_ms <= measure.mean_s * 1000 * tally.readings
    ordered = sorted(tally.values)
    return Row(
        profile=profile,
        measure=measure.name,
        readings=tally.readings,
        shares=shares,
        mean_ms=round(tally.total_ms / tally.readings) if tally.readings else None,
        mean_target_s=measure.mean_s,
        mean_met=mean_met,
        p50_ms=nearest_rank(ordered, 50) if ordered else None,
        p90_ms=nearest_rank(ordered, 90) if ordered else None,
        met=all(share.met for share in shares) and mean_met is not False if tally.readings else None,
        left_out=dict(tally.left_out),
        late=dict(tally.late),
        unverified=measure.unverified,
    )
