"""What units did, and how well the city was covered: counted as it happens, from the first measured day on."""

from typing import TYPE_CHECKING

import numpy as np

from engine.sim.drives import Drive
from engine.sim.outcome import CoverSamples, Units

if TYPE_CHECKING:
    from engine.sim.city import City
    from engine.sim.crew import Crew

MONTH_MS = 30 * 86_400_000


class Tally:
    """One row a unit."""

    def __init__(self, city: "City", count: int) -> None:
        self._city = city
        self._since: list[int | None] = [None] * count
        self.columns = {
            name: [0] * count
            for name in (
                "busy_ms",
                "responding_ms",
                "jobs",
                "idle_moves",
                "moves",
                "refused_moves",
                "declined",
                "driven_m",
                "moved_m",
            )
        }
        self._moving = [False] * count
        self._samples: list[tuple[int, int, int]] = []

    def counts(self) -> bool:
        """Tell whether the measured days have begun, and are not over."""
        return self._city.measures()

    def add(self, name: str, row: int, by: int = 1) -> None:
        """Count."""
        if self.counts():
            self.columns[name][row] += by

    def sent(self, row: int) -> None:
        """It is busy from now on."""
        self._moving[row] = False
        if self._since[row] is None:
            self._since[row] = self._city.now

    def arrived(self, crew: "Crew") -> None:
        """It is with its incident."""
        self.add("responding_ms", crew.row, self._city.now - crew.sent_ms)

    def free(self, row: int, *, job: bool) -> None:
        """It is free from now on."""
        since_ms, self._since[row] = self._since[row], None
        if since_ms is not None:
            begin_ms, end_ms = self._city.measured_ms
            self.columns["busy_ms"][row] += max(0, min(self._city.now, end_ms) - max(since_ms, begin_ms))
            self.add("jobs", row, int(job))

    def moved(self, row: int, *, idle: bool) -> None:
        """It belongs to another post from now on."""
        self._moving[row] = idle
        self.add("moves", row)
        self.add("idle_moves", row, int(idle))

    def drove(self, crew: "Crew", drive: Drive, now: int) -> None:
        """It has ended a drive, or broken it off."""
        whole_ms = max(1, drive.arrive_ms - drive.depart_ms)
        metres = drive.metres * min(now - drive.depart_ms, whole_ms) // whole_ms
        self.add("driven_m", crew.row, metres)
        if self._moving[crew.row] and crew.incident is None:
            self.add("moved_m", crew.row, metres)
        if now >= drive.arrive_ms:
            self._moving[crew.row] = False

    def breaks_down(self, crew: "Crew", drive: Drive) -> None:
        """Now and then a vehicle breaks down on its way."""
        city, crews = self._city, self._city.nature.crews
        if crews.breakdowns_per_month == 0:
            return
        took_ms = drive.arrive_ms - drive.depart_ms
        drawn = city.dice.share("breakdown", crew.row, drive.depart_ms)
        chance = crews.breakdowns_per_month * took_ms / MONTH_MS * DRIVES_AS_MUCH
        if drawn < chance:
            when_ms = drive.depart_ms + round(took_ms * drawn / chance)
            city.calendar.at(when_ms, _break_down, (crew, drive, when_ms + crews.repair_ms))

    def sample(self, free: int, cover: int) -> None:
        """Note how many units are free, and what share of demand they cover, in parts per million."""
        if self.counts():
            self._samples.append((self._city.now - self._city.measured_ms[0], free, cover))

    def units(self, ids: tuple[str, ...], on_duty_ms: list[int]) -> Units:
        """Return what the units did."""
        for row in range(len(ids)):
            self.free(row, job=False)
        found = self.columns
        return Units(
            ids=ids,
            on_duty_ms=np.array(on_duty_ms, np.int64),
            busy_ms=np.array(found["busy_ms"], np.int64),
            responding_ms=np.array(found["responding_ms"], np.int64),
            jobs=np.array(found["jobs"], np.int32),
            idle_moves=np.array(found["idle_moves"], np.int32),
            moves=np.array(found["moves"], np.int32),
            refused_moves=np.array(found["refused_moves"], np.int32),
            declined=np.array(found["declined"], np.int32),
            driven_m=np.array(found["driven_m"], np.int64),
            moved_m=np.array(found["moved_m"], np.int64),
        )

    def cover(self) -> CoverSamples:
        """Return the samples."""
        at_ms, free, cover = np.array(self._samples, np.int64).reshape(-1, 3).T
        return CoverSamples(at_ms.copy(), free.astype(np.int32), cover.astype(np.int32))


def _break_down(about: "tuple[Crew, Drive, int]") -> None:
    crew, drive, until_ms = about
    if crew.drive is drive:
        crew.fails(until_ms)


DRIVES_AS_MUCH = 8
"""A vehicle is on the road for about an eighth of its time, and breaks down there."""
