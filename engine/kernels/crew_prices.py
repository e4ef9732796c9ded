"""What each unit's crew costs beside its time: one pass over candidate rows."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

PRICE_MS_MAX: Final = 86_400_000
"""No crew costs more than a day."""


class Crews(NamedTuple):
    """Columns of the fleet, N rows, and of its S shifts with one more at the end, which a shift of -1 finds.

    shift: int16[N]; on_break: uint8[N]; staff_short: int16[N]; fresh_ms, cleared_ms: int64[N], 0 = never; jobs:
    int32[N]; overtime_ms: int64[S + 1], its price; began_ms: int64[S + 1], when duty began, 0 = always on; counted_ms:
    int64[S + 1], since when jobs count.
    """

    shift: NDArray[np.int16]
    on_break: NDArray[np.uint8]
    staff_short: NDArray[np.int16]
    fresh_ms: NDArray[np.int64]
    cleared_ms: NDArray[np.int64]
    jobs: NDArray[np.int32]
    overtime_ms: NDArray[np.int64]
    began_ms: NDArray[np.int64]
    counted_ms: NDArray[np.int64]


class Tariff(NamedTuple):
    """Prices in ms, and the times from which they hold."""

    break_after_ms: int
    break_due_ms: int
    on_break_ms: int
    rest_ms: int
    rest_price_ms: int
    rotation_ms: int
    understaffed_ms: int


@kernel
def crew_prices(rows: NDArray[np.int32], crews: Crews, tariff: Tariff, now: int, out: NDArray[np.int32]) -> None:
    """Write the price of each of `rows` to `out`, int32[n], at most PRICE_MS_MAX."""
    for i in range(len(rows)):
        row = rows[i]
        shift = crews.shift[row]
        price = crews.overtime_ms[shift] + crews.staff_short[row] * tariff.understaffed_ms
        fresh_ms = max(crews.fresh_ms[row], crews.began_ms[shift])
        if crews.on_break[row] != 0:
            price += tariff.on_break_ms
        elif fresh_ms > 0 and now - fresh_ms >= tariff.break_after_ms:
            price += tariff.break_due_ms
        cleared_ms = crews.cleared_ms[row]
        if cleared_ms > 0 and now - cleared_ms < tariff.rest_ms:
            price += tariff.rest_price_ms
        if cleared_ms >= crews.counted_ms[shift]:
            price += crews.jobs[row] * tariff.rotation_ms
        out[i] = min(price, PRICE_MS_MAX)
