"""People decide: a recommendation is accepted, edited or overridden, and what they did is evidence about the rules."""

from collections import Counter

from engine.core import carrying
from engine.core.lookup import open_incident
from engine.core.matching import explain_again
from engine.core.recorder import Recorder, Refused
from engine.model.facts import Choice
from engine.model.plans import Mode
from engine.model.response_facts import RecommendationStale, UnitsBypassed
from engine.model.response_inputs import AcceptRecommendation
from engine.state.records import Incident, UnitRecord


def accept_recommendation(turn: Recorder, given: AcceptRecommendation) -> None:
    """Carry out what the person has seen if it still holds; else tell the new best, and do nothing.

    The units are looked at as they are in this very turn: between the screen and the key press another order may
    have taken one of them.
    """
    incident = open_incident(turn.world, given.incident)
    if turn.world.plans[incident.plan].mode is Mode.SHADOW:
        raise Refused(
            "shadow_plan", "incident", f"{incident.id} has a plan that only keeps a record. Name the units to be sent."
        )
    changed = _what_changed(turn, incident, given.decision)
    if not changed and all(choice.clear_ms >= 0 for choice in incident.recommended):
        busy = ", ".join(choice.unit for choice in incident.recommended)
        raise Refused(
            "not_free_yet",
            "decision",
            f"{busy} is not free yet: {incident.id} waits for it in the queue. Stack {incident.id} on it, or name "
            "other units.",
        )
    if not changed:
        for choice in incident.recommended:
            carrying.carry_out(turn, incident, choice, by=given.by)
        turn.match = True
        return
    explain_again(turn, incident)
    best = ", ".join(f"{choice.unit} in {choice.eta_ms // 1000} s" for choice in incident.recommended) or "nobody"
    turn.record(RecommendationStale(incident.id, given.decision, f"{changed} Best now: {best}."))


def _what_changed(turn: Recorder, incident: Incident, decision: int) -> str:
    """Return why the decision cannot be carried out; "" if it can."""
    if decision != incident.decided_seq and not incident.same_seq <= decision < incident.decided_seq:
        return f"Another recommendation has been made for {incident.id} since turn {decision}."
    if not incident.recommended:
        return f"Nobody is recommended for {incident.id}."
    refusals = [carrying.refusal(turn, incident, choice) for choice in incident.recommended]
    return next((refusal for refusal in refusals if refusal), "") or _too_many(turn, incident)


def _too_many(turn: Recorder, incident: Incident) -> str:
    """Return which slot has less room by now than units are recommended for it; "" if none has."""
    wanted = Counter(choice.slot for choice in incident.recommended if choice.clear_ms < 0 and not choice.replaces)
    lacking = turn.world.lacking(incident)
    full = [slot for slot, count in wanted.items() if count > lacking.get(slot, 0)]
    return f"{incident.id} lacks fewer units for {full[0]} than were recommended." if full else ""


def record_bypassed(
    turn: Recorder, incident: Incident, named: list[UnitRecord], others: list[UnitRecord], *, reason: str, by: str
) -> None:
    """Write down whom a person passed over, and what it cost or saved. Called before the units are sent or reserved.

    `others` are those of the named units that were not recommended. Under a shadow plan they may go without a reason.
    """
    passed = _passed_over(incident, {unit.id for unit in named}, len(others))
    if not passed:
        return
    estimates = [turn.dispatch.estimate(turn.world, unit.row, incident).eta_ms for unit in others]
    turn.record(
        UnitsBypassed(
            incident=incident.id,
            decision=incident.decided_seq,
            bypassed=tuple(choice.unit for choice in passed),
            sent=tuple(unit.id for unit in others),
            later_ms=max(estimates) - max(choice.eta_ms for choice in passed),
            reason=reason,
            by=by,
        )
    )


def _passed_over(incident: Incident, sent: set[str], others: int) -> list[Choice]:
    """Return the recommended units that were not sent, as many as others were: the soonest of them."""
    left = [choice for choice in incident.recommended if choice.unit not in sent]
    return sorted(left, key=lambda choice: (choice.eta_ms, choice.unit))[:others]
