"""Turns an extract of OpenStreetMap into a place: `import_osm(file, out, progress, …)`.

Rule: what the map says is taken as it stands; what it does not say is assumed by one written rule, and said.
"""

from gateways.places.osm.place import import_osm

__all__ = ["import_osm"]
