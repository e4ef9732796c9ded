"""How cover looks to people, zone by zone: the heat layer of a map, and what a unit would leave behind.

Part of the published vocabulary: fields are added, never changed. A picture is bounded by the zones that a planner keeps
(512), whatever the size of the city.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from engine.kernels.posting import ONE
from engine.model.geometry import inside
from engine.model.moves import MILLION
from engine.model.place import Place
from engine.policy.redeploy.survey import Layer, Survey
from engine.policy.redeploy.zones import Change, Left, in_time, left_behind, zones_of

_PERCENT: Final = MILLION // 100
NOT_THERE: Final = -1
AREAS_TOLD: Final = 3
ZONES_NAMED: Final = 24
"""So many zones, those that lose most, are looked up when areas are named."""


class ClassView(Struct, frozen=True, gc=False, kw_only=True):
    """One class of demand: calls that want the same capabilities within the same time."""

    name: str
    share_percent: float
    """Of all demand."""
    cover_ms: int
    """A unit that is no farther away covers a zone."""
    now_percent: float
    """Of the demand of this class: somebody who is free is near enough."""
    then_percent: float
    """Once what is asked about is done."""


class ZonesView(Struct, frozen=True, gc=False, kw_only=True):
    """The zones as columns, all of the same length."""

    lat: tuple[float, ...]
    lon: tuple[float, ...]
    weight: tuple[int, ...]
    """Of all demand, in parts per million."""
    now_s: tuple[int, ...]
    """From the nearest free unit that counts, from the post where it belongs; -1: there is none."""
    then_s: tuple[int, ...]
    """Once what is asked about is done."""
    covering_now: tuple[int, ...]
    """How many units are near enough."""
    covering_then: tuple[int, ...]
    unit: tuple[str, ...]
    """The nearest one now; empty: there is none."""


class PictureView(Struct, frozen=True, gc=False, kw_only=True):
    """One class of demand on the map, now and then."""

    layer: str
    layers: tuple[ClassView, ...]
    """All that there are, the largest share first."""
    now_percent: float
    """That of its class in `layers`."""
    then_percent: float
    zones: ZonesView


class LeftView(Struct, frozen=True, gc=False, kw_only=True):
    """What would be covered by nobody in time if this unit went."""

    unit: str
    percent: float
    """Of all demand, all classes together."""
    areas: tuple[str, ...]
    """Names of the response areas that lose most of it, at most three."""


def by_share(survey: Survey) -> list[Layer]:
    """Return the classes of demand, the largest share first."""
    return sorted(survey.layers, key=lambda layer: (-layer.share, layer.name))


def view_picture(place: Place, survey: Survey, layer: Layer, changes: Sequence[Change]) -> PictureView:
    """Return the class now, and once these units are where they would be."""
    ground = survey.ground
    now = zones_of(survey, layer)
    then = zones_of(survey, layer, changes) if changes else now
    classes = tuple(_class(survey, each, changes) for each in by_share(survey))
    own = next(each for each in classes if each.name == layer.name)
    lat, lon = place.projection.columns_to_degrees(ground.x_m, ground.y_m)
    return PictureView(
        layer=layer.name,
        layers=classes,
        now_percent=own.now_percent,
        then_percent=own.then_percent,
        zones=ZonesView(
            lat=tuple(lat.round(5).tolist()),
            lon=tuple(lon.round(5).tolist()),
            weight=tuple((ground.point_weight * MILLION // ONE).tolist()),
            now_s=_seconds(now.nearest_ms.tolist()),
            then_s=_seconds(then.nearest_ms.tolist()),
            covering_now=tuple(now.covering.tolist()),
            covering_then=tuple(then.covering.tolist()),
            unit=tuple("" if row < 0 else survey.ids[row] for row in now.unit.tolist()),
        ),
    )


def _class(survey: Survey, layer: Layer, changes: Sequence[Change]) -> ClassView:
    now = in_time(survey, zones_of(survey, layer))
    then = in_time(survey, zones_of(survey, layer, changes)) if changes else now
    return ClassView(
        name=layer.name,
        share_percent=layer.share / _PERCENT,
        cover_ms=layer.cover_ms,
        now_percent=now / _PERCENT,
        then_percent=then / _PERCENT,
    )


def view_left(place: Place, survey: Survey, gone: Sequence[int]) -> tuple[tuple[LeftView, ...], float]:
    """Return what each of these units would leave behind, and what all of them together would, in percent."""
    alone = [left_behind(survey, [unit]) for unit in gone]
    together = left_behind(survey, gone)
    views = tuple(
        LeftView(unit=survey.ids[unit], percent=left.share / _PERCENT, areas=_areas(place, survey, left))
        for unit, left in zip(gone, alone, strict=True)
    )
    return views, together.share / _PERCENT


def _seconds(times_ms: list[int]) -> tuple[int, ...]:
    return tuple(NOT_THERE if ms < 0 else ms // 1000 for ms in times_ms)


def _areas(place: Place, survey: Survey, left: Left) -> tuple[str, ...]:
    lost: dict[str, int] = {}
    heaviest = (-left.by_zone).argsort(kind="stable")[:ZONES_NAMED]
    for zone in heaviest[left.by_zone[heaviest] > 0].tolist():
        x_m, y_m = int(survey.ground.x_m[zone]), int(survey.ground.y_m[zone])
        name = next((area.name for area in place.areas if inside(area.polygon, x_m, y_m)), None)
        if name is not None:
            lost[name] = lost.get(name, 0) + int(left.by_zone[zone])
    return tuple(sorted(lost, key=lambda name: (-lost[name], name))[:AREAS_TOLD])
