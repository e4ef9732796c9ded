"""How plain numbers become families of samples. Every name begins with `turnout_` and says its base unit.

Rule: labels have few values, all of them known from code or configuration. Never an incident, a unit or a person.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from gateways.metrics.histogram import Histogram

PREFIX: Final = "turnout_"
Family: TypeAlias = Metric
Number: TypeAlias = float | int


def gauge(name: str, meaning: str, value: float) -> Family:
    """Return one number that goes up and down."""
    return GaugeMetricFamily(PREFIX + name, meaning, value)


def counter(name: str, meaning: str, value: float) -> Family:
    """Return one number that only grows; its name gets `_total`."""
    return CounterMetricFamily(PREFIX + name, meaning, value)


def gauges(name: str, meaning: str, label: str, values: Mapping[str, Number]) -> Family:
    """Return a gauge for each value of the label."""
    family = GaugeMetricFamily(PREFIX + name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counters(name: str, meaning: str, label: str, values: Mapping[str, Number]) -> Family:
    """Return a counter for each value of the label."""
    family = CounterMetricFamily(PREFIX + name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def histogram(name: str, meaning: str, held: Histogram) -> Family:
    """Return one histogram."""
    return HistogramMetricFamily(PREFIX + name, meaning, list(held.cumulative()), held.total)


def histograms(name: str, meaning: str, label: str, held: Mapping[str, Histogram]) -> Family:
    """Return a histogram for each value of the label."""
    family = HistogramMetricFamily(PREFIX + name, meaning, labels=[label])
    for key, each in held.items():
        family.add_metric([key], list(each.cumulative()), each.total)
    return family


def info(name: str, meaning: str, facts: Mapping[str, str]) -> Family:
    """Return what does not change while the process lives; its name gets `_info`."""
    return InfoMetricFamily(PREFIX + name, meaning, dict(facts))
