"""What crews' own words do to the World: who does not go, who comes later, what was said."""

from typing import Final

from engine.model.crew_facts import DelayReported, DispatchDeclined, HelpRequested, UnitSaid, UnitTold
from engine.model.response_facts import DelayCause
from engine.state.fold_watch import watch_unit
from engine.state.records import UnitRecord, Words
from engine.state.world import World, folds

WORDS_KEPT: Final = 20
"""Of each unit. The journal keeps them all."""


@folds(DispatchDeclined)
def dispatch_declined(world: World, fact: DispatchDeclined) -> None:
    """Remember who did not go; the end of the assignment, which follows, opens its slot."""
    incident = world.open[fact.incident]
    if fact.unit not in incident.turned_down:
        incident.turned_down.append(fact.unit)
    world.count("dispatches_declined")


@folds(DelayReported)
def delay_reported(world: World, fact: DelayReported) -> None:
    """Expect the unit when its crew says; whoever would ask where it is asks later."""
    assignment = world.open[fact.incident].assigned[fact.unit]
    assignment.late = DelayCause.REPORTED
    assignment.arrive_ms = assignment.said_ms = fact.arrive_ms
    watch_unit(world, _unit(world, fact.unit))
    world.count("delays_reported")


@folds(HelpRequested)
def help_requested(world: World, fact: HelpRequested) -> None:
    """Keep it among what the crew has said; the alarm puts it before a person."""
    text = fact.what.replace("_", " ").capitalize() + (f": {fact.text}" if fact.text else "")
    _keep(world, fact.unit, Words(fact.at_ms, fact.by, text, "", fact.incident or ""))
    world.count("help_requests")


@folds(UnitTold)
def unit_told(world: World, fact: UnitTold) -> None:
    """Keep the words; the alert of the same turn brings them."""
    _keep(world, fact.unit, Words(world.now, fact.by, fact.text, fact.alert, fact.incident or ""))
    world.count("words_to_units")


@folds(UnitSaid)
def unit_said(world: World, fact: UnitSaid) -> None:
    """Keep the words."""
    _keep(world, fact.unit, Words(fact.at_ms, fact.by, fact.text, "", fact.incident or ""))
    world.count("words_of_units")


def _keep(world: World, unit_id: str, words: Words) -> None:
    unit = _unit(world, unit_id)
    unit.words.append(words)
    del unit.words[:-WORDS_KEPT]


def _unit(world: World, unit_id: str) -> UnitRecord:
    return world.units[world.fleet.rows[unit_id]]
