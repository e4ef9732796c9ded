"""What has become true of the roads, and of the travel times that rest on them. Frozen, past tense, complete."""

from typing import TypeAlias

from engine.model.clearing import Pace
from engine.model.fact import Fact
from engine.model.roads import Closure, Learned, Slowing, Turnout, Weather


class RoadClosed(Fact, frozen=True, gc=False):
    """Nobody drives through there. A closure of the same id is replaced."""

    closure: Closure
    by: str


class RoadOpened(Fact, frozen=True, gc=False):
    """The closure is over, by somebody's word."""

    closure: str
    reason: str
    by: str


class TrafficReported(Fact, frozen=True, gc=False):
    """Driving there takes longer, or less, than usual. A slowing of the same id is replaced; 100 percent ends it."""

    slowing: Slowing
    by: str


class WeatherReported(Fact, frozen=True, gc=False):
    """This weather replaces what was reported before; 100 percent ends it."""

    weather: Weather
    by: str


class ConditionsLapsed(Fact, frozen=True, gc=False):
    """These are over by themselves: their time has come, or the streets that they speak of are replaced."""

    closures: tuple[str, ...]
    slowings: tuple[str, ...]
    weather: bool


class HourBegan(Fact, frozen=True, gc=False):
    """Travel times are those of this hour of the week from now on."""

    hour: int


class SpeedsLearned(Fact, frozen=True, gc=False):
    """Travel times by class, hour and arc rest on this from now on."""

    learned: Learned


class TurnoutsLearned(Fact, frozen=True, gc=False):
    """Turnout times rest on these from now on."""

    turnouts: tuple[Turnout, ...]


class ServiceLearned(Fact, frozen=True, gc=False):
    """When busy units will be clear rests on these from now on."""

    paces: dict[str, Pace]
    """By incident type."""


class EpochPublished(Fact, frozen=True, gc=False):
    """Travel times under these conditions are ready: decisions rest on them from now on."""

    epoch: int


AnyRoadFact: TypeAlias = (
    RoadClosed
    | RoadOpened
    | TrafficReported
    | WeatherReported
    | ConditionsLapsed
    | HourBegan
    | SpeedsLearned
    | TurnoutsLearned
    | ServiceLearned
    | EpochPublished
)
