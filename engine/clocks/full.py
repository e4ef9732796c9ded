"""When was the whole first alarm on scene? When those who had arrived could fill all its places, each unit one.

It goes by what units can do and not by the slots they were sent for: plans change under way, and a crew that a person
sent beyond the plan is as good as one that was recommended.
"""

from collections.abc import Sequence

from engine.model.plans import Plan, Slot

FIRST_ALARM = 1


def full_response_ms(plan: Plan, arrivals: Sequence[tuple[int, int]]) -> int | None:
    """Return when the arrivals, as (ms, capability mask), filled every place in one of the plan's ways.

    None if they never did, and for a plan without places.
    """
    ordered = sorted(arrivals)
    moments = [_filled_ms(_places(plan.wanted(way.id, FIRST_ALARM)), ordered) for way in plan.ways()]
    return min((ms for ms in moments if ms is not None), default=None)


def _places(slots: Sequence[Slot]) -> list[Slot]:
    return [slot for slot in slots for _ in range(slot.count)]


def _filled_ms(places: Sequence[Slot], arrivals: Sequence[tuple[int, int]]) -> int | None:
    """Match arrivals to places one by one, making room where need be (Kuhn 1955), until no place is open."""
    taken: dict[int, int] = {}
    for arrival, (ms, _) in enumerate(arrivals):
        if _seat(arrival, places, arrivals, taken, set()) and len(taken) == len(places):
            return ms
    return None


def _seat(
    arrival: int, places: Sequence[Slot], arrivals: Sequence[tuple[int, int]], taken: dict[int, int], tried: set[int]
) -> bool:
    for place, slot in enumerate(places):
        if place in tried or not slot.fits(arrivals[arrival][1]):
            continue
        tried.add(place)
        if place not in taken or _seat(taken[place], places, arrivals, taken, tried):
            taken[place] = arrival
            return True
    return False
