"""Is there anybody at all who could fill a slot now? Asked where more incidents wait than are solved together."""

from engine.model.plans import Plan
from engine.policy.dispatch.judging import Bench
from engine.state.world import World


class Prospects:
    """What the units that may be sent at this moment can do, wherever they are."""

    def __init__(self, world: World) -> None:
        self._bench = Bench(world, [])
        self._known: dict[tuple[str, str], bool] = {}

    def any_for(self, plan: Plan, slot_id: str) -> bool:
        """Tell whether somebody could fill this slot of the plan."""
        key = (plan.id, slot_id)
        known = self._known.get(key)
        if known is None:
            known = any(self._bench.can_fill(slot) for slot in plan.slots if slot.id == slot_id)
            self._known[key] = known
        return known
