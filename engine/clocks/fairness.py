"""How evenly work lay on crews and stations: sums over the units of each, and how far apart the crews are.

Units that share a crew are one line: its people are out with one vehicle or the other. Neighbours' units are left out.
"""

from collections.abc import Callable, Iterable
from statistics import median

from msgspec import Struct

from engine.clocks.workload import UnitWork, Workload
from engine.model.hours import duty_ms
from engine.model.place import Place, Unit


class Line(Struct, frozen=True):
    """The work of one crew, or of one station."""

    name: str
    station: str
    units: tuple[str, ...]
    duty_ms: int
    """On duty and in service, summed over crews."""
    busy_ms: int
    busy_share: float | None
    """Of its time on duty; None: it had none. More than 1 is overtime."""
    calls: int
    moves: int
    km: float | None
    """None: nobody's positions are known."""


class Spread(Struct, frozen=True):
    """How far apart crews that were on duty are."""

    what: str
    low: float
    middle: float
    """The median."""
    high: float
    crews: int
    """Of how many it is known."""


class WorkReport(Struct, frozen=True):
    """Who did how much, the busiest first."""

    crews: list[Line]
    stations: list[Line]
    spread: list[Spread]


def work_of(workload: Workload, place: Place) -> WorkReport:
    """Return the work of the place's own crews and stations, since the first turn of the span; `workload` is to be finished."""
    shifts = {shift.id: shift for shift in place.shifts}
    hours = {name: duty_ms(place, shifts.get(name or ""), workload.seen) for name in (None, *shifts)}
    of_crew = {crew.id: crew.shift for crew in place.crews}

    def served_ms(unit: Unit) -> int:
        """Return how long it was on duty and in service: to be away beyond its hours takes nothing from them."""
        name = unit.shift or of_crew.get(unit.crew or "")
        shift, away = shifts.get(name or ""), workload.units.get(unit.id, UnitWork()).away
        return max(0, hours[name] - sum(duty_ms(place, shift, span) for span in away))

    groups: dict[str, list[Unit]] = {}
    for unit in place.units:
        if unit.agency is None:
            groups.setdefault(unit.crew or unit.id, []).append(unit)
    # A crew is in service while one of its vehicles is.
    crews = [_crew(name, units, max(map(served_ms, units)), workload) for name, units in groups.items()]
    names = dict.fromkeys(line.station for line in crews)
    stations = [_sum(name, [line for line in crews if line.station == name]) for name in names]
    return WorkReport(crews=_ordered(crews), stations=_ordered(stations), spread=_spreads(crews))


def _crew(name: str, units: list[Unit], on_ms: int, workload: Workload) -> Line:
    works = [workload.units.get(unit.id, UnitWork()) for unit in units]
    metres = [driven for unit in units if (driven := workload.driven_m(unit.id)) is not None]
    return _line(
        name,
        units[0].station,
        tuple(unit.id for unit in units),
        (on_ms, sum(work.busy_ms for work in works)),
        (sum(work.calls for work in works), sum(work.moves for work in works)),
        round(sum(metres) / 1000, 1) if metres else None,
    )


def _sum(name: str, crews: list[Line]) -> Line:
    known = [line.km for line in crews if line.km is not None]
    return _line(
        name,
        name,
        tuple(unit for line in crews for unit in line.units),
        (sum(line.duty_ms for line in crews), sum(line.busy_ms for line in crews)),
        (sum(line.calls for line in crews), sum(line.moves for line in crews)),
        round(sum(known), 1) if known else None,
    )


def _line(
    name: str, station: str, units: tuple[str, ...], times: tuple[int, int], counts: tuple[int, int], km: float | None
) -> Line:
    on_ms, busy_ms = times
    share = round(busy_ms / on_ms, 4) if on_ms else None
    return Line(name, station, units, on_ms, busy_ms, share, *counts, km)


def _ordered(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-(line.busy_share or 0.0), -line.calls, line.name))


def _spreads(crews: list[Line]) -> list[Spread]:
    readings: dict[str, Callable[[Line], float | None]] = {
        "busy_share": lambda line: line.busy_share,
        "calls": lambda line: line.calls,
        "moves": lambda line: line.moves,
        "km": lambda line: line.km,
    }
    on_duty = [line for line in crews if line.duty_ms]
    spreads = []
    for what, reading in readings.items():
        values = [value for line in on_duty if (value := reading(line)) is not None]
        if values:
            spreads.append(Spread(what, min(values), median(values), max(values), len(values)))
    return spreads
