"""What figures are taken of: whole replications, or, where there is one only, batches of its days.

Replications are independent, so their spread says how sure a mean is. One replication is cut into whole days in a
row (batch means, Law 2015, Simulation Modeling and Analysis, 9.5.3): days follow each other, but a day is long against
a response, so batches are nearly independent.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import numpy as np
from msgspec import Struct

from engine.sim.outcome import Calls, CoverSamples, Outcome, Units

DAY_MS = 86_400_000
BATCHES_MAX = 20
"""More and shorter batches say no more of the spread, and depend more on each other (Schmeiser 1982)."""

Groups = Mapping[str, Sequence[int]]
"""Priorities that are told together, by the name of the group."""
GROUPS: Groups = {"high": (1, 2), "low": (3, 4, 5)}
ALL = "all"
PRIORITIES = (1, 2, 3, 4, 5)


class Basis(StrEnum):
    """What the intervals rest on."""

    REPLICATIONS = "replications"
    BATCHES = "batches of days"
    NOTHING = "one day: no interval"


class Part(Struct, frozen=True):
    """One sample: a replication, or some days of one."""

    calls: Calls
    cover: CoverSamples
    units: Units | None
    """None: columns of units cover the whole replication and cannot be cut."""


class OutcomesRefused(ValueError):
    """These outcomes cannot be summed up, or not be compared; the message says why."""


def in_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the replications of one policy by seed and number. Raises OutcomesRefused if they do not belong together."""
    if not outcomes:
        raise OutcomesRefused("There is no replication to sum up.")
    first = outcomes[0]
    for other in outcomes:
        if other.policy != first.policy:
            raise OutcomesRefused(f"Replications of {first.policy!r} and of {other.policy!r} are no one policy.")
        if other.days != first.days or other.units.ids != first.units.ids:
            raise OutcomesRefused(
                f"{first.policy}: replication {other.rep} has other days or other units than the first."
            )
    ordered = sorted(outcomes, key=lambda outcome: (outcome.seed, outcome.rep))
    for one, next_one in pairwise(ordered):
        if (one.seed, one.rep) == (next_one.seed, next_one.rep):
            raise OutcomesRefused(f"{one.policy}: replication {one.rep} of seed {one.seed} is given twice.")
    return ordered


def named(groups: Groups) -> dict[str, tuple[int, ...]]:
    """Return the groups, that of all calls, and each priority by itself. Raises OutcomesRefused for a group that cannot be."""
    own = {ALL: PRIORITIES, **{str(priority): (priority,) for priority in PRIORITIES}}
    if not groups:
        raise OutcomesRefused("At least one group of priorities is needed.")
    for name, priorities in groups.items():
        if not priorities or not set(priorities) <= set(PRIORITIES) or name in own:
            raise OutcomesRefused(f"The group {name!r} of priorities {list(priorities)} cannot be: they are 1 to 5.")
    return {name: tuple(priorities) for name, priorities in groups.items()} | own


def whole(outcome: Outcome) -> Part:
    """Return a replication as one sample."""
    return Part(outcome.calls, outcome.cover, outcome.units)


def parts_of(outcomes: Sequence[Outcome]) -> list[Part]:
    """Return the samples: the replications, or the batches of days of a single one."""
    if len(outcomes) > 1:
        return [whole(outcome) for outcome in outcomes]
    only = outcomes[0]
    batches = min(only.days, BATCHES_MAX)
    if batches < 2:
        return [whole(only)]
    ends_ms = [only.days * batch // batches * DAY_MS for batch in range(batches + 1)]
    return [_cut(only, from_ms, to_ms) for from_ms, to_ms in pairwise(ends_ms)]


def basis_of(outcomes: Sequence[Outcome]) -> Basis:
    """Return what the intervals of these rest on."""
    if len(outcomes) > 1:
        return Basis.REPLICATIONS
    return Basis.BATCHES if outcomes[0].days > 1 else Basis.NOTHING


def _cut(outcome: Outcome, from_ms: int, to_ms: int) -> Part:
    return Part(
        Calls(**_rows(outcome.calls, outcome.calls.came_ms, from_ms, to_ms)),
        CoverSamples(**_rows(outcome.cover, outcome.cover.at_ms, from_ms, to_ms)),
        None,
    )


def _rows(columns: Struct, times_ms: np.ndarray, from_ms: int, to_ms: int) -> dict[str, np.ndarray]:
    """Return views of the rows in [from_ms, to_ms) of columns that rise with these times."""
    low, high = np.searchsorted(times_ms, (from_ms, to_ms))
    return {name: getattr(columns, name)[low:high] for name in columns.__struct_fields__}
