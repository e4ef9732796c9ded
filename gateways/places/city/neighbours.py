"""The neighbour of a made-up city: the fire station farthest out is the county's, with all that stands in it.

Rule: automatic aid, as cities that have grown together agree on: its units are sent like our own, but only where they
save time, and never all of them. A small town has no neighbour.
"""

from msgspec.structs import replace

from engine.model.place import Agency, Station, Unit

STATIONS_MIN = 6
"""Fire stations from which on one of them may be a neighbour's."""
_NAME = "County Fire and Rescue"


def with_neighbour(units: tuple[Unit, ...], fire: list[Station]) -> tuple[tuple[Unit, ...], tuple[Agency, ...]]:
    """Return the units, some of them the neighbour's now, and what was agreed with it."""
    if len(fire) < STATIONS_MIN:
        return units, ()
    far = max(fire, key=lambda station: (station.x_m**2 + station.y_m**2, station.id))
    theirs = sum(unit.station == far.id for unit in units)
    agency = Agency("county", _NAME, units_max=max(1, theirs - 1), automatic=True)
    return tuple(replace(unit, agency=agency.id) if unit.station == far.id else unit for unit in units), (agency,)
