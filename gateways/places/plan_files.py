"""The shape of plans.toml and determinations.toml, as people write them. See `files.py`."""

from typing import Annotated

from msgspec import Meta

from engine.model.plans import Mode, Order
from gateways.places.files import File, Id, Priority, Seconds, Word


class OrTable(File, frozen=True):
    """Who may fill a slot instead, and what that costs."""

    needs: tuple[Word, ...]
    penalty_s: Seconds = 0


class SlotTable(File, frozen=True, rename={"or_": "or"}):
    """[[plan.slot]], [[plan.option.slot]], [[plan.alarm.slot]]."""

    id: Id
    needs: tuple[Word, ...]
    count: Annotated[int, Meta(ge=1, le=1000)] = 1
    target_s: Seconds = 480
    weight_percent: Annotated[int, Meta(ge=1, le=1000)] = 100
    or_: tuple[OrTable, ...] = ()


class OptionTable(File, frozen=True):
    """[[plan.option]]: another way to answer."""

    id: Id
    slot: tuple[SlotTable, ...]
    penalty_s: Seconds = 0


class AlarmTable(File, frozen=True):
    """[[plan.alarm]]: what the second, third … alarm adds."""

    level: Annotated[int, Meta(ge=2, le=100)]
    slot: tuple[SlotTable, ...]


class GateTable(File, frozen=True):
    """[plan.gate]: what an automatic dispatch must be sure of."""

    spread_s: Seconds | None = None
    fix_age_s: Seconds | None = None
    complete: bool = False


class PlanRow(File, frozen=True):
    """[[plan]] of plans.toml."""

    id: Id
    types: tuple[str, ...]
    priorities: tuple[Priority, ...]
    mode: Mode
    slot: tuple[SlotTable, ...]
    acknowledge_within_s: Seconds = 60
    codes: tuple[str, ...] = ()
    """Patterns of determinant codes; none means any code, or no code."""
    areas: tuple[str, ...] = ()
    """None means anywhere."""
    hours: tuple[str, ...] = ()
    """Like the windows of a shift; none means always."""
    order: Order = Order.CLOSEST
    blend_s: Seconds = 60
    par_every_s: Seconds = 0
    gate: GateTable = GateTable()
    option: tuple[OptionTable, ...] = ()
    alarm: tuple[AlarmTable, ...] = ()

    def slots(self) -> list[tuple[str, SlotTable]]:
        """Return all slots with their paths in the plan: of its own way, its options, its alarms."""
        lists = [("", self.slot)]
        lists += [(f"option[{number}].", option.slot) for number, option in enumerate(self.option)]
        lists += [(f"alarm[{number}].", alarm.slot) for number, alarm in enumerate(self.alarm)]
        return [(f"{where}slot[{number}]", slot) for where, slots in lists for number, slot in enumerate(slots)]


class DeterminationRow(File, frozen=True):
    """[[determination]] of determinations.toml."""

    codes: tuple[str, ...]
    type: Id
    priority: Priority
