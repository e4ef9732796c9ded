"""The report on shadow plans: agreement, minutes that would have been saved, and how far to believe it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engine.clocks.figures import nearest_rank, wilson
from engine.clocks.shadow import Agreement, Shadow, Tally
from engine.clocks.student import half_width_of

CLOSE_MS = 60_000


class Saved(Struct, frozen=True):
    """By how much sooner ours would have been; less than 0: later."""

    incidents: int
    sum_min: float
    mean_s: float
    low_s: float | None
    """95 percent interval of the mean over incidents (Student); None: fewer than two."""
    high_s: float | None
    median_s: float


class AgreementLine(Struct, frozen=True):
    """All incidents, or those of one priority or type."""

    name: str
    incidents: int
    agreements: dict[str, int]
    same_first: float | None
    """Share in which the unit that arrives first is the same; None: nothing was compared."""
    low: float | None
    """95 percent interval of that share (Wilson)."""
    high: float | None
    first: Saved | None
    """Of the first to arrive."""
    complete: Saved | None
    """Of the last, where they sent as many units as we would have."""


class EtaErrors(Struct, frozen=True):
    """How good our ETAs were for the units that they sent. An error is actual less told: positive is later than told."""

    arrivals: int
    bias_s: float
    low_s: float | None
    high_s: float | None
    p50_s: float
    """Median of how far off, whichever way."""
    within_60_s: float


class ShadowReport(Struct, frozen=True):
    """What a shadow plan would have done, and what was done."""

    total: AgreementLine
    priorities: list[AgreementLine]
    types: list[AgreementLine]
    theirs_better: dict[str, int]
    """Incidents in which we expected their first unit sooner than ours, by why we did not choose it."""
    decided_s: float | None
    """Median time from our word to theirs, which is no part of what would have been saved."""
    etas: EtaErrors | None
    unmeasured: dict[str, int]
    left_out: dict[str, int]
    method: str = "both choices by our ETAs, in the turn in which they decided; ours is the best by these, so their errors flatter it"


def report_of(found: Shadow) -> ShadowReport:
    """Return the figures. The follower must have been finished."""
    return ShadowReport(
        total=_line("all", found.total),
        priorities=[_line(str(priority), tally) for priority, tally in sorted(found.priorities.items())],
        types=[_line(name, tally) for name, tally in sorted(found.types.items())],
        theirs_better=_most_first(found.better),
        decided_s=nearest_rank(sorted(found.decided_ms), 50) / 1000 if found.decided_ms else None,
        etas=_etas(found.errors_ms) if found.errors_ms else None,
        unmeasured=_most_first(found.unmeasured),
        left_out=_most_first(found.left_out),
    )


def _line(name: str, tally: Tally) -> AgreementLine:
    count = len(tally.first_ms)
    same = count - tally.agreements.get(Agreement.DIFFERENT, 0)
    low, high = wilson(same, count) if count else (None, None)
    return AgreementLine(
        name=name,
        incidents=count,
        agreements={each.value: tally.agreements.get(each.value, 0) for each in Agreement},
        same_first=round(same / count, 4) if count else None,
        low=None if low is None else round(low, 4),
        high=None if high is None else round(high, 4),
        first=_saved(tally.first_ms) if count else None,
        complete=_saved(tally.complete_ms) if tally.complete_ms else None,
    )


def _saved(values_ms: Sequence[int]) -> Saved:
    low, high = _interval_s(values_ms)
    return Saved(
        incidents=len(values_ms),
        sum_min=round(sum(values_ms) / 60_000, 1),
        mean_s=round(sum(values_ms) / len(values_ms) / 1000, 1),
        low_s=low,
        high_s=high,
        median_s=round(nearest_rank(sorted(values_ms), 50) / 1000, 1),
    )


def _etas(errors_ms: Sequence[int]) -> EtaErrors:
    low, high = _interval_s(errors_ms)
    off = sorted(abs(error) for error in errors_ms)
    return EtaErrors(
        arrivals=len(errors_ms),
        bias_s=round(sum(errors_ms) / len(errors_ms) / 1000, 1),
        low_s=low,
        high_s=high,
        p50_s=round(nearest_rank(off, 50) / 1000, 1),
        within_60_s=round(sum(error <= CLOSE_MS for error in off) / len(off), 4),
    )


def _interval_s(values_ms: Sequence[int]) -> tuple[float | None, float | None]:
    half_ms = half_width_of(values_ms)
    if half_ms is None:
        return None, None
    mean_ms = sum(values_ms) / len(values_ms)
    return round((mean_ms - half_ms) / 1000, 1), round((mean_ms + half_ms) / 1000, 1)


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
