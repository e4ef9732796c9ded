"""Reads a place from its folder: all of it and right, or not at all.

Rule: a wrong place is refused before anything starts, with every mistake named (`PlaceRefused`).
"""

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from engine.model.demand import Demand
from engine.model.place import Place
from engine.streets.graph import Graph
from gateways.places import files
from gateways.places.addresses import Addresses, check_addresses, read_addresses
from gateways.places.build import build_demand, build_place, projection_of
from gateways.places.draft import Draft, read_draft
from gateways.places.geojson import read_areas
from gateways.places.mistakes import Findings, Mistake, PlaceRefused, Severity, refused
from gateways.places.plan_references import check_areas
from gateways.places.references import check_references
from gateways.places.soundness import check_soundness
from gateways.places.streets import Streets, graph_of, read_streets


class Loaded(Struct, frozen=True):
    """A place and what came with it."""

    place: Place
    demand: Demand | None
    streets: Streets | None
    graph: Graph | None
    """The streets as the engine searches them; None where travel goes in straight lines."""
    addresses: Addresses | None
    """None where the place has no house numbers."""
    warnings: tuple[Mistake, ...]
    """What `turnout check` would say; none of it keeps the place from being used."""


def load(folder: Path, *, straight: bool = False) -> Loaded:
    """Return the place in the folder; `straight` leaves its streets aside. Raises PlaceRefused naming every error."""
    findings = Findings()
    loaded = examine(folder, findings)
    findings.refuse_errors(folder)
    if loaded is None:  # pragma: no cover - nothing comes back only where an error was reported
        raise refused(folder, files.PLACE, "could not be read")
    if straight:
        return replace(loaded, place=replace(loaded.place, streets=""), graph=None)
    return loaded


def examine(folder: Path, findings: Findings) -> Loaded | None:
    """Read and judge the folder; report into the findings; return the place if it could be built."""
    if not (folder / files.PLACE).is_file():
        message = "is not there: a place is a folder with " + ", ".join(files.REQUIRED)
        findings.error(str(folder), files.PLACE, message)
        return None
    draft = read_draft(folder, findings)
    check_references(draft, findings)
    streets = _streets(folder, draft, findings)
    addresses = read_addresses(folder, findings)
    loaded = _build(folder, draft, streets, addresses, findings)
    if loaded is None or findings.errors():
        return None
    check_soundness(loaded.place, loaded.demand, findings)
    if addresses is not None:
        check_addresses(addresses, loaded.place, findings)
    warnings = tuple(each for each in findings.mistakes if each.severity is Severity.WARNING)
    return replace(loaded, warnings=warnings)


def _build(
    folder: Path, draft: Draft, streets: Streets | None, addresses: Addresses | None, findings: Findings
) -> Loaded | None:
    """Build what the draft describes, unless it has mistakes."""
    file = draft.place
    if file is None:
        return None
    has_areas = (folder / files.AREAS).is_file()
    areas = read_areas(folder, projection_of(file), draft.stations, findings) if has_areas else ()
    if not findings.errors(files.AREAS):
        check_areas(draft, tuple(area.id for area in areas), findings)
    if findings.errors():
        return None
    graph = None
    if streets is not None and file.travel.model != "straight":
        graph = graph_of(streets, projection_of(file))
    place = build_place(draft, file, areas, graph.digest if graph else "")
    return Loaded(place, build_demand(draft, file), streets, graph, addresses, ())


def _streets(folder: Path, draft: Draft, findings: Findings) -> Streets | None:
    if not (folder / files.STREETS).is_file():
        if draft.place and draft.place.travel.model == "streets":
            message = f'is "streets", but {files.STREETS} is not there; say "straight" or import the streets'
            findings.error(files.PLACE, "travel.model", message)
        return None
    try:
        return read_streets(folder)
    except PlaceRefused as refusal:
        for mistake in refusal.mistakes:
            findings.error(mistake.file, mistake.path, mistake.message)
        return None
