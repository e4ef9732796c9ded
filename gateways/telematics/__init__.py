"""Telematics: positions from trackers. Each protocol is one file; all meet in `Intake.take`."""

from gateways.telematics.batch import Batch
from gateways.telematics.jsonlines import JsonLines
from gateways.telematics.mqttjson import MqttJson
from gateways.telematics.nmea import Nmea
from gateways.telematics.osmand import OsmAnd
from gateways.telematics.owntracks import OwnTracks
from gateways.telematics.taip import Taip
from gateways.telematics.traccar import Traccar

__all__ = ["Batch", "JsonLines", "MqttJson", "Nmea", "OsmAnd", "OwnTracks", "Taip", "TelematicsProtocol", "Traccar"]

TelematicsProtocol = OsmAnd | Traccar | JsonLines | Taip | Nmea | Batch | OwnTracks | MqttJson
"""All protocols, as a configuration names them: `protocol = "OsmAnd"`. A new one is added here."""
