"""CAD: other systems and dispatchers' screens watch the board and give orders, over one WebSocket."""

from gateways.cad.config import CadConfig
from gateways.cad.hub import Hub
from gateways.cad.socket import serve_cad

__all__ = ["CadConfig", "Hub", "serve_cad"]
