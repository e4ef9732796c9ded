"""What is known of the roads, and which of it travel times rest on. Written by `fold_roads.py` only.

Rule of epochs: people and feeds change what is *known* at any moment; what decisions *rest on* (`current`) changes
only when its travel times have been worked out beside the engine. At most one set of conditions is in the works
(`making`); whatever changes meanwhile makes it `stale`, and the next set is begun when it is published. So no decision
waits for travel times, and every decision can name the epoch it rests on.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from engine.model.clearing import Pace, ServiceTimes
from engine.model.place import Place, TravelSettings
from engine.model.priors import SERVICE_TIMES
from engine.model.roads import (
    BLOCK_HOURS,
    BLOCKS_OF_DAY,
    OTHER_CLASSES,
    PERCENT_MAX,
    PERCENT_MIN,
    Closure,
    Conditions,
    Learned,
    Slowing,
    Turnout,
    Weather,
)

USUAL_PERCENT = 100


class RoadBook(Struct):
    """Closures, traffic, weather and what was learned; the epoch in force and the one in the works."""

    closures: dict[str, Closure] = field(default_factory=dict)
    slowings: dict[str, Slowing] = field(default_factory=dict)
    weather: Weather | None = None
    learned: Learned = Learned()
    turnouts: tuple[Turnout, ...] = ()
    paces: dict[str, Pace] = field(default_factory=dict)
    """By incident type: what its work takes, as crews have shown."""
    hour: int = 0
    """Hour of the week whose travel times count."""
    hour_due_ms: int = 0
    """When somebody looks for the next hour; 0: nobody does, as no travel time depends on it."""
    number: int = 0
    """Closures and slowings reported so far."""
    epoch: int = 0
    current: Conditions = Conditions()
    """What decisions rest on, under this epoch."""
    making: tuple[int, Conditions] | None = None
    """The next epoch, being worked out beside the engine."""
    making_since_ms: int = 0
    stale: bool = False
    """What is known has changed since `making` was begun."""

    def known(self, place: Place) -> Conditions:
        """Return everything that is known now as the conditions of travel times."""
        return Conditions(
            closures=tuple(self.closures[name] for name in sorted(self.closures)),
            slowings=tuple(self.slowings[name] for name in sorted(self.slowings)),
            weather=self.weather,
            class_percent=class_percent(place.travel, self.learned, self.hour),
            arc_percent=self.learned.arcs,
        )

    def depends_on_hour(self, place: Place) -> bool:
        """Tell whether travel times or turnouts are others at another hour."""
        travel = bool(place.streets and (place.travel.profiles or self.learned.classes))
        return travel or bool(self.turnouts)

    def usual_turnouts_ms(self) -> dict[tuple[str, str], int]:
        """Return by (station, kind of unit) what crews have shown at this time of day."""
        block = self.hour // BLOCK_HOURS % BLOCKS_OF_DAY
        return {(each.station, each.unit_kind): each.turnout_ms for each in self.turnouts if each.block == block}

    @property
    def service_times(self) -> ServiceTimes:
        """What work takes: as crews have shown, else as it usually does."""
        return replace(SERVICE_TIMES, paces=self.paces)

    def over(self, now: int) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """Return ids of closures and of slowings whose time has come, and whether the weather's has."""
        closures = (name for name, each in self.closures.items() if each.until_ms is not None and each.until_ms <= now)
        slowings = (name for name, each in self.slowings.items() if each.until_ms <= now)
        weather = self.weather is not None and self.weather.until_ms <= now
        return tuple(sorted(closures)), tuple(sorted(slowings)), weather


def class_percent(travel: TravelSettings, learned: Learned, hour: int) -> tuple[tuple[str, int], ...]:
    """Return travel time in percent of the usual by street class at an hour of the week; by class."""
    taught = dict(learned.classes)
    named = [name for profile in travel.profiles for name in profile.classes]
    others = _of_profile(travel, None, hour)
    found = {} if others == USUAL_PERCENT else {OTHER_CLASSES: others}
    for name in sorted({*named, *taught}):
        percent = _of_profile(travel, name, hour)
        if name in taught:
            percent = (percent * taught[name][hour] + USUAL_PERCENT // 2) // USUAL_PERCENT
        percent = min(max(percent, PERCENT_MIN), PERCENT_MAX)
        if percent != others:
            found[name] = percent
    return tuple(sorted(found.items()))


def _of_profile(travel: TravelSettings, name: str | None, hour: int) -> int:
    """Return the percent of the first profile that counts for the class; None asks for classes that none names."""
    for profile in travel.profiles:
        if not profile.classes or name in profile.classes:
            return profile.percent[hour]
    return USUAL_PERCENT
