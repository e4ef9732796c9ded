"""Erasing what neighbours have said of an incident of ours: from the log of exchanges, and from what they said last.

Rule: a line of the log stays, and says when, who, what and of which incident; parts of documents and texts go. Which lines
are about it is known by our own identifier, by those that neighbours have for it, and by documents that name it as parent.
"""

import re
from collections.abc import Container, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from gateways.eido.log import log_files
from gateways.eido.memory import Memory
from gateways.eido.naming import TRACKING
from gateways.erasing import fitted, rewrite_lines

KEPT: Final = ("at", "what", "who", "incident", "kind", "stamp", "parents", "status", "bytes", "cause")


def forget_exchanges(folder: Path, incident: str, element: str = "", names: Iterable[str] = ()) -> int:
    """Erase it from all of them, where no exchange is open; return of how many lines of logs. Raises OSError."""
    return erase_lines(folder, incident, element, {*names, *erase_said(folder, incident)})


def erase_said(folder: Path, incident: str, but: Container[str] = ()) -> list[str]:
    """Erase what peers said last of it; return what they call it. Not of those whose memory is in use. Raises OSError."""
    names: list[str] = []
    for path in (*folder.glob("eido-*.json"), *folder.glob("eido-*.new")):
        peer = path.stem.removeprefix("eido-")
        if peer not in but:
            memory = Memory(folder, peer)
            names += memory.forget(incident)
            memory.saver()()
    return names


def erase_lines(folder: Path, incident: str, element: str, names: Iterable[str]) -> int:
    """Erase what the logs of exchanges say of it; return of how many lines.

    `element` is our own in identifiers, "" if it is not known: then another agency's incident of the same number is taken
    for it as well. `names` are what neighbours call it. Raises OSError.
    """
    about = _About(incident, element, names)
    files = partial(log_files, folder)
    rewrite_lines(files, about.learn)
    return rewrite_lines(files, about.without_people)


class _About:
    """Tells which lines are about an incident."""

    def __init__(self, incident: str, element: str, names: Iterable[str]) -> None:
        end = re.escape(element) if element else r"[A-Za-z0-9.-]+"
        name = rf'(?<![A-Za-z0-9]){re.escape(incident)}x[0-9a-z]{{1,14}}(-[^:\s"\\]{{0,200}})?:{end}(?![A-Za-z0-9-])'
        self._ours = re.compile(name.encode())
        """Of the incident and of its parts."""
        self._theirs = set(names)

    def learn(self, line: bytes) -> None:
        """Take note of what a neighbour calls its own part in the incident."""
        told = _read(line) if self._ours.search(line) else None
        if (
            told is not None
            and told.get("what") == "peer_document"
            and any(map(self._is_ours, told.get("parents", ())))
        ):
            self._theirs.add(str(told.get("incident")))

    def without_people(self, line: bytes) -> bytes | None:
        """Return the line as long as it was, without people's data; None if it holds none, or is not about the incident."""
        named = [name for name in self._theirs if _in_json(name) in line]
        if not named and not self._ours.search(line):
            return None
        told = _read(line)
        if told is None:
            return b" " * len(line)  # torn
        incident = told.get("incident")
        if (
            incident is None
        ):  # something that was said: whoever calls it by a word that stands in many texts is not heeded
            about = any(name.startswith(TRACKING) for name in named) or self._ours.search(line) is not None
        else:
            about = incident in named or self._is_ours(incident)
        if not about or told.keys() <= {*KEPT, "erased"}:
            return None
        return fitted({key: told[key] for key in KEPT if key in told} | {"erased": True}, line)

    def _is_ours(self, name: Any) -> bool:
        bare = str(name).removeprefix(TRACKING)
        return self._ours.fullmatch(bare.encode()) is not None


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _in_json(name: str) -> bytes:
    return msgspec.json.encode(name)[1:-1]
