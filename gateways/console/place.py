"""What the page is told once of the place: types, stations, hospitals, areas, local time."""

from typing import Any

from engine.model.geometry import METRES_PER_DEGREE
from engine.model.place import Place


def view_place(place: Place, streets: str, *, exercise: bool, addresses: bool) -> dict[str, Any]:
    """Return the place for people: metres as in the street map, whose digest is `streets` ("" without one).

    `addresses`: the server knows its house numbers.
    """
    return {
        "id": place.id,
        "name": place.name,
        "timezone": place.timezone,
        "utc_offsets": place.utc_offsets,
        "projection": {
            "lat0": place.projection.lat0,
            "lon0": place.projection.lon0,
            "metres_per_degree": METRES_PER_DEGREE,
        },
        "bounds": place.bounds,
        "streets": streets,
        "addresses": addresses,
        "exercise": exercise,
        "types": [{"id": each.id, "name": each.name, "priority": each.priority} for each in place.types],
        "stations": [
            {"id": each.id, "name": each.name, "x": each.x_m, "y": each.y_m, "post": each.post}
            for each in place.stations
        ],
        "hospitals": [{"id": each.id, "name": each.name, "x": each.x_m, "y": each.y_m} for each in place.hospitals],
        "areas": [{"id": each.id, "name": each.name, "polygon": each.polygon} for each in place.areas],
        "pending_after_ms": place.limits.pending_after_ms,
        "stale_after_ms": place.limits.stale_after_ms,
    }
