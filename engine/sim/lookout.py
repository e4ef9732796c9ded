"""How well the city is covered, looked at every so often from outside: it decides nothing and nobody waits for it."""

from typing import TYPE_CHECKING

from engine.policy.redeploy import Surveyor, reached_share

if TYPE_CHECKING:
    from engine.sim.city import City

EVERY_MS = 1_800_000


class Lookout:
    """Samples of who is free and what they cover."""

    def __init__(self, city: "City", surveyor: Surveyor) -> None:
        self._city, self._surveyor = city, surveyor
        city.calendar.at(city.now + EVERY_MS, self._look)

    def _look(self, _: object) -> None:
        city = self._city
        if city.measures():
            survey = self._surveyor.survey(city.world, with_busy=False)
            city.tally.sample(len(survey.rows), reached_share(survey) if len(survey.rows) else 0)
        if city.now < city.measured_ms[1]:
            city.calendar.at(city.now + EVERY_MS, self._look)
