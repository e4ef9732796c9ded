"""What the engine gets to know of positions: exact whenever it decides, or as devices tell it, late, noisy and with gaps."""

from typing import TYPE_CHECKING

import numpy as np

from engine.model.fixes import Fixes
from engine.model.inputs import ReportPositions
from engine.sim.chance import stream
from engine.sim.drives import Seen

if TYPE_CHECKING:
    from engine.sim.city import City
    from engine.sim.crew import Crew

HOUR_MS = 3_600_000
HOURS_A_DAY = 24


class Feed:
    """All devices of the city."""

    def __init__(self, city: "City", seed: int, rep: int) -> None:
        self._city = city
        self._habits = city.nature.feeds
        self._chance = stream(seed, rep, "devices")
        self._silent_until: dict[int, int] = {}
        self._halted: dict[int, Crew] = {}
        """By row: who has come to a halt since the engine last decided."""

    def begin(self) -> None:
        """Let devices tell where they are from now on."""
        if self._habits.every_ms:
            self._city.calendar.at(self._city.now + self._habits.every_ms, self._round)

    def before_deciding(self) -> None:
        """Where nothing is hidden from the engine, it knows of everybody who moves at the moment when it decides."""
        if not self._habits.every_ms:
            untold = [crew for crew in self._halted.values() if crew.row not in self._city.movers]
            self._halted.clear()
            self._tell([*untold, *self._city.movers.values()])

    def arrived(self, crew: "Crew") -> None:
        """A device that comes to a halt says so."""
        if not self._habits.every_ms:
            self._halted[crew.row] = crew
        elif self._speaks(crew):
            self._tell_later([crew])

    def _round(self, _: object) -> None:
        city, habits = self._city, self._habits
        city.calendar.at(city.now + habits.every_ms, self._round)
        everybody = city.now % habits.standing_every_ms < habits.every_ms
        self._tell_later([crew for crew in (city.crews if everybody else city.movers.values()) if self._speaks(crew)])

    def _speaks(self, crew: "Crew") -> bool:
        now, habits = self._city.now, self._habits
        if not crew.unit.tracked:
            return False
        if self._silent_until.get(crew.row, 0) > now:
            return False
        rounds_a_day = HOURS_A_DAY * HOUR_MS / habits.every_ms
        if self._chance.random() < habits.gaps_per_day / rounds_a_day:
            self._silent_until[crew.row] = now + round(self._chance.exponential(habits.gap_ms))
            return False
        return bool(self._chance.random() * 1000 >= habits.lost_permille)

    def _tell_later(self, crews: "list[Crew]") -> None:
        if not crews:
            return
        now, noise_m = self._city.now, self._habits.noise_m
        seen = [(crew.row, crew.seen(now)) for crew in crews]
        off_m = np.rint(self._chance.standard_normal((len(seen), 2)) * noise_m).astype(int).tolist()
        noisy = [
            (row, Seen(each.x_m + east, each.y_m + north, each.speed_dm_s, each.heading))
            for (row, each), (east, north) in zip(seen, off_m, strict=True)
        ]
        self._city.calendar.at(now + self._habits.delay_ms, self._hand_in, (now, noisy))

    def _hand_in(self, told: tuple[int, list[tuple[int, Seen]]]) -> None:
        self._city.step(ReportPositions(fixes_of(*told)))

    def _tell(self, crews: "list[Crew]") -> None:
        now, known_ms = self._city.now, self._city.world.fleet.fix_ms
        # A position as old as the one that is known is not taken, so it need not be told.
        crews = [crew for crew in crews if known_ms[crew.row] < now]
        if crews:
            self._city.step(ReportPositions(fixes_of(now, [(crew.row, crew.seen(now)) for crew in crews])))


def fixes_of(fix_ms: int, seen: list[tuple[int, Seen]]) -> Fixes:
    """Return what devices tell as one batch."""
    return Fixes(
        [row for row, _ in seen],
        [each.x_m for _, each in seen],
        [each.y_m for _, each in seen],
        [fix_ms] * len(seen),
        [each.speed_dm_s for _, each in seen],
        [each.heading for _, each in seen],
    )
