"""Kinds of days to simulate: an ordinary city, or the rules of another simulator, to be held against its figures.

Rule: a preset changes a place and the habits of its people, never how the engine decides.
"""

from msgspec import Struct
from msgspec.structs import replace

from engine.model.place import Access, Place
from engine.model.rules import WatchRules
from engine.sim.nature import PERFECT, Nature

DAY_MS = 86_400_000
NEVER_MS = 100 * DAY_MS
NOBODY_WATCHES = WatchRules(turnout_ms=0, overdue_ms=0, delayed_ms=0, wrong_way_ms=0, unchanged_ms=())
"""No reminders about crews: nobody looks at a screen in there."""


class Preset(Struct, frozen=True):
    """A place and its days."""

    place: Place
    nature: Nature


def ordinary(place: Place) -> Preset:
    """Leave the place as it is: calls are taken, crews turn out, devices are late, now and then something breaks."""
    return Preset(place, Nature())


def jemss(place: Place) -> Preset:
    """Follow JEMSS's model (Ridler, Mason, Raith: github.com/uoa-ems-research/JEMSS.jl, `src/simulation.jl`).

    A call is taken for the dispatch delay, which an imported city bears as its turnout; then the unit leaves at once.
    What lies beside the streets is reached from the nearest node, who moves may turn round at the next one, drives take just
    what the map says, patients go to the nearest hospital at normal speed, and positions are known exactly.
    """
    delay_ms = max((unit.turnout_ms for unit in place.units), default=0)
    units = tuple(replace(unit, turnout_ms=0, tracked=True) for unit in place.units)
    travel = replace(place.travel, access=Access.NODE)
    # Who stands still says nothing, and is known to be there all the same.
    limits = replace(place.limits, pending_after_ms=(NEVER_MS,) * 5, stale_after_ms=NEVER_MS)
    quiet = replace(place, units=units, travel=travel, limits=limits, watch=NOBODY_WATCHES)
    return Preset(quiet, replace(PERFECT, taking_ms=delay_ms))


PRESETS = {"city": ordinary, "jemss": jemss}
