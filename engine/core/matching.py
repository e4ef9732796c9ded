"""From proposals to facts: all waiting incidents are matched together, and each plan's mode says how far to go."""

from engine.core import sending
from engine.core.recorder import Recorder
from engine.model.facts import UnitsRecommended
from engine.model.plans import Mode, Plan
from engine.policy import Proposal, Prospects, Solution
from engine.state.records import Incident
from engine.state.world import World

ENGINE = "engine"
"""Who decided, where no person did."""
PASSED_OVER_MAX = 1_024
"""Waiting incidents looked at in one turn, where nobody can help the first of them."""
OTHER_TIME_MS = 30_000
OTHER_TIME_PERCENT = 25
"""An ETA is told again where both differ by so much."""


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
    shadow = _mode(turn, incident) is Mode.SHADOW
    together = [other for other in _head(turn) if (_mode(turn, other) is Mode.SHADOW) is shadow]
    if incident.id in turn.world.waiting and all(other is not incident for other in together):
        together.append(incident)
    solution = turn.dispatch.solve(turn.world, together)
    _record(turn, incident, solution, solution.proposals.get(incident.id, Proposal((), ())))


def _head(turn: Recorder) -> list[Incident]:
    """Return the first of the queue, as many as are solved together.

    Where more wait than that, those are passed over whom nobody could help now and who have been told so: a
    hundred calls for a ladder that nobody has must not keep an ambulance from the call behind them. How many are
    passed over is bounded in all turns but those that look again at everything.
    """
    world = turn.world
    most = world.settled.limits.joint_slots
    prospects = Prospects(world) if _more_than(most, world) else None
    head: list[Incident] = []
    slots = 0
    for place, incident in enumerate(world.waiting.values()):
        if prospects is not None and _hopeless(incident, prospects, world.plans[incident.plan]):
            if place >= PASSED_OVER_MAX and not turn.look_at_all:
                break
            continue
        slots += sum(world.lacking(incident).values())
        if head and slots > most:
            break
        head.append(incident)
    return head


def _more_than(most: int, world: World) -> bool:
    slots = 0
    for incident in world.waiting.values():
        slots += sum(world.lacking(incident).values())
        if slots > most:
            return True
    return False


def _hopeless(incident: Incident, prospects: Prospects, plan: Plan) -> bool:
    told = bool(incident.short) and not incident.recommended
    return told and not any(prospects.any_for(plan, shortage.slot) for shortage in incident.short)


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
    return said != says or any(
        _is_other_time(before.eta_ms, choice.eta_ms)
        for before, choice in zip(incident.recommended, proposal.choices, strict=True)
    )


def _is_other_time(said_ms: int, says_ms: int) -> bool:
    """Tell whether a person who goes by the ETA that was told should hear the new one: a bridge was closed."""
    apart_ms = abs(says_ms - said_ms)
    return apart_ms >= OTHER_TIME_MS and 100 * apart_ms >= OTHER_TIME_PERCENT * said_ms


def _record(turn: Recorder, incident: Incident, solution: Solution, proposal: Proposal) -> None:
    why = turn.dispatch.explain(turn.world, incident, solution)
    mode = _mode(turn, incident)
    turn.record(UnitsRecommended(incident.id, mode, proposal.choices, proposal.short, why))


def _dispatch(turn: Recorder, incident: Incident, proposal: Proposal) -> None:
    for choice in proposal.choices:
        sending.dispatch(turn, choice.unit, incident, slot=choice.slot, by=ENGINE)
