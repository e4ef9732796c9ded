"""`turnout demo --exercise`: beside their pagers, duty officers with real-looking mailboxes are to be told of everything.

Rule: not one of those mails may leave the machine. The mail server's name is one that can never exist (RFC 2606), so a
slip would show as a failure; the audit holds the record of what would have been sent against the journal.
"""

import csv
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.model.place import Place

OFFICERS: Final = "officers"
LADDER: Final = ("pagers+officers", "log")
RECORD: Final = "exercise.jsonl"
"""In the data folder, as the room of alerts names it."""
RECIPIENTS: Final = "recipients.csv"
CONFIG: Final = """
[[endpoints]]
name = "officers"
workers = 8

[endpoints.channel]
channel = "smtp"
host = "mail.invalid"
sender = "turnout@city.invalid"
"""


class _Line(Struct):
    endpoint: str
    recipient: str


def write_recipients(path: Path, place: Place) -> None:
    """Give each station and post a duty officer, who is no exercise's dummy."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "stations", "endpoint", "address"))
        for number, station in enumerate(place.stations, 1):
            rows.writerow((f"officer {number}", station.id, OFFICERS, f"officer-{number}@city.invalid"))


def recorded(data: Path) -> int:
    """Return how many messages to officers were recorded instead of sent."""
    path = data / RECORD
    if not path.exists():
        return 0
    lines = (msgspec.json.decode(line, type=_Line) for line in path.read_bytes().splitlines())
    return sum(line.endpoint == OFFICERS for line in lines)


def holds(data: Path, taken: int, failed: int) -> tuple[bool, str]:
    """Hold the record against the journal: every copy that counts as taken was recorded, and none was really tried."""
    kept = recorded(data)
    figures = f"{taken} messages to duty officers taken, {kept} recorded, {failed} tried for real and failed"
    return kept >= taken > 0 and not failed, figures
