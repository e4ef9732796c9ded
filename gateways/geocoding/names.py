"""Names by what is typed of them: the one way in which streets and cities are matched.

Rule: a name fits that begins with the text, or that has a word which does; small and large letters are alike. If one
is called exactly so, it alone is meant. The console's page holds streets of its own to the same rule (`places.js`).
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_BEYOND: Final = "\U0010ffff"
_NONE: Final = np.empty(0, np.int64)


class Names:
    """Different names, all in small letters, in order. Rows are numbers of names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.all = sorted(names)
        ends = [(name[at + 1 :], row) for row, name in enumerate(self.all) for at in _spaces(name)]
        ends.sort()
        self._ends = [end for end, _ in ends]
        self._rows = np.array([row for _, row in ends], np.int64)

    def row(self, text: str) -> int | None:
        """Return the row of the name that is exactly so; None if there is none."""
        sought = folded(text)
        at = bisect_left(self.all, sought)
        return at if at < len(self.all) and self.all[at] == sought else None

    def matching(self, text: str) -> Ints:
        """Return the rows that fit: first those that begin so, then those with a word that does, each in order."""
        sought = folded(text)
        if not sought:
            return _NONE
        if (row := self.row(sought)) is not None:
            return np.array([row], np.int64)
        first, last = _span(self.all, sought)
        low, high = _span(self._ends, sought)
        within = np.unique(self._rows[low:high])
        return np.concatenate((np.arange(first, last), within[(within < first) | (within >= last)]))


def folded(text: str) -> str:
    """Return the text as it is compared."""
    return " ".join(text.lower().split())


def _spaces(name: str) -> Iterable[int]:
    return (at for at, letter in enumerate(name) if letter == " ")


def _span(ordered: list[str], sought: str) -> tuple[int, int]:
    """Return from where to where the texts begin so."""
    return bisect_left(ordered, sought), bisect_left(ordered, sought + _BEYOND)
