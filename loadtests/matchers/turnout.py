"""Ours: shortlists and exact assignment in one call, with the proof."""

import numpy as np

from engine.kernels.match import Kinds, Matching, Pool, match
from loadtests.matchers import OPEN_COST, Ints, Matcher, Scene


class Turnout:
    """The kernel of the decision, travel times given."""

    name = "turnout"

    def prepare(self, scene: Scene) -> None:
        """Group the units by what they can do, and the places by what they ask for."""
        self._scene = scene
        masks, kind = np.unique(scene.mask, return_inverse=True)
        order = np.argsort(kind, kind="stable").astype(np.int32)
        start = np.searchsorted(kind[order], np.arange(len(masks) + 1)).astype(np.int64)
        rows = np.arange(len(scene.mask), dtype=np.int32)
        self._pool = Pool(rows, rows, np.zeros(len(rows), np.int32), start, order)
        self._masks = masks
        self.problem = (np.zeros((1, len(rows)), np.int32), self._pool, self._kinds())

    def choose(self) -> Ints:
        """Match."""
        return self._scattered(self.matching())

    def matching(self) -> Matching:
        """Match, with prices."""
        return match(self._scene.times_ms, *self.problem)

    def _kinds(self) -> Kinds:
        """Say what is asked, like places of one incident together."""
        scene = self._scene
        asked = np.stack((scene.incident.astype(np.int64), scene.needs))
        (incident, needs), first_place, self._kind, wanted = np.unique(
            asked, axis=1, return_index=True, return_inverse=True, return_counts=True
        )
        fits = (self._masks & needs[:, None]) == needs[:, None]
        count = len(wanted)
        ranks = np.arange(count, 0, -1, dtype=np.int64)
        return Kinds(
            times=incident.astype(np.int32),
            prices=np.zeros(count, np.int32),
            wanted=wanted.astype(np.int32),
            weight=scene.weight[first_place],
            target_ms=np.full(count, 1 << 30, np.int64),
            late_percent=np.zeros(count, np.int64),
            unserved=OPEN_COST * ranks,
            step=np.zeros(count, np.int64),
            first=np.concatenate(([0], np.cumsum(fits.sum(axis=1)))).astype(np.int64),
            fit=np.nonzero(fits)[1].astype(np.int32),
            penalty_ms=np.zeros(int(fits.sum()), np.int32),
        )

    def _scattered(self, matching: Matching) -> Ints:
        """Put the answer, kind by kind, where each place was."""
        units = np.empty(len(self._kind), np.int32)
        units[np.argsort(self._kind.ravel(), kind="stable")] = matching.seat
        return units

    def close(self) -> None:
        """Nothing to give back."""


def make() -> Matcher:
    """Return it."""
    return Turnout()
