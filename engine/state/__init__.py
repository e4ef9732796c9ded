"""The only mutable room. Importing it registers every fold."""

from engine.state import (  # noqa: F401  # each registers its folds
    fold_alerts,
    fold_crews,
    fold_decisions,
    fold_driver,
    fold_forgetting,
    fold_incidents,
    fold_moves,
    fold_plans,
    fold_response,
    fold_roads,
    fold_suggestions,
    fold_surroundings,
    fold_units,
    fold_watch,
    fold_words,
)
from engine.state.world import FOLDS, World

__all__ = ["FOLDS", "World"]
