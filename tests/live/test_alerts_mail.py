"""The mail channel against a mail server that we did not write (aiosmtpd), with and without TLS and log-in."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message as Letter
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from msgspec.structs import replace

from gateways.alerts.channel import Copy, Outcome
from gateways.alerts.message import EXERCISE
from gateways.alerts.smtp import Mail, Security
from gateways.alerts.wording import Tells
from tests.unit.test_alerts_logfile import message

TO = Copy("jansen", "jansen@crews.example")


class Post:
    """The server's hands: keeps the mails, refuses whom it is told to."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], Letter]] = []
        self.refuse = ""
        self.goodbye = "221 Bye"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return self.goodbye

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address == self.refuse:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=default)
        self.letters.append((list(envelope.rcpt_tos), letter))
        return "250 taken"


@contextmanager
def mail_server(**settings: Any) -> Iterator[tuple[Post, int]]:
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=_free_port(), ready_timeout=30, **settings)
    controller.start()
    try:
        yield post, controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for localhost that we trust, as SSL_CERT_FILE."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return context


def config(port: int, **settings: Any) -> Mail:
    defaults = {"host": "localhost", "sender": "alerts@turnout.example", "security": Security.NONE, "timeout_s": 20.0}
    return Mail(**{**defaults, "port": port, **settings})


async def send(settings: Mail, copy: Copy = TO, **changes: Any) -> Outcome:
    async with settings.open(Path()) as sender:
        return await sender.send(replace(message(), **changes), copy)


async def test_a_mail_arrives() -> None:
    """One recipient, the alert in its Message-ID, its incident in its thread, the long form as its text."""
    with mail_server() as (post, port):
        changes = {"address": "12 Straße am Quai", "cautions": ("dog",), "eta_ms": 240_000}
        assert await send(config(port), **changes) == Outcome(delivered=True)
    ((to, letter),) = post.letters
    assert to == ["jansen@crews.example"]
    assert letter["Subject"] == "E7 GO I1 P1 Structure fire"
    assert letter["Message-ID"] == "<A1.riverside@turnout.example>"
    assert letter["References"] == "<I1.riverside@turnout.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "Address 12 Straße am Quai" in text
    assert "Take care: dog" in text
    assert "Expected to take 4 min" in text


async def test_a_mail_that_was_taken_is_not_sent_again_for_a_strange_goodbye() -> None:
    """The server has said that it has it; what it says last changes nothing."""
    with mail_server() as (post, port):
        post.goodbye = "421 too busy for goodbyes"
        assert await send(config(port)) == Outcome(delivered=True)
    assert len(post.letters) == 1


async def test_an_exercise_says_so_in_subject_and_text() -> None:
    """Before everything else."""
    with mail_server() as (post, port):
        await send(config(port, tells=Tells.BARE), text=EXERCISE + "x", exercise=True)
    letter = post.letters[0][1]
    assert letter["Subject"].startswith("EXERCISE E7 GO")
    text = letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert text.startswith(EXERCISE)
    assert "12 Quay" not in text


async def test_nothing_in_an_address_becomes_a_header() -> None:
    """Line ends in what a caller said end nothing."""
    with mail_server() as (post, port):
        settings = config(port, subject="{address}")
        assert (await send(settings, address="1 Quay\r\nBcc: all@crews.example\r\n\r\nhello")).delivered
    to, letter = post.letters[0]
    assert to == ["jansen@crews.example"]
    assert letter["Bcc"] is None


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is TLS from the start
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_tls_and_a_log_in(security: Security, tls: ssl.SSLContext) -> None:
    """Both ways of TLS; the wrong password is a failure that says so, and shows none."""

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"turnout", b"secret")
        return AuthResult(success=right, handled=False)

    start = {"tls_context": tls, "require_starttls": True} if security is Security.STARTTLS else {"ssl_context": tls}
    login = {"authenticator": check, "auth_required": True, "auth_require_tls": security is Security.STARTTLS}
    with mail_server(**start, **login) as (post, port):
        good = await send(config(port, security=security, user="turnout", password="secret"))
        bad = await send(config(port, security=security, user="turnout", password="wrong-canary"))
    assert good == Outcome(delivered=True)
    assert bad.detail.startswith("the mail server refuses user and password: 535")
    assert "canary" not in bad.detail
    assert len(post.letters) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with mail_server(tls_context=tls, require_starttls=True) as (post, port):
        outcome = await send(config(port, security=Security.STARTTLS))
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.detail
    assert post.letters == []


async def test_a_mailbox_that_is_not_there_is_a_failure() -> None:
    """In the server's own words."""
    with mail_server() as (post, port):
        post.refuse = TO.address
        outcome = await send(config(port))
    detail = "the mail server refuses the recipient: 550 5.1.1 no such mailbox"
    assert outcome == Outcome(delivered=False, detail=detail, only_this=True)


async def test_a_server_that_hangs_is_left_and_its_thread_ends() -> None:
    """A socket that answers nothing: the attempt ends in time, and no thread is left behind."""
    before = threading.active_count()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, _hang, [listener])
        async with config(port, host="127.0.0.1", timeout_s=0.3).open(Path()) as sender:
            outcome = await sender.send(message(), TO)
            assert outcome.detail == "the mail server did not take it within 0.3 s"
            with trio.fail_after(120):
                while sender._threads.borrowed_tokens:  # type: ignore[attr-defined]  # noqa: ASYNC110
                    await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert threading.active_count() <= before + 2  # trio keeps idle threads for a while


async def _hang(stream: trio.SocketStream) -> None:
    await stream.send_all(b"220-")
    await trio.sleep_forever()


async def test_nobody_there_is_a_failure_that_names_the_server() -> None:
    """Connection refused."""
    outcome = await send(config(_free_port()))
    assert "localhost: ConnectionRefusedError" in outcome.detail
