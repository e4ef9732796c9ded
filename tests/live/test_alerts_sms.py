"""Text messages through providers of several manners, each a real HTTP server that answers in its own way."""

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from alerts_kit import Server, answer, hang, station
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.alert_facts import CopyState
from gateways.alerts.channel import Copy, News, Outcome, Posted, Receiver
from gateways.alerts.sms import Sms, _Sender
from tests.unit.test_alerts_logfile import message

TO = Copy("jansen", "+31 6 1234 5678")
NESTED = """
url = "{url}"
headers = {{ Authorization = "Bearer canary" }}
body = {{ messages = [{{ destinations = [{{ to = "{{to}}", messageId = "{{ref}}" }}], text = "{{text}}" }}] }}
taken = {{ field = "messages.0.status.groupName", values = ["PENDING", "ACCEPTED"] }}
id_field = "messages.0.messageId"
allow_private = true
[reports]
items = "results"
ref = "messageId"
status = "status.groupName"
delivered = ["DELIVERED"]
failed = ["UNDELIVERABLE", "REJECTED"]
expired = ["EXPIRED"]
sender = "from"
text = "text"
"""
FORM = """
url = "{url}"
encoding = "form"
body = {{ To = "{{to}}", Body = "{{text}}", From = "Turnout" }}
id_field = "sid"
allow_private = true
[reports]
id = "MessageSid"
status = "MessageStatus"
delivered = ["delivered"]
failed = ["failed", "undelivered"]
sender = "From"
text = "Body"
"""
REPORT = {"results": [{"messageId": "A1.jansen", "status": {"groupName": "DELIVERED"}}]}


def config(toml: str, server: Server | None = None, **changes: Any) -> Sms:
    url = "https://sms.example/send" if server is None else f"http://127.0.0.1:{server.port}/send"
    return replace(msgspec.convert(tomllib.loads(toml.format(url=url)), Sms), **changes)


async def send(settings: Sms, **changes: Any) -> Outcome:
    async with settings.open(Path()) as sender:
        return await sender.send(replace(message(), **changes), TO)


async def test_json_nested_as_deep_as_the_provider_wants_it() -> None:
    """Number, words and our reference are in their places; the status in the answer is what counts."""
    good = b'{"messages": [{"messageId": "p-1", "status": {"groupName": "PENDING"}}]}'
    async with station(answer(200, good)) as server:
        assert await send(config(NESTED, server), address='12 "Quay"\\') == Outcome(delivered=True)
    (seen,) = server.seen
    assert seen.headers["authorization"] == "Bearer canary"
    assert msgspec.json.decode(seen.body) == {
        "messages": [
            {
                "destinations": [{"to": "+31 6 1234 5678", "messageId": "A1.jansen"}],
                "text": 'E7 GO I1 P1 Structure fire 12 "Quay"\\',
            }
        ]
    }
    bad = b'{"messages": [{"status": {"groupName": "REJECTED"}}]}'
    async with station(answer(200, bad)) as server:
        outcome = await send(config(NESTED, server))
    assert outcome.detail == "the provider says 'REJECTED' in messages.0.status.groupName"


async def test_a_form_and_a_url() -> None:
    """Nothing in an address begins a field of its own."""
    async with station(answer(201, b'{"sid": "SM1"}')) as server:
        assert (await send(config(FORM, server), address="1 Quay&To=+1")).delivered
        form = parse_qs(server.seen[0].body.decode())
        assert form["To"] == ["+31 6 1234 5678"]
        assert form["Body"] == ["E7 GO I1 P1 Structure fire 1 Quay&To=+1"]


async def test_refusals_and_silence_are_failures() -> None:
    """The reason is the server's; a hanging one ends in time."""
    async with station(answer(401)) as server:
        assert (await send(config(FORM, server))).detail.startswith("HTTP 401: refused")
    async with station(hang) as server:
        assert (await send(config(FORM, server, timeout_s=0.3))).detail == "no answer within 0.3 s"
    async with station(answer(200, b"\xff\x00 not json")) as server:
        assert "does not say" in (await send(config(NESTED, server))).detail


