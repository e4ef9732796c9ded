"""Are there units for every slot, enough of them, and at every hour? And do crews, shifts and stations make sense?"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.model.place import Crew, Place, Unit
from engine.model.plans import Plan, Slot
from gateways.places import files
from gateways.places.hours import DAY, DAYS, WEEK
from gateways.places.mistakes import Findings

Needs = tuple[int, ...]
"""The masks that may fill a slot."""


def check_staffing(place: Place, findings: Findings) -> None:
    """Report slots that cannot be filled, and rows that make no sense beside each other."""
    _slots(place, findings)
    _crews(place, findings)
    _room(place, findings)
    _unused(place, findings)
    _agencies(place, findings)
    if place.units and not any(unit.tracked for unit in place.units):
        findings.warning(files.UNITS, "", "no unit is tracked: all are taken to stand at their stations")


def slots_of(plan: Plan) -> list[tuple[str, Slot, int]]:
    """Return (path, slot, how often it is wanted there in all) for the plan's own way, its options and its alarms."""
    found = [(f"slot[{number}]", slot, slot.count) for number, slot in enumerate(plan.slots)]
    for position, option in enumerate(plan.options):
        found += [(f"option[{position}].slot[{n}]", slot, slot.count) for n, slot in enumerate(option.slots)]
    for position, alarm in enumerate(plan.alarms):
        counts = {slot.id: slot.count for slot in plan.wanted("", alarm.level)}
        found += [(f"alarm[{position}].slot[{n}]", slot, counts[slot.id]) for n, slot in enumerate(alarm.slots)]
    return found


def _slots(place: Place, findings: Findings) -> None:
    """A slot that nobody can fill is an error, unless the plan has a way without it; too few is a warning."""
    groups = _groups(place)
    for number, plan in enumerate(place.plans):
        another_way = any(all(_fitting(slot, groups) for slot in way.slots) for way in plan.ways())
        told: dict[str, None] = {}
        for where, slot, wanted in slots_of(plan):
            trouble = _trouble(slot, wanted, plan, groups, place)
            if trouble and trouble not in told:
                told[trouble] = None
                nobody = not _fitting(slot, groups) and (where.startswith("alarm") or not another_way)
                say = findings.error if nobody else findings.warning
                say(files.PLANS, f"plan[{number}].{where}", trouble)


def _trouble(slot: Slot, wanted: int, plan: Plan, groups: "Counter[Group]", place: Place) -> str:
    """Return what is wrong with the units that a slot would get, or ""."""
    fitting = _fitting(slot, groups)
    count = sum(groups[each] for each in fitting)
    if not count:
        needs = " or ".join("+".join(place.names(choice.needs)) for choice in slot.choices)
        return f'no unit can fill "{slot.id}": none has {needs}'
    if count < wanted:
        return f'"{slot.id}" asks for {wanted}, but only {count} units fit: it will always be short'
    gap = _gap(fitting, place)
    return f'"{slot.id}" of plan "{plan.id}": no unit that fits is on duty {gap}' if gap else ""


Group = tuple[int, str | None]
"""Units of equal capabilities and equal hours."""


def _groups(place: Place) -> Counter[Group]:
    shift_of = {crew.id: crew.shift for crew in place.crews}
    return Counter((unit.capabilities, _shift(unit, shift_of)) for unit in place.units)


def _shift(unit: Unit, shift_of: dict[str, str | None]) -> str | None:
    """Return the shift that counts: the unit's own, else its crew's, else none (always on)."""
    return unit.shift or (shift_of.get(unit.crew) if unit.crew else None)


def _fitting(slot: Slot, groups: Counter[Group]) -> list[Group]:
    return [group for group in groups if any(choice.needs & group[0] == choice.needs for choice in slot.choices)]


def _gap(fitting: list[Group], place: Place) -> str:
    """Return the first time of the week at which none of the groups is on duty, or nothing."""
    shifts = {shift for _, shift in fitting}
    if None in shifts:
        return ""
    return first_gap([window for shift in place.shifts if shift.id in shifts for window in shift.windows])


