"""What the driver's facts do to the World: configuration, restarts, the clock, refusals."""

from msgspec.structs import replace

from engine.model.facts import CommandRefused, PlaceAdopted, Resumed, Ticked
from engine.model.lifecycle import Status
from engine.state.deadlines import Reminder
from engine.state.fold_crews import keep_skills
from engine.state.fold_moves import look_on
from engine.state.fold_plans import keep_to_levels
from engine.state.fold_roads import begin_anew, remind_of_hour
from engine.state.fold_watch import give_time, watch_anew, watch_board
from engine.state.posts import out_of_place
from engine.state.progress import watch_on
from engine.state.records import Incident, UnitRecord
from engine.state.world import World, folds

ALARMING = frozenset(
    {
        Reminder.PENDING,
        Reminder.NOT_ACKNOWLEDGED,
        Reminder.ALERT_RUNG,
        Reminder.ALERT_DEADLINE,
        Reminder.PROGRESS,
        Reminder.TURNOUT,
        Reminder.OVERDUE,
        Reminder.UNCHANGED,
        Reminder.ROLL_CALL,
        Reminder.ALARM_RUNG,
        Reminder.AID_ANSWER,
    }
)
"""Reminders that could raise an alarm about an outage instead of about the city. Retries go on at once."""


@folds(PlaceAdopted)
def adopted(world: World, fact: PlaceAdopted) -> None:
    """Let decisions rest on this place from now on."""
    keep_skills(world, fact.place)
    other_streets = world.place is not None and world.place.streets != fact.place.streets
    if world.place is None:
        watch_board(world)
    for unit in out_of_place(world, fact.place):
        unit.post = None
    world.place = fact.place
    index_place(world)
    if other_streets:
        # Arcs are rows of a graph: what was learned about them means nothing in another one.
        world.road_book.learned = replace(world.road_book.learned, arcs=())
    begin_anew(world)
    for row in range(len(world.units), len(world.fleet)):
        world.units.append(UnitRecord(world.fleet.ids[row], row, Status.AVAILABLE, reported_ms=0))
    for unit in world.units:
        world.restand(unit)
    for incident in world.open.values():
        _reseat(world, incident)
        world.requeue(incident)
    watch_anew(world)


def _reseat(world: World, incident: Incident) -> None:
    """Give units whose slot the plan no longer has another one. Places under a name that stays are left alone."""
    keep_to_levels(world, incident)
    names = [slot.id for slot in world.slots(incident)]
    incident.filled = {name: count for name, count in incident.filled.items() if name in names}
    for unit_id in sorted(incident.assigned):
        if incident.assigned[unit_id].slot not in names:
            world.seat(incident, unit_id)


def index_place(world: World) -> None:
    """Rebuild what is looked up by name, and the fleet's columns, from the place in force."""
    place = world.settled
    world.types = {kind.id: kind for kind in place.types}
    world.plans = {plan.id: plan for plan in place.plans}
    world.stations = {station.id: number for number, station in enumerate(place.stations)}
    world.fleet.adopt(place, world.roads)
    for unit in world.units:
        if unit.post is not None:
            world.fleet.belong(unit.row, world.stations[unit.post])
            if unit.move is None:
                world.fleet.stand_at_post(unit.row)


@folds(Resumed)
def resumed(world: World, fact: Resumed) -> None:
    """Keep alarms quiet until held-back reports had their chance."""
    world.deadlines.postpone(fact.quiet_until_ms, ALARMING)
    give_time(world, fact.quiet_until_ms)


@folds(Ticked)
def ticked(world: World, fact: Ticked) -> None:
    """Forget the reminders that are being looked at; those to match again and of the hour come back while needed."""
    del fact
    due = world.deadlines.due(world.now)
    looked_again = any(entry.about is Reminder.LOOK_AGAIN for entry in due)
    world.deadlines.forget(world.now)
    for entry in due:
        if entry.about is Reminder.PROGRESS:
            watch_on(world, entry.subject)
        elif entry.about is Reminder.ORPHANS:
            watch_board(world)
        elif entry.about is Reminder.MOVE and entry.unit:
            look_on(world, entry.subject)
    if world.road_book.hour_due_ms <= world.now:
        world.road_book.hour_due_ms = 0
        remind_of_hour(world)
    if looked_again:
        world.looking_again = False
        if world.waiting:
            world.remind_to_look_again()


@folds(CommandRefused)
def refused(world: World, fact: CommandRefused) -> None:
    """Count it."""
    world.count(f"refused_{fact.code}")
