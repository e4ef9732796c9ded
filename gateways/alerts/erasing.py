"""Erasing an incident's people from log files of alerts: in its place, so that whoever appends meanwhile loses no line.

Rule: the line stays, and says which alert it was for whom; where it led and what it said go.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from gateways.alerts.endpoint import Endpoint
from gateways.alerts.logfile import LogFile

KEPT: Final = ("alert", "purpose", "created_ms", "unit", "incident", "rung", "attempt")


def erase_alerts(data: Path, endpoints: Iterable[Endpoint], incident: str) -> int:
    """Erase the incident's people from the log files of alerts; return how many lines. Raises OSError."""
    paths = [data / endpoint.channel.path for endpoint in endpoints if isinstance(endpoint.channel, LogFile)]
    return sum(erase_incident(path, incident) for path in paths)


def erase_incident(path: Path, incident: str) -> int:
    """Erase what the log file and its older ones hold of the incident's people; return how many lines. Raises OSError."""
    return sum(_erase(file, incident) for file in (path, *path.parent.glob(f"{path.name}.*")) if file.is_file())


def _erase(file: Path, incident: str) -> int:
    erased = start = 0
    handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        for line in file.read_bytes().splitlines(keepends=True):
            bare = _without_people(line.rstrip(b"\n"), incident)
            if bare is not None:
                os.pwrite(handle, bare, start)
                erased += 1
            start += len(line)
        os.fsync(handle)
    finally:
        os.close(handle)
    return erased


def _without_people(line: bytes, incident: str) -> bytes | None:
    """Return the line as long as it was, without people's data; None if it is not about the incident."""
    try:
        told: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Torn, or somebody else's: if it may be about the incident, nothing of it is kept.
        return b" " * len(line) if f'"incident":"{incident}"'.encode() in line else None
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict) or data.get("incident") != incident or data.get("erased") is True:
        return None
    kept = {name: data[name] for name in KEPT if name in data} | {"erased": True}
    return msgspec.json.encode({**told, "data": kept}).ljust(len(line))[: len(line)]
