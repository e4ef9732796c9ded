"""The console: the page at which dispatchers sit."""

from gateways.console.config import ConsoleConfig
from gateways.console.entrance import Console
from gateways.console.routes import console_routes

__all__ = ["Console", "ConsoleConfig", "console_routes"]
