"""How few calls could be late at all: what no policy can do better than, on the calls that were simulated.

Only days without chance in drives and crews have such a bound (`engine/sim/foreknown.py` says which), as those of the
preset `jemss` have. Two are told: with every call known beforehand, and without foresight for units that start from posts.
"""

from msgspec import Struct

from engine.sim.bound import late_bound
from engine.sim.callers import draw
from engine.sim.foreknown import foreknown
from engine.sim.replicate import TAIL_MS, Setup
from engine.sim.unforeseen import Span, unforeseen_bound

HIGH_TO = 2
"""High and medium priority are told together."""
WAIT_MS = 30 * 60_000
"""Nobody who simulates a city would call one in which people wait for longer served."""


class Possible(Struct, frozen=True):
    """A share of the first group of calls that is late under every policy."""

    name: str
    late_share: float
    """The mean of the replications."""
    words: str
    """Of which policies it is true, as a sentence's end."""


def possible(setup: Setup, reps: int) -> tuple[Possible, ...]:
    """Return the bounds of the replications' own calls. Raises ValueError where days have none, with the reason."""
    if setup.demand is None:
        raise ValueError("Bounds are reckoned for drawn calls; those of a table have no least times.")
    foreseen, unforeseen = zip(*(_of(setup, rep) for rep in range(reps)), strict=True)
    return (
        Possible("all calls foreseen", sum(foreseen) / reps, "even if every call were known beforehand"),
        Possible("none foreseen", sum(unforeseen) / reps, "if no call is foreseen and units start from posts"),
    )


def _of(setup: Setup, rep: int) -> tuple[float, float]:
    begin_ms = setup.begin_ms
    end_ms = setup.measured_ms[1] + TAIL_MS
    assert setup.demand is not None, "asked above"
    calls = draw(setup.place, setup.demand, setup.nature, begin_ms, end_ms, setup.seed, rep)
    problem = foreknown(setup.place, setup.roads, setup.nature, calls, HIGH_TO)
    span = Span(begin_ms, end_ms, end_ms + WAIT_MS + int(problem.work_ms.max()))
    return late_bound(problem).share, unforeseen_bound(problem, span).share
