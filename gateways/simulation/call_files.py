"""Recorded calls from a table: `turnout sim PLACE --calls FILE.csv`. Every mistake is named, by line and column.

Columns: `time` (ISO 8601, in the place's own time where it names no zone; or ms since the epoch), `lat`, `lon`, `type`; and where
known `priority` (else the type's own), `taking_s` (from the call until it was on the board), `on_scene_s`, `transport`
(yes or no) and `handover_s`. An empty cell is not known. Lines may come in any order.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from engine.model.demand import CareTimes
from engine.model.hours import DAY_MS
from engine.model.place import PRIORITIES, Place
from engine.sim.callers import CallList
from engine.sim.given import LONGEST_MS, PERHAPS, UNKNOWN, Given, given_of
from engine.sim.recorded import unfit
from gateways.places.mistakes import Findings, like
from gateways.places.tables import csv_rows
from gateways.simulation.setups import NotSimulated

YES, NO = ("yes", "true", "1"), ("no", "false", "0")
YEARS = (1990, 2200)
DAYS_MAX = 3_650
"""A list that spans more is one with a slip in a year: nobody waits for so many days to be simulated."""


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """A line as it is written: text, so that one cell that does not fit hides no other."""

    time: str
    lat: str
    lon: str
    type: str
    priority: str | None = None
    taking_s: str | None = None
    on_scene_s: str | None = None
    transport: str | None = None
    handover_s: str | None = None


class Call(Struct, frozen=True):
    """A line as it is meant."""

    came_ms: int
    x_m: int
    y_m: int
    type: str
    priority: int
    taking_ms: int
    work_ms: int
    transport: int
    handover_ms: int


def read_calls(path: Path, place: Place, care: CareTimes | None = None) -> Given:
    """Return the calls of the file, and the place's usual times where it says nothing. Raises NotSimulated."""
    findings = Findings()
    reader = _Reader(path.name, place, findings)
    found = [(where, reader.call(where, row)) for where, row in csv_rows(path.parent, path.name, Row, findings).rows]
    calls = sorted(((where, call) for where, call in found if call is not None), key=lambda each: each[1].came_ms)
    if not findings.errors():
        _check_span(path.name, calls, findings)
    listed = _list([call for _, call in calls])
    if not findings.errors():
        _check_plans(path.name, place, [where for where, _ in calls], listed, findings)
    if findings.errors():
        mistakes = "\n".join(f"  {mistake}" for mistake in findings.mistakes)
        raise NotSimulated(f"{path} was refused:\n{mistakes}")
    return given_of(listed, place, care)


class _Reader:
    """Reads lines for one place."""

    def __init__(self, file: str, place: Place, findings: Findings) -> None:
        self._file, self._place, self._findings = file, place, findings
        self._zone = ZoneInfo(place.timezone)
        self._usual = {kind.id: kind.priority for kind in place.types}

    def call(self, where: str, row: Row) -> Call | None:
        """Return the call, or None after naming all that is wrong with it."""
        before = self._findings.errors()
        came_ms = self._time(where, row.time)
        x_m, y_m = self._position(where, row)
        if row.type not in self._usual:
            self._say(where, "type", f'the place has no incident type "{row.type}"{like(row.type, self._usual)}')
        priority = self._priority(where, row)
        call = Call(
            came_ms,
            x_m,
            y_m,
            row.type,
            priority,
            self._duration(where, "taking_s", row.taking_s),
            self._duration(where, "on_scene_s", row.on_scene_s),
            self._transport(where, row.transport),
            self._duration(where, "handover_s", row.handover_s),
        )
        return call if self._findings.errors() == before else None

    def _say(self, where: str, column: str, message: str) -> None:
        self._findings.error(self._file, f"{where}, {column}", message)

    def _time(self, where: str, text: str) -> int:
        try:
            at = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError):
            self._say(where, "time", f'"{text[:40]}" is neither ISO 8601 (2026-03-02T08:15:00Z) nor ms since the epoch')
            return 0
        if not YEARS[0] <= at.year < YEARS[1]:
            self._say(where, "time", f"lies in the year {at.year}; a number is taken for ms since the epoch")
            return 0
        at = at.replace(tzinfo=self._zone) if at.tzinfo is None else at
        return round(at.timestamp() * 1000)

    def _position(self, where: str, row: Row) -> tuple[int, int]:
        lat, lon = self._number(where, "lat", row.lat, -90, 90), self._number(where, "lon", row.lon, -180, 180)
        if lat is None or lon is None:
            return 0, 0
        x_m, y_m = self._place.projection.to_metres(lat, lon)
        west, south, east, north = self._place.bounds
        if not west <= x_m <= east:
            self._say(where, "lon", f"{lon} lies outside the bounds of {self._place.name}")
        if not south <= y_m <= north:
            self._say(where, "lat", f"{lat} lies outside the bounds of {self._place.name}")
        return x_m, y_m

    def _priority(self, where: str, row: Row) -> int:
        if row.priority is None:
            return self._usual.get(row.type, 1)
        if row.priority not in {str(each) for each in PRIORITIES}:
            self._say(where, "priority", f'"{row.priority[:40]}" is not one of 1 (most urgent) to 5')
            return 1
        return int(row.priority)

    def _duration(self, where: str, column: str, text: str | None) -> int:
        seconds = None if text is None else self._number(where, column, text, 0, LONGEST_MS // 1000)
        return UNKNOWN if seconds is None else round(seconds * 1000)

    def _number(self, where: str, column: str, text: str, least: int, most: int) -> float | None:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if least <= value <= most:
            return value
        self._say(where, column, f'"{text[:40]}" is no number from {least} to {most}')
        return None

    def _transport(self, where: str, text: str | None) -> int:
        if text is None:
            return PERHAPS
        if text.lower() not in (*YES, *NO):
            self._say(where, "transport", f'"{text[:40]}" is neither yes nor no')
        return int(text.lower() in YES)


def _check_span(file: str, calls: Sequence[tuple[str, Call]], findings: Findings) -> None:
    if not calls:
        findings.error(file, "", "holds no call")
        return
    (first, earliest), (last, latest) = calls[0], calls[-1]
    days = (latest.came_ms - earliest.came_ms) // DAY_MS
    if days > DAYS_MAX:
        message = f"lies {days} days after {first}; at most {DAYS_MAX} can be simulated. Is one of the two a slip?"
        findings.error(file, f"{last}, time", message)


def _check_plans(file: str, place: Place, where: Sequence[str], calls: CallList, findings: Findings) -> None:
    for row, line in enumerate(where):
        reason = unfit(place, calls, row)
        if reason:
            findings.error(file, line, reason)


def _list(calls: Sequence[Call]) -> CallList:
    kinds = {kind: row for row, kind in enumerate(dict.fromkeys(call.type for call in calls))}

    def column(name: str, dtype: type[np.generic]) -> np.ndarray:
        return np.array([getattr(call, name) for call in calls], dtype)

    return CallList(
        came_ms=column("came_ms", np.int64),
        taking_ms=column("taking_ms", np.int32),
        type=tuple(kinds),
        kind=np.array([kinds[call.type] for call in calls], np.int16),
        priority=column("priority", np.int8),
        x_m=column("x_m", np.int32),
        y_m=column("y_m", np.int32),
        work_ms=column("work_ms", np.int32),
        transport=column("transport", np.uint8),
        handover_ms=column("handover_ms", np.int32),
    )
