"""Whoever is there first goes: the rule of JEMSS (Ridler, Mason and Raith 2022, "JEMSS.jl").

Each open place, in the order of the queue, gets the capable unit that arrives soonest: nothing is weighed against
anything, and nobody waits for a unit that is not free or costs more than its time. What a plan adds to a
second-choice unit counts as time, as it is part of what the plan asks for. Ties go to the lower row.

With `divert`, units under way to what is less urgent compete on equal terms, by the rule of JEMSS between the priorities
that the settings name: there, of the calls of medium and low priority for those of high. Whoever loses its unit is
served anew in the same turn.
"""

from collections.abc import Mapping

from msgspec import Struct

from engine.model.place import PRIORITIES
from engine.model.why import Why
from engine.policy.dispatch.expecting import expected
from engine.policy.dispatch.greedy import Search
from engine.policy.dispatch.relief import relieve
from engine.policy.dispatch.solution import Estimate, Reviewed, Solution
from engine.policy.dispatch.telling import Terms
from engine.policy.dispatch.why import explain
from engine.state.records import Incident
from engine.state.world import World


class Nearest(Struct, frozen=True, tag="nearest"):
    """Send whoever is there first."""

    divert: bool = False
    """Units under way compete as well."""
    divert_from: tuple[int, ...] = (2, 3, 4, 5)
    """Priorities of incidents that may lose a unit …"""
    divert_to: tuple[int, ...] = (1,)
    """… and of those that may get it. What gets it is always the more urgent one."""
    supersede: bool = False
    """A unit that comes free takes over from one under way where it is so much sooner as the place's rules ask."""

    def __post_init__(self) -> None:
        """Raise ValueError for a priority that there is not."""
        for field in ("divert_from", "divert_to"):
            wrong = [priority for priority in getattr(self, field) if priority not in PRIORITIES]
            if wrong:
                raise ValueError(f"{field}: {wrong[0]} is no priority; there are {PRIORITIES[0]} to {PRIORITIES[-1]}")

    @property
    def name(self) -> str:
        """What a why calls it; the settings are part of it, so that it can be asked again years later."""
        takes_over = ", takes over" if self.supersede else ""
        if not self.divert:
            return f"nearest{takes_over}"
        source, target = ("".join(map(str, sorted(set(each)))) for each in (self.divert_from, self.divert_to))
        return f"nearest, diverts from {source} to {target}{takes_over}"

    @property
    def relieves(self) -> bool:
        """Where it is told to."""
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
        """Give each open place, in the queue's order, the unit that is there first; then see who could be relieved."""
        search = Search(world, self._terms(take=take), spoken_for or {})
        search.serve(incidents)
        relief = relieve(search, reviewed) if self.supersede and take else {}
        return search.answer(incidents, reviewed, relief)

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say what the proposal for the incident rests on; with a row, what speaks for or against that unit."""
        return explain(world, incident, solution, self._terms(take=True), row)

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there and by which way, whether it would be chosen or not."""
        return expected(world, row, incident)

    def _terms(self, *, take: bool) -> Terms:
        divert = self.divert and take
        source, target = (self.divert_from, self.divert_to) if divert else ((), ())
        return Terms(self.name, prices=False, waits=False, divert_from=source, divert_to=target)
