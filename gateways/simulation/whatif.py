"""What if? Recorded days simulated again: under the policy of then, under others, with another fleet or other plans.

Rule: policies are held against the policy of then *as simulated*, never against what really happened, as the simulator
errs alike on both. What really happened stands beside them, so that its error can be seen.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.model.hours import DAY_MS, day_began_ms
from engine.policy.redeploy import Home
from engine.sim.happened import AS_RECORDED, judged, outcome_of
from engine.sim.outcome import NEVER, Outcome
from engine.sim.recorded import Recorded
from engine.sim.replicate import Setup
from gateways.progress import progress_bar
from gateways.simulation.document import Run
from gateways.simulation.recorded_days import policy_then, read_days, scene_as_recorded, scene_instead
from gateways.simulation.running import cores, run_all
from gateways.simulation.setups import Named, NotSimulated, Scene, policies_of, ready, setup_of
from gateways.simulation.whatif_words import sentences


class Question(Struct, frozen=True, kw_only=True):
    """What a person asks for on the command line."""

    journal: Path
    policies: tuple[str, ...] = ()
    place: Path | None = None
    units: int | None = None
    reps: int = 4
    seed: int = 1
    cores: int | None = None
    command: str = ""


class Answer(Struct, frozen=True):
    """What came of it."""

    run: Run
    by_policy: dict[str, list[Outcome]]
    """As it was recorded, then the policy of then simulated, then the others."""
    then: str
    """The policy of then."""
    days: Recorded


def what_if(asked: Question) -> Answer:
    """Simulate the days of the journal again.

    Raises NotSimulated, PlaceRefused and PolicyRefused, all before hours are spent.
    """
    with progress_bar() as progress:
        journal, days = read_days(asked.journal, progress)
    if not np.any(days.happened.reached_ms != NEVER):
        raise NotSimulated(
            f"{journal}: no unit ever said that it was on scene, so there is no response to compare with."
        )
    own = scene_as_recorded(journal, days)
    setups = _setups(asked, days, own)
    outcomes = run_all(setups, asked.reps, asked.cores or cores(), progress_bar)
    by_policy = _judged(days, outcomes, asked)
    run = Run(
        place=days.place.name,
        preset=None,
        days=setups[0].days,
        reps=asked.reps,
        seed=asked.seed,
        command=asked.command,
        version=version("turnout"),
        rules=sentences(days, own, setups[0].name),
        stations=days.place.stations,
        hospitals=days.place.hospitals,
    )
    return Answer(run, by_policy, setups[0].name, days)


def _setups(asked: Question, days: Recorded, own: Scene) -> list[Setup]:
    """Return the policy of then on the place of then, and all others on the place that is asked about."""
    then = policy_then(days)
    other = own if asked.place is None else scene_instead(asked.place, days)
    other = other if asked.units is None else ready(other, units=asked.units)
    changed = ", ".join(
        [
            *([] if asked.place is None else [f"in {asked.place.name}"]),
            *([] if asked.units is None else [f"{asked.units} units"]),
        ]
    )
    named = policies_of(asked.policies, then.dispatch) if asked.policies else [then]
    if changed:
        named = [replace(each, name=f"{each.name}, {changed}") for each in named]
    named = [each for each in named if each.name != then.name]
    if len({each.name for each in named}) < len(named):
        raise NotSimulated("A policy is named twice: each needs a name of its own.")
    if not named and not asked.policies:
        raise NotSimulated("Nothing is asked: name a --policy, another number of --units, or a --place.")
    setups = [_setup(own, then, asked, days), *(_setup(other, each, asked, days) for each in named)]
    for setup in setups:
        _check_cover(setup)
    return setups


def _setup(scene: Scene, policy: Named, asked: Question, days: Recorded) -> Setup:
    whole = (days.to_ms - day_began_ms(days.place, days.from_ms)) // DAY_MS + 1
    setup = setup_of(scene, policy, days=whole, seed=asked.seed, warm_days=0)
    return replace(setup, span_ms=(days.from_ms, days.to_ms + 1))


def _check_cover(setup: Setup) -> None:
    """Refuse a policy that has nothing to cover."""
    has_points = setup.cover.points is not None or bool(setup.place.coverage.points)
    if not has_points and not isinstance(setup.redeploy, Home):
        raise NotSimulated(
            f"{setup.name}: {setup.place.name} says nowhere where cover is wanted, so units can only stand at home. "
            "Give a place with demand.csv or coverage.csv:  --place FOLDER"
        )


def _judged(days: Recorded, outcomes: list[Outcome], asked: Question) -> dict[str, list[Outcome]]:
    """Return the outcomes by policy, of the calls alone whose arrival was recorded, late by the targets of then."""
    chosen, targets = days.happened.reached_ms != NEVER, days.happened.target_ms
    midnight_ms = day_began_ms(days.place, days.from_ms)
    recorded = outcome_of(days.calls, days.happened, days.units, midnight_ms, outcomes[0].days, asked.seed)
    recorded = judged(recorded, chosen, targets)
    by_policy = {AS_RECORDED: [replace(recorded, rep=rep) for rep in range(asked.reps)]}
    for outcome in outcomes:
        told = judged(outcome, chosen, targets, days.from_ms - midnight_ms)
        by_policy.setdefault(outcome.policy, []).append(told)
    return by_policy
