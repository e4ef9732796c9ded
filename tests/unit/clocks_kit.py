"""Histories told fact by fact, in seconds from a morning: what the clocks read is what they say."""

from typing import Any

from engine.clocks import STANDARDS, Clocks, Profile
from engine.clocks.clocks import Row
from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    Choice,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    PlaceAdopted,
    UnitDispatched,
    UnitDiverted,
    UnitsRecommended,
)
from engine.model.inputs import AnyInput, Tick
from engine.model.lifecycle import Outcome, Status
from engine.model.place import Place
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.model.why import Why
from tests.unit.engine_place import MORNING, engine_place


class Tale:
    """A history of the town of `engine_place`, written down turn by turn."""

    def __init__(self, place: Place | None = None) -> None:
        self.turns: list[Turn] = []
        self.place = place or engine_place()
        self.at(0, PlaceAdopted(self.place))

    def at(self, second: int, *facts: AnyFact, given: AnyInput | None = None) -> None:
        """Let these become true in one turn at this second."""
        now = max(MORNING + second * 1000, self.turns[-1].now if self.turns else 0)
        self.turns.append(Turn(len(self.turns) + 1, now, given or Tick(), facts))

    def report(self, second: int, incident: str, kind: str = "medical", priority: int = 2, **fields: Any) -> None:
        """Put an incident on the board."""
        given = {"plan": plan_of(kind, priority), "area": None, "address": "", "caller": "", "note": "", "external": ""}
        place = {"x_m": 0, "y_m": 0, "by": "desk"}
        self.at(
            second, IncidentReported(incident=incident, type=kind, priority=priority, **{**given, **place, **fields})
        )

    def recommend(self, second: int, incident: str, *units: str, plan: str = "rescue", slot: str = "engine") -> None:
        """Recommend these units for one slot."""
        choices = tuple(Choice(slot, unit, 60_000) for unit in units)
        why = Why(policy="p", travel="straight line", plan=plan, slots=())
        self.at(second, UnitsRecommended(incident, Mode.ADVISE, choices, (), why))

    def send(self, second: int, incident: str, *units: str, slot: str | None = None, **fields: Any) -> None:
        """Dispatch these units."""
        self.at(second, *(sent(unit, incident, slot, **fields) for unit in units))

    def says(self, second: int, incident: str, unit: str, status: Status, told_at: int | None = None) -> None:
        """Let a unit reach a rung at this second; it is told then, or later."""
        at_ms = MORNING + second * 1000
        self.at(told_at or second, AssignmentAdvanced(unit, incident, status, at_ms, unit))

    def runs(self, incident: str, unit: str, sent_s: int, rolls_s: int, there_s: int, clear_s: int | None) -> None:
        """Let a unit live a whole assignment: the turns must come in the order of their seconds, so units overlap."""
        self.send(sent_s, incident, unit)
        self.says(rolls_s, incident, unit, Status.EN_ROUTE, told_at=sent_s)
        self.says(there_s, incident, unit, Status.ON_SCENE, told_at=sent_s)
        if clear_s is not None:
            self.over(clear_s, incident, unit)

    def over(self, second: int, incident: str, unit: str, outcome: Outcome = Outcome.CLEARED) -> None:
        """End an assignment."""
        at_ms = MORNING + second * 1000
        self.at(second, AssignmentEnded(unit, incident, outcome, Status.AVAILABLE, at_ms, unit))

    def divert(self, second: int, unit: str, source: str, target: str) -> None:
        """Take a unit from one incident for another, in one turn."""
        at_ms = MORNING + second * 1000
        self.at(
            second,
            UnitDiverted(unit, source, target, "more urgent", "engine"),
            AssignmentEnded(unit, source, Outcome.DIVERTED, Status.AVAILABLE, at_ms, "engine"),
            sent(unit, target, None, diverted=True),
        )

    def close(self, second: int, incident: str) -> None:
        """End an incident."""
        self.at(second, IncidentClosed(incident, "done", "desk"))

    def cancel(self, second: int, incident: str) -> None:
        """Cancel an incident."""
        self.at(second, IncidentCancelled(incident, "nobody needed", "desk"))

    def merge(self, second: int, incident: str, into: str, *units: str) -> None:
        """Merge an incident; these units go with it."""
        moved = (AssignmentMoved(unit, incident, into, None, "desk") for unit in units)
        self.at(second, *moved, IncidentMerged(incident, into, "desk"))

    def clocks(self, *profiles: Profile, finish: bool = True, **options: Any) -> Clocks:
        """Read the clocks of the whole history; the standard ones where none are named."""
        clocks = Clocks(profiles or STANDARDS, keep=True, **options)
        for turn in self.turns:
            clocks.feed(turn)
        if finish:
            clocks.finish()
        return clocks

    def row(self, name: str, *profiles: Profile, **options: Any) -> Row:
        """Read one measure, by its name or profile/name."""
        rows = self.clocks(*profiles, **options).rows()
        return next(row for row in rows if name in (row.measure, f"{row.profile}/{row.measure}"))

    def seconds(self, name: str, *profiles: Profile, **options: Any) -> list[float]:
        """Return the readings of one measure, rising."""
        clocks = self.clocks(*profiles, **options)
        for owner, measure, tally in zip(clocks.owners, clocks.measures, clocks.tallies, strict=True):
            if name in (measure.name, f"{owner}/{measure.name}"):
                return sorted(value / 1000 for value in tally.values)
        raise KeyError(name)


def sent(unit: str, incident: str, slot: str | None, by: str = "engine", **fields: Any) -> UnitDispatched:
    """Return the fact that a unit is sent."""
    return UnitDispatched(unit=unit, incident=incident, slot=slot, eta_ms=60_000, by=by, **fields)


def plan_of(kind: str, priority: int) -> str:
    """Return the plan that the town has for it."""
    plans = {"medical": "medical" if priority <= 2 else "minor", "crime": "patrol", "unit_emergency": "mayday"}
    return plans.get(kind, kind)
