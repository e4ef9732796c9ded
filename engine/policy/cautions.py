"""What crews should know of a place before they are there."""

import math

from engine.model.geometry import inside
from engine.model.surroundings import Caution, Severity
from engine.state.points import Circle
from engine.state.world import World

SEVERITIES = (Severity.DANGER, Severity.CAUTION, Severity.NOTICE)
"""Most severe first."""
TOLD_MAX = 3
"""In an alert: a crew reads a pager's line at the wheel."""


def cautions_at(world: World, x_m: int, y_m: int) -> tuple[Caution, ...]:
    """Return the cautions that hold at the point: most severe first, then nearest, then by id.

    Pure. A World without trees (a follower's) looks through all of them.
    """
    if not world.cautions:
        return ()
    names = world.cautions if world.hazards is None else world.hazards.near(x_m, y_m)
    found = [world.cautions[name] for name in names if holds_at(world.cautions[name], x_m, y_m)]
    return tuple(sorted(found, key=lambda caution: _rank(caution, x_m, y_m)))


def dangers_at(world: World, x_m: int, y_m: int) -> tuple[Caution, ...]:
    """Return those of the highest severity, of which a crew is told even when it is under way."""
    return tuple(caution for caution in cautions_at(world, x_m, y_m) if caution.severity is Severity.DANGER)


def warning(world: World, x_m: int, y_m: int) -> str:
    """Return what an alert to go there says of it: at most three dangers and cautions, the gravest first."""
    grave = (caution for caution in cautions_at(world, x_m, y_m) if caution.severity is not Severity.NOTICE)
    return "".join(f". {word_of(caution)}" for caution, _ in zip(grave, range(TOLD_MAX), strict=False))


def word_of(caution: Caution) -> str:
    """Return a caution as an alert says it: `DANGER: gas leak reported`."""
    return f"{caution.severity.upper()}: {caution.text}"


def holds_at(caution: Caution, x_m: int, y_m: int) -> bool:
    """Tell whether the caution is about this point: in its circle, and in its ring if it has one."""
    if not circle_of(caution).reaches(x_m, y_m):
        return False
    return caution.polygon is None or inside(caution.polygon, x_m, y_m)


def circle_of(caution: Caution) -> Circle:
    """Return the circle outside of which it does not hold."""
    return Circle(caution.x_m, caution.y_m, caution.radius_m)


def _rank(caution: Caution, x_m: int, y_m: int) -> tuple[int, int, str]:
    apart_m = math.isqrt((caution.x_m - x_m) ** 2 + (caution.y_m - y_m) ** 2)
    return SEVERITIES.index(caution.severity), apart_m, caution.id
