"""Stations and the units that stand in them: fire, EMS and police of a made-up city.

Rule: exactly as many units as asked for; every kind is there, whatever the size.
"""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.model.place import Agency, Crew, Hospital, Shift, Station, Unit
from gateways.places.city.chance import dice
from gateways.places.city.graph import Town
from gateways.places.city.grid import Ints
from gateways.places.city.land import Floats, Land
from gateways.places.city.neighbours import with_neighbour
from gateways.places.city.people import spread_out
from gateways.places.city.plans import mask
from gateways.places.city.words import district_names
from gateways.places.hours import parse_windows

UNITS_MIN = 24
"""Fewer cannot man every kind."""
UNITS_PER_STATION = 6
HOSPITALS_MAX = 400
PEOPLE_PER_HOSPITAL = 80_000


class Kind(Struct, frozen=True):
    """A kind of unit: its share of the fleet, where it stands, what it can do, who is on board."""

    name: str
    prefix: str
    service: str
    share: float
    words: str
    turnout_s: int
    staff: int
    """Its full crew."""
    staff_min: int


KINDS = (
    Kind("engine", "E", "fire", 14, "pump first_aid", 80, 4, 3),
    Kind("ladder", "L", "fire", 3, "ladder first_aid", 80, 4, 3),
    Kind("quint", "X", "fire", 1, "pump ladder first_aid", 80, 4, 3),
    Kind("rescue", "R", "fire", 3, "rescue first_aid", 80, 4, 3),
    Kind("battalion chief", "C", "fire", 2, "command", 60, 1, 1),
    Kind("hazmat unit", "H", "fire", 1.5, "hazmat", 120, 4, 3),
    Kind("rescue boat", "B", "fire", 1.5, "boat", 120, 4, 2),
    Kind("volunteer engine", "V", "fire", 4, "pump", 300, 6, 3),
    Kind("paramedic ambulance", "M", "ems", 24, "als bls transport first_aid", 60, 2, 2),
    Kind("ambulance", "A", "ems", 12, "bls transport first_aid", 60, 2, 2),
    Kind("paramedic car", "Q", "ems", 2, "als first_aid", 45, 1, 1),
    Kind("patrol car", "P", "police", 26, "police first_aid", 20, 2, 1),
    Kind("traffic unit", "T", "police", 3, "police traffic", 20, 1, 1),
    Kind("dog unit", "K", "police", 1.5, "police k9", 40, 1, 1),
    Kind("patrol sergeant", "S", "police", 1.5, "police sergeant", 20, 1, 1),
)

SHIFTS = tuple(
    Shift(name, parse_windows(windows))
    for name, windows in (
        ("day", ["daily 07:00-19:00"]),
        ("night", ["daily 18:00-06:00"]),
        ("office", ["Mon-Fri 06:00-20:00"]),
        ("volunteers", ["Mon-Fri 17:00-07:00", "Sat,Sun 00:00-24:00"]),
    )
)
_SERVICES = (("trauma", "cardiac", "stroke"), ("cardiac", "paediatric"), ("stroke", "burns"))
"""What hospitals can do, in turn: every city has all of it somewhere."""
_TITLE = {"fire": "Fire Station", "post": "Ambulance Post", "police": "Police Station"}
_PREFIX = {"fire": "FS", "post": "AP", "police": "PS"}
_SHIFT_OF = {"ambulance": ("day", 3), "patrol car": ("night", 4), "traffic unit": ("office", 2)}
"""Every third ambulance works days only, every fourth patrol car nights only, and so on; the others are always on."""


class Fleet(Struct, frozen=True):
    """What stands in the city."""

    stations: tuple[Station, ...]
    hospitals: tuple[Hospital, ...]
    units: tuple[Unit, ...]
    crews: tuple[Crew, ...]
    shifts: tuple[Shift, ...]
    """Those that somebody works."""
    agencies: tuple[Agency, ...]


def make_fleet(seed: int, land: Land, town: Town, at_home: Floats, units: int) -> Fleet:
    """Place stations and hospitals where people live, and man them."""
    counts = dict(zip((kind.prefix for kind in KINDS), counts_of(units), strict=True))
    fire, posts, police = _station_counts(units, counts["E"])
    # Fire cover is about ground as much as about people, so the crowd counts for less.
    sites = {
        "fire": spread_out(town, at_home**0.6, fire, 0.5),
        "post": spread_out(town, at_home**0.8, posts, 0.3),
        "police": spread_out(town, at_home, police, 0.7),
    }
    stations = _stations(seed, town, sites)
    homes = {service: [each.id for each in stations if each.id.startswith(_PREFIX[service])] for service in sites}
    order = dice(seed, "postings").permutation
    fire_order = [homes["fire"][n] for n in order(fire).tolist()]
    ems = [*homes["post"], *fire_order]
    police_order = [homes["police"][n] for n in order(police).tolist()]
    by_service = {"fire": fire_order, "ems": ems, "police": police_order}
    wet = _nearest_river(land, town, sites["fire"], homes["fire"])
    made = [unit for kind in KINDS for unit in units_of(kind, counts[kind.prefix], by_service[kind.service])]
    made, crews = _share_crews(made, wet, counts)
    worked = {unit.shift: None for unit in made}
    manned, agencies = with_neighbour(tuple(made), [each for each in stations if each.id.startswith(_PREFIX["fire"])])
    return Fleet(
        stations=stations,
        hospitals=_hospitals(seed, town, at_home),
        units=manned,
        crews=crews,
        shifts=tuple(shift for shift in SHIFTS if shift.id in worked),
        agencies=agencies,
    )


