"""Writes plans.toml and determinations.toml as `load` reads them. What is as usual is left out, so that plans stay short."""

from collections.abc import Sequence

from engine.model.place import Place
from engine.model.plans import Gate, Order, Plan, Slot
from gateways.places.hours import format_windows
from gateways.places.toml_out import document, seconds, section


def plans_document(place: Place) -> bytes:
    """Return the bytes of plans.toml."""
    lines: list[str] = []
    for plan in place.plans:
        lines += ["", *_plan(plan, place)]
    return document(lines)


def determinations_document(place: Place) -> bytes:
    """Return the bytes of determinations.toml."""
    lines: list[str] = []
    for each in place.determinations:
        lines += section("[[determination]]", {"codes": each.codes, "type": each.type, "priority": each.priority})
    return document(lines)


def _plan(plan: Plan, place: Place) -> list[str]:
    values = {
        "id": plan.id,
        "types": plan.types,
        "priorities": plan.priorities,
        "codes": plan.codes or None,
        "areas": plan.areas or None,
        "hours": format_windows(plan.windows) or None,
        "mode": plan.mode.value,
        "acknowledge_within_s": seconds(plan.acknowledge_within_ms),
        "order": None if plan.order is Order.CLOSEST else plan.order.value,
        "blend_s": None if plan.blend_ms == 60_000 else seconds(plan.blend_ms),
        "par_every_s": seconds(plan.par_every_ms) or None,
    }
    lines = section("[[plan]]", values)
    if plan.gate != Gate():
        lines += section("[plan.gate]", _gate(plan.gate))
    lines += _slots("plan.slot", plan.slots, place)
    for option in plan.options:
        lines += section("[[plan.option]]", {"id": option.id, "penalty_s": seconds(option.penalty_ms)})
        lines += _slots("plan.option.slot", option.slots, place)
    for alarm in plan.alarms:
        lines += section("[[plan.alarm]]", {"level": alarm.level})
        lines += _slots("plan.alarm.slot", alarm.slots, place)
    return lines


def _gate(gate: Gate) -> dict[str, object]:
    spread, age = gate.spread_ms, gate.fix_age_ms
    return {
        "spread_s": None if spread is None else seconds(spread),
        "fix_age_s": None if age is None else seconds(age),
        "complete": gate.complete,
    }


def _slots(header: str, slots: Sequence[Slot], place: Place) -> list[str]:
    return [line for slot in slots for line in section(f"[[{header}]]", _slot(slot, place))]


def _slot(slot: Slot, place: Place) -> dict[str, object]:
    first, *others = slot.choices
    substitutes = [{"needs": place.names(choice.needs), "penalty_s": seconds(choice.penalty_ms)} for choice in others]
    return {
        "id": slot.id,
        "needs": place.names(first.needs),
        "count": slot.count,
        "target_s": seconds(slot.target_ms),
        "weight_percent": None if slot.weight_percent == 100 else slot.weight_percent,
        "or": substitutes or None,
    }
