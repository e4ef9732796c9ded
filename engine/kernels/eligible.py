"""Who may go, at what cost, and why not: one pass over candidate rows, one reason for each.

The reasons are judged in the order in which a dispatcher would ask: can it, may it, is it on, does it
get there. The first that fails is the reason told.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

ELIGIBLE: Final = 0
CAPABILITY: Final = 1
"""Satisfies none of the alternatives."""
STATUS: Final = 2
"""Assigned elsewhere, or not in service."""
SHIFT: Final = 3
CREW_BUSY: Final = 4
"""A sibling unit of the same crew is out."""
UNREACHABLE: Final = 5
UNDERSTAFFED: Final = 6
"""Fewer people on board than it takes."""
REASONS: Final = 7
"""How many reasons there are."""
_TOP: Final = 0

FREE: Final = 0
"""Values of the `standing` column, as far as they matter here."""
ASSIGNED: Final = 1
OUT_OF_SERVICE: Final = 2
CREW_OUT: Final = 3
TOO_FEW: Final = 4

NONE_MS: Final = -1
"""No ETA and no cost: the unit is not eligible."""
LONGEST_MS: Final = 2**31 - 2
"""ETAs and costs stop here, as travel times do."""


@helper
def _least_penalty(has: int, needs: NDArray[np.uint64], penalty_ms: NDArray[np.int32]) -> int:
    """Least penalty over the alternatives that the mask `has` covers, or -1 if it covers none."""
    least = -1
    for a in range(len(needs)):
        if has & needs[a] == needs[a] and (least < 0 or penalty_ms[a] < least):
            least = int(penalty_ms[a])
    return least


@helper
def _standing_reason(standing: int, shift: int, shift_on: NDArray[np.uint8]) -> int:
    """Reason from the unit's own state: status, crew, shift."""
    if standing == CREW_OUT:
        return CREW_BUSY
    if standing == TOO_FEW:
        return UNDERSTAFFED
    if standing != FREE:
        return STATUS
    if shift >= 0 and shift_on[shift] == 0:
        return SHIFT
    return ELIGIBLE


@kernel
def judge(
    rows: NDArray[np.int32],
    capability: NDArray[np.uint64],
    standing: NDArray[np.uint8],
    shift: NDArray[np.int16],
    shift_on: NDArray[np.uint8],
    needs: NDArray[np.uint64],
    penalty_ms: NDArray[np.int32],
    travel_ms: NDArray[np.int32],
    turnout_ms: NDArray[np.int32],
    out_eta_ms: NDArray[np.int32],
    out_cost_ms: NDArray[np.int32],
    out_reason: NDArray[np.uint8],
) -> None:
    """Write ETA, cost and reason of each of `rows`.

    n = rows judged, N = rows of the fleet, S = shifts, A = alternatives.
    rows: int32[n]; capability: uint64[N]; standing: uint8[N] (FREE, ASSIGNED, OUT_OF_SERVICE, CREW_OUT, TOO_FEW);
    shift: int16[N], -1 = always on; shift_on: uint8[S];
    needs: uint64[A] and penalty_ms: int32[A] (>= 0), of which a unit needs to cover one mask in full;
    travel_ms: int32[n], -1 = unreachable; turnout_ms: int32[N]; the three outputs are [n].

    eta = travel + turnout; cost = eta + least penalty of the alternatives covered, both at most LONGEST_MS.
    A unit that is not eligible has eta and cost -1. No alternatives: nobody is capable.
    """
    for i in range(len(rows)):
        row = rows[i]
        out_eta_ms[i] = NONE_MS
        out_cost_ms[i] = NONE_MS
        least_ms = _least_penalty(capability[row], needs, penalty_ms)
        reason = CAPABILITY if least_ms < 0 else _standing_reason(standing[row], shift[row], shift_on)
        if reason == ELIGIBLE and travel_ms[i] < 0:
            reason = UNREACHABLE
        if reason == ELIGIBLE:
            eta_ms = int(travel_ms[i]) + int(turnout_ms[row])
            out_eta_ms[i] = min(eta_ms, LONGEST_MS)
            out_cost_ms[i] = min(eta_ms + least_ms, LONGEST_MS)
        out_reason[i] = reason


@kernel
def ready(
    capability: NDArray[np.uint64],
    standing: NDArray[np.uint8],
    shift: NDArray[np.int16],
    shift_on: NDArray[np.uint8],
    out_rows: NDArray[np.int32],
    out_hands: NDArray[np.uint64],
) -> tuple[int, int]:
    """Write the rows that could be sent now, ascending, and each capability mask among them once, as first met.

    Columns and reasons as in `judge`, over all N rows. out_rows: int32[N]; out_hands: uint64[H]. Returns how many
    were written of each; masks beyond H are left out, and then the second number is H.
    """
    count = hands = 0
    for row in range(len(standing)):
        if _standing_reason(standing[row], shift[row], shift_on) != ELIGIBLE:
            continue
        out_rows[count] = row
        count += 1
        known = False
        for hand in range(hands):
            known = known or out_hands[hand] == capability[row]
        if not known and hands < len(out_hands):
            out_hands[hands] = capability[row]
            hands += 1
    return count, hands


@kernel
def tally(reasons: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count each reason: int64[REASONS], indexed by reason. `reasons` holds values of `judge` only."""
    counts = np.zeros(REASONS, np.int64)
    for reason in reasons:
        counts[reason] += 1
    return counts


@helper
def _later(cost: NDArray[np.int32], rows: NDArray[np.int32], one: int, other: int) -> bool:
    """Whether position `one` comes after position `other` in the order (cost, row)."""
    if cost[one] != cost[other]:
        return bool(cost[one] > cost[other])
    return bool(rows[one] > rows[other])


@helper
def _sink(heap: NDArray[np.int64], size: int, top: int, cost: NDArray[np.int32], rows: NDArray[np.int32]) -> None:
    """Move heap[top] down until the latest of heap[:size] is on top again."""
    while 2 * top + 1 < size:
        child = 2 * top + 1
        if child + 1 < size and _later(cost, rows, heap[child + 1], heap[child]):
            child += 1
        if not _later(cost, rows, heap[child], heap[top]):
            return
        heap[top], heap[child] = heap[child], heap[top]
        top = child


@kernel
def cheapest(rows: NDArray[np.int32], cost: NDArray[np.int32], reason: NDArray[np.uint8], k: int) -> NDArray[np.int64]:
    """Return the positions in `rows` of the k cheapest eligible (or all, if fewer), ordered by (cost, row).

    rows, cost, reason: [n]. A heap of the k best so far, the worst of them on top: n comparisons and a few
    sinks.
    """
    heap = np.empty(max(0, min(k, len(rows))), np.int64)
    size = i = 0
    while size < len(heap) and i < len(rows):
        if reason[i] == ELIGIBLE:
            heap[size] = i
            size += 1
        i += 1
    for top in range(size // 2 - 1, -1, -1):
        _sink(heap, size, top, cost, rows)
    for j in range(i, len(rows)):
        if size > 0 and reason[j] == ELIGIBLE and _later(cost, rows, heap[0], j):
            heap[0] = j
            _sink(heap, size, int(_TOP), cost, rows)
    for last in range(size - 1, 0, -1):
        heap[0], heap[last] = heap[last], heap[0]
        _sink(heap, last, int(_TOP), cost, rows)
    return heap[:size]
