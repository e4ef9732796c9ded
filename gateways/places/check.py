"""What `turnout check PLACE` shows: every mistake of a place, errors first, and which plan answers what."""

from pathlib import Path

from msgspec import Struct

from gateways.places.load import examine
from gateways.places.mistakes import Findings, Mistake
from gateways.places.plan_table import plan_lines


class Survey(Struct, frozen=True):
    """What was found."""

    mistakes: tuple[Mistake, ...]
    """Errors and warnings; nothing means that the place is sound."""
    plans: tuple[str, ...]
    """A line for each incident type; none where the place cannot be used."""


def survey(folder: Path) -> Survey:
    """Read and judge the place."""
    findings = Findings()
    loaded = examine(folder, findings)
    return Survey(findings.mistakes, plan_lines(loaded.place) if loaded is not None and not findings.errors() else ())


def check(folder: Path) -> tuple[Mistake, ...]:
    """Return all errors and warnings."""
    return survey(folder).mistakes
