"""Who is told of a unit's alerts: people and devices by name, the addresses that they are told at, and when they may be.

Rule: addresses stay here. The journal, the logs and the views know a recipient by its name only. Whether somebody is on
duty is judged at the moment of the attempt, from the World: the hours of the unit's shift, or of the recipient's own.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from engine.model.hours import local_minute_of_week, on_duty
from engine.model.lifecycle import Status
from engine.model.place import Place
from engine.state.duty import shift_of
from engine.state.posts import post_of
from engine.state.records import Alert, UnitRecord
from engine.state.world import World

DAY_MINUTES: Final = 24 * 60
_QUIET: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_COLUMNS: Final = ("name", "units", "stations", "crews", "endpoint", "address", "shift", "quiet", "urgent", "exercise")

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ -]{0,63}$")]


class RecipientsRefused(Exception):
    """The table does not hold. The message names file, recipient and reason."""


class Recipient(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody, or some device, that is told. Raises ValueError where `quiet` is no span of hours."""

    name: Name
    units: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    """Of all units that belong there at that moment."""
    crews: tuple[str, ...] = ()
    addresses: dict[str, Annotated[str, Meta(min_length=1, max_length=500)]]
    """By endpoint: number, mailbox, pager's id."""
    shift: str | None = None
    """Told during these hours of the place only; None: while the unit is on duty."""
    quiet: str | None = None
    """Local hours in which it is left alone, as 22:00-06:00."""
    urgent: Annotated[int, Meta(ge=0, le=5)] = 1
    """Told in quiet hours all the same of incidents of this priority and above; 0: of none."""
    exercise: bool = False
    """No real person: may be sent to in an exercise."""

    def __post_init__(self) -> None:
        if self.quiet is not None and not _QUIET.fullmatch(self.quiet):
            raise ValueError(f"quiet: {self.quiet!r} is not a span like 22:00-06:00")
        if not (self.units or self.stations or self.crews):
            raise ValueError(f"{self.name}: of whose alerts? Give units, stations or crews")

    def __repr__(self) -> str:
        """Show no address."""
        return f"Recipient({self.name!r})"


class Recipients:
    """The table."""

    def __init__(self, recipients: tuple[Recipient, ...] = ()) -> None:
        self._of_unit = _filed({each.name: (each, each.units) for each in recipients})
        self._of_station = _filed({each.name: (each, each.stations) for each in recipients})
        self._of_crew = _filed({each.name: (each, each.crews) for each in recipients})
        self.all = recipients

    def listed(self, world: World, unit: str, endpoint: str) -> list[Recipient]:
        """Return who is told of this unit's alerts at this endpoint, on duty or not, each once."""
        record = world.unit(unit)
        found = list(self._of_unit.get(unit, ()))
        if record is not None:
            crew = world.fleet.units[record.row].crew
            found += self._of_crew.get(crew or "", [])
            found += self._of_station.get(post_of(world, record), [])
        return [each for each in {each.name: each for each in found}.values() if endpoint in each.addresses]

    def addressed(self, endpoint: str, address: str) -> Recipient | None:
        """Return whose address this is; of several the first of the table."""
        wanted = _plain_number(address)
        return next((each for each in self.all if _plain_number(each.addresses.get(endpoint, "")) == wanted), None)


def _plain_number(address: str) -> str:
    """Return a number without what people put between digits, so that +31 6 12 and 0031612 are one; others as they are."""
    digits = re.sub(r"[\s()/.-]", "", address)
    if not re.fullmatch(r"\+?[0-9]{4,20}", digits, re.ASCII):
        return address.casefold()
    return digits.removeprefix("+").removeprefix("00")


def _filed(named: Mapping[str, tuple[Recipient, tuple[str, ...]]]) -> dict[str, list[Recipient]]:
    filed: dict[str, list[Recipient]] = {}
    for recipient, keys in named.values():
        for key in keys:
            filed.setdefault(key, []).append(recipient)
    return filed


def left_alone(world: World, alert: Alert, recipient: Recipient, now: int) -> str:
    """Return why the recipient is not told now; "" if it is."""
    minute = local_minute_of_week(world.settled, now)
    record = world.unit(alert.unit)
    if recipient.shift is not None:
        hours = next((each for each in world.settled.shifts if each.id == recipient.shift), None)
        if hours is not None and not on_duty(hours, minute):
            return f"off duty: the shift {recipient.shift} is not on"
    elif record is not None and _is_off(world, record, minute):
        return f"off duty: so is {alert.unit}"
    if recipient.quiet is not None and _within(recipient.quiet, minute % DAY_MINUTES):
        incident = world.incidents.get(alert.incident)
        if incident is None or incident.priority > recipient.urgent:
            return f"quiet hours: {recipient.quiet}"
    return ""


