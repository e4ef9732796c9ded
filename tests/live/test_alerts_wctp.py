"""WCTP: documents as gateways write them, and a gateway over real HTTP."""

from pathlib import Path
from typing import Any

import pytest
from alerts_kit import Server, answer, hang, station
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.alert_facts import CopyState
from gateways.alerts.channel import Copy, News, Outcome, Posted
from gateways.alerts.wctp import Wctp, _Sender
from gateways.alerts.wctp_xml import NotWctp, confirm, read_confirmation, read_notification
from tests.unit.test_alerts_logfile import message

HEAD = '<?xml version="1.0"?><!DOCTYPE wctp-Operation SYSTEM "http://dtd.wctp.org/wctp-dtd-v1r2.dtd">'
TAKEN = (
    HEAD + '<wctp-Operation wctpVersion="wctp-dtd-v1r2"><wctp-Confirmation>'
    '<wctp-Success successCode="200" successText="Message accepted">OK</wctp-Success>'
    "</wctp-Confirmation></wctp-Operation>"
).encode()
REFUSED = TAKEN.replace(
    b'<wctp-Success successCode="200" successText="Message accepted">OK</wctp-Success>',
    b'<wctp-Failure errorCode="403" errorText="Invalid recipientID"/>',
)


def told(inside: str, kind: str = "wctp-StatusInfo", about: str = "A1.jansen") -> bytes:
    header = (
        f'<wctp-ResponseHeader responseToMessageID="{about}" responseTimestamp="2026-11-29T12:00:00">'
        '<wctp-Originator senderID="5551212"/><wctp-MessageControl messageID="77"/>'
        '<wctp-Recipient recipientID="turnout"/></wctp-ResponseHeader>'
    )
    return (
        f'{HEAD}<wctp-Operation wctpVersion="wctp-dtd-v1r2"><{kind}>{header}{inside}</{kind}></wctp-Operation>'.encode()
    )


def config(server: Server, **settings: Any) -> Wctp:
    url = f"http://127.0.0.1:{server.port}/wctp"
    return Wctp(url=url, sender="turnout", security_code="canary", allow_private=True, **settings)


async def send(settings: Wctp, **changes: Any) -> Outcome:
    async with settings.open(Path()) as sender:
        return await sender.send(replace(message(), **changes), Copy("jansen", "5551212"))


async def test_a_message_is_submitted() -> None:
    """With who sends it, to whom, our own id, and words in which nothing is markup."""
    async with station(answer(200, TAKEN)) as server:
        assert await send(config(server), address="<Quay> & ]]> \x07 \x0b 12") == Outcome(delivered=True)
    (seen,) = server.seen
    assert seen.headers["content-type"] == "text/xml"
    request = fromstring(seen.body).find("wctp-SubmitRequest")
    assert request is not None
    header = request.find("wctp-SubmitHeader")
    assert header is not None
    assert header.attrib == {"submitTimestamp": "2026-02-02T02:40:00"}
    assert header.find("wctp-Originator").attrib == {"senderID": "turnout", "securityCode": "canary"}  # type: ignore[union-attr]
    assert header.find("wctp-Recipient").attrib == {"recipientID": "5551212"}  # type: ignore[union-attr]
    control = header.find("wctp-MessageControl")
    assert control is not None
    assert control.attrib["messageID"] == "A1.jansen"
    assert request.findtext("wctp-Payload/wctp-Alphanumeric") == "E7 GO I1 P1 Structure fire <Quay> & ]]> 12"


@pytest.mark.parametrize("status", [200, 500])
async def test_a_refusal_is_told_in_the_carrier_s_words(status: int) -> None:
    """Whatever the status of HTTP says."""
    async with station(answer(status, REFUSED)) as server:
        outcome = await send(config(server))
    detail = "the carrier refuses it: 403 Invalid recipientID"
    assert outcome == Outcome(delivered=False, detail=detail, only_this=True)


