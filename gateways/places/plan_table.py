"""Which plan answers what, a line for each incident type: what `turnout check` prints of a place that is sound."""

from engine.model.place import PRIORITIES, Place
from engine.model.plans import Plan
from gateways.places.hours import format_windows
from gateways.places.mistakes import listed
from gateways.places.plan_soundness import plans_for


def plan_lines(place: Place) -> tuple[str, ...]:
    """Return a line for each type: `fire  1-2 working-fire; 3 night-fire (daily 20:00-06:00), else fire; 4-5 nobody`."""
    width = max((len(type_.id) for type_ in place.types), default=0)
    return tuple(f"{type_.id:{width}}  {_answers(place, type_.id)}" for type_ in place.types)


def _answers(place: Place, type_id: str) -> str:
    by_chain: dict[str, list[int]] = {}
    for priority in PRIORITIES:
        by_chain.setdefault(_chain(plans_for(place, type_id, priority)), []).append(priority)
    return "; ".join(f"{_span(priorities)} {chain}" for chain, priorities in by_chain.items())


def _span(priorities: list[int]) -> str:
    """Return 1-3, 5 or 1,4."""
    first, last = priorities[0], priorities[-1]
    if len(priorities) > 1 and last - first == len(priorities) - 1:
        return f"{first}-{last}"
    return ",".join(str(each) for each in priorities)


def _chain(plans: list[Plan]) -> str:
    """Return the plans up to the first without a condition."""
    said = []
    for plan in plans:
        conditions = _conditions(plan)
        said.append(f"{plan.id} ({conditions})" if conditions else plan.id)
        if not conditions:
            return ", else ".join(said)
    return ", else ".join([*said, "nobody"])


def _conditions(plan: Plan) -> str:
    parts = [f"code {listed(list(plan.codes))}"] if plan.codes else []
    parts += [f"in {listed(list(plan.areas))}"] if plan.areas else []
    parts += [listed(format_windows(plan.windows))] if plan.windows else []
    return "; ".join(parts)
