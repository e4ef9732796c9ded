"""What a minute of driving costs, so that crews are moved about as often as was agreed (dual ascent on the move budget).

Each call allows so many moves; each move uses one up. Where more are made than allowed, driving gets dearer, else
cheaper: the multiplier of the constraint "moves per call <= budget" (Boyd and Vandenberghe, Convex Optimization, 5.4).
State, so its driver owns it: the planner, or the simulator. A policy reads the price off the survey.
"""

from msgspec import Struct

from engine.policy.redeploy.refused import within

STEP_PERMILLE = 4
"""A move more than allowed makes driving dearer by so much."""
LEAST = 20
MOST = 50_000
FINE = 1_000
"""The price is kept in so many parts of a part per million, so that small steps are not lost."""


class Price(Struct):
    """The price as it is adapted: parts per million of demand for each minute."""

    budget_permille: int
    """Moves for a thousand calls."""
    start: int = 2_000
    fine: int = -1
    """The price in thousandths; -1 before anything was seen."""
    calls: int = 0
    moves: int = 0

    def __post_init__(self) -> None:
        within("budget_permille", self.budget_permille, 0, 10_000, "moves for a thousand calls")
        within("start", self.start, LEAST, MOST, "parts per million a minute")
        if self.fine < 0:
            self.fine = self.start * FINE

    @property
    def now(self) -> int:
        """The price in parts per million."""
        return self.fine // FINE

    def saw(self, calls: int, moves: int) -> None:
        """Take in what has happened since: calls that came in, idle moves that were ordered."""
        self.calls += calls
        self.moves += moves
        over_permille = moves * 1000 - calls * self.budget_permille
        step = self.fine * over_permille * STEP_PERMILLE // 1_000_000
        self.fine = max(LEAST * FINE, min(MOST * FINE, self.fine + step))
