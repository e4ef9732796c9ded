"""Crews: the two-way channel of vehicles, and the page `/crew` for a phone or a tablet on board."""

from gateways.crews.config import CrewsConfig, Statistics
from gateways.crews.entrance import Crews
from gateways.crews.routes import crew_routes

__all__ = ["Crews", "CrewsConfig", "Statistics", "crew_routes"]
