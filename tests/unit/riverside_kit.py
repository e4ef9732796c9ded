"""The example place, as it is and spoilt: what tests of places break on purpose."""

import shutil
from pathlib import Path

from gateways.places import Severity, check

RIVERSIDE = Path(__file__).parents[2] / "config" / "riverside"


def copy_of_riverside(folder: Path) -> Path:
    """Return a copy in this folder, to be spoilt."""
    return Path(shutil.copytree(RIVERSIDE, folder / "place"))


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    """Put something wrong into a file."""
    text = (folder / file).read_text()
    assert old in text, f"{file} no longer has {old!r}"
    (folder / file).write_text(text.replace(old, new, 1))


def said(folder: Path, severity: Severity = Severity.ERROR) -> list[str]:
    """Return what is wrong with the place, in words."""
    return [str(mistake) for mistake in check(folder) if mistake.severity is severity]
