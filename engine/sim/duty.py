"""Hours of duty and meals: who comes to work when, as the place's shifts say, and when a crew eats."""

from typing import TYPE_CHECKING

from engine.model.hours import shift_left_ms
from engine.model.lifecycle import FREE, Status
from engine.model.place import Shift

if TYPE_CHECKING:
    from engine.sim.city import City
    from engine.sim.crew import Crew

STEP_MS = 900_000
"""Who is off duty looks this often whether its shift has begun: shifts begin at quarters of an hour."""
AGAIN_MS = 300_000
"""A crew that cannot eat now tries again after this."""


class Duty:
    """All crews' hours."""

    def __init__(self, city: "City") -> None:
        self._city = city
        place = city.place
        shifts = {shift.id: shift for shift in place.shifts}
        of_crew = {crew.id: crew.shift for crew in place.crews}
        names = {unit.id: unit.shift or (of_crew[unit.crew] if unit.crew else None) for unit in place.units}
        self._shift: list[Shift | None] = [
            shifts[name] if (name := names[unit]) else None for unit in city.world.fleet.ids
        ]
        self._spans: list[list[tuple[int, int]]] = [[] for _ in self._shift]

    def begin(self) -> None:
        """Let everybody's hours pass from now on."""
        for crew in self._city.crews:
            self._look(crew)

    def measured(self) -> list[int]:
        """Return how long each unit was on duty in the measured days, by row."""
        begin_ms, end_ms = self._city.measured_ms
        whole = end_ms - begin_ms
        return [
            whole if shift is None else sum(max(0, min(until, end_ms) - max(since, begin_ms)) for since, until in spans)
            for shift, spans in zip(self._shift, self._spans, strict=True)
        ]

    def _look(self, crew: "Crew") -> None:
        city, shift = self._city, self._shift[crew.row]
        left_ms = shift_left_ms(city.place, shift, city.now)
        if left_ms is None:
            return
        if left_ms == 0:
            if crew.after is not Status.OFF_DUTY:
                crew.off_duty()
            city.calendar.at(city.now // STEP_MS * STEP_MS + STEP_MS, self._look, crew)
            return
        crew.on_duty()
        self._spans[crew.row].append((city.now, city.now + left_ms))
        city.calendar.at(city.now + left_ms, self._look, crew)
        after_ms = city.place.work.break_after_ms
        if city.nature.crews.breaks and 0 < after_ms < left_ms:
            city.calendar.at(city.now + after_ms, self._eat, (crew, city.now + left_ms))

    def _eat(self, about: "tuple[Crew, int]") -> None:
        """Begin a meal, if the crew is free; else try again until its shift is nearly over."""
        crew, ends_ms = about
        city = self._city
        unit = city.world.units[crew.row]
        if city.now + city.place.work.break_ms > ends_ms:
            return
        if crew.incident is None and unit.duty in FREE and crew.drive is None:
            crew.on_duty(Status.ON_BREAK)
            city.calendar.at(city.now + city.place.work.break_ms, self._eaten, crew)
        else:
            city.calendar.at(city.now + AGAIN_MS, self._eat, about)

    def _eaten(self, crew: "Crew") -> None:
        if crew.incident is None and self._city.world.units[crew.row].duty is Status.ON_BREAK:
            crew.on_duty()
