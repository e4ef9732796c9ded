"""A histogram of the hot path: observing is one search and two additions."""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.utils import floatToGoString


class Histogram:
    """Counts observations by upper bound, each bound included in its bucket (`le`)."""

    __slots__ = ("_bounds", "_counts", "_names", "total")

    def __init__(self, *bounds: float) -> None:
        assert list(bounds) == sorted(set(bounds)), "the bounds rise"
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._names = (*map(floatToGoString, bounds), "+Inf")
        self.total = 0.0
        """The sum of all observations."""

    def observe(self, value: float) -> None:
        """Count one observation."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Give for each bound, as it is written, how many observations were at most that."""
        seen = 0
        for name, count in zip(self._names, self._counts, strict=True):
            seen += count
            yield name, seen

    def __len__(self) -> int:
        return sum(self._counts)
