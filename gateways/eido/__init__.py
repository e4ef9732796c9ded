"""CAD to CAD by NENA's EIDO: incidents told to neighbours who subscribe, and taken from those whom we follow."""

from gateways.eido.config import EidoConfig, EidoRefused, flat, levels
from gateways.eido.erasing import erase_lines, forget_exchanges
from gateways.eido.log import ExchangeLog
from gateways.eido.peers import Peers
from gateways.eido.retrieval import retrieval_routes
from gateways.eido.socket import serve_eido
from gateways.eido.source import Source

__all__ = [
    "EidoConfig",
    "EidoRefused",
    "ExchangeLog",
    "Peers",
    "Source",
    "erase_lines",
    "flat",
    "forget_exchanges",
    "levels",
    "retrieval_routes",
    "serve_eido",
]