def _is_off(world: World, unit: UnitRecord, minute: int) -> bool:
    """Off duty by its own word, or by its hours. A crew that is out on a job has not gone home."""
    if unit.duty is Status.OFF_DUTY:
        return True
    assignment = world.assignment(unit)
    if assignment is not None and assignment.status not in (Status.RESERVED, Status.DISPATCHED):
        return False
    hours = shift_of(world, unit.row)
    return hours is not None and not on_duty(hours, minute)


def _within(quiet: str, minute: int) -> bool:
    form = _QUIET.fullmatch(quiet)
    assert form is not None
    start, end = int(form[1]) * 60 + int(form[2]), int(form[3]) * 60 + int(form[4])
    return start <= minute < end if start <= end else minute >= start or minute < end


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    recipients: tuple[Recipient, ...] = ()


def read_recipients(path: Path, place: Place, endpoints: frozenset[str]) -> Recipients:
    """Return the table of a TOML file ([[recipients]]) or a CSV file. Raises RecipientsRefused naming the mistake."""
    try:
        if path.suffix == ".csv":
            found = _from_csv(path)
        else:
            found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).recipients
    except OSError as error:
        raise RecipientsRefused(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise RecipientsRefused(f"{path}: is not UTF-8.") from error
    except csv.Error as error:
        raise RecipientsRefused(f"{path}: is not CSV: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipientsRefused(f"{path}: is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise RecipientsRefused(f"{path}: {error}.") from error
    for mistake in _mistakes(found, place, endpoints):
        raise RecipientsRefused(f"{path}: {mistake}.")
    return Recipients(found)


def _mistakes(found: tuple[Recipient, ...], place: Place, endpoints: frozenset[str]) -> Iterator[str]:
    known = {
        "unit": {unit.id for unit in place.units},
        "station": {station.id for station in place.stations},
        "crew": {crew.id for crew in place.crews},
        "shift": {shift.id for shift in place.shifts},
    }
    names: set[str] = set()
    for each in found:
        if each.name in names:
            yield f"the recipient {each.name!r} is listed twice"
        names.add(each.name)
        shifts = () if each.shift is None else (each.shift,)
        for what, wanted in (("unit", each.units), ("station", each.stations), ("crew", each.crews), ("shift", shifts)):
            for name in wanted:
                if name not in known[what]:
                    yield f"{each.name}: the place has no {what} {name!r}"
        for name in each.addresses:
            if name not in endpoints:
                yield f"{each.name}: there is no endpoint {name!r} that takes addresses"


def _from_csv(path: Path) -> tuple[Recipient, ...]:
    """Read a row for each recipient and endpoint; what a later row of the same name leaves empty stays as it was."""
    tables: dict[str, dict[str, object]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        columns = set(rows.fieldnames or ())
        if not {"name", "endpoint", "address"} <= columns or not columns <= set(_COLUMNS):
            raise RecipientsRefused(
                f"{path}: the columns are {', '.join(_COLUMNS)}; name, endpoint, address are needed."
            )
        for line, row in enumerate(rows, start=2):
            if None in row or None in row.values():
                raise RecipientsRefused(f"{path}, line {line}: has not as many fields as the first line.")
            table = tables.setdefault(row["name"], {"name": row["name"], "addresses": {}})
            table["addresses"][row["endpoint"]] = row["address"]  # type: ignore[index]  # it is made above
            _take_row(table, row)
            try:
                msgspec.convert(table, Recipient, strict=False)
            except msgspec.ValidationError as error:
                raise RecipientsRefused(f"{path}, line {line}: {error}.") from error
    return tuple(msgspec.convert(table, Recipient, strict=False) for table in tables.values())


def _take_row(table: dict[str, object], row: dict[str, str]) -> None:
    for column in ("units", "stations", "crews"):
        if row.get(column):
            table[column] = tuple(row[column].split())
    for column in ("shift", "quiet", "urgent", "exercise"):
        if row.get(column):
            table[column] = row[column]
