"""GeoJSON (RFC 7946) for maps and other offices' tools. See README.md."""

from gateways.geojson.routes import geojson_routes

__all__ = ["geojson_routes"]
