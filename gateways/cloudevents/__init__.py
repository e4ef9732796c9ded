"""CloudEvents 1.0 out: every kind of fact to whoever has subscribed. See README.md."""

from gateways.cloudevents.config import Subscription
from gateways.cloudevents.position import PositionDamaged
from gateways.cloudevents.source import TurnSource
from gateways.cloudevents.subscriber import Subscriber

__all__ = ["PositionDamaged", "Subscriber", "Subscription", "TurnSource"]
