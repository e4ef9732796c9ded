"""CAP 1.2: other agencies' alerts in, as cautions and conditions of the roads. See README.md."""

from gateways.cap.config import CapConfig, CapRule
from gateways.cap.desk import Desk
from gateways.cap.entrance import Entrance
from gateways.cap.ledger import Ledger, LedgerDamaged

__all__ = ["CapConfig", "CapRule", "Desk", "Entrance", "Ledger", "LedgerDamaged"]
