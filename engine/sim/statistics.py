"""What a policy did, over its replications, and how sure that is; and what differs between two on the same calls.

A figure is the mean of the replications' figures, with the 95 percent interval of Student's t. Two policies that met
the same calls are compared replication by replication: what the calls have in common cancels out, so the interval of
the difference is far narrower than those of the two figures (common random numbers, Law 2015, 11.2).
"""

from collections.abc import Sequence
from math import isnan

import numpy as np
from msgspec import Struct

from engine.clocks.student import NOTHING, Estimate, estimate_of, ratio_of
from engine.sim.outcome import NEVER, Outcome
from engine.sim.parts import GROUPS, Basis, Groups, OutcomesRefused, basis_of, in_order, named, parts_of, whole
from engine.sim.readings import OF_CALLS, OF_RUN, of_priorities, read

SAME = ("came_ms", "priority", "target_ms", "x_m", "y_m")
"""Columns that make a call the same call."""


class GroupSummary(Struct, frozen=True):
    """Calls of a group of priorities."""

    calls: int
    """In all replications."""
    never: int
    """Of them, never reached."""
    figures: dict[str, Estimate]
    """By the names in `OF_CALLS`."""


class UnitSummary(Struct, frozen=True):
    """One unit over all replications; counts and ways are per day."""

    id: str
    busy_share: float | None
    """None: it was never on duty."""
    responding_share: float | None
    jobs: float
    idle_moves: float
    moves: float
    driven_km: float
    moved_km: float


class Summary(Struct, frozen=True):
    """One policy."""

    policy: str
    reps: int
    days: int
    calls: int
    """In all replications."""
    basis: Basis
    samples: int
    """Replications or batches that the intervals rest on."""
    groups: dict[str, GroupSummary]
    """The groups asked for, then `all` and each priority."""
    figures: dict[str, Estimate]
    """By the names in `OF_RUN`."""
    units: tuple[UnitSummary, ...]
    wall_s: float


class Difference(Struct, frozen=True):
    """A figure of one policy minus that of another."""

    value: float | None
    half_width: float | None
    relative: float | None
    """The difference in parts of the other's figure."""
    relative_half_width: float | None


class Differences(Struct, frozen=True):
    """Two policies on the same calls."""

    policy: str
    against: str
    basis: Basis
    samples: int
    groups: dict[str, dict[str, Difference]]
    figures: dict[str, Difference]


def summary_of(outcomes: Sequence[Outcome], groups: Groups = GROUPS) -> Summary:
    """Return the summary of the replications of one policy.

    Raises OutcomesRefused if there are none, if they do not belong together, or for a group that cannot be.
    """
    ordered, every = in_order(outcomes), named(groups)
    samples = [read(part, every) for part in parts_of(ordered)]
    only = read(whole(ordered[0]), every) if len(ordered) == 1 else None

    def estimate(group: str, name: str) -> Estimate:
        value = None if only is None else only[group][name]
        return estimate_of([sample[group][name] for sample in samples], value)

    return Summary(
        policy=ordered[0].policy,
        reps=len(ordered),
        days=ordered[0].days,
        calls=sum(len(outcome.calls.came_ms) for outcome in ordered),
        basis=basis_of(ordered),
        samples=len(samples),
        groups={
            group: GroupSummary(*_counted(ordered, priorities), {name: estimate(group, name) for name in OF_CALLS})
            for group, priorities in every.items()
        },
        figures={name: estimate("", name) for name in OF_RUN},
        units=_units(ordered),
        wall_s=sum(outcome.wall_s for outcome in ordered),
    )


