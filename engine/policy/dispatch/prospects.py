"""Is there anybody at all who could fill a slot now? Asked where more incidents wait than are solved together."""

from engine.model.plans import Alternative, Slot
from engine.policy.dispatch.judging import Bench
from engine.state.world import World


class Prospects:
    """What the units that may be sent at this moment can do, wherever they are."""

    def __init__(self, world: World) -> None:
        self._bench = Bench(world, [])
        self._known: dict[tuple[Alternative, ...], bool] = {}

    def any_for(self, slot: Slot) -> bool:
        """Tell whether somebody could fill this slot."""
        known = self._known.get(slot.choices)
        if known is None:
            known = self._known[slot.choices] = self._bench.can_fill(slot)
        return known