async def test_what_is_no_answer_is_a_failure() -> None:
    """Another page, nothing, silence."""
    for status, body, words in (
        (200, b"<html/>", "root is 'html'"),
        (200, b"", "empty answer"),
        (404, b"gone", "HTTP 404"),
    ):
        async with station(answer(status, body)) as server:
            assert words in (await send(config(server))).detail
    async with station(hang) as server:
        assert (await send(config(server, timeout_s=0.3))).detail == "no answer within 0.3 s"


@pytest.mark.parametrize(
    ("document", "state", "words"),
    [
        (told('<wctp-Notification type="QUEUED"/>'), CopyState.SENT, ""),
        (told('<wctp-Notification type="DELIVERED"/>'), CopyState.DELIVERED, ""),
        (told('<wctp-Notification type="READ"/>'), CopyState.ACKNOWLEDGED, ""),
        (told('<wctp-Failure errorCode="504" errorText="Timeout"/>'), CopyState.FAILED, "504 Timeout"),
        (
            told("<wctp-Payload><wctp-Alphanumeric>On our way</wctp-Alphanumeric></wctp-Payload>", "wctp-MessageReply"),
            CopyState.ACKNOWLEDGED,
            "On our way",
        ),
    ],
)
def test_notifications_and_replies(document: bytes, state: CopyState, words: str) -> None:
    """Each has its state; the message is named by our own id."""
    notified = read_notification(document)
    assert (notified.message, notified.state, notified.words) == ("A1.jansen", state, words)


def test_the_carrier_is_answered_with_a_confirmation() -> None:
    """Also about a message that is none of ours: it would ask for ever."""
    sender = _Sender(None, None)  # type: ignore[arg-type]
    heard = sender.hear(Posted(told('<wctp-Notification type="READ"/>'), "text/xml", {}))
    assert heard.news == (News(alert="A1", recipient="jansen", state=CopyState.ACKNOWLEDGED),)
    assert read_confirmation(heard.body).taken
    strange = sender.hear(Posted(told('<wctp-Notification type="READ"/>', about="x-77"), "text/xml", {}))
    assert strange.news == ()
    assert not read_confirmation(confirm(good=False, code=302, words="no")).taken


BOMB = (
    b'<!DOCTYPE wctp-Operation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<wctp-Operation><wctp-StatusInfo>&b;</wctp-StatusInfo></wctp-Operation>"
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><wctp-Operation>&x;</wctp-Operation>'


@pytest.mark.parametrize("document", [BOMB, OUTSIDE], ids=["bomb", "outside"])
def test_nothing_is_pulled_in(document: bytes) -> None:
    """Entities are refused before they are looked at."""
    with pytest.raises(NotWctp, match="EntitiesForbidden"):
        read_notification(document)


PIECES = st.sampled_from(
    [TAKEN, REFUSED, told('<wctp-Notification type="READ"/>'), b"<a>" * 50, BOMB, b"&lt;", b"\xff\xfe"]
)


@given(st.binary(max_size=300) | st.lists(PIECES | st.binary(max_size=20), max_size=4).map(b"".join))
def test_whatever_is_posted_is_read_or_refused(data: bytes) -> None:
    """NotWctp, or news."""
    for read in (read_notification, read_confirmation):
        try:
            read(data)
        except NotWctp:
            continue


@given(st.data())
def test_a_document_with_a_flaw_is_read_or_refused(data: st.DataObject) -> None:
    """One byte is another one, or missing."""
    whole = told('<wctp-Failure errorCode="504" errorText="Timeout"/>')
    at = data.draw(st.integers(0, len(whole) - 1))
    for flawed in (whole[:at], whole[:at] + data.draw(st.binary(max_size=2)) + whole[at + 1 :]):
        try:
            read_notification(flawed)
        except NotWctp:
            continue


def test_deep_nesting_is_no_crash() -> None:
    """As deep as a request may be long."""
    with pytest.raises(NotWctp):
        read_notification(b"<a>" * 21_000)
    with pytest.raises(NotWctp):
        read_notification(b"<a>" * 9_000 + b"</a>" * 9_000)
