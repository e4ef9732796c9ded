"""What forgetting does to the World."""

from engine.model.forgetting import IncidentForgotten
from engine.state.erasure import erase
from engine.state.world import World, folds


@folds(IncidentForgotten)
def forgotten(world: World, fact: IncidentForgotten) -> None:
    """Erase the texts, and remember that they are: whoever starts again sees that its key is gone."""
    erase(world, fact.incident)
    world.forgotten[fact.incident] = None
    world.count("incidents_forgotten")
