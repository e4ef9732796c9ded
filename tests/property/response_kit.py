"""Commands about the course of a response, from three whole numbers: part of `step_kit.py`."""

from collections.abc import Callable
from typing import Any, Protocol

from engine.model.fixes import Fixes
from engine.model.inputs import AnyInput, ReportIncident, ReportPositions
from engine.model.response_inputs import (
    EndHold,
    HoldIncident,
    ReopenIncident,
    SplitIncident,
    StackIncident,
    UnlinkIncidents,
    UnstackIncident,
)
from engine.state.world import World

TYPES = ("medical", "medical", "fire", "rescue", "crime", "medical")
ABSENT = ("nobody", "", "I0", "I" + "9" * 20)


class Commander(Protocol):
    """What `step_kit.Commands` is to these makers."""

    world: World

    def command(self, kind: Any, **fields: Any) -> Any:
        """Return a command with an id of its own."""


def _of(pool: list[str], number: int) -> str:
    """Pick one that there is; one number in sixteen picks what there is not."""
    return pool[number % len(pool)] if pool and number % 16 else ABSENT[number // 16 % 4]


def _open(world: World, number: int) -> str:
    return _of(list(world.open), number)


def _reason(number: int) -> str:
    return "x" * 4_001 if number % 32 == 31 else ("", "because", "so they said")[min(2, number % 16)]


def scheduled(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Report what is due later, or was due already, or will be due in a long time."""
    due_ms = self.world.now + (60_000 * b, -1, 0, 10**9)[0 if b % 8 else b // 8 % 4]
    at = {"x_m": a * 30 - 4_000, "y_m": c * 30 - 4_000}
    return self.command(ReportIncident, type=TYPES[a % 6], priority=1 + c % 5, due_ms=due_ms, **at)


def hold(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly for a while."""
    until_ms = self.world.now + (b * 2_000, 0, 10**9)[0 if b % 10 else b // 10 % 3]
    return self.command(HoldIncident, incident=_open(self.world, a), until_ms=until_ms, reason=_reason(c))


def end_hold(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly of one that is held."""
    del b, c
    held = [incident.id for incident in self.world.open.values() if incident.held]
    return self.command(EndHold, incident=_of(held or list(self.world.open), a))


def stack(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly one that waits on one that is out and fits."""
    world = self.world
    busy = [unit for unit in world.units if unit.incident is not None]
    waiting = [each.id for each in world.waiting.values() if each.priority > 2 and len(world.lacking(each)) == 1]
    name = waiting[a % len(waiting)] if waiting and a % 8 else _open(world, a)
    if name in world.open and b % 8:
        lacking = [slot for slot in world.slots(world.open[name]) if slot.id in world.lacking(world.open[name])]
        fit = [unit for unit in busy if any(slot.fits(int(world.fleet.capability[unit.row])) for slot in lacking)]
        busy = fit or busy
    unit = _of([unit.id for unit in busy] if b % 9 else world.fleet.ids, b)
    return self.command(StackIncident, incident=name, unit=unit, reason=_reason(c))


def unstack(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly one that is stacked."""
    del b
    return self.command(UnstackIncident, incident=_of(list(self.world.stacked), a), reason=_reason(c))


def reopen(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly one that has ended."""
    pool = list(self.world.closed) if b % 4 else [f"I{number}" for number in range(self.world.incident_number + 2)]
    return self.command(ReopenIncident, incident=_of(pool, a), reason=_reason(c))


def split(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly one that was merged."""
    merged = [name for name in self.world.closed if self.world.incidents[name].merged_into is not None]
    pool = merged if merged and b % 4 else list(self.world.incidents)
    return self.command(SplitIncident, incident=_of(pool, a), reason=_reason(c))


def unlink(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Mostly what is linked."""
    linked = [name for name, incident in self.world.incidents.items() if incident.links]
    name = _of(linked if linked and b % 4 else list(self.world.incidents), a)
    incident = self.world.incidents.get(name)
    other = _of(incident.links, c) if incident is not None and incident.links else _open(self.world, c)
    return self.command(UnlinkIncidents, incident=name, other=other)


def drives(self: Commander, a: int, b: int, c: int) -> AnyInput:
    """Every unit is seen; those that are out a part of their way nearer, where they were, or farther away."""
    fleet = self.world.fleet
    spots = []
    for unit in self.world.units:
        x_m, y_m = int(fleet.x_m[unit.row]), int(fleet.y_m[unit.row])
        if unit.incident is not None:
            incident = self.world.open[unit.incident]
            part = (a + unit.row * b) % 7 - 2
            x_m, y_m = x_m + (incident.x_m - x_m) * part // 12, y_m + (incident.y_m - y_m) * part // 12
        spots.append((x_m, y_m))
    rows = [unit.row for unit in self.world.units]
    when = [self.world.now - c % 3 * 1_000] * len(rows)
    nothing = [-1] * len(rows)
    return ReportPositions(Fixes(rows, [x for x, _ in spots], [y for _, y in spots], when, nothing, nothing))


Maker = Callable[[Any, int, int, int], AnyInput]
WEIGHTS: dict[Maker, int] = {
    scheduled: 2,
    hold: 2,
    end_hold: 2,
    stack: 4,
    unstack: 1,
    reopen: 4,
    split: 2,
    unlink: 1,
    drives: 6,
}
