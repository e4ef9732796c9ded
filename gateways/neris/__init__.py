"""The time ladder of each incident as NERIS and NEMSIS ask for it, off a journal. See README.md."""

from gateways.neris.export import Wanted, export_ladder

__all__ = ["Wanted", "export_ladder"]
