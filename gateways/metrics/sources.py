"""Where the numbers come from. Each gateway counts for itself; nothing here is counted twice.

The gateways are independent of each other, so their numbers are known here by shape only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from engine.live.service import Service
from gateways.board import Board
from gateways.web import HttpCounts


class FeedNumbers(Protocol):
    """What the telematics intake tells: fixes by verdict, and what befell the rest."""

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Fixes by verdict."""

    @property
    def events(self) -> Mapping[str, int]:
        """Messages that held no fix, by cause."""

    @property
    def offline(self) -> int:
        """Devices that have gone."""


class Feeds(Protocol):
    """The telematics intake."""

    def statistics(self) -> FeedNumbers:
        """Take a snapshot of all counts."""


class EndpointNumbers(Protocol):
    """What one alert endpoint tells."""

    @property
    def endpoint(self) -> str:
        """Its name in the configuration."""

    @property
    def counts(self) -> Struct:
        """Attempts by what became of them, since the start."""

    @property
    def breaker_open(self) -> bool:
        """It failed so often that it is left alone for a while."""

    @property
    def depth(self) -> int:
        """Attempts that wait."""

    @property
    def capacity(self) -> int:
        """Attempts that may wait."""


class Endpoints(Protocol):
    """The courier."""

    def statistics(self) -> Sequence[EndpointNumbers]:
        """Return the numbers of each endpoint."""


Numbers = Callable[[], Mapping[str, int]]


class Sources(Struct, frozen=True, kw_only=True):
    """Everything that is read at a scrape."""

    service: Service
    board: Board
    intake: Feeds | None = None
    cad: Struct | None = None
    """Its counts: integers, and mappings from a code to an integer."""
    crews: Struct | None = None
    """The crews' channel's counts, likewise."""
    courier: Endpoints | None = None
    http: HttpCounts | None = None
    exchanges: Mapping[str, Numbers] = {}
    """By exchange with other organisations: what has happened there, by name."""
    exchange_levels: Mapping[str, Numbers] = {}
    """Likewise: what stands there now."""
    upkeep: Mapping[str, Numbers] = {}
    """By what the server does for its own order (books, retention): what has happened, by name."""
    upkeep_levels: Mapping[str, Numbers] = {}
    """Likewise: what stands there now."""


CODES_MAX = 32
"""Of a mapping from codes to counts, so many are written out; the rest is added up under `other`."""


def flatten(counts: Struct) -> dict[str, int]:
    """Return the integers of a Struct by name; those of a mapping in it as name_code. All else is left out."""
    flat: dict[str, int] = {}
    for name, value in msgspec.structs.asdict(counts).items():
        if isinstance(value, int):
            flat[name] = value
        elif isinstance(value, Mapping):
            for code, count in bounded(value, CODES_MAX).items():
                flat[f"{name}_{code}"] = count
    return flat


def bounded(values: Mapping[str, int], most: int) -> Mapping[str, int]:
    """Return at most so many values, first by name; what is beyond is added up under `other`.

    Names come from code and configuration, so only a fault can reach the bound: it must not flood the scraper.
    """
    if len(values) <= most:
        return values
    names = sorted(values)
    kept = {name: values[name] for name in names[: most - 1]}
    kept["other"] = kept.get("other", 0) + sum(values[name] for name in names[most - 1 :])
    return kept
