"""The same decisions without what is only told: for a simulation, where nobody reads a reason or follows a way."""

from collections.abc import Mapping

from msgspec import Struct

from engine.model.why import Why
from engine.policy.dispatch.expecting import expected
from engine.policy.dispatch.solution import DispatchPolicy, Estimate, Reviewed, Solution
from engine.state.records import Incident
from engine.state.world import World

NOT_ASKED = "not asked for"
"""Stands in a why for how times were found, where its reader is told that nobody wanted reasons."""


class Quiet(Struct, frozen=True, tag="quiet"):
    """Decide as the policy does, and give no reasons."""

    policy: DispatchPolicy

    @property
    def name(self) -> str:
        """The policy's own."""
        return self.policy.name

    @property
    def relieves(self) -> bool:
        """As the policy does."""
        return self.policy.relieves

    def solve(
        self,
        world: World,
        incidents: list[Incident],
        reviewed: tuple[Reviewed, ...] = (),
        *,
        take: bool = True,
        spoken_for: Mapping[int, int] | None = None,
    ) -> Solution:
        """Match as the policy does."""
        return self.policy.solve(world, incidents, reviewed, take=take, spoken_for=spoken_for)

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say who decided, in which way to answer, and that no reasons were asked for. Of one unit all is told."""
        if row is not None:
            return self.policy.explain(world, incident, solution, row)
        proposal = solution.proposals.get(incident.id)
        option = proposal.option if proposal else incident.option
        return Why(self.name, NOT_ASKED, incident.plan, (), option=option, proof=solution.proof)

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there, and no way."""
        return expected(world, row, incident, with_route=False)
