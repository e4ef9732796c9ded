"""Reads the text files of a folder into rows, each with the place it stands at.

Rule: a row that does not fit is reported and left out, but its id still counts as known, so that one slip does not
make ten others appear.
"""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from gateways.places.decode import decode, join
from gateways.places.mistakes import Findings, like

T = TypeVar("T", bound=Struct)


class Rows(Struct, Generic[T]):
    """The rows of one file."""

    file: str
    rows: list[tuple[str, T]]
    """(path, row); the path is `plan[2]` or `line 5`."""
    ids: dict[str, None]
    """In the file's order; also of the rows that did not fit."""
    readable: bool = True
    """False when the file, or the id of a row, could not be read: then nothing can be said about what is lacking."""

    def __iter__(self) -> Iterator[T]:
        """Go through the rows without their paths."""
        return (row for _, row in self.rows)

    def unknown(self, name: str) -> bool:
        """Tell whether the file was read and does not have this id."""
        return self.readable and name not in self.ids


def read_text(folder: Path, file: str, findings: Findings) -> str | None:
    """Return the file's text, or None after reporting why there is none. Absence is the caller's matter."""
    try:
        return (folder / file).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.error(file, "", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
    except OSError as error:
        findings.error(file, "", f"cannot be read: {error.strerror}")
    return None


def read_toml(folder: Path, file: str, findings: Findings) -> dict[str, object] | None:
    """Return the parsed file, or None after reporting why not."""
    text = read_text(folder, file, findings)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        findings.error(file, "", f"is not valid TOML: {error}")
        return None


def toml_rows(folder: Path, file: str, key: str, wanted: type[T], findings: Findings) -> Rows[T]:
    """Read a file that is one list of tables, [[key]]."""
    document = read_toml(folder, file, findings)
    if document is None:
        return Rows(file, [], {}, readable=False)
    for name in document:
        if name != key:
            findings.error(file, name, f"unknown field{like(name, [key])}; this file is a list of [[{key}]]")
    tables = document.get(key, [])
    if not isinstance(tables, list):
        findings.error(file, key, f"write [[{key}]] with double brackets, one for each")
        return Rows(file, [], {}, readable=False)
    found = _rows(file, ((f"{key}[{n}]", table) for n, table in enumerate(tables)), wanted, findings, strict=True)
    # A misspelt heading may hide any id.
    found.readable = found.readable and set(document) <= {key}
    return found


def csv_rows(folder: Path, file: str, wanted: type[T], findings: Findings) -> Rows[T]:
    """Read a table with a header line. An empty cell counts as not given."""
    text = read_text(folder, file, findings)
    if text is None:
        return Rows(file, [], {}, readable=False)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if not header_fits(file, header, wanted, findings):
            return Rows(file, [], {}, readable=False)
        cells = list(_cells(file, [(lines.line_num, line) for line in lines], header, findings))
    except csv.Error as error:
        findings.error(file, f"line {lines.line_num}", f"is not valid CSV: {error}")
        return Rows(file, [], {}, readable=False)
    return _rows(file, cells, wanted, findings, strict=False)


def header_fits(file: str, header: list[str], wanted: type[Struct], findings: Findings) -> bool:
    """Report unknown, repeated and missing columns."""
    before = findings.errors(file)
    fields = {field.encode_name: field.required for field in msgspec.structs.fields(wanted)}
    for position, name in enumerate(header):
        if name not in fields:
            findings.error(file, "line 1", f'unknown column "{name}"{like(name, fields)}')
        elif name in header[:position]:
            findings.error(file, "line 1", f'column "{name}" stands twice')
    for name, required in fields.items():
        if required and name not in header:
            findings.error(file, "line 1", f'column "{name}" is missing')
    return findings.errors(file) == before


def _cells(
    file: str, lines: Iterable[tuple[int, list[str]]], header: list[str], findings: Findings
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (path, cells by column) for each line that is not blank."""
    for number, line in lines:
        if len(line) > len(header):
            findings.error(file, f"line {number}", f"has {len(line)} cells; the header has {len(header)}")
        cells = {name: text for name, cell in zip(header, line, strict=False) if (text := cell.strip())}
        if cells:
            yield f"line {number}", cells


def _rows(
    file: str, values: Iterable[tuple[str, object]], wanted: type[T], findings: Findings, *, strict: bool
) -> Rows[T]:
    """Decode each row; report and drop those that do not fit."""
    found: Rows[T] = Rows(file, [], {})
    for path, value in values:
        if isinstance(value, dict) and isinstance(name := value.get("id"), str):
            if name in found.ids:
                findings.error(file, join(path, "id"), f'"{name}" stands twice; ids must differ')
            found.ids[name] = None
        elif "id" in wanted.__struct_fields__:
            found.readable = False
        row = decode(value, wanted, path, lambda where, why: findings.error(file, where, why), strict=strict)
        if row is not None:
            found.rows.append((path, row))
    return found
