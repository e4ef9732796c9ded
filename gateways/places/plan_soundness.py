"""Is there a plan for every call, and a use for every plan?

Rule: the first plan in the file that covers an incident counts (`engine.model.covering`). A plan with conditions (codes,
areas, hours) leaves a gap beside them, which another one has to fill.
"""

from engine.model.covering import ANY_TYPE
from engine.model.demand import Demand
from engine.model.determinants import includes
from engine.model.place import PRIORITIES, Place
from engine.model.plans import Plan
from gateways.places import files
from gateways.places.hours import WEEK, joined
from gateways.places.mistakes import Findings, listed
from gateways.places.staffing import first_gap

EVERYWHERE = ""
"""A gap that is no gap beside a condition: there is no plan at all."""


def check_plan_cover(place: Place, demand: Demand | None, findings: Findings) -> None:
    """Every type needs a plan at its own priority and at those that are sure to occur; better at all five."""
    sure = _sure_priorities(place, demand)
    for number, type_ in enumerate(place.types):
        by_gap: dict[tuple[bool, str], list[int]] = {}
        for priority in PRIORITIES:
            gap = gap_of(place, type_.id, priority)
            if gap is not None:
                by_gap.setdefault((priority in sure[type_.id], gap), []).append(priority)
        for (certain, gap), missing in sorted(by_gap.items(), reverse=True):
            message = f'"{type_.id}" has no plan at priority {listed(missing)}{gap}'
            if certain:
                emergency = type_.id == place.emergency_type and 1 in missing
                note = " (it is the emergency_type)" if emergency else ""
                findings.error(files.TYPES, f"type[{number}]", message + note)
            else:
                note = ": a call reported so would wait for a person"
                findings.warning(files.TYPES, f"type[{number}]", message + note)


def _sure_priorities(place: Place, demand: Demand | None) -> dict[str, list[int]]:
    sure = {type_.id: [type_.priority] for type_ in place.types}
    sure.setdefault(place.emergency_type, []).append(1)
    for share in demand.shares if demand else ():
        if share.share > 0:
            sure[share.type].append(share.priority)
    for each in place.determinations:
        sure[each.type].append(each.priority)
    return sure


def gap_of(place: Place, type_id: str, priority: int) -> str | None:
    """Return where or when no plan covers such a call that comes without a code; None: there always is one."""
    plans = [plan for plan in plans_for(place, type_id, priority) if not plan.codes]
    if not plans:
        return EVERYWHERE
    for area in (None, *dict.fromkeys(area for plan in plans for area in plan.areas)):
        here = [plan for plan in plans if not plan.areas or area in plan.areas]
        where = "" if area is None and not any(plan.areas for plan in plans) else _where(area)
        if not here:
            return where
        if all(plan.windows for plan in here):
            when = first_gap([window for plan in here for window in plan.windows])
            if when:
                return f"{where} {when}"
    return None


def _where(area: str | None) -> str:
    return " outside the areas that its plans name" if area is None else f' in area "{area}"'


def plans_for(place: Place, type_id: str, priority: int) -> list[Plan]:
    """Return the plans that may cover such a call, in order, with and without conditions."""
    return [
        plan
        for plan in place.plans
        if priority in plan.priorities and (type_id in plan.types or ANY_TYPE in plan.types)
    ]


def check_reachable(place: Place, findings: Findings) -> None:
    """A plan or a determination that never comes first is written in vain."""
    earlier: dict[tuple[str, int], list[Plan]] = {}
    for number, plan in enumerate(place.plans):
        names = [type_.id for type_ in place.types] if ANY_TYPE in plan.types else plan.types
        wanted = [(name, priority) for name in names for priority in plan.priorities]
        before = [next((p.id for p in earlier.get(each, ()) if _takes_all(p, plan)), None) for each in wanted]
        if None not in before:
            first = listed(sorted({name: None for name in before if name}))
            findings.warning(files.PLANS, f"plan[{number}]", f'"{plan.id}" is never reached: {first} comes first')
        for each in wanted:
            earlier.setdefault(each, []).append(plan)
    patterns: list[str] = []
    for number, determination in enumerate(place.determinations):
        if all(any(includes(wide, code) for wide in patterns) for code in determination.codes):
            message = f"{listed(list(determination.codes))} is never reached: an earlier one comes first"
            findings.warning(files.DETERMINATIONS, f"determination[{number}]", message)
        patterns += determination.codes


def _takes_all(first: Plan, second: Plan) -> bool:
    """Tell whether the first plan's conditions hold wherever the second one's do."""
    return (
        (not first.areas or (bool(second.areas) and all(area in first.areas for area in second.areas)))
        and (not first.windows or _within(second.windows or ((0, WEEK),), first.windows))
        and (not first.codes or (bool(second.codes) and all(_included(code, first.codes) for code in second.codes)))
    )


def _included(code: str, patterns: tuple[str, ...]) -> bool:
    return any(includes(wide, code) for wide in patterns)


def _within(inner: tuple[tuple[int, int], ...], outer: tuple[tuple[int, int], ...]) -> bool:
    return joined([*inner, *outer]) == joined(outer)
