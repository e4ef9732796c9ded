"""Who takes over from a unit under way: the greatest saving first, weighed by urgency.

A unit that is sent at once and relieved by one that comes free nearer by costs nobody any time: sending the nearest and
thinking again later does what waiting for soon-free units does (Guigues, Kleywegt, Nascimento 2024), without the wait.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from engine.policy.dispatch.busy import held_slot
from engine.policy.dispatch.greedy import Pick, Search
from engine.policy.dispatch.solution import Reviewed
from engine.state.progress import left_ms


def relieve(search: Search, reviewed: Sequence[Reviewed]) -> dict[str, list[Pick]]:
    """Return by incident the free units that take over from those reviewed, each at most once. Ties as they are given."""
    found: dict[str, list[Pick]] = {}
    left = list(reviewed)
    while left:
        picks = [_best(search, each) for each in left]
        worth = [saving for saving, _ in picks]
        place = worth.index(max(worth))
        _, pick = picks[place]
        if pick is None:
            break
        found.setdefault(left[place].incident.id, []).append(pick)
        search.free.take(search.world, pick.row)
        del left[place]
    return found


def _best(search: Search, each: Reviewed) -> tuple[int, Pick | None]:
    """Return who could take over from this unit, and what that is worth; 0 where nobody is clearly sooner."""
    world, rules = search.world, search.world.settled.matching
    incident, assignment = each.incident, each.incident.assigned.get(each.unit)
    if assignment is None or world.fleet.rows[each.unit] in search.free.gone:
        return 0, None
    slot = held_slot(world, incident, assignment)
    pick = None if slot is None else search.free_pick(incident, slot)
    if pick is None:
        return 0, None
    remains_ms = left_ms(assignment, world.now)
    saves_ms = remains_ms - pick.before_ms - pick.travel_ms
    if saves_ms <= max(rules.supersede_ms, remains_ms * rules.supersede_percent // 100):
        return 0, None
    return saves_ms * rules.weights[incident.priority - 1], replace(pick, replaces=each.unit)
