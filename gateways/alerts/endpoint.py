"""An endpoint of the ladder as configured: its name, its channel, and how much of us it may hold at once."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from gateways.alerts.logfile import LogFile
from gateways.alerts.webhook import Webhook

AlertChannel: TypeAlias = Webhook | LogFile
"""All channels, as a configuration names them: `channel = "webhook"`. A new one is added here."""


class Endpoint(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A name that a place's ladder may use."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    channel: AlertChannel
    workers: Annotated[int, Meta(ge=1, le=64)] = 4
    """Attempts at the same time."""
    queue: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Attempts that may wait; beyond it they fail at once, so that the ladder goes on."""
