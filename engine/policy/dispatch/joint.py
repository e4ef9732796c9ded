"""All open places against all units at once, exactly (linear assignment, Jonker and Volgenant 1987).

A place's cost for a unit is its ETA, what of it lies beyond the target once more, and its prices, weighted by the
incident's priority and the slot. Leaving a place open costs more than any of it, and more for a place that ranks
earlier: so as many places as possible are filled, the first in the queue first, and among all such answers the weighted
time is least. Units under way may be taken from less urgent incidents, whose places then are part of the problem;
units that will soon be free may be waited for. Ties go to the unit with the lower row.
"""

from collections.abc import Mapping

from msgspec import Struct

from engine.model.place import PRIORITIES
from engine.model.why import Why
from engine.policy.dispatch.answers import solution_of
from engine.policy.dispatch.candidates import Choices
from engine.policy.dispatch.expecting import expected
from engine.policy.dispatch.options import choose
from engine.policy.dispatch.problem import May, Outgrown, Problem
from engine.policy.dispatch.solution import Estimate, Reviewed, Solution
from engine.policy.dispatch.telling import Terms
from engine.policy.dispatch.why import explain
from engine.state.records import Incident
from engine.state.world import World


class JointMatch(Struct, frozen=True, tag="joint_match"):
    """Send the units that all incidents together are served best by."""

    divert: bool = True
    """Units under way may be taken from what is less urgent."""
    wait: bool = True
    """Units that will soon be free may be waited for."""
    supersede: bool = True
    """A unit under way may be relieved by one that is clearly sooner."""

    @property
    def name(self) -> str:
        """What a why calls it."""
        parts = {"diversion": self.divert, "waiting": self.wait, "relief": self.supersede}
        return "joint match" + "".join(f", no {what}" for what, does in parts.items() if not does)

    @property
    def relieves(self) -> bool:
        """As it is set."""
        return self.supersede

    def solve(
        self,
        world: World,
        incidents: list[Incident],
        reviewed: tuple[Reviewed, ...] = (),
        *,
        take: bool = True,
        spoken_for: Mapping[int, int] | None = None,
    ) -> Solution:
        """Match what these incidents lack to the units that may go, in the queue's order."""
        may = May(divert=take and self.divert, wait=take and self.wait)
        seconds = reviewed if take and self.supersede else ()
        also: frozenset[Choices] = frozenset()
        while True:
            problem = Problem(world, incidents, seconds, may, spoken_for=spoken_for or {}, also=also)
            try:
                return solution_of(problem, choose(problem))
            except Outgrown as more:
                also |= {more.choices}

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say what the proposal for the incident rests on; with a row, what speaks for or against that unit."""
        diverts = PRIORITIES if self.divert else ()
        return explain(world, incident, solution, Terms(self.name, waits=self.wait, divert_to=diverts), row)

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there and by which way, whether it would be chosen or not."""
        return expected(world, row, incident)
