"""The small machines of the state: the queue, the files of alerts, the reminders; and time that never runs back."""

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.model.alert_facts import AlarmKind
from engine.model.inputs import Tick
from engine.state.deadlines import Deadlines, Reminder
from engine.state.filed import Filed
from engine.state.records import Alarm, Incident
from engine.state.waiting import WaitingQueue
from tests.unit.engine_place import Town


def incident(number: int, priority: int, reported_ms: int) -> Incident:
    return Incident(
        id=f"I{number}",
        number=number,
        type="medical",
        priority=priority,
        x_m=0,
        y_m=0,
        plan="medical",
        area=None,
        address="",
        caller="",
        external="",
        reported_ms=reported_ms,
        waiting_since_ms=reported_ms,
        filled={},
        assigned={},
        past=[],
        notes=[],
        links=[],
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5), st.booleans()), max_size=60))
def test_the_queue_is_a_sorted_dict(moves: list[tuple[int, int, bool]]) -> None:
    """Against a plain dict that is sorted for every look: put, put again with another urgency, discard."""
    queue = WaitingQueue()
    twin: dict[str, Incident] = {}
    known = {number: incident(number, 3, number // 3) for number in range(10)}
    for number, priority, put in moves:
        each = known[number]
        if put:
            each.priority = priority
            queue.put(each)
            twin[each.id] = each
        else:
            queue.discard(each.id)
            twin.pop(each.id, None)
        order = sorted(twin.values(), key=lambda i: (i.priority, i.reported_ms, i.number))
        assert list(queue.values()) == order
        assert (len(queue), set(queue)) == (len(twin), set(twin))
        assert queue.get("I3") is twin.get("I3")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=40))
def test_alarms_are_found_by_their_incident(moves: list[tuple[int, int]]) -> None:
    """Against a search through all of them."""
    filed: Filed[Alarm] = Filed()
    for number, about in moves:
        name = f"W{number}"
        if name in filed:
            filed.take_out(name)
        else:
            filed.file(Alarm(name, AlarmKind.PENDING, f"I{about}", None, "", 0))
        for other in range(4):
            assert filed.about(f"I{other}") == [alarm for alarm in filed.values() if alarm.incident == f"I{other}"]
    assert Filed(filed.values()) == filed


def test_due_reminders_are_those_that_a_sort_would_find() -> None:
    """The heap is looked into only as deep as something is due."""
    dice = random.Random(3)
    for _ in range(200):
        deadlines = Deadlines([], 0)
        for number in range(dice.randrange(30)):
            deadlines.set(dice.randrange(20), Reminder.PENDING, f"I{number}", since_ms=0)
        now = dice.randrange(22)
        everything = deadlines.entries()
        due = [entry for entry in everything if entry.due_ms <= now]
        assert deadlines.due(now) == due
        deadlines.forget(now)
        assert deadlines.entries() == everything[len(due) :]
        assert deadlines.next_ms == (everything[len(due)].due_ms if len(due) < len(everything) else None)


def test_postponed_reminders_keep_their_order() -> None:
    """Those of the kinds named come no sooner than the time given, and in the order in which they were set."""
    deadlines = Deadlines([], 0)
    for due in (5, 3, 40):
        deadlines.set(due, Reminder.PENDING, f"at {due}", since_ms=0)
    deadlines.set(4, Reminder.ALERT_RETRY, "retry", since_ms=0)
    deadlines.postpone(30, frozenset({Reminder.PENDING}))
    assert [(entry.due_ms, entry.subject) for entry in deadlines.entries()] == [
        (4, "retry"),
        (30, "at 5"),
        (30, "at 3"),
        (40, "at 40"),
    ]


def test_time_in_the_log_never_runs_back() -> None:
    """A step at an earlier time counts as at the last turn's."""
    town = Town()
    turn = town.engine.step(Tick(), town.now - 60_000)
    assert turn.now == town.now
    assert town.world.now == town.now
