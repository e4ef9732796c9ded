"""Alerts: telling crews. The engine owes, tries again and escalates; this room carries out one attempt at a time."""

from gateways.alerts.courier import Courier
from gateways.alerts.endpoint import AlertChannel, Endpoint
from gateways.alerts.logfile import LogFile
from gateways.alerts.receipts import receipt_routes
from gateways.alerts.statistics import Counts, Statistics
from gateways.alerts.webhook import Webhook

__all__ = [
    "AlertChannel",
    "Counts",
    "Courier",
    "Endpoint",
    "LogFile",
    "Statistics",
    "Webhook",
    "receipt_routes",
]
