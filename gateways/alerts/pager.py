"""The pager channel: SNPP over TCP, level 1 for every server, level 3 where it tells what became of a page.

Rule: one connection an attempt, and one a question. A two-way server is asked about every page that it took until the
page was read, has expired, the alert is over, or it has been asked for two minutes. What waits to be asked is kept
here and nowhere else: after a restart nobody asks, and the ladder goes on without.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Final

import trio
from msgspec import Meta, Struct

from engine.model.alert_facts import CopyState
from gateways.alerts import snpp
from gateways.alerts.channel import NOBODY, Copy, News, Outcome, Tell
from gateways.alerts.message import Message
from gateways.alerts.wording import Tells, Worded, brief, short
from gateways.log import logger

ASKED_MAX: Final = 1_000
"""Pages that are asked about at once; the oldest are forgotten first."""
_CLOSING_S: Final = 0.2

_log = logger("alerts")


class Pager(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="snpp"):
    """A paging server as configured. Raises ValueError where a template does not hold."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65_535)] = 444
    tls: bool = False
    """TLS from the start, where the carrier offers it; SNPP itself knows none."""
    login: str = ""
    password: str = ""
    two_way: bool = True
    """Ask for a read acknowledgement where the server knows of any (level 3)."""
    subject: bool = False
    """Send the short form as the subject as well (level 2)."""
    ask_every_s: Annotated[float, Meta(ge=0.05, le=60)] = 5.0
    ask_for_s: Annotated[float, Meta(ge=1, le=3600)] = 120.0
    tells: Tells = Tells.PLACE
    limit: Annotated[int, Meta(ge=20, le=900)] = 240
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 8.0
    """For everything: look-up, connection, conversation."""

    def __repr__(self) -> str:
        """Show where it goes and no password."""
        return f"Pager(host={self.host!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> "AsyncIterator[_Sender]":
        """Open the channel."""
        del folder
        yield _Sender(self, ssl.create_default_context() if self.tls else None)


class _Asked(Struct, frozen=True):
    """A page that the server is asked about."""

    alert: str
    recipient: str
    ticket: snpp.Ticket
    state: CopyState
    until_s: float


class _Sender:
    """A paging server."""

    def __init__(self, config: Pager, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._tls = tls
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._login = (config.login, config.password) if config.login else None

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Page one pager."""
        config = self._config
        conversation = snpp.page(
            copy.address,
            short(config, message, copy.recipient),
            login=self._login,
            two_way=config.two_way,
            subject=brief(message) if config.subject else "",
        )
        result = await self._hold(conversation)
        if not result.taken:
            return Outcome(delivered=False, detail=result.detail, only_this=result.only_this)
        if result.ticket is not None:
            self._ask(message.alert, copy.recipient, result.ticket, result.state)
        return Outcome(delivered=True, reached=result.state is CopyState.DELIVERED)

    async def listen(self, tell: Tell) -> None:
        """Ask about each page that waits for its reader, one after the other."""
        while True:
            await trio.sleep(self._config.ask_every_s)
            for key, asked in list(self._asked.items()):
                if self._asked.get(key) is not asked:
                    continue
                if trio.current_time() > asked.until_s:
                    del self._asked[key]
                    continue
                result = await self._hold(snpp.question(asked.ticket, login=self._login))
                if result.taken and self._asked.get(key) is asked:
                    await self._heard(key, asked, result, tell)

    def over(self, alert: str, reason: str) -> None:
        """Ask no more about it."""
        del reason
        for key in [key for key in self._asked if key[0] == alert]:
            del self._asked[key]

    def _ask(self, alert: str, recipient: str, ticket: snpp.Ticket, state: CopyState) -> None:
        while len(self._asked) >= ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        until_s = trio.current_time() + self._config.ask_for_s
        self._asked[alert, recipient] = _Asked(alert, recipient, ticket, state, until_s)

    async def _heard(self, key: tuple[str, str], asked: _Asked, result: snpp.Result, tell: Tell) -> None:
        if result.state is asked.state:
            return
        news = News(alert=asked.alert, recipient=asked.recipient, state=result.state, detail=result.detail)
        if not await tell(news) or self._asked.get(key) is not asked:
            return
        if result.state in (CopyState.ACKNOWLEDGED, CopyState.EXPIRED):
            del self._asked[key]
        else:
            self._asked[key] = _Asked(asked.alert, asked.recipient, asked.ticket, result.state, asked.until_s)

    async def _hold(self, conversation: snpp.Conversation) -> snpp.Result:
        """Hold the conversation within the channel's time. Never raises for what the network does."""
        config = self._config
        trouble = f"no answer within {config.timeout_s:g} s"
        with trio.move_on_after(config.timeout_s):
            try:
                await self._converse(conversation)
            except (OSError, trio.BrokenResourceError, ssl.SSLError) as error:
                cause = error.__cause__ or error
                trouble = f"{config.host}: {cause}"
        return conversation.result or snpp.Result(taken=False, detail=trouble)

    async def _converse(self, conversation: snpp.Conversation) -> None:
        stream: trio.abc.Stream
        if self._tls is not None:
            stream = await trio.open_ssl_over_tcp_stream(
                self._config.host, self._config.port, https_compatible=True, ssl_context=self._tls
            )
        else:
            stream = await trio.open_tcp_stream(self._config.host, self._config.port)
        try:
            while not conversation.is_over():
                data = bytes(await stream.receive_some(4_096))
                out = conversation.receive(data) if data else conversation.closed()
                # What came of it is known before the goodbye: a server that has hung up by then does not change it.
                if out and not conversation.is_over():
                    await stream.send_all(out)
                elif out:
                    with trio.move_on_after(_CLOSING_S):
                        await stream.send_all(out)
        finally:
            with trio.move_on_after(_CLOSING_S):
                await stream.aclose()
