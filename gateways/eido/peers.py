"""Follows neighbours' notifiers: one task a peer, that connects, subscribes, takes what comes, and begins anew.

Rule: an event is answered when what follows from it is durable. So what a crash interrupts comes again, and is given
under the same ids.
"""

import math
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_client_stream

from engine.live.service import Service
from gateways.eido import documents, frames
from gateways.eido.config import EidoRefused, Peer
from gateways.eido.documents import BadDocument
from gateways.eido.erasing import erase_lines, erase_said
from gateways.eido.filters import BadFilter, Filter
from gateways.eido.intake import Intake
from gateways.eido.log import ExchangeLog
from gateways.eido.memory import Memory
from gateways.eido.naming import TRACKING
from gateways.eido.reading import Reader, Reading
from gateways.eido.source import Source
from gateways.eido.subscriber import Following, Lost, Say, Subscriber, Take, Unknown
from gateways.eido.tls import client_context
from gateways.log import logger
from gateways.outward.parking import Parking

SEND_S: Final = 10.0
CLOSE_S: Final = 1.0
PARENTS_MAX: Final = 16
"""Of one document that are logged: which tell of what incident of ours its other lines are."""
_READ_AHEAD: Final = 8
_log = logger("eido")


class Peers:
    """Follows every peer of the configuration."""

    def __init__(self, service: Service, source: Source, log: ExchangeLog, folder: Path) -> None:
        """Raises EidoRefused where a peer's files, filter or agency do not hold."""
        self._source = source
        self._log = log
        self._folder = folder
        self._following = [Followed(service, source, log, folder, peer) for peer in source.config.peers]

    @property
    def followed(self) -> "tuple[Followed, ...]":
        """Every neighbour, parked or not."""
        return tuple(self._following)

    def parked(self) -> int:
        """Return how many neighbours are left alone."""
        return sum(each.parking.parked is not None for each in self._following)

    async def run(self) -> None:
        """Follow until cancelled."""
        async with trio.open_nursery() as nursery:
            for each in self._following:
                nursery.start_soon(each.run)

    def forget(self, incident: str) -> None:
        """Erase what neighbours have said of an incident of ours, here and on the disk. Called in a thread of trio's; OSError."""
        names, savers = trio.from_thread.run_sync(self._drop, incident)
        for save in savers:
            save()
        names += erase_said(self._folder, incident, but={each.name for each in self._source.config.peers})
        self._log.flush()
        erase_lines(self._folder, incident, self._source.config.element, names)

    def _drop(self, incident: str) -> tuple[list[str], list[Callable[[], None]]]:
        """Drop it from memory; return what neighbours call the incident, and what writes the memories down."""
        record = self._source.world.incidents.get(incident)
        names = [record.external] if record is not None and record.external.startswith(TRACKING) else []
        self._source.forget(incident)
        savers = []
        for each in self._following:
            names += each.memory.forget(incident)
            savers.append(each.memory.saver())
        return names, savers


