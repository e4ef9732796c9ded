"""A unit's own emergency (panic, mayday): help is sought at once, and only a person's word ends it."""

from engine.core import sending
from engine.core.incidents import area_of, next_incident_id
from engine.core.lookup import check_given, check_text, known_unit
from engine.core.plans import plan_for
from engine.core.recorder import Recorder, Refused
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlarmRaised
from engine.model.facts import EmergencyDeclared, EmergencyResolved, IncidentReported, IncidentsLinked, NoteAdded
from engine.model.inputs import DeclareEmergency, ResolveEmergency
from engine.model.plans import Plan
from engine.state.records import UnitRecord
from engine.state.watch_times import AT_SCENE
from engine.state.world import World

OLD_MS = 60_000
"""A position older than this is said to be old: people on foot, in a burning house, move."""


def declare_emergency(turn: Recorder, given: DeclareEmergency) -> None:
    """Open an incident of the highest priority where the unit is, and raise the alarm above all others."""
    unit = known_unit(turn.world, given.unit)
    check_text(text=given.text)
    if unit.emergency is not None:
        # Nobody who calls for help a second time is told that they did wrong.
        turn.record(NoteAdded(unit.emergency, f"{unit.id} calls for help again. {given.text}".strip(), given.by))
        return
    declare(turn, unit, given.text, given.by)


def possible(world: World) -> bool:
    """Tell whether the place says what a unit's emergency is; where it does not, people have to seek help by hand."""
    return world.settled.emergency_type in world.types and bool(world.settled.plans)


def declare(turn: Recorder, unit: UnitRecord, text: str, by: str) -> None:
    """Seek help for a unit that is not in an emergency yet."""
    world = turn.world
    place = world.settled
    x_m, y_m, doubt = _whereabouts(world, unit)
    area = area_of(place, x_m, y_m)
    incident = next_incident_id(turn.world)
    turn.record(
        IncidentReported(
            incident=incident,
            type=place.emergency_type,
            priority=1,
            x_m=x_m,
            y_m=y_m,
            plan=_plan(world, area).id,
            area=area,
            address=f"last position of {unit.id}",
            caller=unit.id,
            note=_sentences(text, doubt),
            external="",
            by=by,
        )
    )
    turn.record(EmergencyDeclared(unit.id, incident, text, by))
    if unit.incident is not None:
        turn.record(IncidentsLinked(incident, unit.incident, by))
    turn.record(
        AlarmRaised(
            alarm=f"W{world.alarm_number + 1}",
            about=AlarmKind.UNIT_EMERGENCY,
            incident=incident,
            unit=unit.id,
            text=_sentences(f"{unit.id} needs help", text, doubt),
        )
    )
    turn.match = True


def _sentences(*parts: str) -> str:
    """Return what was said as sentences: each begins with a capital and ends with a stop."""
    said = [part.strip() for part in parts if part.strip()]
    return " ".join(part[0].upper() + part[1:] + ("" if part[-1] in ".!?" else ".") for part in said)


def _plan(world: World, area: str | None) -> Plan:
    """Return the plan for the emergency. A gap in the run cards (an hour, an area) must not refuse a call for help."""
    kind, plans = world.settled.emergency_type, world.settled.plans
    try:
        return plan_for(world, kind, 1, area=area)
    except Refused:
        if not possible(world):
            raise
        return next((plan for plan in plans if kind in plan.types), plans[0])


def _whereabouts(world: World, unit: UnitRecord) -> tuple[int, int, str]:
    """Return where to look for the unit, and what speaks against it.

    A crew on scene whose last position is from before it arrived, or that has sent none, is looked for at the scene:
    not on the way there, and not at the station where a unit without a device is assumed to stand.
    """
    fleet, row = world.fleet, unit.row
    fix_ms, age_ms = int(fleet.fix_ms[row]), world.now - int(fleet.fix_ms[row])
    if fix_ms >= 0 and age_ms <= OLD_MS:
        return int(fleet.x_m[row]), int(fleet.y_m[row]), ""
    what = f"Its position is {age_ms // 1000} s old" if fix_ms >= 0 else "It has sent no position"
    assignment = world.assignment(unit)
    if assignment is not None and unit.incident is not None and assignment.status in AT_SCENE:
        scene = world.open[unit.incident]
        if fix_ms < min(at_ms for rung, at_ms in assignment.stamps.items() if rung in AT_SCENE):
            return scene.x_m, scene.y_m, f"{what}; it is on scene of {scene.id}, which is shown instead."
    shown = "." if fix_ms >= 0 else "; its station is shown instead."
    return int(fleet.x_m[row]), int(fleet.y_m[row]), f"{what}{shown}"


def resolve_emergency(turn: Recorder, given: ResolveEmergency) -> None:
    """Take a person's word that the unit is safe. The incident stays until it is closed like any other."""
    unit = known_unit(turn.world, given.unit)
    check_given(reason=given.reason)
    if unit.emergency is None:
        raise Refused("no_emergency", "unit", f"{unit.id} has not declared an emergency.")
    for alarm in turn.world.alarms.about(unit.emergency):
        if alarm.unit == unit.id and alarm.about is AlarmKind.UNIT_EMERGENCY:
            turn.record(AlarmCleared(alarm.id, given.reason))
    turn.record(EmergencyResolved(unit.id, given.reason, given.by))
    if unit.incident is not None:
        # It goes on, so its place is filled again: nobody waits for another unit any more.
        sending.wait_over(turn, turn.world.open[unit.incident])
    turn.match = True
