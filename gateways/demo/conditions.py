"""What the CAD's screen says of the roads, as the conditions that crews drive under."""

from engine.model.geometry import Projection
from engine.model.place import Place
from engine.model.roads import Closure, Conditions, Learned, Slowing, Stretch, Weather
from engine.state.road_book import class_percent
from gateways.road_views import RoadsView, StretchView, WeatherView


def conditions_of(view: RoadsView, place: Place) -> Conditions:
    """Return closures, traffic and weather as they are shown; the hour's traffic as the place's own profile has it."""
    at = place.projection
    return Conditions(
        closures=tuple(
            Closure(each.id, _stretch(each.stretch, at), each.reason, each.until_ms)
            for each in sorted(view.closures, key=lambda each: each.id)
        ),
        slowings=tuple(
            Slowing(each.id, _stretch(each.stretch, at), each.percent, each.until_ms)
            for each in sorted(view.slowings, key=lambda each: each.id)
        ),
        weather=_weather(view.weather),
        class_percent=class_percent(place.travel, Learned(), view.hour),
    )


def _weather(view: WeatherView | None) -> Weather | None:
    return None if view is None else Weather(view.weather, view.percent, view.until_ms)


def _stretch(view: StretchView, projection: Projection) -> Stretch:
    ring = view.polygon
    polygon = None if ring is None else tuple(projection.to_metres(lat, lon) for lat, lon in ring)
    return Stretch(view.streets, view.classes, polygon, view.arcs)
