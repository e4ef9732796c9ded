"""The console: the page at which dispatchers sit."""

from gateways.console.config import ConsoleConfig
from gateways.console.entrance import Console
from gateways.console.routes import console_routes
from gateways.console.supervisor import SupervisorDesk
from gateways.console.supervisor_routes import supervisor_routes

__all__ = ["Console", "ConsoleConfig", "SupervisorDesk", "console_routes", "supervisor_routes"]
