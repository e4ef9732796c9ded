"""Families about response clocks: is what the standards ask for being kept?

Read when an incident ends, from released turns; labels are names of profiles and measures and limits in seconds, all
from code or configuration.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from engine.clocks import Clocks
from gateways.metrics.family import PREFIX, Family

OF_MEASURE: Final = ("profile", "measure")
OF_LIMIT: Final = ("profile", "measure", "limit_seconds")


def clock_families(clocks: Clocks) -> Iterator[Family]:
    """Give the readings of every measure since the process began; incidents reported before it are not among them."""
    readings = CounterMetricFamily(
        f"{PREFIX}clock_readings",
        "Response clocks that were read, by profile and measure; each is read when its incident ends. Worry when it "
        "stands still while incidents end: crews do not report.",
        labels=OF_MEASURE,
    )
    seconds = CounterMetricFamily(
        f"{PREFIX}clock_seconds", "Sum of those clocks; divided by the readings it is their mean.", labels=OF_MEASURE
    )
    within = CounterMetricFamily(
        f"{PREFIX}clock_within_limit", "Response clocks within a limit of their measure.", labels=OF_LIMIT
    )
    share = GaugeMetricFamily(
        f"{PREFIX}clock_within_limit_ratio",
        "Share of the response clocks within the limit; no sample while there is none. Worry when it falls below the "
        "target, and look at the rate of the last hours as well: this is of all since the process began.",
        labels=OF_LIMIT,
    )
    target = GaugeMetricFamily(
        f"{PREFIX}clock_target_ratio", "Share that the profile asks to be within the limit.", labels=OF_LIMIT
    )
    left_out = GaugeMetricFamily(
        f"{PREFIX}clock_left_out",
        "Clocks of ended incidents without a reading: cancelled, merged, incomplete; falls when one is reopened. "
        "Worry when it outgrows the readings: the shares then speak of few.",
        labels=OF_MEASURE,
    )
    for owner, measure, tally in zip(clocks.owners, clocks.measures, clocks.tallies, strict=True):
        names = [owner, measure.name]
        readings.add_metric(names, tally.readings)
        seconds.add_metric(names, tally.total_ms / 1000)
        left_out.add_metric(names, sum(tally.left_out.values()))
        for limit, hits in zip(measure.limits, tally.within, strict=True):
            labels = [*names, str(limit.within_s)]
            within.add_metric(labels, hits)
            target.add_metric(labels, limit.percent / 100)
            if tally.readings:
                share.add_metric(labels, hits / tally.readings)
    yield from (readings, seconds, within, share, target, left_out)
