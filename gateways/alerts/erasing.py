"""Erasing an incident's people from log files of alerts, and from the record of an exercise.

Rule: the line stays, and says which alert it was for whom; where it led and what it said go.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from gateways.alerts.endpoint import Endpoint
from gateways.alerts.exercise import RECORD
from gateways.alerts.logfile import LogFile
from gateways.erasing import fitted, rewrite_lines

KEPT: Final = ("alert", "purpose", "created_ms", "unit", "incident", "rung", "attempt")


def erase_alerts(data: Path, endpoints: Iterable[Endpoint], incident: str) -> int:
    """Erase the incident's people from the log files of alerts; return how many lines. Raises OSError."""
    paths = [data / endpoint.channel.path for endpoint in endpoints if isinstance(endpoint.channel, LogFile)]
    return sum(erase_incident(path, incident) for path in (*paths, data / RECORD))


def erase_incident(path: Path, incident: str) -> int:
    """Erase what the log file and its older ones hold of the incident's people; return how many lines. Raises OSError."""

    def files() -> list[Path]:
        return [file for file in (path, *path.parent.glob(f"{path.name}.*")) if file.is_file()]

    return rewrite_lines(files, partial(_without_people, incident))


def _without_people(incident: str, line: bytes) -> bytes | None:
    """Return the line as long as it was, without people's data; None if it is not about the incident."""
    try:
        told: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Torn, or somebody else's: if it may be about the incident, nothing of it is kept.
        return b" " * len(line) if f'"incident":"{incident}"'.encode() in line else None
    part = "message" if isinstance(told, dict) and "message" in told else "data"
    data = told.get(part) if isinstance(told, dict) else None
    if not isinstance(data, dict) or data.get("incident") != incident or data.get("erased") is True:
        return None
    kept = {name: data[name] for name in KEPT if name in data} | {"erased": True}
    return fitted({**told, part: kept}, line)
