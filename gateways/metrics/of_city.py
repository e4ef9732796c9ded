"""Families about the city: who waits, who can be sent, who has been reached?

All of it is read from the board, so nothing is told that is not durable.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from engine.model.alert_facts import AlarmKind, CopyState
from engine.state.records import AlertState
from engine.state.world import World
from gateways.metrics.family import Family, counter, counters, gauge, gauges, histogram
from gateways.metrics.observed import Observed
from gateways.metrics.sources import bounded

INCIDENT_EVENTS: Final = ("reported", "closed", "cancelled", "merged", "held", "stacked", "reopened", "split")
ALERT_EVENTS: Final = ("owed", "delivered", "acknowledged", "escalated", "handed_over", "withdrawn")
REFUSED: Final = "refused_"
CODES_MAX: Final = 64


def city_families(world: World, observed: Observed, now_ms: int) -> Iterator[Family]:
    """Give everything about the city as the board has it; ages by the engine's clock."""
    yield from _incidents(world, observed, now_ms)
    yield from _units(world, observed, now_ms)
    yield from _alerts(world, observed)
    yield from _alarms(world)
    refused = {name.removeprefix(REFUSED): count for name, count in world.tally.items() if name.startswith(REFUSED)}
    yield counters(
        "refusals",
        "Commands and reports the engine refused, by code, since the journal began. A sudden rise of one code is a "
        "client gone wrong.",
        "code",
        bounded(refused, CODES_MAX),
    )


def _incidents(world: World, observed: Observed, now_ms: int) -> Iterator[Family]:
    waiting = observed.waiting
    yield gauge(
        "oldest_unassigned_priority1_age_seconds",
        "How long the oldest priority 1 incident has been without any unit; 0 when there is none. Worry above 90 s.",
        _age_s(waiting.oldest_unassigned_ms(), now_ms),
    )
    yield gauges(
        "oldest_waiting_age_seconds",
        "How long the oldest incident has lacked a unit of its plan, by priority; 0 when none does.",
        "priority",
        {str(priority): _age_s(since_ms, now_ms) for priority, since_ms in waiting.oldest_ms().items()},
    )
    yield gauges(
        "waiting_incidents",
        "Open incidents that lack a unit of their plan, by priority. Worry when it grows: the city runs out of units.",
        "priority",
        {str(priority): count for priority, count in waiting.counts().items()},
    )
    yield gauge("open_incidents", "Incidents on the board.", len(world.open))
    yield counters(
        "incidents",
        "Incidents by what became of them, since the journal began; one that is held twice counts twice.",
        "event",
        _tallied(world, "incidents_", INCIDENT_EVENTS),
    )
    yield gauge(
        "orphan_incidents",
        "Open incidents that no unit serves and no queue, hold or stack has. Must be 0. Worry at any: nobody would be "
        "sent.",
        len(world.orphans()),
    )


def _units(world: World, observed: Observed, now_ms: int) -> Iterator[Family]:
    yield gauges(
        "units",
        "Units of the place by status. Worry when available and returning together come near 0.",
        "status",
        {status.value: count for status, count in observed.census.by_status.items()},
    )
    tracked, stale = observed.census.positions(now_ms)
    yield gauge("tracked_units", "Units in service that report positions.", tracked)
    yield gauge(
        "stale_positions_ratio",
        "Share of the tracked units in service whose position is too old to decide on; they go only where nobody else "
        "would be much sooner. Worry above 0.2: a feed is down.",
        stale / tracked if tracked else 0,
    )
    yield counter("units_dispatched", "Units sent, since the journal began.", world.tally.get("units_dispatched", 0))


def _alerts(world: World, observed: Observed) -> Iterator[Family]:
    yield counters(
        "alerts",
        "Alerts by what became of them, since the journal began. Worry when handed_over rises: crews are not "
        "reached by machine.",
        "event",
        _tallied(world, "alerts_", ALERT_EVENTS),
    )
    yield counters(
        "alert_copies",
        "Copies of alerts for each recipient and endpoint, by how far they came, since the journal began. Worry when "
        "failed or expired keeps rising: somebody is not reached.",
        "state",
        _tallied(world, "alert_copies_", [state.value for state in CopyState]),
    )
    states = Counter(alert.state for alert in world.alerts.values())
    yield gauges(
        "alerts_open",
        "Alerts that are not over: requested (a courier tries now), waiting (the next attempt has its time), "
        "delivered (not acknowledged). Worry when waiting stays above 0.",
        "state",
        {state.value: states[state] for state in AlertState},
    )
    yield counter(
        "alert_attempts_failed",
        "Attempts to deliver an alert that failed, since the journal began. Worry when it keeps rising.",
        world.tally.get("alert_attempts_failed", 0),
    )
    yield histogram(
        "alert_acknowledge_seconds",
        "Time from a dispatch's alert being owed until its crew acknowledged. Worry when the median passes 30 s.",
        observed.acknowledgements,
    )


def _alarms(world: World) -> Iterator[Family]:
    kinds = [kind.value for kind in AlarmKind]
    raised = Counter(alarm.about.value for alarm in world.alarms.values())
    yield gauges(
        "alarms_open",
        "Matters put before a person and not over, by kind. Worry when alert_undelivered is above 0: tell the crew "
        "by voice.",
        "about",
        {kind: raised[kind] for kind in kinds},
    )
    yield counters("alarms", "Alarms raised, since the journal began.", "about", _tallied(world, "alarms_", kinds))


def _tallied(world: World, prefix: str, names: Sequence[str]) -> dict[str, int]:
    """Return the counts of the World by name; 0 where nothing was counted, so that a first rise is seen."""
    return {name: world.tally.get(prefix + name, 0) for name in names}


def _age_s(since_ms: int | None, now_ms: int) -> float:
    return 0.0 if since_ms is None else max(0.0, (now_ms - since_ms) / 1000)
