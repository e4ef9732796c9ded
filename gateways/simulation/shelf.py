"""Runs that were kept in one folder: what they are, and the page of each, for whoever serves them."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from gateways.simulation.document import document_of
from gateways.simulation.keep import RunRefused, head_of, load
from gateways.simulation.page import page_policy, render_page

SUFFIX: Final = ".run"
LISTED_MAX: Final = 200
"""The latest; older ones are still there, and `turnout sim compare` reads them."""


class KeptRun(Struct, frozen=True):
    """One file."""

    file: str
    kept_ms: int
    """When it was written."""
    place: str = ""
    days: int = 0
    reps: int = 0
    policies: tuple[str, ...] = ()
    fault: str = ""
    """Why it cannot be read; "" if it can."""


class ServedPage(Struct, frozen=True):
    """A page, and the Content-Security-Policy under which it works and can do nothing else."""

    policy: str
    page: str


def runs_in(folder: Path) -> list[KeptRun]:
    """Return the runs in the folder, the latest first. Their names end in `SUFFIX`."""
    files = [(path.stat().st_mtime_ns, path) for path in folder.glob(f"*{SUFFIX}") if path.is_file()]
    return [_kept(path, written_ns // 1_000_000) for written_ns, path in sorted(files, reverse=True)[:LISTED_MAX]]


def page_of(path: Path) -> ServedPage:
    """Return the page of a run. Raises RunRefused, OutcomesRefused."""
    kept = load(path)
    return ServedPage(page_policy(), render_page(document_of(kept.run, kept.by_policy), kept.by_policy, kept.run))


def _kept(path: Path, kept_ms: int) -> KeptRun:
    try:
        head = head_of(path)
    except RunRefused as refused:
        return KeptRun(path.name, kept_ms, fault=str(refused).removeprefix(f"{path.parent}/"))
    policies = tuple(dict.fromkeys(str(outcome["name"]) for outcome in head.outcomes))
    return KeptRun(path.name, kept_ms, head.run.place, head.run.days, head.run.reps, policies)
