"""An exercise: everything is as always, and no real person is told.

Rule: in an exercise a channel that leaves this machine is replaced, before it is even opened, by a file that records
what would have been sent. Only an endpoint, or a recipient, that is marked `exercise = true` is really sent to. This is
the one place where a channel is opened, so there is no way round it. Every message says EXERCISE first.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.endpoint import Endpoint
from gateways.alerts.logfile import LogFile, LogSender
from gateways.alerts.message import Message

MARK: Final = "EXERCISE"
"""A file in the data folder of an exercise: it is never served for real, nor a real one as an exercise."""
RECORD: Final = "exercise.jsonl"


class WrongMode(Exception):
    """The data folder is of the other kind. The message says what to do."""


class Opened(Struct, frozen=True):
    """A channel that is open."""

    sender: Sender
    """For every message."""
    real: Sender | None
    """The channel's own sender, which may listen and be called back; None: it is not open."""


def claim(data: Path, *, exercise: bool) -> None:
    """Mark a new data folder as what it is. Raises WrongMode if it is of the other kind."""
    mark = data / MARK
    lived = any((data / "journal").glob("*.seg"))
    if exercise and lived and not mark.exists():
        raise WrongMode(f"{data} holds real incidents: an exercise needs a data folder of its own (--data).")
    if not exercise and mark.exists():
        raise WrongMode(f"{data} is an exercise's, and nobody is to be alerted of it: start it with --exercise.")
    if exercise and not mark.exists():
        data.mkdir(parents=True, exist_ok=True)
        mark.write_text("This folder is an exercise's. Nothing in it has happened.\n", encoding="utf-8")


class _Recorded(Struct, frozen=True):
    """A line of the record: what would have been sent, and to whom."""

    endpoint: str
    recipient: str
    message: Message


@asynccontextmanager
async def opened(endpoint: Endpoint, folder: Path, *, exercise: bool, marked: bool) -> AsyncIterator[Opened]:
    """Open the endpoint's channel; in an exercise only as far as it may be. `marked`: some recipient of it is no person."""
    channel = endpoint.channel
    if not exercise or not channel.leaves or (endpoint.exercise and not channel.addressed):
        async with channel.open(folder) as sender:
            yield Opened(sender, sender)
        return
    record = LogSender(LogFile(path=RECORD), folder / RECORD)
    if not (channel.addressed and marked):
        yield Opened(_Guard(endpoint.name, None, record), None)
        return
    async with channel.open(folder) as sender:
        yield Opened(_Guard(endpoint.name, sender, record), sender)


class _Guard:
    """Sends to those who are marked, and records what the others would have been sent."""

    def __init__(self, endpoint: str, real: Sender | None, record: LogSender) -> None:
        self._endpoint = endpoint
        self._real = real
        self._record = record

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Send, or record."""
        assert message.exercise
        if copy.exercise and self._real is not None:
            return await self._real.send(message, copy)
        line = msgspec.json.encode(_Recorded(self._endpoint, copy.recipient, message)) + b"\n"
        outcome = await self._record.append(line)
        return Outcome(delivered=True, detail="recorded: an exercise tells nobody") if outcome.delivered else outcome
