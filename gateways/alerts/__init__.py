"""Alerts: telling crews. The engine owes, tries again and escalates; this room carries out one attempt at a time."""

from gateways.alerts.browser import BrowserPush
from gateways.alerts.callbacks import callback_routes
from gateways.alerts.courier import Courier
from gateways.alerts.endpoint import AlertChannel, Endpoint
from gateways.alerts.exercise import WrongMode, claim
from gateways.alerts.logfile import LogFile
from gateways.alerts.pager import Pager
from gateways.alerts.receipts import receipt_routes
from gateways.alerts.recipients import Recipient, Recipients, RecipientsRefused, read_recipients
from gateways.alerts.sms import Sms
from gateways.alerts.smtp import Mail
from gateways.alerts.statistics import Counts, Statistics
from gateways.alerts.wctp import Wctp
from gateways.alerts.webhook import Webhook

__all__ = [
    "AlertChannel",
    "BrowserPush",
    "Counts",
    "Courier",
    "Endpoint",
    "LogFile",
    "Mail",
    "Pager",
    "Recipient",
    "Recipients",
    "RecipientsRefused",
    "Sms",
    "Statistics",
    "Wctp",
    "Webhook",
    "WrongMode",
    "callback_routes",
    "claim",
    "read_recipients",
    "receipt_routes",
]
