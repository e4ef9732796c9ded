"""Decisions about plans: which one an incident gets, what a determinant code says of it, the next alarm level."""

from engine.core import holding
from engine.core.lookup import check_text, open_incident
from engine.core.recorder import Recorder, Refused
from engine.model.covering import Case, determination_of, plan_covering
from engine.model.determinants import CODE_MAX, normal_code
from engine.model.hours import local_minute_of_week
from engine.model.place import PRIORITIES, Determination
from engine.model.plans import Plan
from engine.model.response_facts import AlarmStruck
from engine.model.response_inputs import StrikeAlarm
from engine.state.world import World


def plan_for(world: World, type_id: str, priority: int, *, code: str = "", area: str | None = None) -> Plan:
    """Return the first plan of the place that covers such an incident now, or refuse."""
    if type_id not in world.types:
        raise Refused("unknown_type", "type", f"The place has no incident type {type_id!r}.")
    if priority not in PRIORITIES:
        raise Refused("out_of_range", "priority", f"Priority {priority} is not one of 1 (most urgent) to 5.")
    minute = local_minute_of_week(world.settled, world.now)
    plan = plan_covering(world.settled, Case(type_id, priority, code, area, minute))
    if plan is None:
        where = f" in area {area!r}" if area else ""
        raise Refused(
            "no_plan",
            "type",
            f"No response plan covers {type_id!r} at priority {priority}{where} at this hour. "
            "Add one, or give it a plan with types = ['*'].",
        )
    return plan


def checked_code(code: str) -> str:
    """Return the code in its normal form, or refuse one that is too long to be a code."""
    if len(code) > CODE_MAX:
        raise Refused("too_long", "code", f"code has {len(code)} characters; a code has at most {CODE_MAX}.")
    return normal_code(code)


def determined(world: World, type_id: str, code: str) -> tuple[str, Determination | None]:
    """Return the incident type, which the code says where nobody does, and what else the code says; or refuse."""
    said = determination_of(world.settled, code)
    if type_id:
        return type_id, said
    if said is not None:
        return said.type, said
    if code:
        raise Refused(
            "unknown_code",
            "code",
            f"No determination of the place fits code {code!r}, so it does not say what has happened. "
            "Give the incident type as well, or add the code to determinations.toml.",
        )
    raise Refused("missing", "type", "The report has neither an incident type nor a determinant code; give one.")


def strike_alarm(turn: Recorder, given: StrikeAlarm) -> None:
    """Send what the plan adds at the next alarm level, or at the one that is named with all below it."""
    incident = open_incident(turn.world, given.incident)
    check_text(reason=given.reason)
    plan = turn.world.plans[incident.plan]
    levels = [each.level for each in plan.alarms]
    if not levels:
        raise Refused(
            "no_alarms", "incident", f"Plan {plan.id!r} has no further alarm. Dispatch units by name instead."
        )
    next_level = next((level for level in levels if level > incident.alarm), None)
    level = given.level if given.level is not None else next_level
    if level is None:
        raise Refused(
            "top_alarm",
            "level",
            f"{incident.id} is at alarm {incident.alarm}, the highest of plan {plan.id!r}. Dispatch units by name instead.",
        )
    if level <= incident.alarm:
        raise Refused("not_higher", "level", f"{incident.id} is at alarm {incident.alarm} already; name a higher one.")
    if level not in levels:
        known = ", ".join(str(each) for each in levels)
        raise Refused("unknown_level", "level", f"Plan {plan.id!r} has no alarm {level}; it has {known}.")
    holding.hurry(turn, incident, given.by)
    turn.record(AlarmStruck(incident.id, level, given.reason, given.by))
    turn.match = True
