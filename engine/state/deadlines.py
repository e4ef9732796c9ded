"""What has to be looked at, and when. A deadline is only a reminder: whether it still matters is judged when due.

So nothing has to be cancelled, and a reminder that outlived its cause (an outage lay between) passes quietly.
"""

import heapq
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Reminder(StrEnum):
    """What to look at."""

    PENDING = "pending"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    ALERT_RETRY = "alert_retry"
    ALERT_RUNG = "alert_rung"
    ALERT_DEADLINE = "alert_deadline"
    LOOK_AGAIN = "look_again"
    AID_ANSWER = "aid_answer"
    """A neighbour was asked for a unit and should have answered."""
    HOLD_OVER = "hold_over"
    """A held or scheduled incident is to be served."""
    PROGRESS = "progress"
    """Units are under way: do they arrive as told? The subject is the number of the incident looked at last."""
    CONDITION_OVER = "condition_over"
    """A closure, a slowing or the weather ends by itself."""
    CAUTION_OVER = "caution_over"
    """A caution ends by itself."""
    HOSPITAL_OVER = "hospital_over"
    """A hospital's report is forgotten."""
    HOUR = "hour"
    """Travel times change with the hour of the week."""
    TURNOUT = "turnout"
    OVERDUE = "overdue"
    UNCHANGED = "unchanged"
    ROLL_CALL = "roll_call"
    """A unit on scene has to be asked whether its people are well."""
    ROLL_ANSWER = "roll_answer"
    """It was asked, and should have answered."""
    ROLL_HELP = "roll_help"
    """Nobody has taken on the alarm about it: help is sent."""
    ALARM_RUNG = "alarm_rung"
    """An alarm that nobody has taken on goes up a rung."""
    ORPHANS = "orphans"
    """The board is searched for incidents that nobody has."""
    MOVE = "move"
    """A proposal of a move expires; or one that is under way: has the unit arrived without a word?"""


class Deadline(Struct, frozen=True, order=True):
    """A reminder with its time. Ordered by time, then by the order in which they were set."""

    due_ms: int
    number: int
    about: Reminder
    subject: str
    """An incident's, an alert's or an alarm's id, a closure's or a slowing's."""
    unit: str
    since_ms: int
    """The moment it counts from: if the subject has moved on since, the reminder means nothing."""


class Deadlines:
    """A heap of reminders."""

    def __init__(self, entries: list[Deadline], number: int) -> None:
        self._heap = entries
        heapq.heapify(self._heap)
        self.number = number

    def set(self, due_ms: int, about: Reminder, subject: str, *, since_ms: int, unit: str = "") -> None:
        """Add a reminder."""
        self.number += 1
        heapq.heappush(self._heap, Deadline(due_ms, self.number, about, subject, unit, since_ms))

    @property
    def next_ms(self) -> int | None:
        """When something is due next."""
        return self._heap[0].due_ms if self._heap else None

    def due(self, now: int) -> list[Deadline]:
        """Return what is due, soonest first, and leave it in place."""
        found: list[Deadline] = []
        places = [0]
        while places:
            # In a heap nothing below an entry is due before it: only what is due is looked at, and its two heirs.
            place = places.pop()
            if place < len(self._heap) and self._heap[place].due_ms <= now:
                found.append(self._heap[place])
                places += (2 * place + 1, 2 * place + 2)
        return sorted(found)

    def forget(self, now: int) -> None:
        """Remove what was due by then."""
        while self._is_due(now):
            heapq.heappop(self._heap)

    def postpone(self, until_ms: int, kinds: frozenset[Reminder]) -> None:
        """Move reminders of these kinds that would be due before that time to it."""
        for place, entry in enumerate(self._heap):
            if entry.about in kinds and entry.due_ms < until_ms:
                self._heap[place] = replace(entry, due_ms=until_ms)
        heapq.heapify(self._heap)

    def entries(self) -> list[Deadline]:
        """Return all, soonest first: the part of the World's image."""
        return sorted(self._heap)

    def __len__(self) -> int:
        return len(self._heap)

    def _is_due(self, now: int) -> bool:
        return bool(self._heap) and self._heap[0].due_ms <= now
