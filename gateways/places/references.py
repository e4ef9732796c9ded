"""Do the files of a place agree with each other? Every name that is used must be known.

Rule: what stands in a file that could not be read counts as known, so that one broken file is one mistake.
"""

from collections.abc import Iterable
from typing import Any

from engine.model.lifecycle import Status
from engine.model.place import CAPABILITIES_MAX
from engine.model.roads import HOURS_OF_WEEK
from gateways.places import files
from gateways.places.decode import join
from gateways.places.draft import Draft
from gateways.places.files import PlaceFile, UnitRow
from gateways.places.hours import parse_windows
from gateways.places.mistakes import Findings, like
from gateways.places.plan_references import check_plans
from gateways.places.rule_files import unknown_statuses
from gateways.places.tables import Rows
from gateways.places.timezones import utc_offsets

MEAN_TOLERANCE = 0.005
"""Shares sum to 1 and hourly factors have mean 1, within this."""


def check_references(draft: Draft, findings: Findings) -> None:
    """Report unknown and repeated names, and values that no file may hold."""
    if draft.place is not None:
        _place(draft.place, draft, findings)
    check_plans(draft, findings)
    _rules(draft, findings)
    _shifts(draft, findings)
    _crews_and_units(draft, findings)
    _demand(draft, findings)


def _place(place: PlaceFile, draft: Draft, findings: Findings) -> None:
    def error(path: str, message: str) -> None:
        findings.error(files.PLACE, path, message)

    try:
        utc_offsets(place.timezone)
    except ValueError as trouble:
        error("timezone", str(trouble))
    if place.bounds is not None and place.margin_m is not None:
        error("margin_m", "give either bounds or margin_m, not both")
    box = place.bounds
    if box is not None and not (box.south < box.north and box.west < box.east):
        error("bounds", "is empty: south must lie below north and west before east")
    if not place.capabilities:
        error("capabilities", "is empty: units are told apart by their capabilities")
    if len(place.capabilities) > CAPABILITIES_MAX:
        error("capabilities", f"has {len(place.capabilities)} names; at most {CAPABILITIES_MAX} fit")
    for position in repeats(place.capabilities):
        error(f"capabilities[{position}]", f'"{place.capabilities[position]}" stands twice')
    if draft.types.unknown(place.emergency_type):
        hint = like(place.emergency_type, draft.types.ids)
        error("emergency_type", f'unknown incident type "{place.emergency_type}"{hint}')
    for number, profile in enumerate(place.travel.profile):
        if len(profile.percent) not in (24, HOURS_OF_WEEK):
            message = f"needs 24 hours of a day or {HOURS_OF_WEEK} of a week; found {len(profile.percent)}"
            error(f"travel.profile[{number}].percent", message)
    if not place.alerts.ladder:
        error("alerts.ladder", 'is empty: no unit could be told; ["log"] is the least')


def _capabilities(file: str, path: str, names: Iterable[str], draft: Draft, findings: Findings) -> None:
    if draft.place is None:
        return
    for name in names:
        if name not in draft.place.capabilities:
            hint = like(name, draft.place.capabilities) if findings.naming(file) else ""
            findings.error(file, path, f'unknown capability "{name}"{hint}')


def _shifts(draft: Draft, findings: Findings) -> None:
    for path, shift in draft.shifts.rows:
        if not shift.windows:
            findings.error(files.SHIFTS, join(path, "windows"), f'is empty: shift "{shift.id}" has no hours')
        for number, text in enumerate(shift.windows):
            try:
                parse_windows([text])
            except ValueError as trouble:
                findings.error(files.SHIFTS, join(path, f"windows[{number}]"), str(trouble))


def _crews_and_units(draft: Draft, findings: Findings) -> None:
    for path, crew in draft.crews.rows:
        _known(files.CREWS, path, "shift", crew.shift, draft.shifts, findings)
    for path, unit in draft.units.rows:
        _known(files.UNITS, path, "station", unit.station, draft.stations, findings)
        _known(files.UNITS, path, "crew", unit.crew, draft.crews, findings)
        _known(files.UNITS, path, "shift", unit.shift, draft.shifts, findings)
        _known(files.UNITS, path, "agency", unit.agency, draft.agencies, findings)
        _capabilities(files.UNITS, join(path, "capabilities"), unit.capabilities.split(), draft, findings)
        _staff(path, unit, findings)


def _staff(path: str, unit: UnitRow, findings: Findings) -> None:
    if unit.staff_min > unit.staff:
        full = f"its full crew is {unit.staff}" if unit.staff else "staff is not given"
        findings.error(files.UNITS, join(path, "staff_min"), f"is {unit.staff_min}, but {full}: it could never be sent")


def _rules(draft: Draft, findings: Findings) -> None:
    known = [status.value for status in Status]
    for word in unknown_statuses(draft.rules) if draft.rules is not None else ():
        message = f'unknown status "{word}"{like(word, known)}; known are {", ".join(known)}'
        findings.error(files.RULES, f"watch.unchanged_s.{word}", message)


def _known(file: str, path: str, what: str, name: str | None, rows: Rows[Any], findings: Findings) -> None:
    if name is not None and rows.unknown(name):
        hint = like(name, rows.ids) if findings.naming(file) else ""
        findings.error(file, join(path, what), f'unknown {what} "{name}"{hint}; {rows.file} does not have it')


def _demand(draft: Draft, findings: Findings) -> None:
    demand = draft.demand
    if demand is None:
        return

    def error(path: str, message: str) -> None:
        findings.error(files.DEMAND, path, message)

    for number, share in enumerate(demand.share):
        if draft.types.unknown(share.type):
            hint = like(share.type, draft.types.ids)
            error(f"share[{number}].type", f'unknown incident type "{share.type}"{hint}')
    if demand.calls_per_day <= 0:
        error("calls_per_day", "is zero: leave demand.toml out if no calls are wanted")
    if len(demand.hourly) != 24:
        error("hourly", f"needs 24 factors, one for each hour; found {len(demand.hourly)}")
    elif abs((mean := sum(demand.hourly) / 24) - 1) > MEAN_TOLERANCE:
        error("hourly", f"the factors must have mean 1; theirs is {mean:.4g} (divide each by it)")
    if abs((total := sum(share.share for share in demand.share)) - 1) > MEAN_TOLERANCE:
        error("share", f"the shares must sum to 1; theirs is {total:.4g}")
    if draft.zones.readable and sum(zone.weight for zone in draft.zones) <= 0:
        findings.error(files.ZONES, "", "has no weight: calls would have nowhere to come from")


def repeats(values: Iterable[object]) -> list[int]:
    """Return the positions of values that stood earlier already."""
    seen: dict[object, None] = {}
    again = []
    for position, each in enumerate(values):
        if each in seen:
            again.append(position)
        seen[each] = None
    return again
