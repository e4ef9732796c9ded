"""Families about the roads: what is closed or slow, and do decisions rest on it yet?

What is in force is read from the board, so nothing is told that is not durable.
"""

from collections.abc import Iterator

from engine.state.world import World
from gateways.metrics.family import Family, gauge, histogram
from gateways.metrics.observed import Observed


def road_families(world: World, observed: Observed, now_ms: int) -> Iterator[Family]:
    """Give everything about the roads; ages by the engine's clock."""
    book = world.road_book
    behind_ms = 0 if book.making is None else max(0, now_ms - book.making_since_ms)
    yield gauge(
        "travel_epoch",
        "Number of the travel times that decisions rest on; it rises with every change of traffic, closures, weather "
        "or hour. 0: straight lines.",
        book.epoch,
    )
    yield gauge(
        "travel_epoch_lag_seconds",
        "How long reported conditions have waited to count in decisions; 0 when they do. Worry above 10 s: crews are "
        "chosen as if a closed road were open.",
        behind_ms / 1000,
    )
    yield histogram(
        "travel_customisation_seconds",
        "Time to work out travel times for new conditions, beside the engine. Worry beyond 1 s.",
        observed.customisations,
    )
    yield gauge("road_closures", "Closures in force.", len(book.closures))
    yield gauge(
        "road_slowings",
        "Reports of traffic in force. Worry when it only grows: a feed does not end what it reports.",
        len(book.slowings),
    )
    yield gauge(
        "weather_travel_ratio",
        "What the weather makes of all travel times, as a multiple of the usual; 1 when none is reported.",
        1 if book.weather is None else book.weather.percent / 100,
    )
