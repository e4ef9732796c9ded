"""The one place where facts are recorded: a fact is applied to the World the moment it is written down.

So every later judgement of the same turn sees what the earlier ones made true.
"""

from engine.model.facts import AnyFact
from engine.model.turn import Refusal
from engine.policy import DispatchPolicy
from engine.state.world import World

ENGINE = "engine"
"""Who decided, where no person did."""


class Refused(Exception):
    """The input changes nothing, for a reason that its sender can act on. Raised before anything is recorded."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(code, field, reason)


class Recorder:
    """The turn in the making."""

    def __init__(self, world: World, dispatch: DispatchPolicy) -> None:
        self.world = world
        self.dispatch = dispatch
        self.facts: list[AnyFact] = []
        self.match = False
        """Something changed that a waiting incident may have been waiting for."""
        self.look_at_all = False
        """Look through the whole queue, however long it is."""
        self.review = False
        """Some units under way are late: match their places again."""

    @property
    def now(self) -> int:
        """The time of this turn."""
        return self.world.now

    def record(self, fact: AnyFact) -> None:
        """Write the fact down and make it true."""
        self.facts.append(fact)
        self.world.apply(fact)
