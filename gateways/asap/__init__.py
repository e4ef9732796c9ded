"""Alarm companies: alarms in, notices out, as ANS 2.101 (ASAP) has the flow. See README.md."""

from gateways.asap.config import AsapConfig, PremisesRefused, read_premises
from gateways.asap.entrance import Entrance
from gateways.asap.intake import Intake
from gateways.asap.notices import NoticePicker

__all__ = ["AsapConfig", "Entrance", "Intake", "NoticePicker", "PremisesRefused", "read_premises"]
