"""What must hold of crews and neighbours after every turn, as sentences about what does not."""

from collections.abc import Iterator, Mapping

from engine.model.lifecycle import Status
from engine.state.deadlines import Reminder
from engine.state.records import UnitRecord
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]


def crew_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about crews or neighbours that is not as it must be."""
    for unit in world.units:
        yield from _columns(world, unit)
        yield from _hours(world, unit)
    yield from _requests(world, reminded)


def _columns(world: World, unit: UnitRecord) -> Iterator[str]:
    """What the kernels read of a crew is what is recorded of it."""
    fleet, row = world.fleet, unit.row
    full = fleet.units[row].staff
    columns = (
        ("on_break", fleet.on_break, unit.duty is Status.ON_BREAK and unit.incident is None),
        ("staff_short", fleet.staff_short, max(0, full - (full if unit.staff is None else unit.staff))),
        ("fresh_ms", fleet.fresh_ms, max(unit.duty_since_ms, unit.break_ms)),
        ("cleared_ms", fleet.cleared_ms, unit.cleared_ms),
        ("jobs", fleet.jobs, unit.jobs),
    )
    for name, column, recorded in columns:
        if int(column[row]) != recorded:
            yield f"the column {name} says {column[row]} of {unit.id}, the record {recorded}"


def _hours(world: World, unit: UnitRecord) -> Iterator[str]:
    """Nobody began, paused or came home in the future."""
    if max(unit.duty_since_ms, unit.break_ms, unit.cleared_ms) > world.now:
        yield f"{unit.id} began its duty or ended its break or its last job in the future"
    if unit.jobs < 0 or (unit.jobs and not unit.cleared_ms):
        yield f"{unit.id} has had {unit.jobs} jobs and last came home at {unit.cleared_ms}"


def _requests(world: World, reminded: Reminded) -> Iterator[str]:
    """A neighbour who does not answer is not waited for longer than was agreed."""
    for incident in world.open.values():
        for unit_id, assignment in incident.assigned.items():
            key = (Reminder.AID_ANSWER, incident.id, unit_id, assignment.sent_ms)
            if assignment.status is Status.REQUESTED and key not in reminded:
                yield f"{unit_id} was asked for {incident.id}, and nobody would look whether there is an answer"
        for unit_id in incident.declined:
            if unit_id not in world.fleet.rows:
                yield f"{incident.id} remembers that {unit_id} was declined, which never was"
