"""Apprise, through its own plugin for JSON over HTTP, to a real server."""

import sys
from pathlib import Path

import msgspec
import pytest
from alerts_kit import answer, hang, station

from gateways.alerts.channel import Copy, Outcome
from gateways.alerts.push import MissingExtra, Push
from tests.unit.test_alerts_logfile import message

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inside Apprise
pytest.importorskip("apprise", reason="the extra apprise is not installed")


async def send(url: str, timeout_s: float = 10.0) -> Outcome:
    async with Push(timeout_s=timeout_s).open(Path()) as sender:
        return await sender.send(message(), Copy("jansen", url))


async def test_a_notification_arrives() -> None:
    """Title and text."""
    async with station(answer(200)) as server:
        assert await send(f"json://127.0.0.1:{server.port}/hook") == Outcome(delivered=True)
    body = msgspec.json.decode(server.seen[0].body)
    assert body["title"] == "E7 GO I1 P1 Structure fire"
    assert body["message"].startswith(message().text)


async def test_refusals_strange_addresses_and_hanging_services_are_failures() -> None:
    """The thread that hangs is left behind and ends by the library's own time."""
    async with station(answer(500)) as server:
        assert "has not taken it" in (await send(f"json://127.0.0.1:{server.port}/hook")).detail
    assert (await send("pigeon://roof")).detail == "the address is no URL that Apprise knows"
    async with station(hang) as server:
        outcome = await send(f"json://127.0.0.1:{server.port}/?rto=2", timeout_s=0.3)
        assert outcome.detail == "the service did not take it within 0.3 s"


async def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, not when a crew is to be told."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtra, match=r"pip install 'turnout\[apprise\]'"):
        await send("json://127.0.0.1/")
