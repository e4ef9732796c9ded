"""From proposals to facts: all waiting incidents are matched together, and each plan's mode says how far to go."""

from collections.abc import Collection, Container

from msgspec.structs import replace

from engine.core import advice, carrying, gate
from engine.core.recorder import ENGINE, Recorder
from engine.core.reviewing import assignments_to_review
from engine.model.facts import Choice, UnitDiverted, UnitsRecommended
from engine.model.plans import Mode
from engine.model.why import Why
from engine.policy import Proposal, Prospects, Reviewed, Solution
from engine.state.records import Incident
from engine.state.world import World

PASSED_OVER_MAX = 1_024
"""Waiting incidents looked at in one turn, where nobody can help the first of them."""
OTHER_TIME_MS = 30_000
OTHER_TIME_PERCENT = 25
"""An ETA is told again where both differ by so much."""


def match_waiting(turn: Recorder) -> None:
    """Match the queue; record what is new; carry out what the plans let the engine do by itself.

    Shadow plans are matched before all others, on the same units as if nothing had been sent: what they would do
    must neither take a unit away nor depend on what was left over.
    """
    if not (turn.world.waiting or _reviewed(turn)):
        return
    queue = turn.world.waiting.values()
    shadowed = any(plan.mode is Mode.SHADOW for plan in turn.world.plans.values())
    shadows = _head(turn, queue, shadow=True) if shadowed else []
    if shadows:
        _tell(turn, shadows, turn.dispatch.solve(turn.world, shadows, take=False))
    standing = advice.that_stands(turn)
    waiting = _head(turn, queue, shadow=False, but=standing)
    reviewed = _reviewed(turn)
    if not (waiting or reviewed):
        return
    waiting, solution = _solve(turn, queue, waiting, list(standing.values()), reviewed)
    asked = {incident.id: incident for incident in (*waiting, *(each.incident for each in reviewed))}
    robbed = [*_robbed(turn, solution, asked), *_backfilled(turn, solution, asked)]
    _tell(turn, list(asked.values()), solution)
    begun = len(turn.facts)
    for incident in asked.values():
        _carry_out(turn, incident, _for(solution, incident))
    for incident, proposal, why in robbed:
        # Told only once it is true: a diversion that waits for a person's word has left nobody without a unit.
        if incident.id in turn.world.waiting and _was_robbed(turn, incident, begun):
            _record(turn, incident, proposal, why)
            _carry_out(turn, incident, proposal)


def foresee(turn: Recorder, coming: Incident) -> Proposal | None:
    """Return what an incident would get that is not on the board, were it reported now. Records nothing.

    None: so many wait before it that it would not be looked at in that turn.
    """
    queue = turn.world.waiting.joined_by(coming)
    if _mode(turn, coming) is Mode.SHADOW:
        solution = turn.dispatch.solve(turn.world, _head(turn, queue, shadow=True), take=False)
    else:
        standing = advice.that_stands(turn)
        waiting = _head(turn, queue, shadow=False, but=standing)
        _, solution = _solve(turn, queue, waiting, list(standing.values()), _reviewed(turn))
    return solution.proposals.get(coming.id)


def _solve(
    turn: Recorder,
    queue: Collection[Incident],
    waiting: list[Incident],
    standing: list[Incident],
    reviewed: tuple[Reviewed, ...],
) -> tuple[list[Incident], Solution]:
    """Return the answer, and whom it is about: also those whose advice it breaks."""
    while True:
        spoken_for = advice.spoken_for(turn, standing)
        solution = turn.dispatch.solve(turn.world, waiting, reviewed, spoken_for=spoken_for)
        broken = {incident.id for incident in advice.broken(turn, standing, solution)}
        if not broken:
            return waiting, solution
        asked = {incident.id for incident in waiting} | broken
        waiting = [incident for incident in queue if incident.id in asked]
        standing = [incident for incident in standing if incident.id not in broken]


def explain_again(turn: Recorder, incident: Incident) -> None:
    """Match the queue and write down what it means for this incident, changed or not."""
    shadow = _mode(turn, incident) is Mode.SHADOW
    together = _head(turn, turn.world.waiting.values(), shadow=shadow)
    if incident.id in turn.world.waiting and all(other is not incident for other in together):
        together.append(incident)
    reviewed = () if shadow else _reviewed(turn)
    solution = turn.dispatch.solve(turn.world, together, reviewed, take=not shadow)
    if all(other is not incident for other in (*together, *(each.incident for each in reviewed))):
        # What it would get if it lost a unit to another one is no advice.
        others = {name: proposal for name, proposal in solution.proposals.items() if name != incident.id}
        solution = replace(solution, proposals=others)
    _record(turn, incident, _for(solution, incident), turn.dispatch.explain(turn.world, incident, solution))


def explain_shadow(turn: Recorder, incident: Incident) -> None:
    """Write down what a shadow plan would do at the moment at which a person decides, before their order is carried out.

    What was recorded when the incident came in rests on positions of then; two choices are compared fairly only where
    both were judged in one World.
    """
    if incident.id in turn.world.waiting and _mode(turn, incident) is Mode.SHADOW:
        explain_again(turn, incident)


def _head(turn: Recorder, queue: Collection[Incident], *, shadow: bool, but: Container[str] = ()) -> list[Incident]:
    """Return the first of the queue, as many as are solved together: those of shadow plans, or all others `but` these.

    Where more wait than that, those are passed over whom nobody could help now and who have been told so: a
    hundred calls for a ladder that nobody has must not keep an ambulance from the call behind them. How many are
    passed over is bounded in all turns but those that look again at everything.
    """
    world = turn.world
    most = world.settled.limits.joint_slots
    prospects = Prospects(world) if _more_than(most, world, queue) else None
    head: list[Incident] = []
    slots = passed = 0
    for incident in queue:
        if (_mode(turn, incident) is Mode.SHADOW) is not shadow or incident.id in but:
            continue
        if prospects is not None and _hopeless(world, incident, prospects):
            passed += 1
            if passed >= PASSED_OVER_MAX and not turn.look_at_all:
                break
            continue
        slots += sum(world.lacking(incident).values())
        if head and slots > most:
            break
        head.append(incident)
    return head


