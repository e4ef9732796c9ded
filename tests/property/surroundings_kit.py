"""Any input about cautions and hospitals, from three whole numbers: the part of `step_kit.py` that is about places."""

from collections.abc import Callable
from typing import Any

from engine.model.place import Hospital
from engine.model.surroundings import (
    ChooseDestination,
    EndCaution,
    HospitalState,
    RankDestinations,
    RecordCaution,
    ReportHospital,
    Severity,
)

HOSPITALS = (
    Hospital("H1", "General", 500, 500, ("stroke",), beds=2),
    Hospital("H2", "Trauma", -2_000, 3_000, ("stroke", "trauma")),
    Hospital("H3", "Burns", 6_000, 0, ("burns",), beds=1),
)
RADII_M = (0, 3_000, -1, 20_000, 800, 6_000)
NEEDS = (("trauma",), ("stroke", "burns"), ("leech",), ("stroke", "stroke"), (), (), (), ())
TEXTS = ("gas leak", "a dog", "  ", "x" * 201, "armed man")


def _until_ms(kit: Any, number: int) -> int | None:
    """No end, one that is to come, or one that is over."""
    return None if number % 3 else kit.world.now + (number - 20) * 1_000


def _out(kit: Any, number: int) -> str:
    """A unit that is out, if there is one."""
    busy = [unit.id for unit in kit.world.units if unit.incident is not None]
    pool = busy if busy and number % 8 else kit.world.fleet.ids
    return str(pool[number % len(pool)])


def caution(kit: Any, a: int, b: int, c: int) -> Any:
    """A new one, one under a name, one where an incident is."""
    incidents = list(kit.world.open.values())
    x_m, y_m = a * 47 - 4_000, b * 47 - 4_000
    if incidents and a % 2:
        x_m, y_m = incidents[b % len(incidents)].x_m, incidents[b % len(incidents)].y_m
    return kit.command(
        RecordCaution,
        x_m=x_m if a % 50 else 90_000,
        y_m=y_m,
        radius_m=RADII_M[a // 2 % 6],
        severity=list(Severity)[b % 3],
        text=TEXTS[b % 5],
        until_ms=_until_ms(kit, c),
        caution=f"K{c % 4}" if c % 2 else "",
        polygon=_ring(x_m, y_m, RADII_M[a // 2 % 6], c),
    )


def _ring(x_m: int, y_m: int, radius_m: int, c: int) -> Any:
    """Mostly none; else a triangle within the circle, or one that leaves it."""
    reach_m = (0, 0, max(0, radius_m), radius_m + 50)[c // 64]
    return ((x_m - reach_m, y_m), (x_m + reach_m, y_m), (x_m, y_m + reach_m)) if reach_m else None


def end_caution(kit: Any, a: int, b: int, c: int) -> Any:
    """One that there is, or none."""
    del c
    names = [*kit.world.cautions, "K9"]
    return kit.command(EndCaution, caution=names[a % len(names)], reason="" if b % 2 else "over")


def report_hospital(kit: Any, a: int, b: int, c: int) -> Any:
    """Any state, with and without an end; sometimes nonsense."""
    return kit.command(
        ReportHospital,
        hospital=f"H{a % 4}",
        state=list(HospitalState)[b % 4],
        waiting=c % 9 - (c % 32 == 31),
        handover_ms=b * 10_000 if b % 2 else None,
        until_ms=_until_ms(kit, b),
    )


def rank_destinations(kit: Any, a: int, b: int, c: int) -> Any:
    """For a unit that is out, mostly."""
    del b
    return kit.command(RankDestinations, unit=_out(kit, a), needs=NEEDS[c % 8])


def choose_destination(kit: Any, a: int, b: int, c: int) -> Any:
    """With and without a reason."""
    return kit.command(
        ChooseDestination, unit=_out(kit, a), hospital=f"H{1 + b % 4}", reason="nearer home" if c % 2 else ""
    )


SURROUNDINGS: dict[Callable[[Any, int, int, int], Any], int] = {
    caution: 4,
    end_caution: 1,
    report_hospital: 2,
    rank_destinations: 2,
    choose_destination: 2,
}
"""With their weights."""
