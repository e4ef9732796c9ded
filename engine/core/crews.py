"""Decisions about who is on board of a unit."""

from engine.core.lookup import known_unit
from engine.core.recorder import Recorder, Refused
from engine.model.crew_facts import StaffingChanged
from engine.model.crew_inputs import ReportStaffing
from engine.model.place import Place

STAFF_MAX = 100
"""People on one unit; a bus has fewer seats."""


def report_staffing(turn: Recorder, given: ReportStaffing) -> None:
    """Take note of the crew. A unit that has its people again is a candidate in this very turn."""
    unit = known_unit(turn.world, given.unit)
    if not 0 <= given.staff <= STAFF_MAX:
        raise Refused("out_of_range", "staff", f"{given.staff} people cannot be on {unit.id}: say 0 to {STAFF_MAX}.")
    brings = _mask(turn.world.settled, given.brings)
    turn.record(StaffingChanged(unit.id, given.staff, brings, given.by))
    turn.match = True


def _mask(place: Place, names: tuple[str, ...]) -> int:
    unknown = [name for name in names if name not in place.capabilities]
    if unknown:
        known = ", ".join(place.capabilities)
        raise Refused(
            "unknown_capability", "brings", f"The place has no capability {unknown[0]!r}. It knows these: {known}."
        )
    return place.mask(names)
