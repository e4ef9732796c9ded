"""A receiver of events in the test's own process: real HTTP, verified and read by libraries that we did not write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import trio
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.cloudevents import Subscription
from gateways.cloudevents.config import Start
from gateways.web import WebConfig, serve_http

SECRET = "whsec_" + "A" * 43 + "="
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


class Sink:
    """Takes events as long as it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.ids: list[str] = []
        """Every one taken, repeats as well, in the order in which they came."""
        self.events: list[BaseCloudEvent] = []
        self.requests = 0
        self.refused = 0
        self.status = 204
        self.headers: dict[str, str] = {}
        self.hangs = False
        self.news = trio.Event()

    async def take(self, request: Request) -> Response:
        """Verify, read, keep."""
        body = await request.body()
        if self.hangs:
            await trio.sleep_forever()
        if self.status >= 300:
            self.refused += 1
            return Response(status_code=self.status, headers=self.headers)
        Webhook(SECRET).verify(body, dict(request.headers))
        kind = request.headers["content-type"].split(";")[0]
        singles = [body] if kind == SINGLE else [msgspec.json.encode(each) for each in msgspec.json.decode(body)]
        assert kind in (SINGLE, BATCH)
        events = [from_structured_event(HTTPMessage({"content-type": SINGLE}, one), JSONFormat()) for one in singles]
        self.requests += 1
        self.events += events
        self.ids += [event.get_id() for event in events]
        self.news.set()
        self.news = trio.Event()
        return Response(status_code=self.status)

    def subscription(self, **fields: Any) -> Subscription:
        """Return a subscription that leads here."""
        given: dict[str, Any] = {"name": "sink", "url": self.url, "secrets": (SECRET,), "allow_private": True}
        return Subscription(**{**given, "retry_s": 0.05, "retry_max_s": 0.2, "start": Start.BEGINNING, **fields})

    def kinds(self) -> list[str]:
        """Return the types of what was taken, in order."""
        return [event.get_type() for event in self.events]


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Open a receiver on a free port."""
    made = Sink()
    config = WebConfig(port=0, body_bytes=4_000_000, deadline_s=60)
    async with trio.open_nursery() as nursery:
        serve = partial(serve_http, [Route("/events", made.take, methods=["POST"])], config)
        made.url = f"http://{await nursery.start(serve)}/events"
        yield made
        nursery.cancel_scope.cancel()


def placed(ids: list[str]) -> list[tuple[int, int]]:
    """Return (seq, index) of ids."""
    return [(int(seq), int(index)) for _, seq, index in (name.split("/") for name in ids)]
