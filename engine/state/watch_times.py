"""When a person, or a crew, has to be asked: worked out from what is so, never written down.

Rule: each function takes a unit and returns the time at which its matter is due, in ms since the epoch, or None
while there is no such matter. The folds set reminders by these; whoever looks at a reminder asks the same function
again, so a reminder that outlived its cause, or whose rule was changed meanwhile, means nothing.
"""

from collections.abc import Callable

from engine.model.lifecycle import Status
from engine.state.deadlines import Reminder
from engine.state.records import Assignment, UnitRecord
from engine.state.world import World

NOT_ROLLING = frozenset({Status.DISPATCHED, Status.ACKNOWLEDGED})
UNDER_WAY = NOT_ROLLING | {Status.EN_ROUTE}
AT_SCENE = frozenset({Status.ON_SCENE, Status.AT_PATIENT})
"""Where a crew is exposed, and accounted for by roll-calls."""

Due = Callable[[World, UnitRecord], int | None]


def turnout_due(world: World, unit: UnitRecord) -> int | None:
    """Return when a unit that was told to go should be rolling."""
    assignment, within_ms = world.assignment(unit), world.settled.watch.turnout_ms
    if assignment is None or not within_ms or assignment.status not in NOT_ROLLING:
        return None
    return assignment.sent_ms + within_ms + _announced_ms(assignment)


def overdue_due(world: World, unit: UnitRecord) -> int | None:
    """Return when a unit under way should have been on scene for so long that somebody asks.

    It counts from what was told when the unit was sent, or by its crew since: a forecast that slips all the time must
    not keep the alarm away. A unit that was staged arrives when it is called in, so what was told before says nothing of it; of one
    that no way leads from nothing was told at all.
    """
    assignment, rules = world.assignment(unit), world.settled.watch
    if assignment is None or not rules.overdue_ms or assignment.eta_ms < 0:
        return None
    if assignment.status not in UNDER_WAY or Status.STAGING in assignment.stamps:
        return None
    grace_ms = max(rules.overdue_ms, assignment.eta_ms * rules.overdue_percent // 100)
    return assignment.sent_ms + assignment.eta_ms + _announced_ms(assignment) + grace_ms


def _announced_ms(assignment: Assignment) -> int:
    """Return how much later than told the crew itself has said that it comes: nobody is asked what is known."""
    told_ms = assignment.sent_ms + max(0, assignment.eta_ms)
    return max(0, assignment.said_ms - told_ms) if assignment.said_ms else 0


def unchanged_due(world: World, unit: UnitRecord) -> int | None:
    """Return when a unit has said nothing new for too long, in the status that it is in."""
    rules = world.settled.watch.unchanged_ms
    if not rules:
        return None
    assignment = world.assignment(unit)
    status = unit.duty if assignment is None else assignment.status
    since_ms = unit.reported_ms if assignment is None else assignment.reported_ms
    after_ms = next((ms for name, ms in rules if name == status), 0)
    # A unit that has never reported since the journal began has said nothing that could have grown old.
    if not after_ms or not since_ms or not world.fleet.listed[unit.row]:
        return None
    return since_ms + after_ms


def roll_due(world: World, unit: UnitRecord) -> int | None:
    """Return when a unit on scene has to be asked whether its people are well, by its own clock."""
    assignment = world.assignment(unit)
    if assignment is None or assignment.status not in AT_SCENE or unit.roll_due_ms or unit.emergency is not None:
        return None
    assert unit.incident is not None
    every_ms = world.plans[world.open[unit.incident].plan].par_every_ms
    if not every_ms or not world.settled.watch.par_answer_ms:
        return None
    return assignment.accounted_ms + every_ms


def answer_due(world: World, unit: UnitRecord) -> int | None:
    """Return when a unit that was asked has to have answered."""
    del world
    return unit.roll_due_ms or None


TIMES: dict[Reminder, Due] = {
    Reminder.TURNOUT: turnout_due,
    Reminder.OVERDUE: overdue_due,
    Reminder.UNCHANGED: unchanged_due,
    Reminder.ROLL_CALL: roll_due,
    Reminder.ROLL_ANSWER: answer_due,
}