def _more_than(most: int, world: World, queue: Collection[Incident]) -> bool:
    slots = 0
    for incident in queue:
        slots += sum(world.lacking(incident).values())
        if slots > most:
            return True
    return False


def _hopeless(world: World, incident: Incident, prospects: Prospects) -> bool:
    if not incident.short or incident.recommended:
        return False
    slots = {slot.id: slot for slot in world.slots(incident)}
    return not any(prospects.any_for(slots[shortage.slot]) for shortage in incident.short if shortage.slot in slots)


def _reviewed(turn: Recorder) -> tuple[Reviewed, ...]:
    """Return the units under way whose place is looked at again: with cause, or because a change stands proposed."""
    found = assignments_to_review(turn) if turn.dispatch.relieves else ()
    if not turn.world.relieving:
        return found
    known = {(each.incident.id, each.unit) for each in found}
    proposed = [
        Reviewed(incident, choice.replaces)
        for incident in sorted(turn.world.relieving.values(), key=lambda incident: incident.number)
        for choice in incident.recommended
        if choice.replaces and (incident.id, choice.replaces) not in known
    ]
    return (*found, *proposed)


def _mode(turn: Recorder, incident: Incident) -> Mode:
    return turn.world.plans[incident.plan].mode


def _robbed(turn: Recorder, solution: Solution, asked: dict[str, Incident]) -> list[tuple[Incident, Proposal, Why]]:
    """Return what those would get who lose a unit, explained while nothing of it has been carried out."""
    world = turn.world
    found = [(world.open[name], proposal) for name, proposal in solution.proposals.items() if name not in asked]
    return [(incident, proposal, turn.dispatch.explain(world, incident, solution)) for incident, proposal in found]


def _was_robbed(turn: Recorder, incident: Incident, begun: int) -> bool:
    return any(isinstance(fact, UnitDiverted) and fact.source == incident.id for fact in turn.facts[begun:])


def _backfilled(turn: Recorder, solution: Solution, asked: dict[str, Incident]) -> list[tuple[Incident, Proposal, Why]]:
    """Return what those of the asked would get in the place of a unit that they lose in the same answer."""
    found = []
    for name, backfill in solution.backfills.items():
        own = _for(solution, asked[name])
        both = Proposal(backfill.choices, (*own.short, *backfill.short), own.option)
        told = replace(solution, proposals={**solution.proposals, name: both})
        found.append((asked[name], both, turn.dispatch.explain(turn.world, asked[name], told)))
    return found


def _tell(turn: Recorder, incidents: list[Incident], solution: Solution) -> None:
    """Record the recommendations that say something new."""
    news = [
        (incident, turn.dispatch.explain(turn.world, incident, solution))
        for incident in incidents
        if _is_news(incident, _for(solution, incident))
    ]
    for incident, why in news:
        _record(turn, incident, _for(solution, incident), why)


def _for(solution: Solution, incident: Incident) -> Proposal:
    """Return what the incident would get; one that was only reviewed keeps what it has, and gets nothing."""
    return solution.proposals.get(incident.id) or Proposal((), (), incident.option)


def _is_news(incident: Incident, proposal: Proposal) -> bool:
    said = tuple(choice.what for choice in incident.recommended), incident.short
    says = tuple(choice.what for choice in proposal.choices), proposal.short
    if said != says or (proposal.choices and incident.option != proposal.option):
        return True
    pairs = zip(incident.recommended, proposal.choices, strict=True)
    return any(_is_other_time(before.eta_ms, choice.eta_ms) for before, choice in pairs)


def _is_other_time(said_ms: int, says_ms: int) -> bool:
    """Tell whether a person who goes by the ETA that was told should hear the new one: a bridge was closed."""
    apart_ms = abs(says_ms - said_ms)
    return apart_ms >= OTHER_TIME_MS and 100 * apart_ms >= OTHER_TIME_PERCENT * said_ms


def _record(turn: Recorder, incident: Incident, proposal: Proposal, why: Why) -> None:
    mode = _mode(turn, incident)
    turn.record(UnitsRecommended(incident.id, mode, proposal.choices, proposal.short, why, proposal.option))


def _carry_out(turn: Recorder, incident: Incident, proposal: Proposal) -> None:
    """Do what a plan of mode auto lets the engine do; the rest stands as a recommendation."""
    if _mode(turn, incident) is not Mode.AUTO or not proposal.choices:
        return
    if gate.withholds(turn, incident, proposal):
        return
    for choice in proposal.choices:
        refusal = _not_by_itself(turn, incident, choice) or carrying.refusal(turn, incident, choice)
        if refusal:
            # The guard has the last word: what it refuses a policy, a person is asked about.
            gate.withhold(turn, incident, refusal.rstrip("."))
        else:
            carrying.carry_out(turn, incident, choice, by=ENGINE)


def _not_by_itself(turn: Recorder, incident: Incident, choice: Choice) -> str:
    """Return why the engine may not send the unit; "" if it may: nobody is robbed, or told twice to go, unasked."""
    if choice.unit in incident.turned_down:
        return f"the crew of {choice.unit} does not go, and there is nobody else"
    robbed = turn.world.open.get(choice.source)
    if robbed is None or _mode(turn, robbed) is Mode.AUTO:
        return ""
    return f"{choice.unit} would be taken from {robbed.id}, whose plan asks a person"
