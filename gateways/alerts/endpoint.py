"""An endpoint of the ladder as configured: its name, its channel, and how much of us it may hold at once."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from gateways.alerts.browser import BrowserPush
from gateways.alerts.logfile import LogFile
from gateways.alerts.mqtt import Mqtt
from gateways.alerts.notifier import Notifier
from gateways.alerts.pager import Pager
from gateways.alerts.sms import Sms
from gateways.alerts.smtp import Mail
from gateways.alerts.stations import StationAlerting
from gateways.alerts.wctp import Wctp
from gateways.alerts.webhook import Webhook

AlertChannel: TypeAlias = (
    Webhook | LogFile | Mail | Pager | Sms | Wctp | Mqtt | StationAlerting | Notifier | BrowserPush
)
"""All channels, as a configuration names them: `channel = "webhook"`. A new one is added here."""


class Endpoint(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A name that a place's ladder may use. Raises ValueError where `exercise` would mark people."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    channel: AlertChannel
    workers: Annotated[int, Meta(ge=1, le=64)] = 4
    """Attempts at the same time."""
    queue: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Attempts that may wait; beyond it they fail at once, so that the ladder goes on."""
    exercise: bool = False
    """Nobody real is behind it: it may be sent to in an exercise."""

    @property
    def hands(self) -> int:
        """Return how many attempts are carried out at the same time.

        Where one endpoint stands for many peers, one of them that hangs must not hold up the others.
        """
        lanes = self.channel.lanes if isinstance(self.channel, StationAlerting | Notifier) else 0
        return max(self.workers, lanes)

    def __post_init__(self) -> None:
        if self.exercise and self.channel.addressed:
            raise ValueError("exercise: this channel sends to recipients; mark those that are no real persons instead")
