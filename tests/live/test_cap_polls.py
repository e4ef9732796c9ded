"""Sources of alerts that are asked: what they say that nobody would think of, and what breaks while they are."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.model.surroundings import Severity
from gateways import partners
from gateways.cap.config import CapConfig, CapRule, Poll
from gateways.cap.poll import Poller, target_of
from gateways.config import Config
from gateways.web import WebConfig, serve_http
from tests.live.exchange_kit import serve_exchanges
from tests.unit.cap_kit import SQUARE, alert, info


async def test_a_feed_may_say_what_it_likes(tmp_path: Path, nursery: Any) -> None:
    """Links that are none, lead elsewhere or cannot be asked for are passed over; the alert behind them is taken."""
    links = ("http://[x", "//[", "a\x7f", "b" * 70_000, "https://a\u2100.b/", "https://elsewhere.example/x", "good")
    entries = "".join(f'<entry><link href="{link}"/></entry>' for link in links)
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'

    async def tell(_: Request) -> Response:
        return Response(feed.encode(), media_type="application/atom+xml")

    async def good(_: Request) -> Response:
        return Response(alert("G", info(event="Gas", area=SQUARE), sent_ms=int(time.time()) * 1_000))

    address = await nursery.start(serve_http, [Route("/feed", tell), Route("/good", good)], WebConfig(port=0))
    poll = Poll(name="odd", url=f"http://{address}/feed", every_s=0.05, allow_private=True)
    rule = CapRule(name="gas", events=("gas*",), caution=Severity.DANGER)
    async with serve_exchanges(tmp_path, Config(cap=CapConfig(rules=(rule,), polls=(poll,)))) as served:
        await served.until(lambda: served.exchanges.numbers["cap"]().get("taken"))
        assert served.exchanges.numbers["cap"]()["poll_failed"]


async def test_a_fault_with_a_partner_ends_nothing_else_and_it_is_begun_again(
    tmp_path: Path, nursery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever nobody has thought of."""
    looks = 0

    async def give(_: Request) -> Response:
        return Response(alert("G", info(event="Gas", area=SQUARE), sent_ms=int(time.time()) * 1_000))

    look = Poller._look

    async def stumble(self: Poller, *given: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("nobody has thought of this")
        await look(self, *given)

    monkeypatch.setattr(partners, "REST_S", 0.01)
    monkeypatch.setattr(Poller, "_look", stumble)
    address = await nursery.start(serve_http, [Route("/alert", give)], WebConfig(port=0))
    poll = Poll(name="odd", url=f"http://{address}/alert", every_s=0.05, allow_private=True)
    rule = CapRule(name="gas", events=("gas*",), caution=Severity.DANGER)
    async with serve_exchanges(tmp_path, Config(cap=CapConfig(rules=(rule,), polls=(poll,)))) as served:
        await served.until(lambda: served.exchanges.numbers["cap"]().get("taken"))
        assert served.exchanges.numbers["faults"]() == {"cap": 1}


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_link_leads_to_the_feed_s_own_host_or_nowhere(link: str) -> None:
    """A link is somebody else's text."""
    found = target_of("https://alerts.example/feed", link)
    assert found is None or found.partition("://")[2].startswith("alerts.example")
