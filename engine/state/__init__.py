"""The only mutable room. Importing it registers every fold."""

from engine.state import fold_alerts, fold_driver, fold_incidents, fold_roads, fold_units
from engine.state.world import FOLDS, World

__all__ = ["FOLDS", "World", "fold_alerts", "fold_driver", "fold_incidents", "fold_roads", "fold_units"]
