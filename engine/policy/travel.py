"""How long a unit needs to a point. Streets will stand here behind the same three questions."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.travel import straight_line_ms
from engine.model.place import Place
from engine.state.fleet import Fleet


class TravelModel(Protocol):
    """Times from units to one point."""

    @property
    def name(self) -> str:
        """How times are found, in words for people."""

    def times_ms(self, fleet: Fleet, rows: npt.NDArray[np.int32], x_m: int, y_m: int) -> npt.NDArray[np.int32]:
        """Return the travel time of each row in ms, int32[n]; -1 where there is no way."""

    def within_ms(self, radius_m: int) -> int:
        """Return a time that no unit farther away than this, in a straight line, can beat."""


class StraightLine(Struct, frozen=True):
    """Distance as the crow flies, times a circuity factor, at one speed. Says so wherever it is used."""

    circuity_percent: int
    speed_mm_per_s: int

    @property
    def name(self) -> str:
        """How times are found, in words for people."""
        return f"straight line x {self.circuity_percent / 100:g} at {self.speed_mm_per_s * 0.0036:.0f} km/h"

    def times_ms(self, fleet: Fleet, rows: npt.NDArray[np.int32], x_m: int, y_m: int) -> npt.NDArray[np.int32]:
        """Return the travel time of each row in ms, int32[n]."""
        out = np.empty(len(rows), np.int32)
        straight_line_ms(rows, fleet.x_m, fleet.y_m, x_m, y_m, self.circuity_percent, self.speed_mm_per_s, out)
        return out

    def within_ms(self, radius_m: int) -> int:
        """Return a time that no unit farther away than this can beat."""
        return radius_m * self.circuity_percent * 10_000 // self.speed_mm_per_s


def travel_model(place: Place) -> TravelModel:
    """Return the model that the place's settings ask for."""
    return StraightLine(place.travel.circuity_percent, place.travel.speed_mm_per_s)
