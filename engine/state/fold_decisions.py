"""What the facts about decisions do to the World: what people made of recommendations, and what was withheld."""

from engine.model.response_facts import AutoWithheld, RecommendationStale, UnitsBypassed, UnitSuperseded
from engine.state.world import World, folds


@folds(UnitSuperseded)
def superseded(world: World, fact: UnitSuperseded) -> None:
    """Only the headline: the facts that follow in the turn end one assignment and begin the other."""
    del fact
    world.count("units_superseded")


@folds(UnitsBypassed)
def bypassed(world: World, fact: UnitsBypassed) -> None:
    """Count them: the report on the rules reads the facts themselves."""
    world.count("units_bypassed", len(fact.bypassed))


@folds(RecommendationStale)
def stale(world: World, fact: RecommendationStale) -> None:
    """Count it."""
    del fact
    world.count("recommendations_stale")


@folds(AutoWithheld)
def withheld(world: World, fact: AutoWithheld) -> None:
    """Count it: the alarm of the same turn is what stands."""
    del fact
    world.count("dispatches_withheld")
