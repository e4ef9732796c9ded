"""The mail channel: one message a recipient, over SMTP (RFC 5321) with STARTTLS or TLS from the start.

Rule: the library blocks, so each attempt has a thread out of a small pool of its own, and a deadline at which its
socket is shut: then the thread ends too, whatever the server does. The Message-ID comes from the alert, so a mail that
an attempt doubled is one mail to every reader that knows its manners.
"""

import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Final

import trio
from msgspec import Meta
from msgspec.structs import replace

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message
from gateways.alerts.wording import Worded, check, clean, fill, long, values_of

THREADS: Final = 8
"""Attempts at the same time; a server that hangs takes no threads from anyone else."""
_ADDRESS: Final = r"^[^\s<>,;:\"()\[\]\\@]+@[^\s<>,;:\"()\[\]\\@]+$"

Mailbox = Annotated[str, Meta(pattern=_ADDRESS, max_length=254)]


class Security(StrEnum):
    """How the connection is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """On this machine or a network of its own: everything goes in the clear, a password never."""


_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class Mail(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="smtp"):
    """A mail server as configured. Raises ValueError where it would send a password in the clear."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    sender: Mailbox
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """None: 587, 465 with TLS from the start, 25 without either."""
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = ""
    subject: Annotated[str, Meta(min_length=1, max_length=200)] = "{brief}"
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """For everything: look-up, connection, TLS, log-in, message."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.subject, self.tells, "subject")
        if bool(self.user) != bool(self.password):
            raise ValueError("user, password: give both or neither")
        if self.user and self.security is Security.NONE:
            raise ValueError("security: a password is sent over TLS only; say starttls or tls")

    def __repr__(self) -> str:
        """Show where it goes and no password."""
        return f"Mail(host={self.host!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel. Certificates are checked against the system's authorities (or SSL_CERT_FILE)."""
        del folder
        yield _Sender(self, ssl.create_default_context())


class _Sender:
    """A mail server to send through; a connection of its own for every attempt."""

    def __init__(self, config: Mail, tls: ssl.SSLContext) -> None:
        self._config = config
        self._tls = tls
        self._threads = trio.CapacityLimiter(THREADS)

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Send one mail. A deadline shuts its socket, so that no thread is left behind."""
        letter = written(self._config, message, copy)
        attempt = _Attempt(self._config, self._tls)
        with trio.move_on_after(self._config.timeout_s):
            try:
                return await trio.to_thread.run_sync(
                    attempt.run, letter, copy.address, abandon_on_cancel=True, limiter=self._threads
                )
            finally:
                attempt.shut()
        return Outcome(delivered=False, detail=f"the mail server did not take it within {self._config.timeout_s:g} s")


class _Attempt:
    """One conversation with the server, in a thread; `shut` ends it from another."""

    def __init__(self, config: Mail, tls: ssl.SSLContext) -> None:
        self._config = config
        self._tls = tls
        self._socket: socket.socket | None = None
        self._over = False

    def shut(self) -> None:
        """Make the thread's next read or write fail."""
        self._over = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def run(self, letter: EmailMessage, to: str) -> Outcome:
        """Send it; blocks. What goes wrong behind the server's word that it has the mail, at the goodbye, undoes nothing."""
        taken = False
        try:
            with self._connected() as server:
                server.send_message(letter, self._config.sender, [to])
                taken = True
        except smtplib.SMTPRecipientsRefused as error:
            _, (code, words) = next(iter(error.recipients.items()))
            return replace(_refused("the recipient", code, words), only_this=True)
        except smtplib.SMTPResponseException as error:
            if not taken:
                return _refused(_what(error), error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if not taken:
                detail = f"{self._config.host}: {type(error).__name__}: {clean(str(error))}"
                return Outcome(delivered=False, detail=detail)
        return Outcome(delivered=True)

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        port = config.port or _PORTS[config.security]
        server: smtplib.SMTP
        if config.security is Security.TLS:
            server = smtplib.SMTP_SSL(timeout=config.timeout_s, context=self._tls)
        else:
            server = smtplib.SMTP(timeout=config.timeout_s)
        # The name is kept by hand: the library checks the certificate against it, and connects only below.
        server._host = config.host  # type: ignore[attr-defined]  # noqa: SLF001 - connect() does not set it for starttls
        try:
            server.connect(config.host, port)
            self._socket = server.sock
            if self._over:
                self.shut()
            if config.security is Security.STARTTLS:
                server.starttls(context=self._tls)
                self._socket = server.sock
            if config.user:
                server.login(config.user, config.password)
        except BaseException:
            server.close()
            raise
        return server


def _what(error: smtplib.SMTPResponseException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "user and password"
    return "the sender" if isinstance(error, smtplib.SMTPSenderRefused) else "the message"


def _refused(what: str, code: int, words: bytes | str) -> Outcome:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return Outcome(delivered=False, detail=f"the mail server refuses {what}: {code} {clean(text)[:200]}")


def written(config: Mail, message: Message, copy: Copy) -> EmailMessage:
    """Return the mail. Raises ValueError if the address is none."""
    domain = config.sender.rpartition("@")[2]
    letter = EmailMessage(policy=SMTP)
    letter["From"] = config.sender
    letter["To"] = copy.address
    subject = fill(config.subject, values_of(message, copy.recipient))
    letter["Subject"] = clean(f"EXERCISE {subject}" if message.exercise else subject)
    letter["Date"] = formatdate(message.created_ms / 1000)
    letter["Message-ID"] = f"<{message.alert}.{_token(message.place)}@{domain}>"
    if message.incident:
        # One thread an incident in every reader of mail.
        letter["References"] = f"<{message.incident}.{_token(message.place)}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["Importance"] = "high"
    letter.set_content(long(config, message, copy.recipient), cte="quoted-printable")
    return letter


def _token(name: str) -> str:
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "-" for each in name)
