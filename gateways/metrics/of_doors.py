"""Families about the gateways: what comes in, what goes out, what is turned away?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gateways.metrics.family import PREFIX, Family, counters, gauge, gauges
from gateways.metrics.sources import EndpointNumbers, FeedNumbers, Numbers, Sources, bounded, flatten

EVENTS_MAX: Final = 64
LEVELS: Final = frozenset({"connections"})
"""Numbers of the CAD gateway that go up and down."""


def door_families(sources: Sources) -> Iterator[Family]:
    """Give everything about the gateways that there are."""
    if sources.intake is not None:
        yield from _feeds(sources.intake.statistics())
    if sources.cad is not None:
        numbers = flatten(sources.cad)
        yield gauge("cad_connections", "CAD connections open now. Worry at 0.", numbers.get("connections", 0))
        yield counters(
            "cad_events",
            "What happened at the CAD gateway since the start. Worry when resyncs rise (a client is slow), when "
            "refused_* rise (a client is wrong), and at any faults (ours, see the log).",
            "event",
            {name: number for name, number in numbers.items() if name not in LEVELS},
        )
    if sources.crews is not None:
        numbers = flatten(sources.crews)
        yield gauge(
            "crew_pages",
            "Crew pages and vehicles that follow now. Worry at 0 in a city that uses them.",
            numbers["feeds"],
        )
        yield counters(
            "crew_events",
            "What happened at the crews' channel since the start. A repeat counts as taken again. Worry when "
            "refused_clock_ahead or refused_too_old rise (a device is wrong), or refused_rate_limited.",
            "event",
            {name: number for name, number in numbers.items() if name != "feeds"},
        )
    if sources.courier is not None:
        yield from _endpoints(sources.courier.statistics())
    if sources.exchanges:
        yield from _exchanges(sources)
    if sources.upkeep:
        yield from _upkeep(sources)
    if sources.http is not None:
        yield counters(
            "http_events",
            "Requests at the HTTP listener by class of answer, and what went wrong. Worry at handler_failed and "
            "listener_failed: both are ours, see the log.",
            "event",
            bounded(sources.http.statistics(), EVENTS_MAX),
        )


def _exchanges(sources: Sources) -> Iterator[Family]:
    yield _by_name(
        CounterMetricFamily(
            PREFIX + "exchange_events",
            "What happened at the exchanges with other organisations since the start. Worry when unreadable, refused or "
            "failed ones rise, and at those of the exchange faults: one broke, and was begun again; see the log.",
            labels=["exchange", "event"],
        ),
        sources.exchanges,
    )
    yield _by_name(
        GaugeMetricFamily(
            PREFIX + "exchange_level",
            "What stands at an exchange now. Worry at dead (a receiver takes nothing), at parked (nothing is sent there until "
            "somebody says so), and when turns_behind grows: nothing is lost, and nobody else waits.",
            labels=["exchange", "what"],
        ),
        sources.exchange_levels,
    )


def _upkeep(sources: Sources) -> Iterator[Family]:
    yield _by_name(
        CounterMetricFamily(
            PREFIX + "upkeep_events",
            "What the server did for its own order since the start: the books of who did and who read what, retention, and "
            "processes that read the journal. Worry when lost, failed or not_started rise.",
            labels=["task", "event"],
        ),
        sources.upkeep,
    )
    yield _by_name(
        GaugeMetricFamily(
            PREFIX + "upkeep_level",
            "How that stands now. Worry at failing (what is too old is not erased), and when kept_through_s, the day that "
            "was done last, is more than two days ago.",
            labels=["task", "what"],
        ),
        sources.upkeep_levels,
    )


def _by_name(family: CounterMetricFamily | GaugeMetricFamily, numbers: Mapping[str, Numbers]) -> Family:
    for name, counts in numbers.items():
        for what, number in bounded(counts(), EVENTS_MAX).items():
            family.add_metric([name, what], number)
    return family


def _feeds(numbers: FeedNumbers) -> Iterator[Family]:
    yield counters(
        "fixes",
        "Fixes received, by verdict; accepted and clamped moved a unit, the others did not. Worry when accepted "
        "stands still, or when another one grows with it.",
        "verdict",
        bounded(numbers.verdicts, EVENTS_MAX),
    )
    yield counters(
        "feed_events",
        "Messages of trackers that held no fix, and broken connections, by cause.",
        "event",
        bounded(numbers.events, EVENTS_MAX),
    )
    yield gauge(
        "feed_devices_offline",
        "Devices whose last will came and that were not heard since. Worry when it rises.",
        numbers.offline,
    )


def _endpoints(endpoints: Sequence[EndpointNumbers]) -> Iterator[Family]:
    family = CounterMetricFamily(
        PREFIX + "alert_endpoint_events",
        "Attempts at an endpoint by what became of them, since the start. Worry when failed or not_tried rise.",
        labels=["endpoint", "event"],
    )
    for each in endpoints:
        for event, count in flatten(each.counts).items():
            family.add_metric([each.endpoint, event], count)
    yield family
    yield gauges(
        "alert_endpoint_queue_depth",
        "Attempts that wait at an endpoint. Worry when it grows.",
        "endpoint",
        {each.endpoint: each.depth for each in endpoints},
    )
    yield gauges(
        "alert_endpoint_breaker_open",
        "1 while an endpoint that kept failing is left alone; alerts go up the ladder meanwhile. Worry at 1.",
        "endpoint",
        {each.endpoint: int(each.breaker_open) for each in endpoints},
    )