def first_gap(windows: Sequence[tuple[int, int]]) -> str:
    """Return the first time of the week that is in none of the windows, or nothing."""
    on = np.zeros(WEEK, dtype=np.bool_)
    for start, end in windows:
        on[start:end] = True
    return "" if on.all() else _when(on)


def _when(on: npt.NDArray[np.bool_]) -> str:
    start = int((~on).argmax())
    later = on[start:]
    end = start + (int(later.argmax()) if later.any() else len(later))
    return f"from {_moment(start)} to {_moment(end)}"


def _moment(minute: int) -> str:
    return f"{DAYS[minute // DAY % 7]} {minute % DAY // 60:02}:{minute % 60:02}"


def _crews(place: Place, findings: Findings) -> None:
    """People can be in one place and on one shift only."""
    members: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in place.units:
        if unit.crew:
            members[unit.crew].append(unit)
    for crew in place.crews:
        _crew(crew, members[crew.id], findings)


def _crew(crew: Crew, units: list[Unit], findings: Findings) -> None:
    path = f'"{crew.id}"'
    if not units:
        findings.warning(files.CREWS, path, "no unit has this crew")
    if len({unit.station for unit in units}) > 1:
        findings.warning(files.CREWS, path, "its units stand at different stations, but share the people")
    if len({unit.shift or crew.shift for unit in units}) > 1:
        findings.warning(files.CREWS, path, "its units have different shifts, but share the people")


def _room(place: Place, findings: Findings) -> None:
    """A station has room for its own units, and can spare somebody."""
    windows = {shift.id: shift.windows for shift in place.shifts}
    shift_of = {crew.id: crew.shift for crew in place.crews}
    at: defaultdict[str, list[str | None]] = defaultdict(list)
    for unit in place.units:
        at[unit.station].append(_shift(unit, shift_of))
    for station in place.stations:
        path, capacity, based = f'"{station.id}"', station.capacity, len(at[station.id])
        here = _most_at_once(at[station.id], windows)
        if capacity and here > capacity:
            findings.error(files.STATIONS, path, f"{here} units are based here at once, and its capacity is {capacity}")
        if capacity and station.minimum > capacity:
            findings.error(
                files.STATIONS, path, f"its minimum of {station.minimum} is more than its capacity of {capacity}"
            )
        elif station.minimum > based:
            message = (
                f"its minimum is {station.minimum}, but only {based} units are based here: none is ever moved away"
            )
            findings.warning(files.STATIONS, path, message)


def _most_at_once(shifts: list[str | None], windows: dict[str, tuple[tuple[int, int], ...]]) -> int:
    """Return how many units of these hours are on duty together at most."""
    on = np.zeros(WEEK, dtype=np.int64)
    for shift in shifts:
        for start, end in ((0, WEEK),) if shift is None else windows[shift]:
            on[start:end] += 1
    return int(on.max())


def _unused(place: Place, findings: Findings) -> None:
    """Rows that nothing refers to are probably left over."""
    at = {unit.station: None for unit in place.units}
    for station in place.stations:
        if station.id not in at and not station.post:
            findings.warning(
                files.STATIONS, f'"{station.id}"', "no unit is based here; mark it post = yes if that is meant"
            )
    named = [unit.shift for unit in place.units] + [crew.shift for crew in place.crews]
    used = {name: None for name in named if name}
    for shift in place.shifts:
        if shift.id not in used:
            findings.warning(files.SHIFTS, f'"{shift.id}"', "no unit and no crew works this shift")


def _agencies(place: Place, findings: Findings) -> None:
    """What was agreed with a neighbour speaks of its units."""
    units = Counter(unit.agency for unit in place.units)
    for agency in place.agencies:
        if not units[agency.id]:
            findings.warning(files.AGENCIES, f'"{agency.id}"', "no unit belongs to it: nobody could be asked for")
        elif units[agency.id] < agency.units_max:
            message = f"agreed on {agency.units_max} units, but the place has only {units[agency.id]} of it"
            findings.warning(files.AGENCIES, f'"{agency.id}"', message)
    if units and not units[None]:
        findings.warning(files.UNITS, "", "all units belong to neighbours: we have none of our own")
