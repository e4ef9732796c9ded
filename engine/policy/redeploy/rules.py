"""Which classes of demand a place has: one for each capability, way of driving and cover time that its plans ask for."""

from engine.model.covering import Case, plan_covering
from engine.model.demand import TypeShare
from engine.model.moves import MILLION
from engine.model.place import Place
from engine.policy.redeploy.ground import LayerRule

BEFORE_ROLLING_MS = 120_000
"""Of a target from call to arrival: taking the call and turning out."""
COVER_MS_MIN = 60_000

Key = tuple[int, bool, int]


def rules_of(
    place: Place, shares: tuple[TypeShare, ...] = (), before_rolling_ms: int = BEFORE_ROLLING_MS
) -> tuple[LayerRule, ...]:
    """Return the layers of a place, in the order in which its demand first asks for them.

    `shares` says how often each type is called in; without, each case that a plan covers counts alike. A slot wanted
    twice counts twice; of its choices only the first counts, as the others are substitutes.
    """
    weights: dict[Key, float] = {}
    for case, weight in _cases(place, shares):
        plan = plan_covering(place, case)
        lights = place.travel.under_lights(case.priority)
        for slot in () if plan is None else plan.slots:
            key = (slot.choices[0].needs, lights, max(COVER_MS_MIN, slot.target_ms - before_rolling_ms))
            weights[key] = weights.get(key, 0.0) + weight * slot.count
    total = sum(weights.values())
    return tuple(_rule(place, key, round(weight / total * MILLION)) for key, weight in weights.items()) if total else ()


def _cases(place: Place, shares: tuple[TypeShare, ...]) -> list[tuple[Case, float]]:
    if shares:
        return [(Case(share.type, share.priority), share.share) for share in shares]
    known = [kind.id for kind in place.types if kind.id != place.emergency_type]
    cases = [
        (kind, priority)
        for plan in place.plans
        for kind in known
        for priority in plan.priorities
        if _fits(plan.types, kind)
    ]
    return [(Case(*case), 1.0) for case in dict.fromkeys(cases)]


def _fits(types: tuple[str, ...], kind: str) -> bool:
    return kind in types or "*" in types


def _rule(place: Place, key: Key, share: int) -> LayerRule:
    needs, lights, cover_ms = key
    who = " + ".join(place.names(needs)) or "any unit"
    how = "lights" if lights else "normal driving"
    return LayerRule(
        f"{who}, {how}, {cover_ms // 60_000} min {cover_ms // 1000 % 60:02} s",
        needs,
        lights,
        cover_ms,
        min(MILLION, share),
    )
