"""The log of exchanges: one JSON line for each, with the time, who, what and its identifiers; a file a day.

It is where parts of neighbours' documents are kept that have no counterpart here, so it holds people's data: readable
by its owner only, and gone after so many days. Metrics count; they never name.
"""

from pathlib import Path
from typing import Final

from gateways.daybook import DayBook, book_files
from gateways.eido.config import Statistics

NAME: Final = "eido"


class ExchangeLog(DayBook):
    """Takes lines at once and writes them in a thread. One task runs it."""

    def __init__(self, folder: Path, file_bytes: int, statistics: Statistics, days: int = 30) -> None:
        def lost(lines: int) -> None:
            statistics.log_failed += lines

        super().__init__(folder, NAME, file_bytes, days, lost)


def log_files(folder: Path) -> list[Path]:
    """Return the files that there are, in the order of their days."""
    return book_files(folder, NAME)
