"""What it costs that a place stays open: as many as possible are filled, the most urgent first.

One rank in the queue is worth more than all times and prices together, as far as the numbers allow: with hundreds of
places and stations in an order it is still worth more than any single one. A place whose keeper would be diverted
although no free unit fits it ranks with nobody: it is reckoned to stay open for `open_ms`.
"""

from collections.abc import Sequence

from engine.model.rules import MatchingRules
from engine.policy.dispatch.kinds import COST_MS_MAX, Kind, weight_of

HEADROOM = 1 << 50
"""The first rank costs no more than this: what the kernel's arithmetic has room for."""


def open_costs(kinds: Sequence[Kind], alone: Sequence[int | None], rank_cost: int) -> tuple[list[int], list[int]]:
    """Return by kind the cost of its last place left open, and by how much each one before it costs more.

    alone: by kind the cost of leaving it open, for one that ranks with nobody.
    """
    unserved, step = [], []
    left = ranked(kinds, alone)
    for kind, cost in zip(kinds, alone, strict=True):
        if cost is None:
            left -= kind.count
        unserved.append((left + 1) * rank_cost if cost is None else cost)
        step.append(rank_cost if cost is None else 0)
    return unserved, step


def ranked(kinds: Sequence[Kind], alone: Sequence[int | None]) -> int:
    """Return how many places rank."""
    return sum(kind.count for kind, cost in zip(kinds, alone, strict=True) if cost is None)


def rank_cost_of(rules: MatchingRules, kinds: Sequence[Kind], places: int, dearest_ms: int) -> int:
    """Return what one rank is worth where so many places rank and no price is above `dearest_ms`."""
    longest_ms = 2 * COST_MS_MAX * (100 + rules.late_percent) // 100
    penalty_ms = max(each.penalty_ms for kind in kinds for each in kind.slot.choices)
    most = max(weight_of(rules, kind) for kind in kinds) * (longest_ms + dearest_ms + penalty_ms)
    return min(2 * (places + 1) * max(1, most), HEADROOM // max(1, places))
