"""What the learner beside the engine tells: taken over where it is believable, and named where it is not."""

from engine.core.recorder import Recorder, Refused
from engine.core.stretches import streets_of
from engine.model.inputs import LearnService, LearnSpeeds, LearnTurnouts
from engine.model.road_facts import ServiceLearned, SpeedsLearned, TurnoutsLearned
from engine.model.roads import BLOCKS_OF_DAY, HOURS_OF_WEEK

LEARNED_PERCENT = (50, 200)
"""What drives may teach: never more than twice as fast or half as fast as the map says."""
SPREAD_PERCENT_MAX = 200
LEARNED_MAX = 100_000
"""Arcs, or turnouts, in one report of the learner."""
TURNOUT_MS_MAX = 1_800_000
PACE_PERMILLE = (50, 20_000)
"""What work may take, of the usual time."""


def learn_speeds(turn: Recorder, given: LearnSpeeds) -> None:
    """Take over what the fleet's drives have taught."""
    graph = streets_of(turn.world).graph
    low, high = LEARNED_PERCENT
    classes = [name for name, _ in given.learned.classes]
    arcs = [arc for arc, _ in given.learned.arcs]
    unknown = [name for name in classes if name not in graph.classes]
    if unknown:
        raise Refused("unknown_class", "classes", f"The streets have no class {unknown[0]!r}.")
    if sorted(set(classes)) != sorted(classes) or sorted(set(arcs)) != arcs:
        raise Refused("repeated", "classes", "Each class and each arc is named once, arcs in rising order.")
    if len(arcs) > LEARNED_MAX or any(not 0 <= arc < graph.arcs for arc in arcs):
        raise Refused("out_of_range", "arcs", f"Arcs are rows of the street graph, 0 to {graph.arcs - 1}.")
    if any(len(hours) != HOURS_OF_WEEK for _, hours in given.learned.classes):
        raise Refused("out_of_range", "classes", f"A class has {HOURS_OF_WEEK} percents, one an hour of the week.")
    percents = [percent for _, hours in given.learned.classes for percent in hours]
    if any(not low <= percent <= high for percent in [*percents, *(percent for _, percent in given.learned.arcs)]):
        raise Refused("out_of_range", "percent", f"What is learned stays between {low} and {high} percent.")
    if not 0 <= given.learned.spread_percent <= SPREAD_PERCENT_MAX:
        raise Refused("out_of_range", "spread_percent", f"Drives lie 0 to {SPREAD_PERCENT_MAX} percent apart.")
    turn.record(SpeedsLearned(given.learned))


def learn_turnouts(turn: Recorder, given: LearnTurnouts) -> None:
    """Take over what the crews have shown."""
    keys = [(each.station, each.unit_kind, each.block) for each in given.turnouts]
    if len(set(keys)) != len(keys) or len(keys) > LEARNED_MAX:
        raise Refused("repeated", "turnouts", "Each station, kind of unit and block of hours is named once.")
    for each in given.turnouts:
        if not 0 <= each.block < BLOCKS_OF_DAY:
            raise Refused(
                "out_of_range", "block", f"Block {each.block} is not one of 0 to 7: hours of the day in threes."
            )
        if not 0 <= each.turnout_ms <= TURNOUT_MS_MAX:
            raise Refused("out_of_range", "turnout_ms", f"A turnout of {each.turnout_ms} ms is not believed.")
    turn.record(TurnoutsLearned(given.turnouts))


def learn_service(turn: Recorder, given: LearnService) -> None:
    """Take over how long crews were at work."""
    low, high = PACE_PERMILLE
    for kind, pace in given.paces.items():
        if kind not in turn.world.types:
            raise Refused("unknown_type", "paces", f"The place has no incident type {kind!r}.")
        if any(not low <= each <= high for each in pace.permille):
            raise Refused(
                "out_of_range", "permille", f"The work of {kind!r} takes {low} to {high} permille of the usual."
            )
    turn.record(ServiceLearned(given.paces))
