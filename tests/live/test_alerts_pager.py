"""The pager channel over real sockets, with a server that refuses, hangs and hangs up, and one that tells more later."""

from pathlib import Path
from typing import Any

import pytest
import trio
from alerts_kit import until
from snpp_server import paging_server

from engine.model.alert_facts import CopyState
from gateways.alerts.channel import Copy, Listener, News, Outcome, Retractor
from gateways.alerts.pager import Pager
from tests.unit.test_alerts_logfile import message

TO = Copy("jansen", "5551212")


def config(port: int, **settings: Any) -> Pager:
    return Pager(host="127.0.0.1", port=port, **{"timeout_s": 5.0, "ask_every_s": 0.05, **settings})


async def send(settings: Pager, copy: Copy = TO) -> Outcome:
    async with settings.open(Path()) as sender:
        return await sender.send(message(), copy)


@pytest.mark.parametrize("level", [1, 3])
async def test_a_page_is_taken(level: int) -> None:
    """By a server of level 1 and one of level 3; only who and where goes over the air."""
    async with paging_server(level=level) as server:
        assert await send(config(server.port)) == Outcome(delivered=True)
        (page,) = server.pages
        assert (page.pager, page.message) == ("5551212", "E7 GO I1 P1 Structure fire 12 Quay")
        assert page.read_ack == (level == 3)


async def test_a_server_that_wants_to_know_us_is_told() -> None:
    """The right words, and the wrong ones."""
    async with paging_server() as server:
        assert (await send(config(server.port, login="turnout", password="secret"))).delivered
        refused = await send(config(server.port, login="turnout", password="wrong"))
        assert refused.detail == "the paging server refuses LOGI: 550 Invalid LoginID or Password"


async def test_a_refusal_a_hang_up_and_a_hang_are_failures_that_say_so() -> None:
    """Within the channel's time each."""
    async with paging_server() as server:
        wrong = await send(config(server.port), Copy("jansen", "abc"))
        assert "refuses PAGE: 550 Invalid Pager ID" in wrong.detail
    async with paging_server(twist=lambda line: "221 bye" if line == "SEND" else None) as server:
        assert "refuses SEND: 221 bye" in (await send(config(server.port))).detail
    async with paging_server(twist=lambda line: "" if line == "SEND" else None) as server:
        hung = await send(config(server.port, timeout_s=0.3))
        assert hung == Outcome(delivered=False, detail="no answer within 0.3 s")
    assert "127.0.0.1" in (await send(config(server.port))).detail  # nobody is there any more


async def test_a_read_page_is_an_acknowledgement() -> None:
    """The server is asked until it says so; each step is told once, and then nobody asks any more."""
    heard: list[News] = []

    async def tell(news: News) -> bool:
        heard.append(news)
        return True

    async with paging_server() as server, config(server.port).open(Path()) as sender:
        assert isinstance(sender, Listener)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.listen, tell)
            await sender.send(message(), TO)
            await until(lambda: server.questions >= 2)
            assert heard == []
            server.becomes(0, "860 {tag} 261129120001 Delivered, Awaiting Read Ack")
            await until(lambda: len(heard) == 1)
            server.becomes(0, "881 {tag} 261129120007 Message Delivered and Read by Recipient")
            await until(lambda: len(heard) == 2)
            asked = server.questions
            await sender.send(message(2), TO)
            server.becomes(1, "780 {tag} 261129120107 Message Expired Before Delivery")
            await until(lambda: len(heard) == 3)
            nursery.cancel_scope.cancel()
    assert [(news.alert, news.recipient, news.state) for news in heard] == [
        ("A1", "jansen", CopyState.DELIVERED),
        ("A1", "jansen", CopyState.ACKNOWLEDGED),
        ("A2", "jansen", CopyState.EXPIRED),
    ]
    assert all(line != "MSTA 7000 31" for line in server.commands[server.commands.index("MSTA 7001 31") :])
    assert asked >= 3


async def test_nobody_asks_about_an_alert_that_is_over() -> None:
    """Nor about one that has been asked about for long enough."""

    async def tell(_news: News) -> bool:
        raise AssertionError

    async with paging_server() as server, config(server.port, ask_for_s=1).open(Path()) as sender:
        assert isinstance(sender, Listener)
        assert isinstance(sender, Retractor)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.listen, tell)
            await sender.send(message(1), TO)
            await until(lambda: server.questions)
            sender.over("A1", "acknowledged by E7")
            await sender.send(message(2), TO)
            await until(lambda: not sender._asked)
            nursery.cancel_scope.cancel()
