"""What the words of a place mean to a measure: plans and units by id, capabilities as bits.

A plan or a unit that the place no longer has is known from before, so that a late ending still finds it.
"""

from collections.abc import Sequence

from engine.clocks.cases import Case, Sent
from engine.clocks.profiles import Measure
from engine.model.place import Place, Unit
from engine.model.plans import Plan, Slot


class Lexicon:
    """Follows the places that are adopted."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures
        self._place: Place | None = None
        self._plans: dict[str, Plan] = {}
        self._units: dict[str, Unit] = {}
        self._asks: list[int] = []
        self._has: list[int] = []

    def take(self, place: Place | None) -> None:
        """Read the place in force; costs nothing if it is the one that was read last."""
        if place is None or place is self._place:
            return
        self._place = place
        self._plans.update((plan.id, plan) for plan in place.plans)
        self._units.update((unit.id, unit) for unit in place.units)
        self._asks = [_known_mask(place, measure.asks) for measure in self._measures]
        self._has = [_known_mask(place, measure.has) for measure in self._measures]

    def concerns(self, case: Case, index: int) -> bool:
        """Tell whether the measure is about this incident, as it is known now."""
        measure = self._measures[index]
        return (
            _among(case.type, measure.types)
            and (not measure.priorities or case.priority in measure.priorities)
            and _among(case.area, measure.areas)
            and (not measure.asks or bool(self._asked(case) & self._mask(self._asks, index)))
        )

    def counts(self, sent: Sent, index: int) -> bool:
        """Tell whether the measure is about this unit."""
        measure = self._measures[index]
        unit = self._units.get(sent.unit)
        return (
            _among(sent.slot, measure.slots)
            and _among(None if unit is None else unit.kind, measure.kinds)
            and (not measure.has or bool(self.mask(sent) & self._mask(self._has, index)))
        )

    def mask(self, sent: Sent) -> int:
        """Return the capabilities that the unit came with."""
        unit = self._units.get(sent.unit)
        return sent.brings if unit is None else unit.capabilities | sent.brings

    def plan(self, case: Case) -> Plan | None:
        """Return the plan that the incident is answered by."""
        return self._plans.get(case.plan)

    def best_slots(self, case: Case, measure: Measure) -> tuple[Slot, ...]:
        """Return the slots whose first choice is the best-fitting response: the measure's, or the plan's first."""
        plan = self.plan(case)
        if plan is None:
            return ()
        if not measure.slots:
            return plan.slots[:1]
        return tuple(slot for way in plan.ways() for slot in way.slots if slot.id in measure.slots)

    def _asked(self, case: Case) -> int:
        plan = self.plan(case)
        return plan.slots[0].choices[0].needs if plan is not None and plan.slots else 0

    @staticmethod
    def _mask(masks: list[int], index: int) -> int:
        return masks[index] if masks else 0


def _among(value: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or value in wanted


def _known_mask(place: Place, names: Sequence[str]) -> int:
    """Return the mask of those names that the place knows: a standard names more words than one place has."""
    return place.mask(tuple(name for name in names if name in place.capabilities))