class Followed:
    """One neighbour's notifier."""

    head = behind = None
    """Nothing is sent there."""

    def __init__(self, service: Service, source: Source, log: ExchangeLog, folder: Path, peer: Peer) -> None:
        self._peer = peer
        self._source = source
        self._statistics = source.statistics
        self._log = log
        self._context = client_context(peer) if peer.url.startswith("wss:") else None
        self._token = _token(peer)
        _check(source, peer)
        self.memory = Memory(folder, peer.name, source.world.forgotten)
        self._reader = Reader(source.config, peer)
        self._raw: bytes = b""
        """The document that is being taken."""
        self._is_following = False
        self.name = f"eido-{peer.name}"
        self.parking = Parking(folder, self.name)
        self.last = ""
        """Why it was not followed any more, the last time."""
        self._intake = Intake(
            peer,
            source.renderer.naming,
            lambda: source.world,
            service.ask,
            self.memory,
            source.statistics,
            self._keep,
        )

    async def run(self) -> None:
        """Connect, follow, and begin anew whenever that ends; each time a little later, up to a minute."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.memory.run)
            wait_s = self._peer.backoff_s
            while True:
                if self.parking.parked is not None:
                    await self.parking.rest(math.inf)
                    continue
                self._is_following = False
                lost = await self._unless_parked()
                if self._is_following:
                    self._statistics.peers_following -= 1
                    wait_s = self._peer.backoff_s
                await self._take_note(lost)
                await self.parking.rest(wait_s)
                wait_s = min(self._peer.backoff_max_s, wait_s * 2)

    def leave_out(self, key: str) -> bool:
        """Nothing can be: it is the neighbour who sends."""
        del key
        return False

    async def _take_note(self, lost: Lost) -> None:
        """Count and log why it is not followed; one that refuses for ever is parked, if so configured."""
        self._statistics.reconnects += 1
        self.last = f"{lost.cause}: {lost.detail}" if lost.detail else lost.cause
        self._note("lost", cause=lost.cause, detail=lost.detail)
        _log.warning("a neighbour is not followed; it is tried again", peer=self._peer.name, cause=lost.cause)
        if lost.cause.startswith("refused_4"):
            await self.parking.refused(self._peer.park_after_s, self.last)
        elif self._is_following:
            self.parking.accepted()

    async def _unless_parked(self) -> Lost:
        """Follow until that ends, or somebody has it parked; return why it ended."""
        lost = Lost("parked")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._until_parked, nursery.cancel_scope)
            lost = await self._once()
            nursery.cancel_scope.cancel()
        return lost

    async def _until_parked(self, scope: trio.CancelScope) -> None:
        while self.parking.parked is None:
            await self.parking.rest(math.inf)
        scope.cancel()

    async def _once(self) -> Lost:
        """Follow over one connection; return why it ended. Never raises but Cancelled."""
        found: list[Lost] = []
        try:
            async with _dial(self._peer, self._token, self._context) as socket:
                found.append(await self._converse(socket))
        except* (OSError, HandshakeError, ConnectionClosed, trio.TooSlowError) as group:
            found.append(Lost("unreachable", _words(group)))
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            found.append(Lost("reset"))
        except* Exception as group:  # noqa: BLE001  the boundary: a fault with one peer must not reach another
            self._statistics.faults += 1
            _log.exception("following a neighbour failed; it is tried again", peer=self._peer.name)
            found.append(Lost("fault", _words(group)))
        return found[0] if found else Lost("closed")

    async def _converse(self, socket: WebSocketConnection) -> Lost:
        subscriber = Subscriber(self._peer, trio.current_time())
        effects = subscriber.begin(trio.current_time())
        while True:
            for effect in effects:
                if isinstance(effect, Lost):
                    return effect
                if isinstance(effect, Say):
                    await self._send(socket, effect)
                elif isinstance(effect, Take):
                    await self._send(socket, await self._take(subscriber, effect))
                elif isinstance(effect, Following):
                    self._is_following = True
                    self._statistics.peers_following += 1
                    self._note("following")
                    subscriber.catch_up(self._intake.open_ones(), trio.current_time())
                elif isinstance(effect, Unknown):
                    await self._intake.lost_sight(effect.tracking)
            text = None
            with trio.move_on_at(subscriber.due_s()):
                try:
                    text = await socket.get_message()
                except ConnectionClosed as closed:
                    return Lost("closed", str(closed.reason))
            now_s = trio.current_time()
            effects = subscriber.tick(now_s) if text is None else subscriber.feed(text, now_s)

    async def _send(self, socket: WebSocketConnection, say: Say) -> None:
        with trio.fail_after(SEND_S):
            await socket.send_message(say.frame.decode())

    async def _take(self, subscriber: Subscriber, event: Take) -> Say:
        """Take each document of an event; one that does not hold keeps no other from being taken."""
        self._statistics.events_in += 1
        code, reason = frames.OK, "OK"
        for number, raw in enumerate(event.documents):
            self._raw = bytes(raw)
            await trio.lowlevel.checkpoint()  # a document without anything new in it waits for nothing else
            self._statistics.documents_in += 1
            try:
                reading = self._reader.read(documents.decode(self._raw))
                subscriber.seen(reading.tracking)
                parents = [each[:512] for each in reading.parents[:PARENTS_MAX]]
                self._note("document", incident=reading.tracking[:512], stamp=reading.stamp, parents=parents)
                await self._intake.take(reading)
            except BadDocument as bad:
                code, reason = frames.BAD_REQUEST, f"notification[{number}]: {bad}"
                self._statistics.documents_bad += 1
                self._note("bad_document", reason=str(bad), text=self._raw[:65_536].decode(errors="replace"))
            except Exception:  # noqa: BLE001  the boundary round one document
                code, reason = frames.FAILED, f"notification[{number}]: a fault of ours, which is logged."
                self._statistics.faults += 1
                _log.exception("a neighbour's document could not be taken", peer=self._peer.name)
        return subscriber.answer(event.transaction, code, reason)

    def _keep(self, kind: str, reading: Reading) -> None:
        """Keep a part of a document that has no counterpart here; the whole document, where it was not taken at all."""
        whole = msgspec.json.decode(self._raw)
        parts = {kind: whole[kind]} if kind in whole else whole
        self._note("kept", kind=kind, incident=reading.tracking[:512], parts=parts)

    def _note(self, what: str, **fields: object) -> None:
        self._log.write(self._source.now(), f"peer_{what}", who=self._peer.name, **fields)


def _check(source: Source, peer: Peer) -> None:
    """Hold a peer against the place. Raises EidoRefused."""
    place = source.world.settled
    if peer.agency not in {agency.id for agency in place.agencies}:
        raise EidoRefused(f"eido.peers.{peer.name}.agency: the place has no agency {peer.agency!r}.")
    types = {kind.id for kind in place.types}
    for kind in (*peer.incident_types.values(), *((peer.incident_type,) if peer.incident_type else ())):
        if kind not in types:
            raise EidoRefused(f"eido.peers.{peer.name}.incident_types: the place has no incident type {kind!r}.")
    try:
        address = urlsplit(peer.url)
        usable = bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise EidoRefused(f"eido.peers.{peer.name}.url: {peer.url} names no host and port that can be reached.")
    if peer.filter is not None:
        try:
            Filter(peer.filter)
        except BadFilter as bad:
            raise EidoRefused(f"eido.peers.{peer.name}.filter: {bad}") from None


def _token(peer: Peer) -> str | None:
    """Return the bearer token to show. Raises EidoRefused."""
    if peer.token_file is None:
        return peer.token
    try:
        return Path(peer.token_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EidoRefused(f"{peer.token_file}: cannot be read ({error.strerror}).") from None


@asynccontextmanager
async def _dial(peer: Peer, token: str | None, context: ssl.SSLContext | None) -> AsyncIterator[WebSocketConnection]:
    """Open a WebSocket for as long as the block lasts; whatever fails, the TCP connection is closed."""
    url = urlsplit(peer.url)
    host = url.hostname or "localhost"
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    with trio.fail_after(peer.connect_s):
        tcp = await trio.open_tcp_stream(host, url.port or (80 if context is None else 443))
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(peer.connect_s):
                stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = tcp
                if context is not None:
                    stream = trio.SSLStream(tcp, context, server_hostname=host, https_compatible=True)
                    await stream.do_handshake()
                socket = await wrap_client_stream(
                    nursery,
                    stream,
                    url.netloc.rpartition("@")[2],
                    f"{url.path or '/'}{f'?{url.query}' if url.query else ''}",
                    subprotocols=(frames.SUBPROTOCOL,),
                    extra_headers=headers,
                    message_queue_size=_READ_AHEAD,
                    max_message_size=peer.message_bytes,
                )
            yield socket
            with trio.move_on_after(CLOSE_S):
                await socket.aclose()
            nursery.cancel_scope.cancel()
    finally:
        await trio.aclose_forcefully(tcp)


def _words(group: BaseExceptionGroup[BaseException]) -> str:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return f"{type(leaf).__name__}: {leaf}"[:300]
