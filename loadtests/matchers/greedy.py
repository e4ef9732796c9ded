"""The nearest free unit that fits, call by call in order of urgency: what dispatchers and most programs do."""

import numpy as np

from loadtests.matchers import Ints, Matcher, Scene


class Greedy:
    """With exact travel times, so it differs from ours in the choice alone."""

    name = "greedy, by travel time"

    def prepare(self, scene: Scene) -> None:
        """Know what fits."""
        self._scene = scene
        self._fits = [scene.fits(place) for place in range(len(scene.needs))]

    def choose(self) -> Ints:
        """Choose call by call."""
        scene = self._scene
        free = np.ones(len(scene.mask), np.bool_)
        chosen = np.full(len(scene.needs), -1, np.int32)
        for place, fits in enumerate(self._fits):
            times = np.where(fits & free, scene.times_ms[scene.incident[place]], np.iinfo(np.int32).max)
            unit = int(np.argmin(times))
            if fits[unit] and free[unit]:
                chosen[place] = unit
                free[unit] = False
        return chosen

    def close(self) -> None:
        """Nothing to give back."""


def make() -> Matcher:
    """Return it."""
    return Greedy()
