"""Numbers on paper for the scraper, in small helpings: writing 200 series takes 3 ms, and the engine shares the loop.

Rule: all numbers are read in one step, so they belong to one moment; then one family is written at a time and the
engine has its turn in between. (A thread would be worse: each R-tree call gives up the interpreter lock, and beside
a busy thread the engine waits for it.) What is written is given out again for half a second, to all who ask.
"""

from collections.abc import Iterator
from typing import Final

import trio
from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gateways.metrics.family import Family

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"
"""The one version that is offered: a scraper that may ask for any cannot make us write for each."""
END: Final = b"# EOF\n"
"""Closes an OpenMetrics exposition."""
FRESH_S: Final = 0.5


class Rendered(Struct, frozen=True):
    """An exposition."""

    body: bytes
    content_type: str


class Exposition:
    """Writes down what the registry collects."""

    def __init__(self, registry: CollectorRegistry, *, fresh_s: float = FRESH_S) -> None:
        self._registry = registry
        self._fresh_s = fresh_s
        self._kept: dict[bool, tuple[float, Rendered]] = {}
        self._writing = trio.Lock()

    async def render(self, accept: str) -> Rendered:
        """Return the exposition in the best format that the scraper accepts."""
        wants_open = "application/openmetrics-text" in accept
        async with self._writing:
            kept = self._kept.get(wants_open)
            if kept is not None and trio.current_time() - kept[0] < self._fresh_s:
                return kept[1]
            began_s = trio.current_time()
            rendered = await self._write(OPENMETRICS if wants_open else "")
            self._kept[wants_open] = (began_s, rendered)
            return rendered

    async def _write(self, accept: str) -> Rendered:
        encode, content_type = choose_encoder(accept)
        pieces = []
        for family in list(self._registry.collect()):
            pieces.append(encode(_One(family)).removesuffix(END))
            await trio.lowlevel.checkpoint()
        if accept:
            pieces.append(END)
        return Rendered(b"".join(pieces), content_type)


class _One(Collector):
    """A registry of one family."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterator[Family]:
        yield self._family
