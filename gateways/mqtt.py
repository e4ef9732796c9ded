"""One connection to an MQTT broker: paho in a thread of its own, seen from trio as publish and receive.

Rule: nothing here can hold up the loop. What comes in waits in a bounded box: a full one stops the reading, so that
the broker keeps the rest; what the broker then still pushes is counted as dropped, oldest first. What goes out has a
deadline and counts only when the broker has acknowledged it (QoS 1). A lost connection is made again, with backoff and
a sentence that says what is wrong; a clean stop says goodbye, so that the last will stays unread.

    link = Link(Broker(host="broker.local", user="turnout", password="…"), topics=("owntracks/#",))
    await nursery.start(link.run)
    messages = await link.receive()
    await link.publish("pagers/A-1", b"…", within_s=5.0)
"""

import random
import secrets
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import trio
from msgspec import Meta, Struct
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateways.log import logger

BOX_MAX: Final = 10_000
"""Messages that may wait for `receive`."""
OUT_MAX: Final = 1_000
"""Messages that may wait for the broker's acknowledgement."""
INFLIGHT: Final = 100
STOP_WITHIN_S: Final = 3.0
_LOOK_S: Final = 1.0
_NOBODY_LISTENS: Final = 0x10
_log = logger("mqtt")


class Tls(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to speak TLS: whom to trust (None: the system's authorities), and who we are (None: nobody in particular)."""

    ca_file: str | None = None
    certificate: str | None = None
    """PEM, with what leads from it to the authority."""
    key: str | None = None
    """PEM; None where it is in the certificate's file."""

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises OSError (ssl.SSLError) where they cannot be used."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Broker(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A broker, and how we appear there."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """None: 1883, or 8883 over TLS."""
    user: str | None = None
    password: str | None = None
    tls: Tls | None = None
    client_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """None: a new one at each start. Needed where the broker is to keep messages for us (`kept_s`)."""
    kept_s: Annotated[int, Meta(ge=0)] = 0
    """The broker keeps our subscriptions and what came for them for that long while we are away."""
    version: Literal["3.1.1", "5"] = "5"
    keep_alive_s: Annotated[int, Meta(ge=1, le=3_600)] = 30
    """Silence for one and a half times that long ends the connection, on either side."""
    connect_within_s: Annotated[float, Meta(gt=0)] = 5.0
    retry_s: Annotated[float, Meta(gt=0)] = 0.5
    """The first wait before the connection is tried again; it doubles up to `retry_max_s`."""
    retry_max_s: Annotated[float, Meta(gt=0)] = 30.0

    def __post_init__(self) -> None:
        if self.kept_s and self.client_id is None:
            raise ValueError("kept_s needs a client_id: the broker knows by it for whom it keeps messages")

    @property
    def address(self) -> str:
        """Return host:port."""
        return f"{self.host}:{self.dialled}"

    @property
    def dialled(self) -> int:
        """Return the port that is really dialled."""
        return self.port or (1_883 if self.tls is None else 8_883)

    def __repr__(self) -> str:
        """Show where it is, and no secret."""
        return f"Broker({self.address})"


class Message(Struct, frozen=True, gc=False):
    """A message of a topic; `retained` where the broker had it before we came. Also used for a last will."""

    topic: str
    payload: bytes
    retained: bool = False


class NotPublished(Exception):
    """The broker has not acknowledged the message. The text says why and what to do."""


EVENTS: Final = ("connected", "connection_lost", "connect_failed", "subscription_refused", "dropped")


class Link:
    """A connection that is made again whenever it is lost. `run` owns it; the rest is for tasks of the same loop."""

    def __init__(
        self, broker: Broker, *, topics: Sequence[str] = (), will: Message | None = None, box_max: int = BOX_MAX
    ) -> None:
        """Prepare; raises OSError where the files of `broker.tls` cannot be used."""
        self.broker = broker
        self.trouble: str | None = None
        """What keeps us from the broker or a topic, for people; None while all is well."""
        self._topics = tuple(topics)
        self._box: deque[Message] = deque(maxlen=box_max)
        self._box_max = box_max
        self._room = threading.Event()
        self._some = trio.Event()
        self._told = False
        self._admitted = False
        self._online = trio.Event()
        self._acknowledged: dict[int, Callable[[ReasonCode], None]] = {}
        self._counts = dict.fromkeys(EVENTS, 0)
        self._stopping = threading.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._delay_s = broker.retry_s
        self._client = self._make_client(will)

    # ── for tasks ───────────────────────────────────────────────────────────────────────────────────────────

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the connection until cancelled; started at once, connected or not. Never raises for the broker."""
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            with trio.CancelScope(shield=True) as shield:
                nursery.start_soon(self._on_cancel, shield)
                task_status.started()
                limiter = trio.CapacityLimiter(1)  # of its own: it stays for as long as we run
                await trio.to_thread.run_sync(self._work, limiter=limiter, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()

    async def online(self) -> None:
        """Wait until the broker has let us in and answered for every topic; `trouble` names those it refused."""
        while not self._online.is_set():
            await self._online.wait()

    @property
    def is_online(self) -> bool:
        """Whether the broker has let us in and answered for every topic."""
        return self._online.is_set()

    async def receive(self) -> list[Message]:
        """Wait for messages and take all that are there, oldest first. For one task at a time."""
        while not self._box:
            if self._some.is_set():
                self._some = trio.Event()
                self._told = False
                continue
            await self._some.wait()
        taken = [self._box.popleft() for _ in range(len(self._box))]
        self._room.set()
        return taken

    async def publish(
        self, topic: str, payload: bytes, *, within_s: float, qos: Literal[0, 1] = 1, retain: bool = False
    ) -> bool:
        """Hand a message to the broker and wait until it has acknowledged it.

        Return whether somebody is subscribed, as far as the broker says so (MQTT 5; True where it does not say). Raises
        NotPublished. A message that was on its way when the time was up may still arrive.
        """
        reasons: list[ReasonCode] = []
        with trio.move_on_after(within_s):
            await self.online()
            arrived = trio.Event()

            def acknowledged(reason: ReasonCode) -> None:
                reasons.append(reason)
                arrived.set()

            info = self._client.publish(topic, payload, qos, retain)
            if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                raise NotPublished(
                    f"{OUT_MAX} messages wait for the broker at {self.broker.address}; is it overloaded?"
                )
            self._acknowledged[info.mid] = acknowledged  # its callback comes through this loop, so not before this
            try:
                await arrived.wait()
            finally:
                del self._acknowledged[info.mid]
        if not reasons:
            cause = self.trouble or "it does not answer"
            raise NotPublished(f"{self.broker.address} has not acknowledged within {within_s:g} s: {cause}")
        if reasons[0].is_failure:
            raise NotPublished(f"{self.broker.address} refuses the message: {reasons[0]}. See its access rules.")
        return bool(reasons[0].value != _NOBODY_LISTENS)

    def statistics(self) -> Mapping[str, int]:
        """Return the counts by name since the start: every one of `EVENTS`."""
        return dict(self._counts)

    async def _on_cancel(self, shield: trio.CancelScope) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._stopping.set()
            self._room.set()
            self._client.disconnect()
            shield.deadline = trio.current_time() + STOP_WITHIN_S

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────

    def _make_client(self, will: Message | None) -> Client:
        broker = self.broker
        modern = broker.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id or f"turnout-{secrets.token_hex(8)}",
            clean_session=None if modern else not broker.kept_s,
            protocol=MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311,
        )
        client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls.context())
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retained)
        client.connect_timeout = broker.connect_within_s
        client.max_queued_messages_set(OUT_MAX)
        client.max_inflight_messages_set(INFLIGHT)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_publish, client.on_message = (
            self._on_subscribe,
            self._on_publish,
            self._on_message,
        )
        # Somebody else is said to watch the socket for writing, or paho would write to it from trio's thread.
        client.on_socket_register_write = _nothing
        return client

    def _work(self) -> None:
        """Connect, serve the connection, and again, until told to stop."""
        while not self._stopping.is_set():
            try:
                self._connect()
                self._serve()
            except (OSError, ValueError) as error:
                self._count("connect_failed")
                self._complain(f"cannot be reached ({getattr(error, 'strerror', None) or error})")
            except Exception:  # noqa: BLE001 - the boundary: nothing a broker sends may end more than the connection
                self._count("connection_lost")
                _log.exception(
                    "what the MQTT broker sent could not be read; connecting anew", broker=self.broker.address
                )
            jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the reconnections of many, guards nothing
            if not self._stopping.is_set():
                self._stopping.wait(self._delay_s * jitter)
            self._delay_s = min(2 * self._delay_s, self.broker.retry_max_s)
        left_open = self._client.socket()
        if left_open is not None:  # the broker has not closed its side of a goodbye yet
            left_open.close()

    def _connect(self) -> None:
        broker = self.broker
        if broker.version != "5":
            self._client.connect(broker.host, broker.dialled, broker.keep_alive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types all but this
        properties.SessionExpiryInterval = broker.kept_s
        self._client.connect(
            broker.host, broker.dialled, broker.keep_alive_s, clean_start=not broker.kept_s, properties=properties
        )

    def _serve(self) -> None:
        while self._client.loop(_LOOK_S) == MQTTErrorCode.MQTT_ERR_SUCCESS and not self._stopping.is_set():
            if len(self._box) >= self._box_max:
                self._room.clear()
                if len(self._box) >= self._box_max:
                    self._room.wait(_LOOK_S)  # no longer, or the broker would think us dead
        if self._stopping.is_set():
            self._client.disconnect()
            self._client.loop(0)  # lets the goodbye out

    def _on_connect(self, _: Client, __: Any, ___: ConnectFlags, reason: ReasonCode, ____: Properties | None) -> None:
        if reason.is_failure:
            self._count("connect_failed")
            self._complain(f"does not let us in: {reason}. Check user, password and version ({self.broker.version})")
            return
        self._delay_s = self.broker.retry_s
        self._count("connected")
        if self._topics:
            self._client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._admit()

    def _on_subscribe(self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None) -> None:
        refused = [topic for topic, reason in zip(self._topics, reasons, strict=False) if reason.is_failure]
        self._admit()
        if refused:
            self._count("subscription_refused", len(refused))
            self._complain(f"does not grant {', '.join(refused)}. Check its access rules for user {self.broker.user!r}")

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._soon(self._offline)
        if self._admitted and not self._stopping.is_set():
            self._count("connection_lost")
            self._complain(f"has gone away ({reason})")
        self._admitted = False

    def _on_publish(self, _: Client, __: Any, mid: int, reason: ReasonCode, ___: Properties | None) -> None:
        self._soon(self._publish_ended, mid, reason)

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._count("dropped")
            return
        if len(self._box) >= self._box_max:
            self._count("dropped")  # the deque lets go of its oldest
        self._box.append(Message(topic, bytes(message.payload), bool(message.retain)))
        if not self._told:
            self._told = True
            self._soon(self._wake)

    def _admit(self) -> None:
        self.trouble = None
        self._admitted = True
        self._soon(self._came_online)

    def _count(self, event: str, times: int = 1) -> None:
        self._counts[event] += times

    def _complain(self, what: str) -> None:
        """Log a trouble once, and not again until it is another or was over."""
        if what != self.trouble:
            self.trouble = what
            _log.warning("the MQTT broker " + what, broker=self.broker.address)

    def _soon(self, act: Callable[..., None], *given: object) -> None:
        """Do something in trio's thread; not at all where trio has left already."""
        assert self._token is not None
        try:
            self._token.run_sync_soon(act, *given)
        except trio.RunFinishedError:
            self._stopping.set()

    # ── called in trio's thread ─────────────────────────────────────────────────────────────────────────────

    def _wake(self) -> None:
        self._some.set()

    def _came_online(self) -> None:
        self._online.set()

    def _offline(self) -> None:
        if self._online.is_set():
            self._online = trio.Event()

    def _publish_ended(self, mid: int, reason: ReasonCode) -> None:
        acknowledged = self._acknowledged.get(mid)
        if acknowledged is not None:
            acknowledged(reason)


def _nothing(*_: Any) -> None:
    """Do nothing."""
