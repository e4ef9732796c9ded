"""Families about move-ups: how well is the city covered, what is done about it, and does anybody think about it?

How well demand is covered is read from the board: what the planner last told, once that is durable. Counts begin with
the process, but for those that say otherwise. Layers are classes of demand: their names come from the place's plans.
"""

import time
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from engine.live.planner import Planner
from engine.model.moves import MILLION
from engine.state.world import World
from gateways.metrics.family import PREFIX, Family, counter, counters, gauge, gauges, histogram
from gateways.metrics.observed import Observed
from gateways.metrics.sources import bounded

CODES_MAX: Final = 32
LAYERS_MAX: Final = 64


def move_families(world: World, observed: Observed, planner: Planner | None) -> Iterator[Family]:
    """Give everything about coverage and moves; of the planner nothing where there is none."""
    yield _coverage(world)
    yield from _moves(world, observed)
    if planner is not None:
        yield from _planner(planner, observed)


def _coverage(world: World) -> Family:
    family = GaugeMetricFamily(
        f"{PREFIX}coverage_ratio",
        "Share of each class of demand that free units cover, counting that some will be busy: now, and if all that is "
        "proposed is done. No sample before the first plan. Worry when a class stays far below its usual.",
        labels=("layer", "when"),
    )
    for each in world.cover[:LAYERS_MAX]:
        family.add_metric([each.layer, "now"], each.now / MILLION)
        family.add_metric([each.layer, "then"], each.then / MILLION)
    return family


def _moves(world: World, observed: Observed) -> Iterator[Family]:
    ordered = sum(move.ordered for move in world.moves.values())
    yield gauges(
        "moves_open",
        "Moves between posts that wait for a person (proposed), or whose crews are under way (ordered). Worry when "
        "proposed ones stand for minutes: nobody looks at them.",
        "state",
        {"proposed": len(world.moves) - ordered, "ordered": ordered},
    )
    yield counter("moves_proposed", "Moves proposed, since the journal began.", world.tally.get("moves_proposed", 0))
    yield counter(
        "moves_ordered",
        "Moves whose crews were told, since the journal began. Worry when they outgrow the calls: crews will not bear it.",
        world.tally.get("moves_ordered", 0),
    )
    yield counter(
        "moves_withdrawn",
        "Proposals that no longer held, or that nobody answered, since the journal began. Many beside few ordered ones "
        "mean that the plan changes faster than people decide.",
        world.tally.get("moves_withdrawn", 0),
    )
    yield counters(
        "moves_ended",
        "Moves that were under way, by how they ended.",
        "outcome",
        bounded(observed.moves.ended, CODES_MAX),
    )
    yield counter(
        "moves_refused",
        "Times a person or a crew said no to a move, or not now. Worry when it outgrows the ordered ones: ask them why.",
        observed.moves.refused,
    )
    yield counters(
        "moves_held_back",
        "Planned moves that the agency's own rules kept from the crews, by rule. Worry when one keeps rising: planner and "
        "rules want different things.",
        "code",
        bounded(observed.moves.held_back, CODES_MAX),
    )


def _planner(planner: Planner, observed: Observed) -> Iterator[Family]:
    measures = planner.measures
    yield histogram(
        "plan_seconds",
        "Time to think a plan of moves through, beside the engine. Worry when it comes near the deadline (planner.within_s).",
        observed.moves.plans,
    )
    yield counter("plans", "Plans thought through.", measures.plans)
    yield counter("plans_told", "Plans that had something new in them, and were told to the engine.", measures.told)
    yield gauge(
        "planner_age_seconds",
        "Since a plan was last thought through; since the start while there was none. Worry above 300 s: nobody thinks "
        "about cover.",
        time.monotonic() - measures.last_plan_monotonic_s,
    )
    yield counters(
        "planner_failures",
        "Plans that came to nothing, by cause: a fault of the planner, out of time, refused, its memory not readable. Each "
        "is in the log, and tried again. Worry when they go on.",
        "cause",
        measures.failures,
    )
    yield gauge(
        "planner_survey_longest_seconds",
        "Longest time that the engine's loop waited for a look at the fleet. Worry above 25 ms: plan less often "
        "(planner.apart_s).",
        measures.survey_longest_s,
    )
