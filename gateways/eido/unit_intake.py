"""What a neighbour says of its own units, as commands: answers to our requests, rungs on our incidents, duty. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from engine.model.crew_inputs import AnswerAid
from engine.model.inputs import DeclareEmergency, ReleaseUnit, ReportStatus
from engine.model.lifecycle import FREE, RELEASABLE, Status
from engine.state.records import UnitRecord
from engine.state.world import World
from gateways.eido.reading import Reading, UnitRead
from gateways.eido.registries import AVAILABLE, NOT


class Given(Struct, frozen=True):
    """A command to be given."""

    kind: Callable[..., Any]
    about: str
    """What tells it from others of its kind."""
    fields: dict[str, Any]


def unit_commands(world: World, agency: str, reading: Reading, incident: str | None) -> Iterator[Given]:
    """Yield what follows for units that the place knows as that neighbour's; `incident`: what the document is about."""
    for read in reading.units:
        record = _record(world, agency, read.unit)
        if record is None:
            continue
        if record.incident is None:
            yield from _duty(world, record, read)
        elif record.incident == incident:
            yield from _on_incident(world, record, read, reading)
    for name, since in reading.distressed:
        record = _record(world, agency, name)
        if record is not None and record.emergency is None:
            yield Given(DeclareEmergency, f"{name} {since}", {"unit": name, "text": f"told by {reading.agency}"})


def _record(world: World, agency: str, name: str) -> UnitRecord | None:
    """Return a unit that the place has as the neighbour's own."""
    record = world.unit(name)
    owner = None if record is None else world.neighbour(record.row)
    return record if owner is not None and owner.id == agency else None


def _status(world: World, read: UnitRead, status: Status, since_ms: int, incident: str | None = None) -> Given:
    """Return a report, at the neighbour's time if that comes after what is known and is not yet to come."""
    at_ms = read.at_ms if read.at_ms is not None and since_ms <= read.at_ms <= world.now else None
    fields = {"unit": read.unit, "status": status, "at_ms": at_ms, "incident": incident}
    return Given(ReportStatus, f"{read.unit} {status} {read.at_ms}", fields)


def _duty(world: World, record: UnitRecord, read: UnitRead) -> Iterator[Given]:
    """Follow whether it may be asked for."""
    if read.primary == NOT and record.duty in FREE:
        yield _status(world, read, Status.OUT_OF_SERVICE, record.reported_ms)
    elif read.primary == AVAILABLE and record.duty is Status.OUT_OF_SERVICE:
        yield _status(world, read, Status.AVAILABLE, record.reported_ms)


def _on_incident(world: World, record: UnitRecord, read: UnitRead, reading: Reading) -> Iterator[Given]:
    """Follow it on an incident of ours: it is coming, it is there, it has done, or it is not coming."""
    assignment = world.assignment(record)
    assert assignment is not None
    status, on = assignment.status, {"unit": read.unit, "incident": record.incident}
    about = f"{read.unit} {assignment.sent_ms}"
    if read.cancelled:
        if status is Status.REQUESTED:
            reason = f"declined by {reading.agency}"
            yield Given(AnswerAid, about, {**on, "committed": False, "reason": reason})
        elif status in RELEASABLE:
            yield Given(ReleaseUnit, about, {**on, "reason": f"cancelled by {reading.agency}"})
        return
    if read.rung is None or read.rung is status:
        return
    since_ms = assignment.reported_ms
    if status is Status.REQUESTED:
        if read.rung is Status.AVAILABLE:
            return
        yield Given(AnswerAid, about, {**on, "committed": True})
        if read.rung is Status.DISPATCHED:
            return
        since_ms = world.now + 1  # it is dispatched now, so whatever it did before counts from now
    yield _status(world, read, read.rung, since_ms, record.incident)
