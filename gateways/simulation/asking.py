"""A run from its beginning to its end: read, checked, simulated with a progress bar."""

from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from engine.sim.given import Given, days_of, missing
from engine.sim.outcome import Outcome
from engine.sim.replicate import Setup
from gateways.progress import progress_bar
from gateways.simulation.call_files import read_calls
from gateways.simulation.document import Run
from gateways.simulation.possible import Possible, possible
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
    calls: Path | None = None
    """A table of recorded calls, in the place of drawn ones: then days are those of the table."""
    bound: bool = False
    """Reckon as well how few calls could be late at all."""
    command: str = ""


def simulate(asked: Asked) -> tuple[Run, dict[str, list[Outcome]]]:
    """Return the run and its outcomes by policy.

    Raises PlaceRefused, NotSimulated, PolicyRefused and DemandRefused, all before hours are spent.
    """
    found = loaded(asked.place)
    care = None if found.demand is None else found.demand.care
    given = None if asked.calls is None else read_calls(asked.calls, found.place, care)
    scene = scene_of(found, asked.preset, units=asked.units, given=given)
    days, warm_up = (asked.days, asked.warm_up) if given is None else (days_of(found.place, given.calls), 0)
    nearest = "nearest+divert" if asked.divert else "nearest"
    named = policies_of(asked.policies, nearest if asked.preset == "jemss" or asked.divert else "joint")
    if len({each.name for each in named}) < len(named):
        raise NotSimulated("A policy is named twice: each needs a name of its own.")
    setups = [setup_of(scene, each, days=days, seed=asked.seed, warm_days=warm_up) for each in named]
    bounds = _possible(setups[0], asked.reps) if asked.bound else ()
    outcomes = run_all(setups, asked.reps, asked.cores or cores(), progress_bar)
    by_policy: dict[str, list[Outcome]] = {each.name: [] for each in named}
    for outcome in outcomes:
        by_policy[outcome.policy].append(outcome)
    run = Run(
        place=scene.place.name,
        preset=asked.preset,
        days=days,
        reps=asked.reps,
        seed=asked.seed,
        command=asked.command,
        version=version("turnout"),
        rules=(DRAWN if given is None else _told(asked, given), *RULES[asked.preset]),
        warm_up_days=warm_up,
        stations=scene.place.stations,
        hospitals=scene.place.hospitals,
        possible=bounds,
    )
    return run, by_policy


def _possible(setup: Setup, reps: int) -> tuple[Possible, ...]:
    try:
        return possible(setup, reps)
    except ValueError as refused:
        raise NotSimulated(f"--bound: {refused}") from None


def _told(asked: Asked, given: Given) -> str:
    """Say what came from the table, and what did not."""
    lacking = missing(given)
    name = "a table" if asked.calls is None else asked.calls.name
    return (
        f"{len(given)} calls came from {name}; drawn were the work of {lacking.work}, whether anybody went to hospital of "
        f"{lacking.transport}, and the handover of {lacking.handover}."
    )


DRAWN = "Calls are drawn from the place's demand."
RULES = {
    "city": (
        "Crews turn out, drive, work and eat as the place's rules say; positions are late.",
        "Plans that ask a person are served as if the recommendation were accepted at once.",
        "Who plans moves begins with the place's demand and learns from hour to hour, as the live planner does.",
    ),
    "jemss": (
        "JEMSS's model: known positions, no turnout after the dispatch delay, access by the nearest node, no turning round.",
        "Crews may be moved at any time and as often as a policy likes. The demand is known, and the same at all hours.",
    ),
}
"""What each kind of days means, in sentences."""
