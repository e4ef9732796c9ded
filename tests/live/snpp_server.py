"""A paging server of its own, after the transcripts of RFC 1861: it shares no line with the client it tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from msgspec import Struct, field

OK = "250 OK"
Twist = Callable[[str], str | None]
"""Instead of the usual answer to a command; None: the usual one; "" hangs."""


class Paged(Struct):
    """A page that the server took."""

    pager: str
    message: str
    read_ack: bool
    tag: int
    status: str = "960 {tag} 261129120000 OK, Message QUEUED; Awaiting Delivery"


class PagingServer:
    """Level 1 to 3, with the pagers of one town."""

    def __init__(self, port: int, *, level: int, twist: Twist) -> None:
        self.port = port
        self.level = level
        self.twist = twist
        self.pages: list[Paged] = []
        self.questions = 0
        self.commands: list[str] = []

    def becomes(self, number: int, status: str) -> None:
        """The page's status from now on."""
        self.pages[number].status = status

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection, command by command."""
        session = _Session(self)
        try:
            async with stream:
                await stream.send_all(b"214 A town's pagers\r\n220 SNPP Gateway Ready\r\n")
                buffer = b""
                while data := await stream.receive_some(512):
                    buffer += bytes(data)
                    *lines, buffer = buffer.split(b"\r\n")
                    for line in lines:
                        text = line.decode("ascii")
                        self.commands.append(text)
                        twisted = self.twist(text)
                        if twisted == "":
                            await trio.sleep_forever()
                        answer = session.answer(text) if twisted is None else twisted
                        await stream.send_all(answer.encode() + b"\r\n")
                        if answer.startswith("221"):
                            return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


class _Session(Struct):
    server: PagingServer
    two_way: bool = False
    read_ack: bool = False
    pager: str = ""
    message: str = ""
    seen: list[str] = field(default_factory=list)

    def answer(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        if verb in ("2WAY", "ACKR", "MSTA") and self.server.level < 3:
            return "500 Command Not Implemented"
        handler = getattr(self, f"on_{verb.lower()}", None)
        return "500 Command Not Implemented" if handler is None else handler(rest)

    def on_2way(self, _rest: str) -> str:
        self.two_way = True
        return "250 OK, Beginning 2-Way Transaction"

    def on_logi(self, rest: str) -> str:
        return "250 Login Accepted" if rest == "turnout secret" else "550 Invalid LoginID or Password"

    def on_page(self, rest: str) -> str:
        if not rest.isdecimal():
            return "550 Invalid Pager ID"
        self.pager = rest
        return "850 Two-Way Unit Online; Transaction Accepted" if self.two_way else "250 Pager ID Accepted"

    def on_ackr(self, rest: str) -> str:
        self.read_ack = rest == "1"
        return "250 Read Acknowledgment Enabled"

    def on_mess(self, rest: str) -> str:
        self.message = rest
        return "250 Message OK"

    def on_send(self, _rest: str) -> str:
        if not self.pager or not self.message:
            return "503 Pager or Message Incomplete"
        tag = 7_000 + len(self.server.pages)
        self.server.pages.append(Paged(self.pager, self.message, self.read_ack, tag))
        return (
            f"960 {tag} 31 OK, Message QUEUED; Awaiting Delivery" if self.two_way else "250 Message Sent Successfully"
        )

    def on_msta(self, rest: str) -> str:
        self.server.questions += 1
        for page in self.server.pages:
            if rest == f"{page.tag} 31":
                return page.status.format(tag=page.tag)
        return "550 Unknown or Illegal Message_Tag or Pass_Code"

    def on_quit(self, _rest: str) -> str:
        return "221 OK, Goodbye"


@asynccontextmanager
async def paging_server(*, level: int = 3, twist: Twist = lambda _line: None) -> AsyncIterator[PagingServer]:
    """A server on a free port."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server = PagingServer(listener.socket.getsockname()[1], level=level, twist=twist)
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
