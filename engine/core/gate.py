"""What an automatic dispatch must be sure of. Where it is not, a person is asked: the decision stands as advice."""

from engine.core import alarms
from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmKind
from engine.model.plans import Gate
from engine.model.response_facts import AutoWithheld
from engine.policy import Proposal
from engine.state.records import Incident
from engine.state.world import World


def withholds(turn: Recorder, incident: Incident, proposal: Proposal) -> bool:
    """Tell whether a person has to decide this time, and have one asked."""
    reason = _emptied(incident) or doubt(turn.world, turn.world.plans[incident.plan].gate, proposal)
    if reason:
        withhold(turn, incident, reason)
    return bool(reason)


def _emptied(incident: Incident) -> str:
    """Return that a person has taken the last unit from it; "": nobody has. Who it was had a reason."""
    return f"{incident.emptied_by} has released its last unit" if incident.emptied_by else ""


def withhold(turn: Recorder, incident: Incident, reason: str) -> None:
    """Have a person decide, unless one has been asked already."""
    if alarms.standing(turn, AlarmKind.WITHHELD, incident.id, None) is None:
        turn.record(AutoWithheld(incident.id, reason))
        text = f"{incident.id} is not dispatched by itself: {reason}. Accept the recommendation, or choose."
        alarms.raise_alarm(turn, AlarmKind.WITHHELD, incident.id, None, text)


def doubt(world: World, gate: Gate, proposal: Proposal) -> str:
    """Return what the decision is not sure enough of; "" where it is sure."""
    if gate.complete and proposal.short:
        lacks = ", ".join(f"{shortage.missing} {shortage.slot}" for shortage in proposal.short)
        return f"it lacks {lacks}"
    for choice in proposal.choices:
        if gate.spread_ms is not None and choice.spread_ms > gate.spread_ms:
            return (
                f"the ETA of {choice.unit} may be {choice.spread_ms // 1000} s off, "
                f"more than {gate.spread_ms // 1000} s"
            )
        row = world.fleet.rows[choice.unit]
        age_ms = world.now - int(world.fleet.fix_ms[row])
        if gate.fix_age_ms is not None and not world.fleet.assumed[row] and age_ms > gate.fix_age_ms:
            return f"the position of {choice.unit} is {age_ms // 1000} s old, more than {gate.fix_age_ms // 1000} s"
    return ""
