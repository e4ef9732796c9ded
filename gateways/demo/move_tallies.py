"""Sums over recorded facts about moves between posts: each proposal and each order, to its end."""

from collections import Counter

from engine.core.recorder import ENGINE
from engine.model.facts import AnyFact, UnitDispatched
from engine.model.moves import MoveEnded, MoveOrdered, MoveOutcome, MoveProposed, MoveRefused, MoveWithdrawn
from engine.model.turn import Turn


class Moves:
    """Which proposals stand, and who is under way; and everything that does not follow on what was before."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Proposals, and what became of them; orders."""
        self.ends: Counter[str] = Counter()
        """Of orders, by outcome."""
        self.wrong: list[str] = []
        self.standing: set[str] = set()
        self.under_way: dict[str, str] = {}
        """By move: the unit."""

    def take(self, turn: Turn) -> None:
        """Add a turn."""
        for fact in turn.facts:
            if not self._follows(fact):
                self.wrong.append(f"{getattr(fact, 'move', '')} at turn {turn.seq}")
        moving = set(self.under_way.values())
        self.wrong += [
            f"{fact.unit} at turn {turn.seq}"
            for fact in turn.facts
            if isinstance(fact, UnitDispatched) and fact.unit in moving
        ]

    def _follows(self, fact: AnyFact) -> bool:
        """Add a fact; tell whether it could have come after those before it."""
        if isinstance(fact, MoveProposed):
            self.counts["proposed"] += 1
            self.standing.add(fact.move)
        elif isinstance(fact, MoveWithdrawn):
            return self._leaves(fact.move, "withdrawn")
        elif isinstance(fact, MoveRefused):
            return fact.move in self.under_way or self._leaves(fact.move, "refused")
        elif isinstance(fact, MoveOrdered):
            return self._order(fact)
        elif isinstance(fact, MoveEnded):
            self.ends[fact.outcome.value] += 1
            return self.under_way.pop(fact.move, None) == fact.unit
        return True

    def _leaves(self, move: str, how: str) -> bool:
        self.counts[how] += 1
        stood = move in self.standing
        self.standing.discard(move)
        return stood

    def _order(self, fact: MoveOrdered) -> bool:
        """Add an order: of what was proposed, or of a person's own making."""
        if fact.move in self.standing:
            self._leaves(fact.move, "carried_out" if fact.by == ENGINE else "accepted")
        else:
            self.counts["unasked"] += 1
        self.counts["ordered"] += 1
        free = fact.unit not in self.under_way.values() and fact.move not in self.under_way
        self.under_way[fact.move] = fact.unit
        return free

    @property
    def proposals(self) -> tuple[int, ...]:
        """Return how many there were, then how they ended: accepted, carried out, refused, withdrawn, not yet."""
        ends = ("accepted", "carried_out", "refused", "withdrawn")
        return (self.counts["proposed"], *(self.counts[end] for end in ends), len(self.standing))

    def figures(self) -> dict[str, int]:
        """Return all counts, those under way as well."""
        asked = ("proposed", "accepted", "carried_out", "refused", "withdrawn", "unasked", "ordered")
        ended = {f"ended_{outcome}": self.ends[outcome.value] for outcome in MoveOutcome}
        return {**{name: self.counts[name] for name in asked}, **ended, "under_way": len(self.under_way)}
