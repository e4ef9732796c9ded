"""Who stands in the stations of an imported place: the map does not say, so a rule does.

Rule, without any chance: the mix of kinds is that of the made-up city (14 engines to 24 paramedic ambulances to 26
patrol cars, and so on; every kind at least once). Units of a kind are posted round the stations of their service in
turn, each kind going on where the one before ended: fire crews in fire stations; ambulances in ambulance stations and
then in fire stations; police in police stations. A service without a station of its own is a guest in all the others.
"""

from collections.abc import Sequence

from engine.model.place import Shift, Station, Unit
from gateways.places.city.fleet import KINDS, SHIFTS, UNITS_MIN, UNITS_PER_STATION, counts_of, units_of

_SHARES = sum(kind.share for kind in KINDS)


def usual_units(stations: Sequence[Station]) -> int:
    """Return how many units there are if nobody says: six a station, an engine for each fire station, 24 at least."""
    fire = sum(station.id.startswith("FS") for station in stations)
    engines = next(kind.share for kind in KINDS if kind.name == "engine")
    return max(UNITS_MIN, UNITS_PER_STATION * len(stations), round(fire * _SHARES / engines + 0.5))


def fleet_of(stations: Sequence[Station], units: int) -> tuple[tuple[Unit, ...], tuple[Shift, ...]]:
    """Return the units, and the shifts that some of them work."""
    everywhere = [station.id for station in stations]
    own = {mark: [id_ for id_ in everywhere if id_.startswith(mark)] for mark in ("FS", "AS", "PS")}
    homes = {"fire": own["FS"], "ems": [*own["AS"], *own["FS"]], "police": own["PS"]}
    posted = dict.fromkeys(homes, 0)
    made: list[Unit] = []
    for kind, count in zip(KINDS, counts_of(units), strict=True):
        stand = homes[kind.service] or everywhere
        first = posted[kind.service] % len(stand)
        made += units_of(kind, count, stand[first:] + stand[:first])
        posted[kind.service] += count
    worked = {unit.shift: None for unit in made}
    return tuple(made), tuple(shift for shift in SHIFTS if shift.id in worked)
