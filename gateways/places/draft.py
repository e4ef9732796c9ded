"""A place as its files say it: names not yet resolved, durations not yet converted.

Rule: reading looks at each file by itself. Whether the files agree with each other is for `references.py`.
"""

from pathlib import Path

from msgspec import Struct

from gateways.places import files
from gateways.places.decode import decode
from gateways.places.files import (
    AgencyRow,
    CrewRow,
    DemandFile,
    HospitalRow,
    PlaceFile,
    PointRow,
    ShiftRow,
    StationRow,
    TypeRow,
    UnitRow,
    ZoneRow,
)
from gateways.places.mistakes import Findings, like
from gateways.places.plan_files import DeterminationRow, PlanRow
from gateways.places.rule_files import RulesFile
from gateways.places.tables import Rows, T, csv_rows, read_toml, toml_rows

DATA_SUFFIXES = (".toml", ".csv", ".geojson", ".npz")


class Draft(Struct):
    """The rows of all files."""

    place: PlaceFile | None
    types: Rows[TypeRow]
    plans: Rows[PlanRow]
    shifts: Rows[ShiftRow]
    stations: Rows[StationRow]
    hospitals: Rows[HospitalRow]
    crews: Rows[CrewRow]
    units: Rows[UnitRow]
    demand: DemandFile | None
    zones: Rows[ZoneRow]
    agencies: Rows[AgencyRow]
    determinations: Rows[DeterminationRow]
    rules: Struct | None
    coverage: Rows[PointRow] | None
    """None: coverage.csv is not there, and demand says where cover is wanted."""


def read_draft(folder: Path, findings: Findings) -> Draft:
    """Read every file but the areas and the streets; report what does not fit."""
    _presence(folder, findings)
    return Draft(
        place=_table(folder, files.PLACE, PlaceFile, findings),
        types=_list(folder, files.TYPES, "type", TypeRow, findings),
        plans=_list(folder, files.PLANS, "plan", PlanRow, findings),
        shifts=_list(folder, files.SHIFTS, "shift", ShiftRow, findings),
        stations=_csv(folder, files.STATIONS, StationRow, findings),
        hospitals=_csv(folder, files.HOSPITALS, HospitalRow, findings),
        crews=_csv(folder, files.CREWS, CrewRow, findings),
        units=_csv(folder, files.UNITS, UnitRow, findings),
        demand=_table(folder, files.DEMAND, DemandFile, findings),
        zones=_csv(folder, files.ZONES, ZoneRow, findings),
        agencies=_list(folder, files.AGENCIES, "agency", AgencyRow, findings),
        determinations=_list(folder, files.DETERMINATIONS, "determination", DeterminationRow, findings),
        rules=_table(folder, files.RULES, RulesFile, findings),
        coverage=_csv(folder, files.COVERAGE, PointRow, findings) if _present(folder, files.COVERAGE) else None,
    )


def _presence(folder: Path, findings: Findings) -> None:
    """Report missing files, halves of a pair, and files whose name is nearly right."""
    known = (*files.REQUIRED, *files.OPTIONAL)
    for file in files.REQUIRED:
        if not _present(folder, file):
            findings.error(file, "", "is missing: a place needs " + ", ".join(files.REQUIRED))
    if _present(folder, files.DEMAND) != _present(folder, files.ZONES):
        missing = files.ZONES if _present(folder, files.DEMAND) else files.DEMAND
        findings.error(missing, "", f"is missing: {files.DEMAND} and {files.ZONES} go together")
    for path in sorted(folder.iterdir()):
        if path.suffix in DATA_SUFFIXES and path.name not in known:
            findings.warning(path.name, "", f"is not a file of a place and is not read{like(path.name, known)}")


def _present(folder: Path, file: str) -> bool:
    return (folder / file).is_file()


def _table(folder: Path, file: str, wanted: type[T], findings: Findings) -> T | None:
    document = read_toml(folder, file, findings) if _present(folder, file) else None
    if document is None:
        return None
    return decode(document, wanted, "", lambda where, why: findings.error(file, where, why))


def _list(folder: Path, file: str, key: str, wanted: type[T], findings: Findings) -> Rows[T]:
    return toml_rows(folder, file, key, wanted, findings) if _present(folder, file) else _absent(file)


def _csv(folder: Path, file: str, wanted: type[T], findings: Findings) -> Rows[T]:
    return csv_rows(folder, file, wanted, findings) if _present(folder, file) else _absent(file)


def _absent(file: str) -> Rows[T]:
    """Return no rows. What refers into an optional file that is absent is a mistake; the others were named."""
    return Rows(file, [], {}, readable=file not in (*files.REQUIRED, files.ZONES))
