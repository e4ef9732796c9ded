"""`[asap]`: alarm companies that may report alarms, what their events are here, and how they are told."""

import csv
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from gateways.outward.feed import Receiver

Priority = Annotated[int, Meta(ge=1, le=5)]


class EventRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a kind of alarm is here."""

    type: str
    """Incident type of the place."""
    priority: Priority | None = None
    """None: the type's own."""
    verified_priority: Priority | None = None
    """Of one that the company has verified by sound, image or a person; None: as any other."""


class Company(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An alarm company: a principal of this name, with the role partner."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    notices: Receiver | None = None
    """Where it is told what becomes of its alarms; None: it asks."""
    may_cancel: bool = False
    """Its cancel ends the incident, unless somebody is on scene; False: a dispatcher is told that it asks for it."""


class AsapConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Alarm companies. Without any nothing is listened to."""

    companies: tuple[Company, ...] = ()
    events: dict[str, EventRule] = {}
    """By the company's event type, in lower case: burglary, fire, medical, hold-up …"""
    premises: str | None = None
    """A CSV file with the columns premise, address, lat, lon: alarms may name a premise or an address instead of a
    position."""
    oldest_s: Annotated[float, Meta(gt=0)] = 900.0
    """An alarm that went off longer ago is rejected as too old."""
    ahead_s: Annotated[float, Meta(gt=0)] = 60.0
    """A company's clock may be so far ahead."""

    @property
    def is_off(self) -> bool:
        """Tell whether nobody may report."""
        return not self.companies


class PremisesRefused(Exception):
    """The table of premises does not hold. The message names file, line and reason."""


class Premises:
    """Where premises and addresses are."""

    def __init__(self, by_name: dict[str, tuple[float, float]]) -> None:
        self._by_name = by_name

    def find(self, *names: str) -> tuple[float, float] | None:
        """Return (lat, lon) of the first of these names that is known."""
        return next((self._by_name[key] for name in names if (key := _key(name)) in self._by_name), None)


def read_premises(path: Path | None) -> Premises:
    """Return the table. Raises PremisesRefused."""
    if path is None:
        return Premises({})
    found: dict[str, tuple[float, float]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if set(rows.fieldnames or ()) != {"premise", "address", "lat", "lon"}:
                raise PremisesRefused(f"{path}: the first line must name the columns premise, address, lat and lon.")
            for line, row in enumerate(rows, start=2):
                place = _place(row)
                if place is None:
                    raise PremisesRefused(f"{path}, line {line}: lat and lon are not degrees.")
                found |= {_key(name): place for name in (row["premise"], row["address"]) if name and name.strip()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PremisesRefused(f"{path}: cannot be read ({error}).") from error
    return Premises(found)


def _place(row: dict[str, str]) -> tuple[float, float] | None:
    try:
        lat, lon = float(row["lat"]), float(row["lon"])
    except (TypeError, ValueError):
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def _key(name: str) -> str:
    """Return how names are compared: case, blanks, commas and full stops do not matter."""
    return " ".join(name.casefold().replace(",", " ").replace(".", " ").split())
