"""Does each plan name what the other files know, and does it agree with itself? See `references.py`."""

from collections.abc import Callable

from msgspec.structs import replace

from engine.model.determinants import trouble_of
from gateways.places import files
from gateways.places.decode import join
from gateways.places.draft import Draft
from gateways.places.hours import parse_windows
from gateways.places.mistakes import Findings, like
from gateways.places.plan_files import PlanRow, SlotTable

ANY = "*"
Say = Callable[[str, str], None]


def check_plans(draft: Draft, findings: Findings) -> None:
    """Report unknown names in plans and determinations, and plans that contradict themselves."""
    for path, plan in draft.plans.rows:

        def error(where: str, message: str, path: str = path) -> None:
            findings.error(files.PLANS, join(path, where), message)

        _types(plan, draft, error)
        _hours(plan, error)
        _codes(plan.codes, error)
        _names(plan, error)
        _levels(plan, error)
        _same_slots(plan, error)
        for where, slot in plan.slots():
            for part, needs in needs_of(slot):
                _needs(f"{where}.{part}", needs, draft, error)
    _determinations(draft, findings)


def check_areas(draft: Draft, areas: tuple[str, ...], findings: Findings) -> None:
    """Report areas that plans name and areas.geojson does not have."""
    for path, plan in draft.plans.rows:
        for number, name in enumerate(plan.areas):
            if name not in areas:
                message = f'unknown area "{name}"{like(name, areas)}; {files.AREAS} does not have it'
                findings.error(files.PLANS, join(path, f"areas[{number}]"), message)


def _types(plan: PlanRow, draft: Draft, error: Say) -> None:
    for position, name in enumerate(plan.types):
        if name != ANY and draft.types.unknown(name):
            error(f"types[{position}]", f'unknown incident type "{name}"{like(name, draft.types.ids)}')
    for where, values in (("types", plan.types), ("priorities", plan.priorities), ("slot", plan.slot)):
        if not values:
            error(where, f'is empty: plan "{plan.id}" would never send anyone')


def _hours(plan: PlanRow, error: Say) -> None:
    for number, text in enumerate(plan.hours):
        try:
            parse_windows([text])
        except ValueError as trouble:
            error(f"hours[{number}]", str(trouble))


def _codes(codes: tuple[str, ...], error: Say) -> None:
    for number, pattern in enumerate(codes):
        if trouble := trouble_of(pattern):
            error(f"codes[{number}]", f'"{pattern}" {trouble}')


def _names(plan: PlanRow, error: Say) -> None:
    """Report names that stand twice where each may stand once."""
    lists: list[tuple[str, tuple[object, ...]]] = [
        *(("types", plan.types), ("priorities", plan.priorities), ("codes", plan.codes), ("areas", plan.areas)),
        *(("slot", _ids(plan.slot)), ("option", tuple(option.id for option in plan.option))),
        *((f"option[{number}].slot", _ids(option.slot)) for number, option in enumerate(plan.option)),
        *((f"alarm[{number}].slot", _ids(alarm.slot)) for number, alarm in enumerate(plan.alarm)),
    ]
    for where, names in lists:
        for position, name in enumerate(names):
            if name in names[:position]:
                error(f"{where}[{position}]", f'"{name}" stands twice')
    for where, names in lists[5:]:
        if not names and where.endswith(".slot"):
            error(where, "is empty: it would send nobody")


def _ids(slots: tuple[SlotTable, ...]) -> tuple[str, ...]:
    return tuple(slot.id for slot in slots)


def _levels(plan: PlanRow, error: Say) -> None:
    for number, alarm in enumerate(plan.alarm):
        if alarm.level != number + 2:
            error(f"alarm[{number}].level", f"must be {number + 2}: levels rise one by one from 2; found {alarm.level}")
            return


def _same_slots(plan: PlanRow, error: Say) -> None:
    """A slot's id means the same slot in all of the plan, so that a filled place stays filled when the way changes."""
    first: dict[str, tuple[str, SlotTable]] = {}
    for where, slot in plan.slots():
        earlier, known = first.setdefault(slot.id, (where, slot))
        if earlier.rpartition(".")[0] != where.rpartition(".")[0] and replace(known, count=slot.count) != slot:
            message = f'"{slot.id}" differs from {earlier}: all but its count must be alike, or it needs another id'
            error(where, message)


def needs_of(slot: SlotTable) -> list[tuple[str, tuple[str, ...]]]:
    """Return (path inside the slot, capability names): what is asked for, then the substitutes."""
    substitutes = [(f"or[{number}].needs", each.needs) for number, each in enumerate(slot.or_)]
    return [("needs", slot.needs), *substitutes]


def _needs(path: str, needs: tuple[str, ...], draft: Draft, error: Say) -> None:
    if not needs:
        error(path, "is empty: any unit at all would do; name a capability")
    known = draft.place.capabilities if draft.place is not None else needs
    for name in needs:
        if name not in known:
            error(path, f'unknown capability "{name}"{like(name, known)}')


def _determinations(draft: Draft, findings: Findings) -> None:
    for path, row in draft.determinations.rows:

        def error(where: str, message: str, path: str = path) -> None:
            findings.error(files.DETERMINATIONS, join(path, where), message)

        if not row.codes:
            error("codes", "is empty: no call would ever be meant")
        _codes(row.codes, error)
        if draft.types.unknown(row.type):
            error("type", f'unknown incident type "{row.type}"{like(row.type, draft.types.ids)}')
