"""Which plan an incident gets, and what its determinant code says of it: the first line of a list that fits."""

from msgspec import Struct

from engine.model.determinants import fits
from engine.model.place import Determination, Place
from engine.model.plans import Plan

ANY_TYPE = "*"


class Case(Struct, frozen=True, gc=False):
    """What a plan is chosen by."""

    type: str
    priority: int
    code: str = ""
    """Determinant code in its normal form; "": there is none."""
    area: str | None = None
    """The response area; None: outside all of them."""
    minute: int = 0
    """Of the local week."""


def covers(plan: Plan, case: Case) -> bool:
    """Tell whether the plan is meant for the case."""
    return (
        case.priority in plan.priorities
        and (case.type in plan.types or ANY_TYPE in plan.types)
        and (not plan.areas or case.area in plan.areas)
        and (not plan.windows or any(start <= case.minute < end for start, end in plan.windows))
        and (not plan.codes or any(fits(pattern, case.code) for pattern in plan.codes))
    )


def plan_covering(place: Place, case: Case) -> Plan | None:
    """Return the first plan of the place that covers the case."""
    return next((plan for plan in place.plans if covers(plan, case)), None)


def determination_of(place: Place, code: str) -> Determination | None:
    """Return what the place says about the code; None where it says nothing."""
    return next((each for each in place.determinations if any(fits(p, code) for p in each.codes)), None)
