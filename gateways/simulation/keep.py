"""Runs on disk: one file a run, so that it can be compared with another without being run again.

The file is a NumPy archive: the columns as they are, and a head in JSON that names the version, the run and what is
no column. It is written beside itself and then moved into its place, so that a file is whole or is not there.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from engine.sim.outcome import Calls, CoverSamples, Outcome, Units
from gateways.simulation.document import Run

FORMAT = "turnout-simulation"
VERSION = 2
HEAD = "head"
FAST = 1
"""Pressing harder takes seven times as long and saves a fiftieth (measured: 450,000 calls, 0.44 s, 14.8 MB)."""
PARTS: dict[str, type[Struct]] = {"calls": Calls, "units": Units, "cover": CoverSamples}
"""What of an outcome is columns."""
DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    msgspec.MsgspecError,
)
"""What reading a file raises that is not what it was when it was written."""


class RunRefused(Exception):
    """The file is not a run that can be read; the message says why and what to do."""


class Kept(Struct, frozen=True):
    """A run as it lies on disk."""

    run: Run
    by_policy: dict[str, list[Outcome]]


class Head(Struct, frozen=True):
    """What is no column."""

    format: str
    version: int
    run: Run
    outcomes: list[dict[str, Any]]
    """Of each outcome its plain fields, `name` (as it is compared) and `ids` of its units."""


def save(path: Path, run: Run, by_policy: Mapping[str, Sequence[Outcome]]) -> None:
    """Write the run. Raises OSError."""
    columns: dict[str, np.ndarray] = {}
    plain: list[dict[str, Any]] = []
    for name, outcomes in by_policy.items():
        for outcome in outcomes:
            for part in PARTS:
                columns |= _columns(f"{len(plain)}.{part}.", getattr(outcome, part))
            fields = {field: getattr(outcome, field) for field in Outcome.__struct_fields__ if field not in PARTS}
            plain.append({"name": name, "ids": outcome.units.ids, **fields})
    head = msgspec.json.encode(Head(FORMAT, VERSION, run, plain))
    columns[HEAD] = np.frombuffer(head, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
            for name, column in columns.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, column, allow_pickle=False)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> Kept:
    """Read a run. Raises RunRefused for a file that is damaged, of another version, or none of ours."""
    with _opened(path) as archive:
        head = _head(path, archive)
        by_policy: dict[str, list[Outcome]] = {}
        for number, plain in enumerate(head.outcomes):
            by_policy.setdefault(plain.pop("name"), []).append(_outcome(number, plain, archive))
    return Kept(head.run, by_policy)


def head_of(path: Path) -> Head:
    """Read what of a run is no column: quick, however long the run. Raises RunRefused like `load`."""
    with _opened(path) as archive:
        return _head(path, archive)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive; whatever is wrong with it is said in a sentence."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise RunRefused(f"{path}: there is no such file.") from error
    except DAMAGE as error:
        raise RunRefused(f"{path}: is damaged, or no run of `turnout sim` ({error}). Run it again.") from error


def merged(kept: Sequence[tuple[str, Kept]]) -> Kept:
    """Return several runs as one, in their order; each comes with what to call it where names clash.

    Raises RunRefused for no run, or if they are not of one place and one preset.
    """
    if not kept:
        raise RunRefused("There is no run to compare.")
    first = kept[0][1]
    by_policy: dict[str, list[Outcome]] = {}
    for label, each in kept:
        if (each.run.place, each.run.preset, each.run.groups) != (first.run.place, first.run.preset, first.run.groups):
            raise RunRefused(f"{label}: is of another place, preset or grouping than {kept[0][0]}.")
        for name, outcomes in each.by_policy.items():
            called = name if name not in by_policy else f"{name} ({label})"
            if called in by_policy:
                raise RunRefused(f"{label}: is given twice.")
            by_policy[called] = outcomes
    return Kept(first.run, by_policy)


def _head(path: Path, archive: zipfile.ZipFile) -> Head:
    raw = _column(archive, HEAD).tobytes()
    told = msgspec.json.decode(raw)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError("it has no head")
    if told.get("version") != VERSION:
        raise RunRefused(
            f"{path}: was written in version {told.get('version')} of the format; this program reads {VERSION}. "
            "Run it again."
        )
    return msgspec.json.decode(raw, type=Head)


def _column(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return a column. It is read to its end first, so that its checksum is looked at."""
    column: np.ndarray = np.lib.format.read_array(BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    return column


def _columns(prefix: str, part: Struct) -> dict[str, np.ndarray]:
    values = {field: getattr(part, field) for field in part.__struct_fields__}
    return {prefix + field: value for field, value in values.items() if isinstance(value, np.ndarray)}


def _outcome(number: int, plain: dict[str, Any], archive: zipfile.ZipFile) -> Outcome:
    """Put an outcome together. Raises KeyError for a missing column, ValueError for columns that do not fit together."""
    ids = tuple(plain.pop("ids"))
    parts: dict[str, Any] = {}
    for part, kind in PARTS.items():
        columns = {
            field: _column(archive, f"{number}.{part}.{field}") for field in kind.__struct_fields__ if field != "ids"
        }
        lengths = {len(column) for column in columns.values()} | ({len(ids)} if kind is Units else set())
        if len(lengths) > 1:
            raise ValueError(f"columns of {part} are not equally long")
        parts[part] = kind(**columns, **({"ids": ids} if kind is Units else {}))
    return Outcome(**parts, **plain)
