"""The HTTP API: the same commands as the WebSocket, and what can be read, under /v1."""

from gateways.api.config import ApiConfig
from gateways.api.entrance import Api
from gateways.api.routes import api_routes

__all__ = ["Api", "ApiConfig", "api_routes"]
