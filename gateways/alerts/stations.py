"""The station channel: a standing connection to the controller of each station, for tones, lights and printers.

Rule: every station has a connection of its own, kept alive by beats and made again when it is lost, so a dead line is
known before the next alert needs it. An alert is delivered when the controller has taken it. An acknowledgement is
answered with `noted` once it is durable; until then the controller says it again.
"""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Final

import trio
from msgspec import Meta, Struct

from engine.model.alert_facts import CopyState
from gateways.alerts.channel import NOBODY, Copy, News, NotTold, Outcome, Sender, Tell
from gateways.alerts.message import Message
from gateways.alerts.station import Acknowledged, Conversation, Hello, line
from gateways.alerts.wording import Tells, clean, redacted
from gateways.log import logger

CONNECT_S: Final = 5.0
RETRY_S: Final = 0.5
RETRY_MAX_S: Final = 10.0
LANE: Final = 4
"""Attempts at one controller at the same time; more fail at once, so that a dead one holds no workers of the others."""
OUT_MAX: Final = 1_000
"""Lines that may wait to be sent to one controller."""

_log = logger("alerts")

HostPort = Annotated[str, Meta(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$")]


class StationAlerting(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="station"
):
    """Controllers of stations as configured."""

    addressed: ClassVar[bool] = False
    leaves: ClassVar[bool] = True

    stations: Annotated[dict[str, HostPort], Meta(min_length=1)]
    """By the station's id in the place: host:port of its controller."""
    token: Annotated[str, Meta(min_length=16, max_length=200)]
    """What the controllers know us by."""
    tls: bool = True
    """False on a network of your own."""
    beat_s: Annotated[float, Meta(ge=0.05, le=60)] = 5.0
    silence_s: Annotated[float, Meta(ge=0.1, le=300)] = 15.0
    """A controller that has said nothing for that long is gone."""
    tells: Tells = Tells.ALL
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0

    def __repr__(self) -> str:
        """Show no token."""
        return f"StationAlerting({', '.join(self.stations)})"

    @property
    def lanes(self) -> int:
        """Attempts that must be possible at the same time, so that no station waits for another."""
        return LANE * len(self.stations)

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel; connections are made by `listen`."""
        del folder
        yield _Sender(self)


class AtStation(Struct, frozen=True):
    """The controller of one station."""

    station: str

    def may_answer(self, message: Message) -> bool:
        """Tell whether the message is for a unit of the station."""
        return message.station == self.station


class _Sender:
    """All controllers."""

    def __init__(self, config: StationAlerting) -> None:
        self._config = config
        self._links: dict[str, _Link] = {}
        self._tls = ssl.create_default_context() if config.tls else None

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Tell the controller of the station where the unit belongs, and wait until it has taken it."""
        del copy
        station = message.station or ""
        link = self._link(station)
        if link is None:
            detail = f"no controller is configured for the station {station!r} of {message.unit}"
            return Outcome(delivered=False, detail=detail, only_this=True)
        return await link.send(redacted(message, self._config.tells))

    async def listen(self, tell: Tell) -> None:
        """Keep a connection to every controller."""
        async with trio.open_nursery() as nursery:
            for station in self._config.stations:
                link = self._link(station)
                assert link is not None
                nursery.start_soon(link.run, tell)

    def over(self, alert: str, reason: str) -> None:
        """Call the alert off wherever it was told."""
        for link in self._links.values():
            link.over(alert, reason)

    def _link(self, station: str) -> "_Link | None":
        if station in self._config.stations and station not in self._links:
            self._links[station] = _Link(station, self._config, self._tls)
        return self._links.get(station)


class _Link:
    """One controller."""

    def __init__(self, station: str, config: StationAlerting, tls: ssl.SSLContext | None) -> None:
        host, _, port = config.stations[station].rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._station = station
        self._config = config
        self._tls = tls
        self._conversation = Conversation(station, config.token)
        self._put, self._get = trio.open_memory_channel[bytes](OUT_MAX)
        self._told: dict[str, None] = {}
        self._trouble = "there has been no connection yet"
        self._open_attempts = 0
        self.connected = False

    async def send(self, message: Message) -> Outcome:
        """Tell it, and wait for its answer: also over a new connection, if that comes in time."""
        if self._open_attempts >= LANE:
            return self._failed(f"owes {self._open_attempts} answers already")
        self._open_attempts += 1
        try:
            return await self._send(message)
        finally:
            self._open_attempts -= 1

    async def _send(self, message: Message) -> Outcome:
        answered = trio.Event()
        answer: list[tuple[bool, str]] = []

        def take(taken: bool, reason: str) -> None:
            answer.append((taken, reason))
            answered.set()

        self._told[message.alert] = None
        if len(self._told) > OUT_MAX:
            del self._told[next(iter(self._told))]
        self._say(self._conversation.tell(message, take))
        with trio.move_on_after(self._config.timeout_s):
            try:
                await answered.wait()
            finally:
                self._conversation.forget(message.alert, take)
        if not answer:
            why = "does not answer" if self.connected else f"is not connected: {self._trouble}"
            return self._failed(why)
        taken, reason = answer[0]
        if not taken:
            return self._failed(f"refuses it: {clean(reason)}")
        return Outcome(delivered=True, reached=True)

    def _failed(self, why: str) -> Outcome:
        return Outcome(delivered=False, detail=f"the controller of {self._station} {why}", only_this=True)

    def over(self, alert: str, reason: str) -> None:
        """Call it off, if the controller was told."""
        if alert in self._told:
            del self._told[alert]
            self._say(self._conversation.over(alert, reason))

    def _say(self, data: bytes) -> None:
        if data:
            try:
                self._put.send_nowait(data)
            except trio.WouldBlock:
                # The controller reads nothing: its silence ends the connection, and the alert's attempt fails.
                self._trouble = "it takes nothing"

    async def run(self, tell: Tell) -> None:
        """Keep the connection until cancelled."""
        wait_s = RETRY_S
        while True:
            began_s = trio.current_time()
            try:
                await self._connect(tell)
            except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as group:
                first = group.exceptions[0]
                while isinstance(first, BaseExceptionGroup):
                    first = first.exceptions[0]
                self._trouble = clean(str(first)) or type(first).__name__
            if self.connected:
                _log.warning("a station's controller is gone", station=self._station, trouble=self._trouble)
            self.connected = False
            wait_s = RETRY_S if trio.current_time() - began_s > RETRY_MAX_S else min(2 * wait_s, RETRY_MAX_S)
            await trio.sleep(wait_s)

    async def _connect(self, tell: Tell) -> None:
        with trio.fail_after(CONNECT_S):
            stream: trio.abc.Stream = await trio.open_tcp_stream(self._host, self._port)
            if self._tls is not None:
                stream = trio.SSLStream(stream, self._tls, server_hostname=self._host, https_compatible=True)
                await stream.do_handshake()
        while True:
            try:
                self._get.receive_nowait()  # of the connection before: what still matters is said again
            except trio.WouldBlock:
                break
        try:
            self._say(self._conversation.connected())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, stream)
                nursery.start_soon(self._beat)
                await self._read(stream, tell)
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(0.2):
                await trio.aclose_forcefully(stream)

    async def _write(self, stream: trio.abc.Stream) -> None:
        async for data in self._get:
            with trio.fail_after(self._config.silence_s):
                await stream.send_all(data)

    async def _beat(self) -> None:
        while True:
            await trio.sleep(self._config.beat_s)
            self._say(line("beat", at_ms=round(time.time() * 1000)))

    async def _read(self, stream: trio.abc.Stream, tell: Tell) -> None:
        while True:
            with trio.move_on_after(self._config.silence_s) as quiet:
                data = bytes(await stream.receive_some(65_536))
            if quiet.cancelled_caught:
                self._trouble = f"it has said nothing for {self._config.silence_s:g} s"
                return
            if not data:
                self._trouble = "it has closed the connection"
                return
            said, out, go_on = self._conversation.receive(data)
            for each in said:
                if isinstance(each, Hello):
                    self.connected = True
                if isinstance(each, Acknowledged):
                    await self._acknowledged(each, tell)
            self._say(out)
            if not go_on:
                self._trouble = "it does not speak the contract"
                return

    async def _acknowledged(self, said: Acknowledged, tell: Tell) -> None:
        """Bring it to the engine; `noted` also where the alert is over, or the controller would ask for ever."""
        by = clean(said.by) or self._station
        # What this process has told it, it may answer; of what was told before a restart, what is for its own units.
        speaker = None if said.id in self._told else AtStation(self._station)
        news = News(alert=said.id, state=CopyState.ACKNOWLEDGED, by=by, at_ms=said.at_ms, speaker=speaker)
        try:
            if await tell(news):
                self._say(line("noted", id=said.id))
        except NotTold as stranger:
            self._say(line("refused", id=said.id, reason=str(stranger)))
