"""Reads JEMSS's CSV files: several tables in one file, each a title line, a header line, rows, and a blank line.

Rule: nothing is guessed. A missing table or column, or a cell that is not a number, is refused by name and line.
"""

import csv
import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gateways.places.mistakes import refused

EXPANDED_MAX = 1 << 30
"""Bytes of one file in a zip; more is not a city."""


class Sheet(Struct, frozen=True):
    """One table."""

    folder: Path
    file: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """(line number, cells)."""

    def texts(self, column: str) -> list[str]:
        """Return the column's cells. Raises PlaceRefused when the table has no such column."""
        if column not in self.header:
            raise refused(self.folder, self.file, f'table "{self.title}" has no column "{column}"')
        at = self.header.index(column)
        return [cells[at].strip() if at < len(cells) else "" for _, cells in self.rows]

    def numbers(self, column: str) -> list[float]:
        """Return the column as finite numbers. Raises PlaceRefused naming the first cell that is none."""
        found = []
        for (line, _), text in zip(self.rows, self.texts(column), strict=True):
            number = _number(text)
            if not math.isfinite(number):
                raise refused(self.folder, self.file, f'"{text}" is not a number', f"line {line}, {column}")
            found.append(number)
        return found

    def label(self, *columns: str) -> list[str]:
        """Return the first of these columns that the table has (capitals do not matter), or empty texts."""
        known = {name.lower(): name for name in reversed(self.header)}
        for column in columns:
            if column in known:
                return self.texts(known[column])
        return [""] * len(self.rows)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_file(folder: Path, file: str) -> str:
    """Return the file's text. Raises PlaceRefused."""
    try:
        return (folder / file).read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise refused(folder, file, "is missing: a JEMSS city has this file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise refused(folder, file, f"cannot be read: {error}") from error


def read_zipped(folder: Path, file: str, suffix: str) -> bytes:
    """Return the one file of a zip whose name ends so. Raises PlaceRefused for a zip that is cut or lacks it."""
    try:
        with zipfile.ZipFile(folder / file) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(suffix):
                    if info.file_size > EXPANDED_MAX:
                        raise refused(folder, file, f"{info.filename} unpacks to {info.file_size} bytes: too large")
                    return archive.read(info)
    except FileNotFoundError as error:
        raise refused(folder, file, "is missing: a JEMSS city has this file") from error
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise refused(folder, file, f"is not a whole zip file ({error}); copy it again") from error
    raise refused(folder, file, f"holds no *{suffix}")


def sheets(folder: Path, file: str, text: str) -> dict[str, Sheet]:
    """Return the tables by title."""
    found: dict[str, Sheet] = {}
    block: list[tuple[int, tuple[str, ...]]] = []
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        numbered = [(lines.line_num, tuple(cells)) for cells in lines]
    except csv.Error as error:
        raise refused(folder, file, f"is not valid CSV: {error}", f"line {lines.line_num}") from error
    for number, cells in [*numbered, (0, ())]:
        if any(cell.strip() for cell in cells):
            block.append((number, cells))
            continue
        if len(block) > 1:
            title = block[0][1][0].strip()
            header = tuple(name.strip() for name in block[1][1])
            found[title] = Sheet(folder, file, title, header, tuple(block[2:]))
        block = []
    return found


def sheet(folder: Path, file: str, title: str) -> Sheet:
    """Return one table of a file. Raises PlaceRefused when it is not there."""
    tables = sheets(folder, file, read_file(folder, file))
    if title not in tables:
        raise refused(folder, file, f'has no table "{title}"; it has {", ".join(tables) or "none"}')
    return tables[title]


def columns(folder: Path, file: str, text: str, title: str) -> dict[str, npt.NDArray[np.float64]]:
    """Return a long table of numbers by column, fast. Raises PlaceRefused."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.split(",", 1)[0].strip() == title]
    if not starts or starts[0] + 2 > len(lines):
        raise refused(folder, file, f'has no table "{title}"')
    names = [name.strip() for name in lines[starts[0] + 1].split(",")]
    body = lines[starts[0] + 2 :]
    end = next((number for number, line in enumerate(body) if not line.strip(", ")), len(body))
    used = [number for number, name in enumerate(names) if name]
    try:
        values = np.loadtxt(body[:end], delimiter=",", usecols=used, ndmin=2, dtype=np.float64, comments=None)
    except ValueError as error:
        raise refused(folder, file, f'table "{title}" cannot be read: {error}') from error
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        where = f"line {starts[0] + 3 + row}, {names[used[column]]}"
        raise refused(folder, file, f"{values[row, column]} is not a finite number", where)
    return {names[number]: values[:, position] for position, number in enumerate(used)}
