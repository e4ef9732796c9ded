"""A past hour of the board, told from the journal. See README.md."""

from gateways.past.telling import tell_hour

__all__ = ["tell_hour"]
