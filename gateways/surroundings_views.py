"""How cautions and hospitals look to people and other systems. Part of the published vocabulary."""

from collections.abc import Iterable

from msgspec import Struct

from engine.model.facts import AnyFact, PlaceAdopted
from engine.model.surroundings import (
    Caution,
    CautionEnded,
    CautionRecorded,
    DestinationChosen,
    HospitalReported,
    HospitalReportLapsed,
    HospitalState,
    Severity,
)
from engine.policy.duplicates import open_near
from engine.state.world import World


class CautionView(Struct, frozen=True, gc=False, kw_only=True):
    """What crews should know of a place."""

    id: str
    lat: float
    lon: float
    radius_m: int
    severity: Severity
    text: str
    until_ms: int | None
    """None: until somebody ends it."""
    polygon: tuple[tuple[float, float], ...] | None = None
    """Corners [lat, lon]: it holds only within them; None: in all of the circle."""


class HospitalView(Struct, frozen=True, gc=False, kw_only=True):
    """A destination of patients, with what it said last."""

    id: str
    name: str
    lat: float
    lon: float
    services: tuple[str, ...]
    state: HospitalState
    waiting: int
    handover_ms: int | None
    """None: as usual."""


class SurroundingsView(Struct, frozen=True, gc=False, kw_only=True):
    """In a snapshot all cautions and hospitals, in an update those that are new or changed."""

    cautions: tuple[CautionView, ...] = ()
    ended: tuple[str, ...] = ()
    """Ids of cautions that are over."""
    hospitals: tuple[HospitalView, ...] = ()


def view_surroundings(world: World) -> SurroundingsView:
    """Return all."""
    hospitals = [hospital.id for hospital in world.settled.hospitals]
    return SurroundingsView(
        cautions=tuple(_caution(world, caution) for caution in world.cautions.values()),
        hospitals=tuple(_hospital(world, name) for name in hospitals),
    )


def view_surroundings_changes(world: World, facts: Iterable[AnyFact]) -> SurroundingsView | None:
    """Return what these facts changed, after the World has folded them; None if nothing."""
    cautions: dict[str, None] = {}
    hospitals: dict[str, None] = {}
    for fact in facts:
        match fact:
            case PlaceAdopted():
                return view_surroundings(world)
            case CautionRecorded():
                cautions[fact.caution.id] = None
            case CautionEnded():
                cautions[fact.caution] = None
            case HospitalReported():
                hospitals[fact.report.hospital] = None
            case HospitalReportLapsed():
                hospitals[fact.hospital] = None
            case _:
                pass
    if not (cautions or hospitals):
        return None
    known = {hospital.id for hospital in world.settled.hospitals}
    return SurroundingsView(
        cautions=tuple(_caution(world, world.cautions[name]) for name in cautions if name in world.cautions),
        ended=tuple(name for name in cautions if name not in world.cautions),
        hospitals=tuple(_hospital(world, name) for name in hospitals if name in known),
    )


def incidents_warned(world: World, facts: Iterable[AnyFact]) -> list[str]:
    """Return the open incidents that lie where these facts record a caution, or where one lay that they end.

    To be asked before the World folds them: it still knows what they replace or end.
    """
    found: dict[str, None] = {}
    for fact in facts:
        touched: tuple[Caution | None, ...]
        if isinstance(fact, CautionRecorded):
            touched = (fact.caution, world.cautions.get(fact.caution.id))
        elif isinstance(fact, CautionEnded):
            touched = (world.cautions.get(fact.caution),)
        else:
            continue
        for caution in touched:
            if caution is not None:
                near = open_near(world, caution.x_m, caution.y_m, caution.radius_m)
                found |= dict.fromkeys(incident.id for incident in near)
    return list(found)


def surroundings_words(fact: AnyFact) -> str:
    """Return a fact about cautions and hospitals as one line; "" for any other."""
    match fact:
        case CautionRecorded():
            return f"{fact.caution.severity}: {fact.caution.text}"
        case HospitalReported():
            return f"{fact.report.hospital} is {fact.report.state}"
        case DestinationChosen():
            return fact.hospital + (f" ({fact.reason})" if fact.reason else "")
        case _:
            return ""


def _caution(world: World, caution: Caution) -> CautionView:
    to_degrees = world.settled.projection.to_degrees
    lat, lon = to_degrees(caution.x_m, caution.y_m)
    ring = caution.polygon
    return CautionView(
        id=caution.id,
        lat=lat,
        lon=lon,
        radius_m=caution.radius_m,
        severity=caution.severity,
        text=caution.text,
        until_ms=caution.until_ms,
        polygon=None if ring is None else tuple(to_degrees(x_m, y_m) for x_m, y_m in ring),
    )


def _hospital(world: World, name: str) -> HospitalView:
    place, report = world.settled, world.hospitals.get(name)
    hospital = next(hospital for hospital in place.hospitals if hospital.id == name)
    lat, lon = place.projection.to_degrees(hospital.x_m, hospital.y_m)
    return HospitalView(
        id=hospital.id,
        name=hospital.name,
        lat=lat,
        lon=lon,
        services=hospital.services,
        state=report.state if report else HospitalState.OPEN,
        waiting=report.waiting if report else 0,
        handover_ms=report.handover_ms if report else None,
    )
