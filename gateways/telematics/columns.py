"""Fixes as columns: what a batch is judged in, and what leaves the intake.

Rule: a number that the device did not report is NaN here and None in a `Fix`. Positions are WGS84 degrees, times
milliseconds since the epoch, speeds m/s, headings degrees clockwise from north, accuracies metres.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gateways.telematics.fix import Fix

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]


class Names:
    """A list of device names that a feed tells once, and may add to; its fixes then say only which of them."""

    __slots__ = ("generation", "names", "rows")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.generation = -1
        """Of the roster by which `rows` was looked up; -1: not yet."""
        self.rows: Rows = np.empty(0, np.int32)
        """Of the first so many names."""


class Columns(Struct, frozen=True):
    """So many fixes of so many devices, in the order in which they came; all columns are equally long."""

    names: Names
    device: Rows
    """The place of the device in `names`."""
    fix_ms: Times
    lat: Floats
    lon: Floats
    speed_mps: Floats
    heading_deg: Floats
    accuracy_m: Floats
    valid: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.device)

    def part(self, start: int, end: int) -> "Columns":
        """Return the fixes from `start` up to `end`."""
        return self._keep(slice(start, end))

    def pick(self, wanted: npt.NDArray[np.bool_]) -> "Columns":
        """Return the fixes where the mask is true."""
        return self._keep(wanted)

    def _keep(self, kept: slice | npt.NDArray[np.bool_]) -> "Columns":
        return Columns(self.names, *(getattr(self, name)[kept] for name in self.__struct_fields__[1:]))


class Moves(Struct, frozen=True):
    """Positions that units have come to, in order. `unit` is the place of the unit in the roster's `units`."""

    names: Names
    device: Rows
    """The place of the device in `names`."""
    unit: Rows
    fix_ms: Times
    lat: Floats
    lon: Floats
    speed_mps: Floats
    heading_deg: Floats
    accuracy_m: Floats

    def __len__(self) -> int:
        return len(self.unit)


def columns_of(fixes: Sequence[Fix]) -> Columns:
    """Lay fixes out in columns."""
    places = {name: place for place, name in enumerate(dict.fromkeys([fix.device for fix in fixes]))}
    return Columns(
        Names(tuple(places)),
        np.array([places[fix.device] for fix in fixes], np.int32),
        np.array([fix.fix_ms for fix in fixes], np.int64),
        np.array([fix.lat for fix in fixes], np.float64),
        np.array([fix.lon for fix in fixes], np.float64),
        np.array([fix.speed_mps for fix in fixes], np.float64),  # None becomes NaN
        np.array([fix.heading_deg for fix in fixes], np.float64),
        np.array([fix.accuracy_m for fix in fixes], np.float64),
        np.array([fix.valid for fix in fixes], np.bool_),
    )
