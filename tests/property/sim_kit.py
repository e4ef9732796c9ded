"""Simulated days under watch: after every turn the World is whole, and whatever the engine refuses is written down."""

from collections import Counter
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.facts import CommandRefused
from engine.model.hours import DAY_MS
from engine.model.inputs import AnyInput
from engine.model.moves import MoveEnded, MoveOrdered
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.policy.redeploy import Home, Planning
from engine.sim.callers import draw
from engine.sim.city import City
from engine.sim.nature import Nature
from engine.sim.replicate import Setup, expected_of
from gateways.places import load
from gateways.simulation.setups import Scene, policies_of, scene_of, setup_of

RIVERSIDE = Path(__file__).parents[2] / "config" / "riverside"
BUSY = Nature()
BUSY = replace(
    BUSY, crews=replace(BUSY.crews, breakdowns_per_month=20.0, refuse_moves_permille=200, decline_permille=60)
)
"""An ordinary city in which far more goes wrong than in one."""
TAIL_DAYS = 3


class WatchedCity(City):
    """A city that looks at the whole World every so many turns, and counts refusals, orders and ends of moves."""

    every = 1

    def step(self, given: AnyInput) -> Turn:
        """Let it happen, then look."""
        if not hasattr(self, "refused"):
            self.refused: Counter[tuple[str, str]] = Counter()
            self.texts: list[str] = []
            self.ordered: dict[str, str] = {}
            self.moves_ended: Counter[str] = Counter()
        turn = super().step(given)
        for fact in turn.facts:
            if isinstance(fact, CommandRefused):
                self.refused[type(given).__name__, str(fact.code)] += 1
                self.texts.append(f"{given} {fact}")
            if isinstance(fact, MoveOrdered):
                self.ordered[fact.move] = fact.unit
            if isinstance(fact, MoveEnded):
                self.moves_ended[fact.move] += 1
        if self.turns % self.every == 0:
            broken = violations(self.world)
            assert not broken, (given, self.now, broken)
        return turn


@cache
def riverside(preset: str = "city") -> Scene:
    """Return the place of the demo, made ready."""
    return scene_of(load(RIVERSIDE), preset)


def setup(policy: str, *, days: int = 1, per_day: float = 110, nature: Nature = BUSY, seed: int = 5) -> Setup:
    """Return a busy setup of Riverside under that policy."""
    scene = riverside()
    demand = replace(scene.demand, calls_per_day=per_day)
    scene = replace(scene, demand=demand, nature=nature)
    return setup_of(scene, policies_of((policy,), "joint")[0], days=days, seed=seed, warm_days=0)


def live(made: Setup, rep: int = 0, mode: Mode | None = None, every: int = 1) -> WatchedCity:
    """Live through the days of the setup, and on until all is quiet."""
    place = made.place if mode is None else replace(made.place, moves=replace(made.place.moves, mode=mode))
    end_ms = made.begin_ms + made.days * DAY_MS
    calls = draw(place, made.demand, made.nature, made.begin_ms, end_ms, made.seed, rep)
    kind = type("Watched", (WatchedCity,), {"every": every})
    city: WatchedCity = kind(
        place,
        made.roads,
        calls,
        made.nature,
        made.dispatch,
        seed=made.seed,
        rep=rep,
        begin_ms=made.begin_ms,
        measured_ms=(made.begin_ms, end_ms),
        planning=None if isinstance(made.redeploy, Home) else Planning(made.redeploy, made.cover),
        expected=None if isinstance(made.redeploy, Home) else expected_of(made),
    )
    city.run(end_ms)
    for _ in range(TAIL_DAYS * 10):
        if not city.cases.open_before(end_ms) and not city.world.open:
            break
        city.run(city.now + DAY_MS // 10)
    return city
