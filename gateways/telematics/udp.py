"""The UDP door: TAIP, NMEA 0183 and JSON lines by datagram, as modems send them.

Rule: a datagram is whole: what it leaves unfinished is not continued by the next. Nobody is told of mistakes, because an
address can be forged; what is refused is counted. Only the acknowledgement that TAIP asks for goes back, which is shorter
than what it answers, and only to devices of the roster. Over UDP nothing proves who sends unless each datagram begins with
a token: bind the door's principal to its own units, and keep the port within a private network.
"""

from typing import Final

import trio

from gateways.log import logger
from gateways.telematics.doors import Doorkeeper, Turned, answers_of, take_refused, turns
from gateways.telematics.intake import Authorise, Intake, Named, Principal
from gateways.telematics.listener import Listener, StreamDecoder

_DATAGRAM_BYTES: Final = 65_536
_RECEIVE_BUFFER_BYTES: Final = 4 << 20
_END: Final = b"\r\n"

_log = logger("telematics")


async def serve_datagrams(
    config: Listener,
    intake: Intake,
    authorise: Authorise,
    named: Named,
    *,
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Take datagrams until cancelled. Reports host and port once bound; raises OSError if that cannot be."""
    (family, kind, proto, _, address), *_ = await trio.socket.getaddrinfo(
        config.host, config.port, type=trio.socket.SOCK_DGRAM
    )
    with trio.socket.socket(family, kind, proto) as socket:
        # A burst waits in the kernel while the loop is busy; what does not fit there is lost, as UDP has it.
        socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        await socket.bind(address)
        task_status.started(socket.getsockname()[:2])
        door = _Door(config, intake, Doorkeeper(config, authorise, named))
        while True:
            data, sender = await socket.recvfrom(_DATAGRAM_BYTES)
            answers = door.take(data, sender[0], sender[1])
            if answers:
                await door.answer(socket, answers, sender)


class _Door:
    """The error boundary round every datagram, and what is remembered of senders."""

    def __init__(self, config: Listener, intake: Intake, keeper: Doorkeeper) -> None:
        self._config = config
        self._intake = intake
        self._keeper = keeper
        self._decoders: dict[tuple[str, int, str | None], StreamDecoder] = {}

    async def answer(self, socket: trio.socket.SocketType, data: bytes, sender: tuple[str, int]) -> None:
        """Send to where the datagram says that it came from. What does not get there is asked for again."""
        with trio.move_on_after(self._config.send_s):
            try:
                await socket.sendto(data, sender)
            except OSError:
                self._intake.count("unanswered")

    def take(self, data: bytes, host: str, port: int) -> bytes:
        """Take one datagram and return what its sender is answered; never raises."""
        try:
            principal, device, data = self._who(data)
            decoder = self._decoder(host, port, device or self._config.device_at(host, port))
            counted = decoder.refused
            for turn in turns(decoder.feed(data + _END, self._intake.now_ms())):
                self._intake.take_columns(turn, principal)
            take_refused(self._intake, decoder, counted)
            self._intake.count("datagram")
            return answers_of(self._intake, decoder, principal)
        except Turned as turned:
            self._intake.count(turned.event)
        except Exception:  # noqa: BLE001 - the boundary: a fault over one datagram must not reach the listener
            self._intake.count("datagram_failed")
            _log.exception("a telematics datagram failed; the next are taken")
        return b""

    def _who(self, data: bytes) -> tuple[Principal, str | None, bytes]:
        if self._config.first_line == "data":
            return self._keeper.by_door(None), None, data
        first, _, rest = data.partition(b"\n")
        return *self._keeper.by_line(first, None), rest

    def _decoder(self, host: str, port: int, device: str | None) -> StreamDecoder:
        """Return the sender's decoder: NMEA 0183 puts together what several datagrams say of one moment."""
        key = (host, port, device)
        decoder = self._decoders.pop(key, None)
        if decoder is None:
            decoder = self._config.decoder(device)
            if len(self._decoders) >= self._config.max_senders:
                del self._decoders[next(iter(self._decoders))]
        self._decoders[key] = decoder
        return decoder
