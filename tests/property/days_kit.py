"""Days of random inputs: drawn by hypothesis, by a seed, or by ten thousand seeds. `step_kit` makes inputs of them."""

import random
from collections.abc import Callable

from hypothesis import strategies as st

from tests.property.step_kit import Numbers

Steps = list[tuple[Numbers, int]]
"""Of each input: what it is, and how much later it comes."""
NUMBERS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


def days(most: int) -> st.SearchStrategy[Steps]:
    """Draw days of at most so many inputs."""
    return st.lists(st.tuples(NUMBERS, st.integers(0, 255)), max_size=most)


def four(dice: random.Random) -> Numbers:
    """Throw what one input is."""
    return dice.randrange(256), dice.randrange(256), dice.randrange(256), dice.randrange(256)


def random_steps(seed: int, count: int) -> Steps:
    """Throw a day of so many inputs."""
    dice = random.Random(seed)
    return [(four(dice), dice.randrange(256)) for _ in range(count)]


def live_ten_thousand(live: Callable[[int], object], first: int) -> None:
    """Live through ten thousand days from that seed on; name the seed of one that goes wrong."""
    for seed in range(first, first + 10_000):
        try:
            live(seed)
        except BaseException:
            print(f"seed {seed}")
            raise
