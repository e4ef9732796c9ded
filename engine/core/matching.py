"""From proposals to facts: all waiting incidents are matched together, and each plan's mode says how far to go."""

from engine.core import sending
from engine.core.recorder import Recorder
from engine.model.facts import UnitsRecommended
from engine.model.place import Mode
from engine.policy import Proposal, Solution
from engine.state.records import Incident

ENGINE = "engine"
"""Who decided, where no person did."""


def match_waiting(turn: Recorder) -> None:
    """Match the queue; record what is new; dispatch what a plan lets the engine dispatch.

    Shadow plans are matched after all others, on the same units as if nothing had been sent: what they would do
    must neither take a unit away nor depend on what was left over.
    """
    queue = _head(turn)
    shadows = [incident for incident in queue if _mode(turn, incident) is Mode.SHADOW]
    others = [incident for incident in queue if _mode(turn, incident) is not Mode.SHADOW]
    _recommend(turn, shadows)
    for incident, proposal in _recommend(turn, others):
        if _mode(turn, incident) is Mode.AUTO:
            _dispatch(turn, incident, proposal)


def explain_again(turn: Recorder, incident: Incident) -> None:
    """Match the queue and write down what it means for this incident, changed or not."""
    queue = _head(turn)
    if incident.id in turn.world.waiting and incident not in queue:
        queue.append(incident)
    solution = turn.dispatch.solve(turn.world, queue)
    _record(turn, incident, solution, solution.proposals.get(incident.id, Proposal((), ())))


def _head(turn: Recorder) -> list[Incident]:
    """Return the first of the queue, as many as are solved together."""
    head: list[Incident] = []
    slots = 0
    for incident in turn.world.queue():
        slots += sum(turn.world.lacking(incident).values())
        if head and slots > turn.world.settled.limits.joint_slots:
            break
        head.append(incident)
    return head


def _mode(turn: Recorder, incident: Incident) -> Mode:
    return turn.world.plans[incident.plan].mode


def _recommend(turn: Recorder, incidents: list[Incident]) -> list[tuple[Incident, Proposal]]:
    if not incidents:
        return []
    solution = turn.dispatch.solve(turn.world, incidents)
    proposals = [(incident, solution.proposals[incident.id]) for incident in incidents]
    for incident, proposal in proposals:
        if _is_news(incident, proposal):
            _record(turn, incident, solution, proposal)
    return proposals


def _is_news(incident: Incident, proposal: Proposal) -> bool:
    said = [(choice.slot, choice.unit) for choice in incident.recommended], incident.short
    says = [(choice.slot, choice.unit) for choice in proposal.choices], proposal.short
    return said != says


def _record(turn: Recorder, incident: Incident, solution: Solution, proposal: Proposal) -> None:
    why = turn.dispatch.explain(turn.world, incident, solution)
    mode = _mode(turn, incident)
    turn.record(UnitsRecommended(incident.id, mode, proposal.choices, proposal.short, why))


def _dispatch(turn: Recorder, incident: Incident, proposal: Proposal) -> None:
    for choice in proposal.choices:
        sending.dispatch(turn, choice.unit, incident, slot=choice.slot, eta_ms=choice.eta_ms, by=ENGINE)
