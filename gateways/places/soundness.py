"""Would this place work? What a careful chief asks once the files agree with each other.

Rule: an error is what would leave a call without help by plan; a warning is what is probably not meant.
"""

from engine.model.demand import Demand
from engine.model.place import Place
from gateways.places import files
from gateways.places.mistakes import Findings, listed
from gateways.places.plan_soundness import check_plan_cover, check_reachable
from gateways.places.staffing import check_staffing, slots_of


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
    check_plan_cover(place, demand, findings)
    check_reachable(place, findings)
    _inside(place, demand, findings)
    _capabilities_used(place, findings)
    _alerts(place, findings)
    _weights(place, findings)
    if demand is not None and demand.care.transport_share > 0 and not place.hospitals:
        findings.warning(files.HOSPITALS, "", "names no hospital, but demand.toml has patients to transport")
    check_staffing(place, findings)


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
    asked = [choice.needs for plan in place.plans for _, slot, _ in slots_of(plan) for choice in slot.choices]
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
            files.UNITS, "", f"no plan would ever send {listed(list(idle))}: nothing asks for what they can do"
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


def _weights(place: Place, findings: Findings) -> None:
    weights = list(place.matching.weights)
    if weights != sorted(weights, reverse=True):
        findings.warning(files.RULES, "matching.weights", "should fall: a second is worth most where it is most urgent")
    if 0 in weights:
        findings.warning(files.RULES, "matching.weights", "has a 0: how far away units are would not count there")