async def test_a_message_is_as_long_as_a_text_message() -> None:
    """160 letters, whatever the address."""
    async with station(answer(200, b"{}")) as server:
        await send(config(FORM, server), address="x" * 500)
        assert len(parse_qs(server.seen[0].body.decode())["Body"][0]) == 160


def heard(toml: str, body: bytes, kind: str = "application/json", **query: str) -> tuple[News, ...]:
    sender: Receiver = _Sender(config(toml), None)  # type: ignore[arg-type]
    sender._known["SM1"] = ("A9", "wit")  # type: ignore[attr-defined]
    return sender.hear(Posted(body, kind, query)).news


def test_reports_are_read_by_our_reference_or_theirs() -> None:
    """JSON with many, a form with one, or a url."""
    delivered = News(alert="A1", recipient="jansen", state=CopyState.DELIVERED)
    assert heard(NESTED, msgspec.json.encode(REPORT)) == (delivered,)
    form = b"MessageSid=SM1&MessageStatus=undelivered"
    failed = News(alert="A9", recipient="wit", state=CopyState.FAILED)
    assert heard(FORM, form, "application/x-www-form-urlencoded") == (failed,)
    assert heard(FORM, b"", MessageSid="SM1", MessageStatus="undelivered") == (failed,)
    assert heard(FORM, b"", MessageSid="SM2", MessageStatus="undelivered") == ()
    assert heard(FORM, b"", MessageSid="SM1", MessageStatus="sending") == ()


@pytest.mark.parametrize(
    ("words", "counts"), [("OK", True), ("ok, on our way", True), ("who is this", False), ("", False)]
)
def test_a_reply_is_an_acknowledgement_if_it_says_so(words: str, counts: bool) -> None:
    """By its first word, known by its number."""
    found = heard(FORM, b"", From="+31612345678", Body=words)
    assert found == ((News(address="+31612345678", state=CopyState.ACKNOWLEDGED),) if counts else ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "messageId", "status", "groupName", "from", "text"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON | st.binary(max_size=200), st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]))
def test_whatever_is_posted_is_read_or_refused(body: object, kind: str) -> None:
    """A ValueError, or news."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    for toml in (NESTED, FORM):
        try:
            heard(toml, data, kind)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('body = { to = "{to}" }', "{to} and {text} must stand in it"),
        ('body = { to = "{to}", text = "{text}", x = "{address}" }', "there is no field 'address'"),
        ('body = { to = "{to}", text = "{text!r}" }', "there is no field 'text'"),
        ('body = { to = "{to}", text = "{text" }', "expected '}'"),
        ('method = "GET"\nbody = { to = "{to}", text = ["{text}"] }', "with the method GET"),
        ('encoding = "form"\nbody = { to = "{to}", text = ["{text}"] }', "a form is a flat table"),
        ('headers = { "X: y" = "1" }\nbody = { to = "{to}", text = "{text}" }', "'X: y' is not a header"),
        ('headers = { "X-Y" = "1\\r\\nz: 2" }\nbody = { to = "{to}", text = "{text}" }', "'X-Y' is not a header"),
        ('taken = { field = "a b", values = ["1"] }\nbody = { to = "{to}", text = "{text}" }', "$.taken.field"),
        ('template = "{who}"\nbody = { to = "{to}", text = "{text}" }', "there is no field 'who'"),
    ],
)
def test_mistakes_are_refused_by_name(more: str, complaint: str) -> None:
    """When the configuration is read."""
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(tomllib.loads(f'url = "https://sms.example/"\n{more}'), Sms)
    assert complaint in str(refused.value)


def test_nothing_printed_shows_a_secret() -> None:
    """Neither header, url nor body."""
    assert repr(config(NESTED)) == "Sms(host='sms.example')"
