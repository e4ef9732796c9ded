"""CloudEvents 1.0 out: every kind of fact to whoever has subscribed. See README.md."""

from gateways.cloudevents.config import Subscription
from gateways.cloudevents.picker import EventPicker

__all__ = ["EventPicker", "Subscription"]
