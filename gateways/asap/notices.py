"""What a company is told of its alarms: dispatched, arrived, closed with its disposition, reopened, and what we ask of it.

Rule: a notice is made of durable facts alone, so it is sent in order and at least once, over crashes and outages.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    NoteAdded,
    UnitDispatched,
)
from engine.model.lifecycle import Status
from engine.model.response_facts import IncidentReopened, IncidentSplit
from gateways.asap.intake import PREFIX
from gateways.asap.messages import Notice
from gateways.board import Board
from gateways.outward.feed import Picked, beginning
from gateways.outward.position import Position
from gateways.outward.turns import Numbered
from gateways.times import iso

QUESTION: Final = "Asked the alarm company: "
"""How a dispatcher's note begins that is sent to the company."""
THERE: Final = frozenset({Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL})
ENDED_KEPT: Final = 1_000


class Told(Struct, array_like=True):
    """An alarm, and what the company has been told of it."""

    alarm: str
    dispatched: bool = False
    arrived: bool = False
    closed: bool = False


class Piece(Struct, frozen=True):
    """A notice, with the turn and the fact that made it: two of a kind may be of one millisecond."""

    seq: int
    index: int
    notice: Notice


class NoticePicker:
    """Picks for one company."""

    at_once = 1

    def __init__(self, company: str, board: Board) -> None:
        self._external = f"{PREFIX}/{company}/"
        self._board = board
        self._alarms: dict[str, Told] = {}

    def begin(self) -> Position:
        """Begin with what is on the board: a company that is told from today hears of its open alarms what comes."""
        for each in self._board.world.open.values():
            if each.external.startswith(self._external):
                self._alarms[each.id] = Told(each.external.removeprefix(self._external))
        return beginning(self._board.world, self.memory())

    def remember(self, memory: bytes) -> None:
        """Take over which alarms there are."""
        self._alarms = msgspec.msgpack.decode(memory, type=dict[str, Told]) if memory else {}

    def memory(self) -> bytes:
        """Return which alarms there are."""
        return msgspec.msgpack.encode(self._alarms)

    def pick(self, numbered: Numbered) -> Iterator[Picked]:
        """Give the notices of the turn."""
        turn = numbered.turn
        for index, fact in enumerate(turn.facts, numbered.first):
            if isinstance(fact, IncidentReported) and fact.external.startswith(self._external):
                self._alarms.setdefault(fact.incident, Told(fact.external.removeprefix(self._external)))
                continue
            incident: str = getattr(fact, "incident", None) or ""
            told = self._alarms.get(incident)
            said = None if told is None else _said(told, fact)
            if told is not None and said is not None:
                notice, words = said
                made = Notice(notice=notice, alarm_id=told.alarm, incident=incident, time=iso(turn.now), **words)
                yield index, Piece(turn.seq, index, made)
        self._forget()

    def request(self, pieces: Sequence[Any]) -> tuple[str, bytes, str]:
        """Return id, body and content type. What happened to an alarm once has one id for ever."""
        (piece,) = pieces
        notice: Notice = piece.notice
        key = f"{notice.incident}/{notice.notice}/{piece.seq}.{piece.index}"
        return key, msgspec.json.encode(notice), "application/json"

    def _forget(self) -> None:
        over = [name for name, told in self._alarms.items() if told.closed]
        for name in over[: max(0, len(over) - ENDED_KEPT)]:
            del self._alarms[name]


def _said(told: Told, fact: AnyFact) -> tuple[str, dict[str, str]] | None:
    """Return the notice that the fact makes, with its words; None if the company need not know."""
    match fact:
        case UnitDispatched() if not told.dispatched:
            told.dispatched = True
            return "dispatched", {}
        case AssignmentAdvanced() if fact.status in THERE and not told.arrived:
            told.arrived = True
            return "arrived", {}
        case IncidentClosed():
            told.closed = True
            return "closed", {"disposition": fact.disposition}
        case IncidentCancelled():
            told.closed = True
            return "closed", {"disposition": f"cancelled: {fact.reason}"}
        case IncidentMerged():
            told.closed = True
            return "closed", {"disposition": f"goes on as part of {fact.into}"}
        case IncidentReopened() | IncidentSplit():
            told.closed = told.dispatched = told.arrived = False
            return "reopened", {}
        case NoteAdded() if fact.text.startswith(QUESTION):
            return "operator_query", {"text": fact.text.removeprefix(QUESTION)}
        case _:
            return None