def paired(these: Sequence[Outcome], others: Sequence[Outcome], groups: Groups = GROUPS) -> Differences:
    """Return these minus the others, replication by replication.

    Raises OutcomesRefused if the calls are not the same, or if either cannot be summed up.
    """
    mine, theirs, every = in_order(these), in_order(others), named(groups)
    check_the_same(mine, theirs)
    one = [read(part, every) for part in parts_of(mine)]
    two = [read(part, every) for part in parts_of(theirs)]
    ends = (read(whole(mine[0]), every), read(whole(theirs[0]), every)) if len(mine) == 1 else None

    def difference(group: str, name: str) -> Difference:
        pairs = [(a[group][name], b[group][name]) for a, b in zip(one, two, strict=True)]
        return _difference(pairs, None if ends is None else (ends[0][group][name], ends[1][group][name]))

    return Differences(
        policy=mine[0].policy,
        against=theirs[0].policy,
        basis=basis_of(mine),
        samples=len(one),
        groups={group: {name: difference(group, name) for name in OF_CALLS} for group in every},
        figures={name: difference("", name) for name in OF_RUN},
    )


def _difference(pairs: Sequence[tuple[float, float]], ends: tuple[float, float] | None) -> Difference:
    """Return the difference of paired samples; `ends`: the figures of the whole where the samples are its batches."""
    known = [(a, b) for a, b in pairs if not isnan(a) and not isnan(b)]
    apart = estimate_of([a - b for a, b in known], None if ends is None else ends[0] - ends[1])
    if apart.value is None:
        return Difference(None, None, None, None)
    ratio = ratio_of([a for a, _ in known], [b for _, b in known]) if known else NOTHING
    relative = None if ratio.value is None else ratio.value - 1
    if ends is not None:
        relative = ends[0] / ends[1] - 1 if ends[1] else None
    return Difference(apart.value, apart.half_width, relative, None if relative is None else ratio.half_width)


def check_the_same(mine: Sequence[Outcome], theirs: Sequence[Outcome]) -> None:
    """Raise OutcomesRefused unless both, in order, met the same calls."""
    what = f"{mine[0].policy} and {theirs[0].policy} cannot be compared in pairs: "
    if [(one.seed, one.rep) for one in mine] != [(two.seed, two.rep) for two in theirs]:
        raise OutcomesRefused(f"{what}their seeds or replications differ. Run both with the same --seed and --reps.")
    if mine[0].days != theirs[0].days:
        raise OutcomesRefused(f"{what}one ran {mine[0].days} days, the other {theirs[0].days}.")
    for one, two in zip(mine, theirs, strict=True):
        for name in SAME:
            if not np.array_equal(getattr(one.calls, name), getattr(two.calls, name)):
                raise OutcomesRefused(
                    f"{what}their calls differ ({name}, seed {one.seed}, replication {one.rep}). "
                    "Were they run on the same place, with the same rules?"
                )


def _counted(outcomes: Sequence[Outcome], priorities: Sequence[int]) -> tuple[int, int]:
    """Return the calls of these priorities, and those of them that were never reached."""
    calls = never = 0
    for outcome in outcomes:
        chosen = of_priorities(outcome.calls, priorities)
        calls += int(np.count_nonzero(chosen))
        never += int(np.count_nonzero(chosen & (outcome.calls.reached_ms == NEVER)))
    return calls, never


def _units(outcomes: Sequence[Outcome]) -> tuple[UnitSummary, ...]:
    days = len(outcomes) * outcomes[0].days

    def total(name: str) -> list[int]:
        return list(sum(getattr(outcome.units, name).astype(np.int64) for outcome in outcomes).tolist())

    on_ms, busy_ms, responding_ms = total("on_duty_ms"), total("busy_ms"), total("responding_ms")
    counts = [total(name) for name in ("jobs", "idle_moves", "moves")]
    ways_m = [total(name) for name in ("driven_m", "moved_m")]
    return tuple(
        UnitSummary(
            unit,
            busy_ms[row] / on_ms[row] if on_ms[row] else None,
            responding_ms[row] / on_ms[row] if on_ms[row] else None,
            *(column[row] / days for column in counts),
            *(column[row] / 1000 / days for column in ways_m),
        )
        for row, unit in enumerate(outcomes[0].units.ids)
    )
