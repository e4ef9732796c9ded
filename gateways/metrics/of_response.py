"""Families about the course of responses: what was decided and decided anew, what people made of it, who is accounted for.

Counts of the board begin with the journal; what people accepted and what neighbours left unanswered is told by turns
only, and begins with the process.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from engine.model.alert_facts import AlarmKind
from engine.state.records import Alarm
from engine.state.world import World
from gateways.metrics.family import PREFIX, Family, counter, counters, gauge, gauges
from gateways.metrics.observed import Observed

RUNGS: Final = ("first", "higher", "top")
"""Of the ladder of an alarm, however long the agency makes it."""
AID_EVENTS: Final = ("requested", "committed", "declined")


def response_families(world: World, observed: Observed) -> Iterator[Family]:
    """Give everything about decisions after the first one, and about the people who make them."""
    yield from _decided(world, observed)
    yield from _changed(world)
    yield from _underway(world, observed)
    yield from _neighbours(world, observed)
    yield from _accounted(world, observed)
    yield from _unacknowledged(world)


def _decided(world: World, observed: Observed) -> Iterator[Family]:
    yield counter("recommendations", "Recommendations recorded, since the journal began.", _tally(world, "decisions"))
    yield counter(
        "recommendations_accepted",
        "Recommendations that a person accepted while they still held, since the process began.",
        observed.accepted,
    )
    yield counter(
        "recommendations_stale",
        "Recommendations that no longer held when a person accepted them, since the journal began; the new best was "
        "told. Worry when they outgrow the accepted ones: screens are slow, or people decide late.",
        _tally(world, "recommendations_stale"),
    )
    yield counter(
        "dispatches_withheld",
        "Decisions that a plan would have carried out by itself, had it been sure enough, since the journal began. "
        "Worry when it rises faster than people accept: positions are old, or a plan's gate is too narrow.",
        _tally(world, "dispatches_withheld"),
    )
    yield counter(
        "units_bypassed",
        "Recommended units that a person passed over, since the journal began. Many mean that the rules are wrong: "
        "turnout report overrides says where.",
        _tally(world, "units_bypassed"),
    )
    yield counter(
        "duplicates_suspected",
        "Times an incident was said to be perhaps one that is on the board already, since the journal began.",
        _tally(world, "duplicates_suspected"),
    )


def _changed(world: World) -> Iterator[Family]:
    yield counter("units_diverted", "Units sent on to a more urgent incident.", _tally(world, "units_diverted"))
    yield counter(
        "units_superseded",
        "Units under way whose place went to one that arrives sooner, since the journal began. Worry when it comes near "
        "the units dispatched: plans flap, so supersede_s is too small.",
        _tally(world, "units_superseded"),
    )
    yield counter(
        "releases_proposed",
        "Times a person was asked to let go of units that the plan no longer wants, since the journal began.",
        _tally(world, "releases_proposed"),
    )
    yield counter(
        "alarms_struck", "Second and further alarms, since the journal began.", _tally(world, "alarms_struck")
    )


def _underway(world: World, observed: Observed) -> Iterator[Family]:
    yield gauges(
        "incidents_set_aside",
        "Open incidents that are held until a time, or stacked on a unit that is busy. Worry when stacked ones grow: "
        "the city puts off what it has no units for.",
        "state",
        {"held": observed.waiting.held(), "stacked": len(world.stacked)},
    )
    yield gauges(
        "units_late",
        "Units under way that will arrive later than was told, by cause. Worry when not_moving grows: crews were "
        "alerted and do not roll, or their trackers stand still.",
        "cause",
        {cause.value: count for cause, count in observed.census.late.items()},
    )
    yield counter(
        "assignments_delayed",
        "Units under way that were reported late, since the journal began.",
        _tally(world, "assignments_delayed"),
    )
    yield gauge(
        "units_understaffed",
        "Units in service that are not sent because too few people are on board.",
        observed.census.understaffed(),
    )


def _neighbours(world: World, observed: Observed) -> Iterator[Family]:
    yield counters(
        "aid",
        "Requests for neighbours' units by what became of them, since the journal began; those that were not answered "
        "in time are among the declined. turnout_units has those that wait for an answer as requested.",
        "event",
        {event: _tally(world, f"aid_{event}") for event in AID_EVENTS},
    )
    yield counter(
        "aid_expired",
        "Requests for neighbours' units that were given up because nobody answered in time, since the process began. "
        "Worry at the second: each one has cost the whole wait.",
        observed.aid_expired,
    )


def _accounted(world: World, observed: Observed) -> Iterator[Family]:
    yield counter("roll_calls", "Roll-calls of units on scene, since the journal began.", _tally(world, "roll_calls"))
    yield counter(
        "roll_answers", "Units' answers to roll-calls, since the journal began.", _tally(world, "roll_answers")
    )
    yield gauge(
        "roll_answers_owed",
        "Units on scene that were asked whether their people are well and have not answered. Those that are beyond their "
        "time are in turnout_alarms_open as roll_unanswered.",
        observed.census.owing_answers,
    )


def _unacknowledged(world: World) -> Iterator[Family]:
    yield counter(
        "alarms_escalated",
        "Times an alarm went up a rung because nobody had taken it on, since the journal began. Worry when it keeps "
        "rising: there are more alarms than people.",
        _tally(world, "alarms_escalated"),
    )
    family = GaugeMetricFamily(
        f"{PREFIX}alarms_unacknowledged",
        "Alarms that nobody has taken on, by kind and rung of the ladder. Worry at any on the top rung: there is nobody "
        "left to ask.",
        labels=("about", "rung"),
    )
    top = max(1, world.settled.watch.escalations)
    standing = Counter(
        (alarm.about, _rung(alarm, top)) for alarm in world.alarms.values() if alarm.acknowledged_by is None
    )
    for about in AlarmKind:
        for rung in RUNGS:
            family.add_metric([about.value, rung], standing[about, rung])
    yield family


def _rung(alarm: Alarm, top: int) -> str:
    if not alarm.rung:
        return "first"
    return "top" if alarm.rung >= top else "higher"


def _tally(world: World, name: str) -> int:
    return world.tally.get(name, 0)