def counts_of(units: int) -> list[int]:
    """Share the units among the kinds, by largest remainder, at least one each."""
    shares = np.array([kind.share for kind in KINDS])
    exact = shares / shares.sum() * units
    counts = np.maximum(1, np.floor(exact)).astype(np.int64)
    order = np.argsort(-(exact - np.floor(exact)), kind="stable")
    while (missing := units - int(counts.sum())) > 0:
        counts[order[:missing]] += 1
    while counts.sum() > units:
        counts[counts.argmax()] -= 1
    return [int(count) for count in counts]


def _station_counts(units: int, engines: int) -> tuple[int, int, int]:
    """Return the number of fire stations, EMS posts and police stations."""
    total = max(4, round(units / UNITS_PER_STATION))
    posts, police = max(1, round(0.15 * total)), max(1, round(0.25 * total))
    return min(engines, max(2, total - posts - police)), posts, police


def _stations(seed: int, town: Town, sites: dict[str, Ints]) -> tuple[Station, ...]:
    names = iter(district_names(dice(seed, "stations"), sum(len(each) for each in sites.values())))
    aside = dice(seed, "kerbs")
    stations = []
    for service, nodes in sites.items():
        width = len(str(len(nodes)))
        # Two services may pick one corner; nobody stands on another's ground.
        offsets = aside.integers(-40, 41, (len(nodes), 2)).tolist()
        for number, (node, (east, north)) in enumerate(zip(nodes.tolist(), offsets, strict=True), start=1):
            mark, name = f"{_PREFIX[service]}{number:0{width}}", f"{next(names)} {_TITLE[service]}"
            x_m, y_m = int(town.x[node]) + east, int(town.y[node]) + north
            stations.append(Station(mark, name, x_m, y_m, post=service == "post"))
    return tuple(stations)


def units_of(kind: Kind, count: int, homes: list[str]) -> list[Unit]:
    """Post the units of one kind round the stations of their service."""
    width = max(2, len(str(count)))
    shift, every = _SHIFT_OF.get(kind.name, ("", count + 1))
    volunteer = kind.prefix == "V"
    return [
        Unit(
            f"{kind.prefix}{number:0{width}}",
            kind.name,
            mask(kind.words),
            # Volunteers serve the stations that the full-time engines reach last: from the end of the list.
            homes[-number % len(homes)] if volunteer else homes[(number - 1) % len(homes)],
            shift="volunteers" if volunteer and number % 2 else shift if shift and number % every == 0 else None,
            turnout_ms=kind.turnout_s * 1000,
            tracked=not volunteer,
            staff=kind.staff,
            staff_min=kind.staff_min,
        )
        for number in range(1, count + 1)
    ]


def _nearest_river(land: Land, town: Town, nodes: Ints, homes: list[str]) -> list[str]:
    """Return the fire stations, nearest to the water first."""
    away = np.abs(land.north_of_river(town.x[nodes], town.y[nodes]))
    return [homes[n] for n in np.argsort(away, kind="stable").tolist()]


def _share_crews(units: list[Unit], wet: list[str], counts: dict[str, int]) -> tuple[list[Unit], tuple[Crew, ...]]:
    """Hazmat units borrow the crew of a ladder, boats that of an engine near the river."""
    by_id = {unit.id: position for position, unit in enumerate(units)}
    first_engine: dict[str, int] = {}
    for position, unit in enumerate(units):
        if unit.kind == "engine":
            first_engine.setdefault(unit.station, position)
    ladders = [position for position, unit in enumerate(units) if unit.kind == "ladder"]
    lenders = {"H": ladders, "B": [first_engine[station] for station in wet]}
    crews = []
    for prefix, owners in lenders.items():
        width = max(2, len(str(counts[prefix])))
        for number, owner in zip(range(1, counts[prefix] + 1), owners, strict=False):
            lender, borrower = units[owner], by_id[f"{prefix}{number:0{width}}"]
            crew = Crew(f"crew-{lender.id}")
            crews.append(crew)
            units[owner] = replace(lender, crew=crew.id)
            units[borrower] = replace(units[borrower], station=lender.station, crew=crew.id)
    return units, tuple(crews)


def _hospitals(seed: int, town: Town, at_home: Floats) -> tuple[Hospital, ...]:
    count = min(HOSPITALS_MAX, max(3, round(float(at_home.sum()) / PEOPLE_PER_HOSPITAL)))
    nodes = spread_out(town, at_home, count, 0.1).tolist()
    names = district_names(dice(seed, "hospitals"), count)
    return tuple(
        Hospital(
            *(f"HOSP{number}", f"{name} Hospital", int(town.x[node]) + 60, int(town.y[node]) + 25),
            services=_SERVICES[(number - 1) % len(_SERVICES)],
            beds=4 + number * 3 % 7,
        )
        for number, (node, name) in enumerate(zip(nodes, names, strict=True), start=1)
    )
