"""CAP 1.2: other agencies' alerts in, as cautions and conditions of the roads, and ours out. See README.md."""

from gateways.cap.archive import erase_published
from gateways.cap.config import CapConfig, CapRule, PublishConfig
from gateways.cap.desk import Desk
from gateways.cap.entrance import Entrance
from gateways.cap.ledger import Ledger, LedgerDamaged
from gateways.cap.outlet import Outlet
from gateways.cap.poll import Poller
from gateways.cap.press import Press
from gateways.cap.window import Window

__all__ = [
    "CapConfig",
    "CapRule",
    "Desk",
    "Entrance",
    "Ledger",
    "LedgerDamaged",
    "Outlet",
    "Poller",
    "Press",
    "PublishConfig",
    "Window",
    "erase_published",
]
