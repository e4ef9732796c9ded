"""Every mistake of a place, errors first: what `turnout check PLACE` shows."""

from pathlib import Path

from gateways.places.load import examine
from gateways.places.mistakes import Findings, Mistake


def check(folder: Path) -> tuple[Mistake, ...]:
    """Return all errors and warnings; nothing means that the place is sound."""
    findings = Findings()
    examine(folder, findings)
    return findings.mistakes
