"""The life of each assignment, put together from the facts about it: sent, each rung with its time, ended.

A report reads it off a journal and the learner off the released turns, both from the same code.
"""

from collections.abc import Iterator

from msgspec import Struct

from engine.model.facts import AssignmentAdvanced, AssignmentEnded, AssignmentMoved, UnitDispatched
from engine.model.lifecycle import Outcome, Status
from engine.model.turn import Turn
from engine.state.fleet import IN_QUARTERS_M, Fleet


class Ladder(Struct):
    """A unit on an incident."""

    unit: str
    incident: str
    sent_ms: int
    eta_ms: int
    """Told at dispatch: turnout plus travel."""
    turnout_ms: int | None
    """The part of it that was turnout; None where nobody knew where the unit was."""
    in_quarters: bool
    """It was surely at its station when it was sent."""
    stamps: dict[Status, int]
    """When each rung was first reached, by the reporter's clock."""
    moved: bool = False
    """Its incident was merged into another: the way was not the one that the ETA was told for."""
    outcome: Outcome | None = None
    ended_ms: int = 0

    @property
    def turned_out_ms(self) -> int | None:
        """Dispatch to wheels rolling; None if the crew never said so."""
        return self._since_sent(Status.EN_ROUTE)

    @property
    def arrived_ms(self) -> int | None:
        """Dispatch to on scene; None if the crew never said so."""
        return self._since_sent(Status.ON_SCENE)

    def _since_sent(self, rung: Status) -> int | None:
        at_ms = self.stamps.get(rung)
        return None if at_ms is None else at_ms - self.sent_ms


class Ladders:
    """Follows turns. Holds one ladder for each unit that is out."""

    def __init__(self) -> None:
        self.out: dict[str, Ladder] = {}

    def feed(self, turn: Turn, fleet: Fleet) -> Iterator[tuple[Ladder, Status | None]]:
        """Give each ladder that changed, with the rung it reached for the first time; None: it has ended.

        `fleet` is that of a World into which the turn has been folded.
        """
        for fact in turn.facts:
            if isinstance(fact, UnitDispatched):
                ladder = self.out[fact.unit] = _begin(fact, turn.now, fleet)
                yield ladder, Status.DISPATCHED
            elif isinstance(fact, AssignmentAdvanced):
                yield from self._advance(fact)
            elif isinstance(fact, AssignmentMoved) and fact.unit in self.out:
                self.out[fact.unit].incident = fact.into
                self.out[fact.unit].moved = True
            elif isinstance(fact, AssignmentEnded) and fact.unit in self.out:
                ladder = self.out.pop(fact.unit)
                ladder.outcome, ladder.ended_ms = fact.outcome, fact.at_ms
                yield ladder, None

    def _advance(self, fact: AssignmentAdvanced) -> Iterator[tuple[Ladder, Status | None]]:
        ladder = self.out.get(fact.unit)
        # The first time counts: a crew that presses "on scene" again has not arrived later.
        if ladder is not None and fact.status not in ladder.stamps:
            ladder.stamps[fact.status] = fact.at_ms
            yield ladder, fact.status


def _begin(fact: UnitDispatched, now: int, fleet: Fleet) -> Ladder:
    row = fleet.rows[fact.unit]
    east_m = abs(int(fleet.x_m[row]) - int(fleet.post_x_m[row]))
    north_m = abs(int(fleet.y_m[row]) - int(fleet.post_y_m[row]))
    # A unit without a device is taken to be at its station only until it is sent: that is what its ETA rests on.
    placed = fleet.fix_ms[row] >= 0 or bool(fleet.assumed[row])
    return Ladder(
        unit=fact.unit,
        incident=fact.incident,
        sent_ms=now,
        eta_ms=fact.eta_ms,
        turnout_ms=int(fleet.turnout_ms[row]) if placed else None,
        in_quarters=placed and east_m <= IN_QUARTERS_M and north_m <= IN_QUARTERS_M,
        stamps={Status.DISPATCHED: now},
    )
