"""Would this place work? What a careful chief asks once the files agree with each other.

Rule: an error is what would leave a call without help by plan; a warning is what is probably not meant. A plan applies
to an incident if it names the type (or "*") and the priority; where several do, the first in the file counts.
"""

from engine.model.demand import Demand
from engine.model.place import PRIORITIES, Place
from engine.model.plans import Plan
from gateways.places import files
from gateways.places.mistakes import Findings
from gateways.places.references import ANY
from gateways.places.staffing import check_staffing

MORE = 5
"""Names listed in one message."""


def check_soundness(place: Place, demand: Demand | None, findings: Findings) -> None:
    """Report what would go wrong at work."""
    for what, file, rows in (
        ("units", files.UNITS, place.units),
        ("plans", files.PLANS, place.plans),
        ("incident types", files.TYPES, place.types),
        ("stations", files.STATIONS, place.stations),
    ):
        if not rows:
            findings.error(file, "", f"names no {what}")
    _plan_cover(place, demand, findings)
    _reachable(place, findings)
    _inside(place, demand, findings)
    _capabilities_used(place, findings)
    _alerts(place, findings)
    if demand is not None and demand.care.transport_share > 0 and not place.hospitals:
        findings.warning(files.HOSPITALS, "", "names no hospital, but demand.toml has patients to transport")
    check_staffing(place, findings)


def plan_for(place: Place, type_id: str, priority: int) -> Plan | None:
    """Return the plan that applies, or None."""
    for plan in place.plans:
        if priority in plan.priorities and (type_id in plan.types or ANY in plan.types):
            return plan
    return None


def _plan_cover(place: Place, demand: Demand | None, findings: Findings) -> None:
    """Every type needs a plan at its own priority and at those the demand calls for; better at all five."""
    sure = {type_.id: {type_.priority: None} for type_ in place.types}
    sure.setdefault(place.emergency_type, {})[1] = None
    for share in demand.shares if demand else ():
        if share.share > 0:
            sure[share.type][share.priority] = None
    for number, type_ in enumerate(place.types):
        missing = [priority for priority in PRIORITIES if plan_for(place, type_.id, priority) is None]
        certain = [priority for priority in missing if priority in sure[type_.id]]
        rest = [priority for priority in missing if priority not in sure[type_.id]]
        path = f"type[{number}]"
        if certain:
            note = " (it is the emergency_type)" if type_.id == place.emergency_type and 1 in certain else ""
            findings.error(files.TYPES, path, f'"{type_.id}" has no plan at priority {_list(certain)}{note}')
        if rest:
            message = f'"{type_.id}" has no plan at priority {_list(rest)}: a call reported so would wait for a person'
            findings.warning(files.TYPES, path, message)


def _reachable(place: Place, findings: Findings) -> None:
    """A plan that never comes first is written in vain."""
    taken: dict[tuple[str, int], str] = {}
    for number, plan in enumerate(place.plans):
        names = [type_.id for type_ in place.types] if ANY in plan.types else plan.types
        wanted = [(name, priority) for name in names for priority in plan.priorities]
        if all(each in taken for each in wanted):
            before = _list(sorted({taken[each]: None for each in wanted}))
            findings.warning(files.PLANS, f"plan[{number}]", f'"{plan.id}" is never reached: {before} comes first')
        for each in wanted:
            taken.setdefault(each, plan.id)


def _inside(place: Place, demand: Demand | None, findings: Findings) -> None:
    """What stands outside the bounds would be refused at work."""
    west, south, east, north = place.bounds

    def outside(x_m: int, y_m: int) -> bool:
        return not (west <= x_m <= east and south <= y_m <= north)

    for file, rows in ((files.STATIONS, place.stations), (files.HOSPITALS, place.hospitals)):
        for row in rows:
            if outside(row.x_m, row.y_m):
                findings.error(file, f'"{row.id}"', "lies outside the bounds of place.toml")
    for area in place.areas:
        if all(outside(x, y) for x, y in area.polygon):
            findings.warning(files.AREAS, f'"{area.id}"', "lies wholly outside the bounds of place.toml")
    for line, zone in enumerate(demand.zones if demand else (), start=2):
        if zone.weight > 0 and outside(zone.x_m, zone.y_m):
            findings.error(files.ZONES, f"line {line}", "lies outside the bounds of place.toml: calls would be refused")


def _capabilities_used(place: Place, findings: Findings) -> None:
    offered = wanted = 0
    for unit in place.units:
        offered |= unit.capabilities
    asked = [choice.needs for plan in place.plans for slot in plan.slots for choice in slot.choices]
    for needs in asked:
        wanted |= needs
    for number, name in enumerate(place.capabilities):
        if not (offered >> number & 1 or wanted >> number & 1):
            findings.warning(files.PLACE, f"capabilities[{number}]", f'"{name}" is neither offered nor asked for')
    idle: dict[str, None] = {}
    fits = {mask: any(needs & mask == needs for needs in asked) for mask in {u.capabilities for u in place.units}}
    for unit in place.units:
        if not fits[unit.capabilities]:
            idle[unit.id] = None
    if idle:
        findings.warning(
            files.UNITS, "", f"no plan would ever send {_list(list(idle))}: nothing asks for what they can do"
        )


def _alerts(place: Place, findings: Findings) -> None:
    alerts = place.alerts
    if alerts.deadline_ms < alerts.acknowledge_within_ms:
        message = "is shorter than acknowledge_within_s: a person is told before the unit has had its time"
        findings.warning(files.PLACE, "alerts.deadline_s", message)
    if len(dict.fromkeys(alerts.ladder)) < len(alerts.ladder):
        findings.warning(files.PLACE, "alerts.ladder", "names an endpoint twice")
    if list(place.limits.pending_after_ms) != sorted(place.limits.pending_after_ms):
        message = "should rise: the most urgent calls may wait the shortest"
        findings.warning(files.PLACE, "limits.pending_after_s", message)


def _list(names: list[int] | list[str]) -> str:
    """Return the first few, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MORE])
    return shown + (f" and {len(names) - MORE} more" if len(names) > MORE else "")
