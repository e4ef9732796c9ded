"""The tree of circles answers as a look through all of them does, whatever moved, and in whatever order."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.state.index import METRES_MAX
from engine.state.points import FEW, Circle, Circles

NAME = st.integers(0, 30).map(lambda number: f"I{number}")
METRE = st.integers(-300, 300)
RADIUS = st.sampled_from((0, 0, 1, 7, 40, 200))


class Moves(RuleBasedStateMachine):
    """Puts, takes and asks; beside it a dict. With a tree from the first name on, from the ninth on, or none at all."""

    few = 8

    def __init__(self) -> None:
        super().__init__()
        self.tree = Circles(self.few)
        self.all: dict[str, Circle] = {}

    @rule(name=NAME, x_m=METRE, y_m=METRE, radius_m=RADIUS)
    def put(self, name: str, x_m: int, y_m: int, radius_m: int) -> None:
        self.all[name] = Circle(x_m, y_m, radius_m)
        self.tree.put(name, self.all[name])

    @rule(name=NAME)
    def take_out(self, name: str) -> None:
        self.all.pop(name, None)
        self.tree.take_out(name)

    @rule(x_m=METRE, y_m=METRE, within_m=st.integers(0, 400))
    def near(self, x_m: int, y_m: int, within_m: int) -> None:
        found = self.tree.near(x_m, y_m, within_m)
        slow = [
            name
            for name, circle in sorted(self.all.items())
            if float(np.hypot(x_m - circle.x_m, y_m - circle.y_m)) <= within_m + circle.radius_m
        ]
        assert found == slow
        anew = Circles(0)
        for name in sorted(self.all, reverse=True):
            anew.put(name, self.all[name])
        assert anew.near(x_m, y_m, within_m) == found, "built anew it says the same"

    @invariant()
    def holds_each_once(self) -> None:
        assert self.tree.everything() == sorted(self.all.items())
        assert len(self.tree) == len(self.all)


Moves.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
test_moves = Moves.TestCase


class AlwaysATree(Moves):
    few = 0


class NeverATree(Moves):
    few = FEW


AlwaysATree.TestCase.settings = NeverATree.TestCase.settings = settings(Moves.TestCase.settings, max_examples=60)
test_always_a_tree = AlwaysATree.TestCase
test_never_a_tree = NeverATree.TestCase


@pytest.mark.parametrize("few", [0, FEW])
def test_the_edge_is_inside(few: int) -> None:
    """A point at exactly the distance counts, one a metre farther does not."""
    tree = Circles(few)
    tree.put("a", Circle(0, 0, 3))
    assert tree.near(8, 0, 5) == ["a"]
    assert tree.near(9, 0, 5) == []
    tree.put("far", Circle(METRES_MAX, -METRES_MAX))
    assert tree.near(METRES_MAX, -METRES_MAX) == ["far"]


@pytest.mark.parametrize("circle", [Circle(METRES_MAX + 1, 0), Circle(0, -METRES_MAX - 1), Circle(0, 0, -1)])
def test_what_is_out_of_range_changes_nothing(circle: Circle) -> None:
    """A number out of range is refused by name, and what was known stays."""
    tree = Circles()
    tree.put("a", Circle(1, 1))
    with pytest.raises(ValueError, match="_m: "):
        tree.put("a", circle)
    assert tree.everything() == [("a", Circle(1, 1))]
