"""Any word about crews and neighbours, from three whole numbers; and a town that counts people and has neighbours."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.model.crew_inputs import (
    AnswerAid,
    DeclineDispatch,
    Help,
    ReportDelay,
    ReportStaffing,
    RequestHelp,
    TellDispatch,
    TellUnit,
)
from engine.model.inputs import AnyInput, ReportStatus
from engine.model.lifecycle import Status
from engine.model.place import Agency, Place, Unit
from engine.model.suggestions import SuggestStatus
from tests.property.response_kit import Commander
from tests.unit.engine_place import UNITS, engine_place

AGENCIES = {"A1": "next", "A2": "next", "E2": "next", "E3": "next", "P1": "next", "B2": "vale", "L2": "vale"}
BRINGS = ((), ("als",), (), ("bls", "engine"), ("als", "als"), (), ("juggling",))


def _unit(unit: Unit) -> Unit:
    counted = unit.id[0] in "EL"
    return replace(unit, agency=AGENCIES.get(unit.id), staff=4 * counted, staff_min=3 * counted)


def neighbourly_place(units_max: int = 1) -> Place:
    """Return the town with two neighbours, one that is asked and one that need not be, and people on its engines."""
    agencies = (
        Agency("next", "Next Town", units_max, answer_within_ms=30_000),
        Agency("vale", "The Vale", units_max, automatic=True),
    )
    return engine_place(units=tuple(_unit(unit) for unit in UNITS), agencies=agencies)


def staffing(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """So many people on some unit, mostly on one that counts them."""
    names = self.world.fleet.ids
    counted = [name for name in names if name[0] in "EL"]
    name = (counted if a % 4 else names)[a // 4 % len(counted if a % 4 else names)]
    return self.command(ReportStaffing, unit=name, staff=(4, 3, 2, 4, 5, 0, -1, 101)[b % 8], brings=BRINGS[c % 7])


def answer(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """A neighbour's yes or no, mostly about a unit that it was asked for."""
    world = self.world
    asked = [unit.id for unit in world.units if world.status(unit) is Status.REQUESTED]
    name = asked[a % len(asked)] if asked and a % 8 else world.fleet.ids[a % len(world.fleet)]
    record = world.unit(name)
    at = record.incident if record is not None and b % 8 else None
    incident = at or list(world.incidents or ("I0",))[c % max(1, len(world.incidents))]
    return self.command(AnswerAid, unit=name, incident=incident, committed=b % 2 == 0, reason="none" * (c % 2))


def meal(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """A break, or its end."""
    del c
    name = self.world.fleet.ids[a % len(self.world.fleet)]
    return self.command(ReportStatus, unit=name, status=Status.ON_BREAK if b % 2 else Status.AVAILABLE)


def words(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """What a crew says of its order, mostly one that is out, or what it is told."""
    out = [unit.id for unit in self.world.units if unit.incident is not None]
    name = out[a % len(out)] if out and a % 8 else self.world.fleet.ids[a % len(self.world.fleet)]
    record = self.world.unit(name)
    about = {"unit": name, "incident": (record.incident if record is not None else None) or "I0"}
    text = ("", "axle broken", "x" * 1_001, "  ", "traffic")[c % 5]
    at_ms = (None, self.world.now, self.world.now - 60_000, self.world.now + 60_000)[c // 5 % 4]
    if b % 5 == 0:
        return self.command(DeclineDispatch, **about, reason=text, at_ms=at_ms)
    if b % 5 == 1:
        return self.command(ReportDelay, **about, minutes=(5, 0, 30, 241)[c % 4], reason=text, at_ms=at_ms)
    if b % 5 == 2:
        return self.command(RequestHelp, unit=name, what=tuple(Help)[c % len(Help)], text=text, at_ms=at_ms)
    if b % 5 == 3:
        return self.command(TellUnit, unit=name, text=text)
    return self.command(TellDispatch, unit=name, text=text, at_ms=at_ms)


def stands(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """What a position suggests, mostly of a unit that is out or on its way home, mostly where it belongs."""
    out = [unit for unit in self.world.units if unit.incident is not None or unit.duty is Status.RETURNING]
    record = (out or self.world.units)[a % len(out or self.world.units)]
    status = Status.AVAILABLE if record.incident is None else Status.ON_SCENE
    incident = record.incident if b % 8 else "I0"
    since_ms = self.world.now - (0, 5_000, 60_000, -5_000)[c % 4]
    status = Status.STAGING if c % 32 == 7 else status
    return SuggestStatus(
        unit=record.id if b % 16 else "nobody", status=status, incident=incident, since_ms=since_ms, fixes=3, metres=9
    )


WEIGHTS: dict[Callable[[Any, int, int, int], AnyInput], int] = {staffing: 3, answer: 4, meal: 2, words: 4, stands: 4}
