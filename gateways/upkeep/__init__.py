"""What operators do to a running server, by word and on record: devices, exchanges, recipients; and who has read what."""

from gateways.upkeep.books import Books, BooksConfig
from gateways.upkeep.desk import Desk, NotDone
from gateways.upkeep.views import DeviceView, ExchangeView, ReloadView

__all__ = ["Books", "BooksConfig", "Desk", "DeviceView", "ExchangeView", "NotDone", "ReloadView"]
