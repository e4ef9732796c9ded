"""What would be recommended for a call that has not been reported: the judgement of the turn to come, and nothing recorded.

Rule: it reads the World between two turns and leaves it as it was. Asked or not, the same journal is written.
"""

from msgspec import Struct

from engine.core.incidents import as_reported
from engine.core.matching import foresee
from engine.core.recorder import Recorder
from engine.model.facts import Choice, Shortage
from engine.model.inputs import ReportIncident
from engine.model.plans import Mode
from engine.policy import DispatchPolicy
from engine.policy.travel import travel_model
from engine.state.fold_incidents import incident_of
from engine.state.world import World


class Preview(Struct, frozen=True):
    """What the call would become, and get, were it reported now."""

    seq: int
    """The turn after which this holds."""
    type: str
    priority: int
    plan: str
    mode: Mode
    area: str | None
    choices: tuple[Choice, ...]
    short: tuple[Shortage, ...]
    option: str
    """Which of the plan's ways to answer; "" is its own."""
    travel: str
    """How the times are found, in words."""
    behind: bool = False
    """So many wait before it that it would not be looked at at once: then there are neither choices nor shortages."""


def preview(world: World, dispatch: DispatchPolicy, given: ReportIncident) -> Preview:
    """Return what would become of the report in the turn after this one, at the time of the last. Raises Refused."""
    fact = as_reported(world, given)
    coming = incident_of(world, fact)
    proposal = foresee(Recorder(world, dispatch), coming)
    return Preview(
        seq=world.seq,
        type=fact.type,
        priority=fact.priority,
        plan=fact.plan,
        mode=world.plans[fact.plan].mode,
        area=fact.area,
        choices=() if proposal is None else proposal.choices,
        short=() if proposal is None else proposal.short,
        option="" if proposal is None else proposal.option,
        travel=travel_model(world).basis(coming),
        behind=proposal is None,
    )
