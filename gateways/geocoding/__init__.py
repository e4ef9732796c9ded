"""Addresses as people say them, to positions. See README.md.

Rule: pure lookups in memory. What is not listed is never passed off as listed: each answer says how it was found.
"""

from gateways.geocoding.answering import Answer, look_up
from gateways.geocoding.geocoder import MOST, Found, Geocoder, How, sure

__all__ = ["MOST", "Answer", "Found", "Geocoder", "How", "look_up", "sure"]
