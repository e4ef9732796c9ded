"""Writes a place into a folder, exactly as `load` reads it: load(save(place)) == place.

Rule: place.toml goes away first and is written last, so a save that was cut short leaves no folder that looks like a
place. The same place makes the same bytes.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from engine.model.demand import Demand
from engine.model.geometry import Projection
from engine.model.place import Hospital, Place, Station
from gateways.places import files
from gateways.places.addresses import Addresses, write_addresses
from gateways.places.coverage import coverage_points
from gateways.places.geojson import areas_document
from gateways.places.hours import format_windows
from gateways.places.mistakes import refused
from gateways.places.rule_files import rules_lines
from gateways.places.save_plans import determinations_document, plans_document
from gateways.places.streets import Streets, write_streets
from gateways.places.toml_out import document, inline, pairs, seconds, section


def save(
    folder: Path,
    place: Place,
    demand: Demand | None = None,
    streets: Streets | None = None,
    addresses: Addresses | None = None,
) -> None:
    """Write the place; files of an earlier one in the same folder are replaced or removed.

    Raises PlaceRefused when the folder holds something other than a place, cannot be written, or the place names
    streets that are not given.
    """
    if place.streets and streets is None:
        raise refused(folder, files.STREETS, "is not given, but the place travels by its streets")
    try:
        _make_room(folder)
        for file, content in _contents(place, demand).items():
            (folder / file).write_bytes(content)
        if streets is not None:
            write_streets(folder, streets)
        if addresses is not None:
            write_addresses(folder, addresses)
        (folder / files.PLACE).write_bytes(_place(place))
    except OSError as error:
        raise refused(folder, "", f"cannot be written: {error.strerror or error}") from error


def _make_room(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not any((folder / file).exists() for file in files.REQUIRED):
        raise refused(folder, "", "holds other files: name a new folder, or one that holds a place")
    for file in (files.PLACE, *files.REQUIRED, *files.OPTIONAL):
        (folder / file).unlink(missing_ok=True)


def _contents(place: Place, demand: Demand | None) -> dict[str, bytes]:
    """Return the bytes of every file but place.toml and the streets."""
    contents = {
        files.TYPES: _types(place),
        files.PLANS: plans_document(place),
        files.RULES: document(rules_lines(place)),
        files.STATIONS: _stations(place),
        files.UNITS: _units(place),
    }
    if place.hospitals:
        contents[files.HOSPITALS] = _hospitals(place)
    if place.shifts:
        contents[files.SHIFTS] = _shifts(place)
    if place.crews:
        rows = ((crew.id, crew.shift or "") for crew in place.crews)
        contents[files.CREWS] = _table(("id", "shift"), rows)
    if place.agencies:
        contents[files.AGENCIES] = _agencies(place)
    if place.determinations:
        contents[files.DETERMINATIONS] = determinations_document(place)
    if place.coverage.points != (coverage_points(demand.zones) if demand is not None else ()):
        contents[files.COVERAGE] = _coverage(place)
    if place.areas:
        contents[files.AREAS] = areas_document(place.areas, place.projection)
    if demand is not None:
        contents[files.DEMAND] = _demand(demand)
        contents[files.ZONES] = _zones(demand, place.projection)
    return contents


def _place(place: Place) -> bytes:
    west, south, east, north = place.bounds
    low_lat, low_lon = place.projection.to_degrees(west, south)
    high_lat, high_lon = place.projection.to_degrees(east, north)
    alerts, limits = place.alerts, place.limits
    lines = pairs(
        {
            "id": place.id,
            "name": place.name,
            "timezone": place.timezone,
            "centre": {"lat": place.projection.lat0, "lon": place.projection.lon0},
            "bounds": {"south": low_lat, "west": low_lon, "north": high_lat, "east": high_lon},
            "capabilities": place.capabilities,
            "emergency_type": place.emergency_type,
        }
    )
    lines += _travel(place)
    lines += section(
        "[alerts]",
        {
            "ladder": alerts.ladder,
            "attempts": alerts.attempts,
            "retry_after_s": seconds(alerts.retry_after_ms),
            "acknowledge_within_s": seconds(alerts.acknowledge_within_ms),
            "deadline_s": seconds(alerts.deadline_ms),
        },
    )
    lines += section(
        "[limits]",
        {
            "stale_after_s": seconds(limits.stale_after_ms),
            "pending_after_s": [seconds(each) for each in limits.pending_after_ms],
            "joint_slots": limits.joint_slots,
            "nearest_explained": limits.nearest_explained,
            "answers_kept": limits.answers_kept,
            "closed_kept": limits.closed_kept,
            "resume_grace_s": seconds(limits.resume_grace_ms),
            "hold_s": seconds(limits.hold_ms),
        },
    )
    return document(lines)


def _travel(place: Place) -> list[str]:
    travel = place.travel
    values = {
        "model": "streets" if place.streets else "straight",
        "circuity_percent": travel.circuity_percent,
        "speed_km_per_h": round(travel.speed_mm_per_s * 0.0036, 4),
        "lights_to_priority": travel.lights_to_priority,
        "off_road_km_per_h": round(travel.off_road_mm_per_s * 0.0036, 4),
        "off_road_normal_percent": travel.off_road_normal_percent,
        "access": travel.access.value,
        "uturn_s": seconds(travel.uturn_ms),
        "lights_turn_s": seconds(travel.lights_turn_ms),
    }
    lines = section("[travel]", values)
    for profile in travel.profiles:
        day = profile.percent[:24]
        percent = day if day * 7 == profile.percent else profile.percent
        lines += section("[[travel.profile]]", {"classes": profile.classes, "percent": percent})
    return lines


def _types(place: Place) -> bytes:
    lines: list[str] = []
    for type_ in place.types:
        lines += section("[[type]]", {"id": type_.id, "name": type_.name, "priority": type_.priority})
    return document(lines)


def _shifts(place: Place) -> bytes:
    lines: list[str] = []
    for shift in place.shifts:
        lines += section("[[shift]]", {"id": shift.id, "windows": format_windows(shift.windows)})
    return document(lines)


def _demand(demand: Demand) -> bytes:
    lines = [f"calls_per_day = {inline(demand.calls_per_day)}", "hourly = ["]
    lines += [f"  {', '.join(inline(each) for each in demand.hourly[hour : hour + 6])}," for hour in (0, 6, 12, 18)]
    lines.append("]")
    for share in demand.shares:
        lines += section("[[share]]", {"type": share.type, "priority": share.priority, "share": share.share})
    care = demand.care
    values = {
        "on_scene_s": seconds(care.on_scene_ms),
        "transport_share": care.transport_share,
        "handover_s": seconds(care.handover_ms),
    }
    return document([*lines, *section("[care]", values)])


def _zones(demand: Demand, projection: Projection) -> bytes:
    rows = ((*projection.to_degrees(zone.x_m, zone.y_m), zone.half_m, repr(zone.weight)) for zone in demand.zones)
    return _table(("lat", "lon", "half_m", "weight"), rows)


def _stations(place: Place) -> bytes:
    header: tuple[str, ...] = ("id", "name", "lat", "lon", "post")
    rows = [(*_at(station, place), "yes" if station.post else "no") for station in place.stations]
    if any(station.capacity or station.minimum for station in place.stations):
        header = (*header, "capacity", "minimum")
        rows = [(*row, at.capacity, at.minimum) for row, at in zip(rows, place.stations, strict=True)]
    return _table(header, rows)


def _hospitals(place: Place) -> bytes:
    rows = ((*_at(hospital, place), " ".join(hospital.services), hospital.beds) for hospital in place.hospitals)
    return _table(("id", "name", "lat", "lon", "services", "beds"), rows)


def _agencies(place: Place) -> bytes:
    lines: list[str] = []
    for agency in place.agencies:
        values = {
            "id": agency.id,
            "name": agency.name,
            "units_max": agency.units_max,
            "penalty_s": seconds(agency.penalty_ms),
            "answer_within_s": seconds(agency.answer_within_ms),
            "automatic": agency.automatic,
        }
        lines += section("[[agency]]", values)
    return document(lines)


def _coverage(place: Place) -> bytes:
    rows = ((*place.projection.to_degrees(x_m, y_m), weight) for x_m, y_m, weight in place.coverage.points)
    return _table(("lat", "lon", "weight"), rows)


def _at(row: Station | Hospital, place: Place) -> tuple[object, ...]:
    return (row.id, row.name, *place.projection.to_degrees(row.x_m, row.y_m))


def _units(place: Place) -> bytes:
    words = {mask: " ".join(place.names(mask)) for mask in {unit.capabilities for unit in place.units}}
    rows = (
        (
            unit.id,
            unit.kind,
            words[unit.capabilities],
            unit.station,
            unit.crew or "",
            unit.shift or "",
            seconds(unit.turnout_ms),
            "yes" if unit.tracked else "no",
            unit.staff,
            unit.staff_min,
            unit.agency or "",
        )
        for unit in place.units
    )
    header = ("id", "kind", "capabilities", "station", "crew", "shift", "turnout_s", "tracked")
    return _table((*header, "staff", "staff_min", "agency"), rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
