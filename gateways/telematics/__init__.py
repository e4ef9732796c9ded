"""Telematics: positions from trackers. Each protocol is one file; all meet in `Intake.take`."""

from gateways.telematics.jsonlines import JsonLines
from gateways.telematics.osmand import OsmAnd

__all__ = ["JsonLines", "OsmAnd", "TelematicsProtocol"]

TelematicsProtocol = OsmAnd | JsonLines
"""All protocols, as a configuration names them: `protocol = "OsmAnd"`. A new one is added here."""
