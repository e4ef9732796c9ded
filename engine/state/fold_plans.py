"""What the facts about alarm levels do to the World, and what becomes of an incident's level under another plan."""

from engine.model.response_facts import AlarmStruck
from engine.state.records import Incident
from engine.state.world import World, folds


@folds(AlarmStruck)
def struck(world: World, fact: AlarmStruck) -> None:
    """Want what the plan adds at this level, too."""
    incident = world.open[fact.incident]
    incident.alarm = fact.level
    world.requeue(incident)
    world.count("alarms_struck")


def keep_to_levels(world: World, incident: Incident) -> None:
    """Under another plan the alarm level falls to the highest that it has, and an unknown way to the plan's own."""
    plan = world.plans[incident.plan]
    incident.alarm = plan.level_at_most(incident.alarm)
    if all(way.id != incident.option for way in plan.ways()):
        incident.option = ""
