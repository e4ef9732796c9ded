"""Plans and determinations from the files' words to the engine's. Only called when the files agree: see `build.py`."""

from engine.model.place import Determination
from engine.model.plans import AlarmLevel, Alternative, Gate, Option, Plan, Slot
from gateways.places.hours import parse_windows
from gateways.places.plan_files import DeterminationRow, GateTable, PlanRow, SlotTable

Bits = dict[str, int]


def ms(seconds: float) -> int:
    """Return whole milliseconds."""
    return round(seconds * 1000)


def mask_of(names: tuple[str, ...] | list[str], bits: Bits) -> int:
    """Return the capability mask of the names."""
    mask = 0
    for name in names:
        mask |= bits[name]
    return mask


def plan_of(row: PlanRow, bits: Bits) -> Plan:
    """Return the plan of a row."""
    return Plan(
        row.id,
        row.types,
        row.priorities,
        row.mode,
        _slots(row.slot, bits),
        ms(row.acknowledge_within_s),
        codes=row.codes,
        areas=row.areas,
        windows=parse_windows(row.hours),
        options=tuple(Option(each.id, _slots(each.slot, bits), ms(each.penalty_s)) for each in row.option),
        alarms=tuple(AlarmLevel(each.level, _slots(each.slot, bits)) for each in row.alarm),
        order=row.order,
        blend_ms=ms(row.blend_s),
        gate=_gate(row.gate),
        par_every_ms=ms(row.par_every_s),
    )


def determination_of(row: DeterminationRow) -> Determination:
    """Return the determination of a row."""
    return Determination(row.codes, row.type, row.priority)


def _gate(table: GateTable) -> Gate:
    spread, age = table.spread_s, table.fix_age_s
    return Gate(None if spread is None else ms(spread), None if age is None else ms(age), table.complete)


def _slots(tables: tuple[SlotTable, ...], bits: Bits) -> tuple[Slot, ...]:
    return tuple(slot_of(table, bits) for table in tables)


def slot_of(table: SlotTable, bits: Bits) -> Slot:
    """Return the slot of a table."""
    first = Alternative(mask_of(table.needs, bits))
    others = (Alternative(mask_of(each.needs, bits), ms(each.penalty_s)) for each in table.or_)
    return Slot(table.id, (first, *others), table.count, ms(table.target_s), table.weight_percent)
