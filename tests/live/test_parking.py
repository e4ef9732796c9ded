"""Somebody who refuses for ever: parked by the configuration or a person's word, over restarts, resumed, or led past what it refuses."""

from pathlib import Path

import msgspec
import pytest

from engine.model.inputs import ReportIncident
from gateways.cap.byrule import PublishRule
from gateways.cap.config import CapConfig, Outgoing, PublishConfig
from gateways.config import Config
from gateways.outward.parking import OURSELVES
from gateways.upkeep import NotDone
from gateways.upkeep.books import OPERATIONS, lines_of
from tests.live.exchange_kit import Served, serve_exchanges
from tests.live.sink_kit import SECRET, Sink, sink

NAME = "subscription-sink"


def config(receiver: Sink, **fields: object) -> Config:
    return Config(subscriptions=(receiver.subscription(kinds=("incident_reported",), **fields),))


async def report(served: Served, number: int) -> None:
    answer = await served.service.ask(ReportIncident(id=f"r{number}", by="cad", type="theft", x_m=0, y_m=0))
    assert answer.refusal is None, answer.refusal


def parked(served: Served) -> int:
    return served.exchanges.levels[NAME]()["parked"]


async def test_who_refuses_for_as_long_as_is_configured_is_parked_and_resumed(tmp_path: Path) -> None:
    """It is left alone, also over a restart, and goes on where it stopped once somebody says so."""
    async with sink() as receiver:
        receiver.status = 422
        async with serve_exchanges(tmp_path, config(receiver, park_after_s=0.2)) as served:
            await report(served, 1)
            await served.until(lambda: parked(served))
            (view,) = served.desk.views_of_exchanges()
            assert view.parked_by == OURSELVES
            assert view.head is not None
            assert "422" in view.reason
        receiver.status, refused = 204, receiver.refused
        async with serve_exchanges(tmp_path, config(receiver, park_after_s=0.2)) as served:
            await report(served, 2)
            feed = served.desk.exchanges[NAME]
            await served.until(lambda: feed.head)
            assert (parked(served), receiver.ids) == (1, [])
            told = await served.desk.resume(NAME, "desk", "mended")
            assert told.parked_by == ""
            await served.until(lambda: len(receiver.ids) == 2)
            assert (parked(served), receiver.refused) == (0, refused)
    assert [line["what"] for line in lines_of(tmp_path, OPERATIONS)] == ["exchange_resumed"]


async def test_an_outage_is_no_refusal(tmp_path: Path) -> None:
    """A receiver that is overloaded comes back by itself, however long that takes."""
    async with sink() as receiver:
        receiver.status = 503
        async with serve_exchanges(tmp_path, config(receiver, park_after_s=0.001)) as served:
            await report(served, 1)
            await served.until(lambda: receiver.refused >= 4)
            assert parked(served) == 0
            receiver.status = 204
            await served.until(lambda: len(receiver.ids) == 1)


async def test_what_is_never_taken_is_left_out_by_a_person_s_word(tmp_path: Path) -> None:
    """Only what was named; what follows is sent; whose word it was is on record. The wrong name changes nothing."""
    async with sink() as receiver:
        receiver.status = 400
        async with serve_exchanges(tmp_path, config(receiver)) as served:
            feed = served.desk.exchanges[NAME]
            await report(served, 1)
            await served.until(lambda: feed.head)
            await served.desk.park(NAME, "desk", "asked for")
            with pytest.raises(NotDone, match="parked already"):
                await served.desk.park(NAME, "desk", "asked for")
            with pytest.raises(NotDone, match="not what is being sent"):
                await served.desk.skip(NAME, "smallville/1/0", "desk", "guess")
            head = feed.head
            assert head is not None
            await served.desk.skip(NAME, head, "desk", "they cannot read it")
            await served.until(lambda: feed.head is None)
            receiver.status = 204
            await report(served, 2)
            await served.until(lambda: feed.head)
            await served.desk.resume(NAME, "desk", "on")
            await served.until(lambda: len(receiver.ids) == 1)
            assert head not in receiver.ids
            assert served.exchanges.numbers[NAME]()["left_out"] == 1
            with pytest.raises(NotDone, match="There are: subscription-sink"):
                await served.desk.resume("nobody", "desk", "x")
    skipped = [line for line in lines_of(tmp_path, OPERATIONS) if line["what"] == "exchange_skipped"]
    assert [(line["by"], line["id"]) for line in skipped] == [("desk", head)]


async def test_a_receiver_of_our_alerts_is_parked_as_well(tmp_path: Path) -> None:
    """It refuses, is parked, and is led past what it refuses."""
    async with sink() as receiver:
        receiver.status = 422
        told = {"name": "county", "url": receiver.url, "secrets": [SECRET], "allow_private": True}
        county = msgspec.convert({**told, "retry_s": 0.05, "park_after_s": 0.1}, Outgoing)
        words = {"scope": "Public", "categories": ["Safety"], "event": "x", "severity": "Severe", "headline": "x"}
        rule = {"name": "theft", "about": "incident", "types": ["theft"], "words": {**words, "area": "x"}}
        publish = PublishConfig(sender="a@b.example", receivers=(county,), rules=(msgspec.convert(rule, PublishRule),))
        async with serve_exchanges(tmp_path, Config(cap=CapConfig(publish=publish))) as served:
            outlet = served.desk.exchanges["cap-out-county"]
            await report(served, 1)
            await served.until(lambda: outlet.parking.parked)
            (view,) = served.desk.views_of_exchanges()
            assert (view.parked_by, view.behind) == (OURSELVES, 1)
            assert view.head is not None
            await served.desk.skip("cap-out-county", view.head, "desk", "they take no theft")
            await served.until(lambda: outlet.behind == 0)
            assert served.exchanges.levels["cap-out-county"]() == {"waiting": 0, "parked": 1}
