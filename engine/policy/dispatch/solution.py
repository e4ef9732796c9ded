"""What a dispatch policy answers, and what it is asked."""

from typing import Protocol

from msgspec import Struct

from engine.model.facts import Choice, Shortage
from engine.model.route import Route
from engine.model.why import Why
from engine.state.records import Incident
from engine.state.world import World


class Proposal(Struct, frozen=True):
    """What one incident would get."""

    choices: tuple[Choice, ...]
    short: tuple[Shortage, ...]


class Solution(Struct, frozen=True):
    """What all the waiting incidents would get together."""

    proposals: dict[str, Proposal]
    """By incident."""
    taken: dict[int, str]
    """Row of a chosen unit, and the incident it would go to."""
    barred: tuple[int, ...] = ()
    """Rows left out because their crew would be out with a unit that was chosen."""


class Estimate(Struct, frozen=True):
    """What is expected of one unit that goes to one incident."""

    eta_ms: int
    """Dispatch to arrival; -1 if there is no way."""
    spread_ms: int
    """Two arrivals of three lie within this much of it."""
    route: Route | None
    """None where no streets were used."""


class DispatchPolicy(Protocol):
    """A pure judgement: it proposes, and changes nothing."""

    def solve(self, world: World, incidents: list[Incident]) -> Solution:
        """Match what these incidents lack to the units that are free; the first ones rank first."""

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say what the proposal for the incident rests on. Called before anything of it is carried out.

        With a row: judge that unit alone, against all others.
        """

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there and by which way, whether it would be chosen or not."""
