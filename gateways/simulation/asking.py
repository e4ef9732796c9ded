"""A run from its beginning to its end: read, checked, simulated with a progress bar."""

from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from engine.sim.outcome import Outcome
from gateways.progress import progress_bar
from gateways.simulation.document import Run
from gateways.simulation.running import cores, run_all
from gateways.simulation.setups import NotSimulated, loaded, policies_of, scene_of, setup_of


class Asked(Struct, frozen=True, kw_only=True):
    """What a person asks for on the command line."""

    place: Path
    policies: tuple[str, ...]
    days: int
    reps: int
    seed: int
    warm_up: int
    preset: str
    divert: bool
    units: int | None = None
    cores: int | None = None
    command: str = ""


def simulate(asked: Asked) -> tuple[Run, dict[str, list[Outcome]]]:
    """Return the run and its outcomes by policy.

    Raises PlaceRefused, NotSimulated, PolicyRefused and DemandRefused, all before hours are spent.
    """
    scene = scene_of(loaded(asked.place), asked.preset, units=asked.units)
    nearest = "nearest+divert" if asked.divert else "nearest"
    named = policies_of(asked.policies, nearest if asked.preset == "jemss" or asked.divert else "joint")
    if len({each.name for each in named}) < len(named):
        raise NotSimulated("A policy is named twice: each needs a name of its own.")
    setups = [setup_of(scene, each, days=asked.days, seed=asked.seed, warm_days=asked.warm_up) for each in named]
    outcomes = run_all(setups, asked.reps, asked.cores or cores(), progress_bar)
    by_policy: dict[str, list[Outcome]] = {each.name: [] for each in named}
    for outcome in outcomes:
        by_policy[outcome.policy].append(outcome)
    run = Run(
        place=scene.place.name,
        preset=asked.preset,
        days=asked.days,
        reps=asked.reps,
        seed=asked.seed,
        command=asked.command,
        version=version("turnout"),
        rules=RULES[asked.preset],
        warm_up_days=asked.warm_up,
        stations=scene.place.stations,
        hospitals=scene.place.hospitals,
    )
    return run, by_policy


RULES = {
    "city": (
        "Calls are drawn from the place's demand; crews turn out, drive, work and eat as its rules say; positions are late.",
        "Plans that ask a person are served as if the recommendation were accepted at once.",
    ),
    "jemss": (
        "JEMSS's model: known positions, no turnout after the dispatch delay, access by the nearest node, no turning round.",
        "Crews may be moved at any time and as often as a policy likes.",
    ),
}
"""What each kind of days means, in sentences."""
