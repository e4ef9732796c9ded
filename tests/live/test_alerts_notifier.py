"""Apprise, through its own plugin for JSON over HTTP, to a real server."""

import sys
from pathlib import Path

import msgspec
import pytest
import trio
from alerts_kit import Seen, Server, answer, hang, station, until

from gateways.alerts.channel import Copy, Outcome
from gateways.alerts.notifier import Notifier
from tests.unit.test_alerts_logfile import message

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inside Apprise
pytest.importorskip("apprise", reason="the extra apprise is not installed")


async def send(url: str, timeout_s: float = 10.0) -> Outcome:
    async with Notifier(timeout_s=timeout_s).open(Path()) as sender:
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


async def test_a_service_that_hangs_holds_no_threads_of_the_others() -> None:
    """Of nine at the same moment four hang, the others are refused at once, and another service is told meanwhile."""
    outcomes: list[Outcome] = []
    enough = trio.Event()

    async def refuse_late(seen: Seen, stream: trio.SocketStream) -> None:
        await enough.wait()
        await answer(500)(seen, stream)

    async with (
        station(refuse_late) as hung,
        station(answer(200)) as good,
        Notifier(timeout_s=600.0).open(Path()) as sender,
        trio.open_nursery() as nursery,
    ):

        async def send_to(server: Server, path: str = "/?rto=600") -> None:
            outcomes.append(await sender.send(message(), Copy("jansen", f"json://127.0.0.1:{server.port}{path}")))

        for _ in range(9):
            nursery.start_soon(send_to, hung)
        await until(lambda: len(hung.seen) == 4)
        await send_to(good)
        assert Outcome(delivered=True) in outcomes
        enough.set()
    assert [outcome.detail for outcome in outcomes].count("the service holds 4 attempts already") == 5
    assert len(outcomes) == 10


def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the configuration is read, not when a crew is to be told."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ValueError, match=r"pip install 'turnout\[apprise\]'"):
        Notifier()
