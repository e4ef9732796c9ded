"""Worlds of chance for the dispatch policy: units free, under way, at work, shared or out, and plans of all kinds."""

import random

from engine.model.facts import (
    AssignmentAdvanced,
    DutyChanged,
    IncidentReported,
    PlaceAdopted,
    PositionsMoved,
    UnitDispatched,
)
from engine.model.fixes import Fixes
from engine.model.lifecycle import Status
from engine.model.place import Crew, Place, ResponseArea, Shift, Unit
from engine.model.plans import Alternative, Mode, Option, Order, Plan, Slot
from engine.model.rules import Limits, MatchingRules
from engine.policy import Reviewed
from engine.state.records import Incident
from engine.state.world import World
from tests.unit.engine_place import MORNING, PLANS, engine_place

STALE_MS = 600_000
UNDER_WAY = (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE, Status.STAGING)
LATER = (Status.ON_SCENE, Status.TRANSPORTING, Status.AT_HOSPITAL)
STATIONS = ("Central", "East", "North")


def town(
    dice: random.Random, units: int, plans: int, *, crews: bool = False, options: int = 0, order: Order = Order.CLOSEST
) -> Place:
    """A place with units of chance, some on no shift now, some without a device, and plans of chance.

    `options`: so many of the plans, from the first, have other ways to answer.
    """
    fleet = tuple(
        Unit(
            f"U{i:04}",
            "any",
            dice.randrange(16),
            dice.choice(STATIONS),
            crew=f"C{dice.randrange(units)}" if crews and dice.random() < 0.5 else None,
            shift=dice.choice((None, None, None, None, None, "nights")),
            turnout_ms=dice.choice((0, 30_000, 60_000)),
            tracked=dice.random() < 0.8,
        )
        for i in range(units)
    )
    whole = ((-20_000, -20_000), (20_000, -20_000), (20_000, 20_000), (-20_000, 20_000))
    return engine_place(
        units=fleet,
        plans=(*(_plan(dice, i, i < options, order) for i in range(plans)), *PLANS),
        areas=(ResponseArea("all", "All", whole, tuple(dice.sample(STATIONS, dice.randrange(1, 4)))),),
        crews=tuple(Crew(f"C{i}") for i in range(units)),
        shifts=(Shift("nights", ((0, 300),)),),
        limits=Limits(stale_after_ms=STALE_MS, nearest_explained=4),
        matching=MatchingRules(
            divert_ms=dice.choice((0, 60_000, 240_000)),
            free_within_ms=dice.choice((600_000, 3_000_000)),
            open_ms=dice.choice((60_000, 900_000)),
            late_percent=dice.choice((0, 100, 150)),
        ),
    )


def _plan(dice: random.Random, number: int, several: bool, order: Order) -> Plan:
    slots = tuple(_slot(dice, name) for name in ("first", "second")[: dice.randrange(1, 3)])
    ways = tuple(
        Option(f"way{i}", tuple(_slot(dice, name) for name in ("first", "third")[: dice.randrange(1, 3)]), penalty)
        for i, penalty in enumerate(dice.choices((0, 60_000, 600_000), k=2))
    )
    return Plan(
        f"plan{number}",
        (f"type{number}",),
        (1, 2, 3, 4, 5),
        Mode.ADVISE,
        slots,
        options=ways if several else (),
        order=order,
        blend_ms=dice.choice((0, 60_000, 600_000)),
    )


def _slot(dice: random.Random, name: str) -> Slot:
    second = (Alternative(1 << dice.randrange(4), dice.choice((0, 60_000, 400_000))),) if dice.random() < 0.5 else ()
    return Slot(
        name,
        (Alternative(1 << dice.randrange(4)), *second),
        dice.randrange(1, 3),
        target_ms=dice.choice((300_000, 480_000, 900_000)),
        weight_percent=dice.choice((100, 100, 50)),
    )


def world_of(dice: random.Random, place: Place, incidents: int, busy: float = 0.0) -> tuple[World, list[Incident]]:
    """A World in which some units are out of service, some positions are stale, and these incidents wait.

    `busy`: so many of the units are on incidents of their own, under way or there.
    """
    world = World()
    world.begin(MORNING - 2 * STALE_MS)
    world.apply(PlaceAdopted(place))
    where: list[list[int]] = [[dice.randrange(-9_000, 9_000) for _ in place.units] for _ in "xy"]
    for at_ms in (MORNING - 2 * STALE_MS, MORNING - 60_000, MORNING):
        world.begin(at_ms)
        # Within the slack of the R-tree's boxes: what stands in the tree and what is true drift apart.
        where = [[metres + dice.randrange(-120, 121) for metres in column] for column in where]
        seen = [row for row, unit in enumerate(place.units) if unit.tracked and dice.random() < 0.8]
        x_m, y_m = ([column[row] for row in seen] for column in where)
        unknown = [-1] * len(seen)
        world.apply(PositionsMoved(Fixes(seen, x_m, y_m, [at_ms] * len(seen), unknown, unknown)))
    for unit in place.units:
        if dice.random() < 0.15:
            world.apply(DutyChanged(unit.id, Status.OUT_OF_SERVICE, MORNING, "crew"))
        elif dice.random() < busy and not any(
            world.units[r].occupied for r in world.fleet.siblings[_row(world, unit.id)]
        ):
            _occupy(dice, world, unit.id)
    for _ in range(incidents):
        _report(dice, world)
    return world, world.queue()[:incidents] if not busy else [i for i in world.queue() if not i.assigned]


def _row(world: World, unit: str) -> int:
    return world.fleet.rows[unit]


def _report(dice: random.Random, world: World) -> Incident:
    name = f"I{world.incident_number + 1}"
    plans = len(world.settled.plans) - len(PLANS)
    world.apply(
        IncidentReported(
            incident=name,
            type="medical",
            priority=dice.randrange(1, 6),
            x_m=dice.randrange(-9_000, 9_000),
            y_m=dice.randrange(-9_000, 9_000),
            plan=f"plan{dice.randrange(plans)}",
            area="all",
            address="",
            caller="",
            note="",
            external="",
            by="desk",
        )
    )
    return world.open[name]


def _occupy(dice: random.Random, world: World, unit: str) -> None:
    """Put the unit on an incident of its own that it may or may not fit, and that may lack more."""
    incident = _report(dice, world)
    fitting = [
        slot.id for slot in world.slots(incident) if slot.fits(world.settled.units[_row(world, unit)].capabilities)
    ]
    world.apply(
        UnitDispatched(
            unit=unit,
            incident=incident.id,
            slot=fitting[0] if fitting else None,
            eta_ms=dice.randrange(0, 900_000),
            by="desk",
            diverted=dice.random() < 0.1,
        )
    )
    status = dice.choice((*UNDER_WAY, *UNDER_WAY, *LATER))
    if status is not Status.DISPATCHED:
        world.apply(AssignmentAdvanced(unit, incident.id, status, MORNING - dice.randrange(60_000), unit))


def some_reviewed(dice: random.Random, world: World) -> tuple[Reviewed, ...]:
    """Some of the units under way are looked at again."""
    return tuple(
        Reviewed(incident, unit)
        for incident in world.open.values()
        for unit, assignment in incident.assigned.items()
        if assignment.status in UNDER_WAY and dice.random() < 0.5
    )
