"""What simulations tell people: tables, JSON, a page; and outcomes kept on disk. See README.md."""

from gateways.simulation.document import Run, document_of
from gateways.simulation.keep import Kept, RunRefused, load, merged, save
from gateways.simulation.page import render_page
from gateways.simulation.tables import print_tables

__all__ = [
    "Kept",
    "Run",
    "RunRefused",
    "document_of",
    "load",
    "merged",
    "print_tables",
    "render_page",
    "save",
]
