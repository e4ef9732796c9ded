"""The crews' pagers: a small webhook receiver that believes nothing without its signature.

Rule: a page counts when it is shown, and showing it twice does no harm. A few are lost on purpose, some by an error
and some by silence, so that retries are seen at work.
"""

import base64
import hmac
import secrets
from collections.abc import Callable
from typing import Any

import msgspec
import trio
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.model.alert_facts import Purpose
from gateways.demo.chance import stream
from gateways.demo.ledger import Ledger

PATH = "/page"
ERROR_SHARE = 0.015
SILENCE_SHARE = 0.005
SILENCE_S = 4.0
"""Longer than the sender waits."""


class Page(Struct, frozen=True):
    """What stands on the pager. More comes along; a pager shows this."""

    alert: str
    purpose: Purpose
    unit: str
    incident: str
    lat: float | None
    lon: float | None

    @property
    def number(self) -> int:
        """Pages of one unit count upward: a smaller number is older news."""
        return int(self.alert[1:])


class _Envelope(Struct, frozen=True):
    data: Page


class Pagers:
    """All pagers of the city behind one URL."""

    def __init__(self, show: Callable[[Page], None], ledger: Ledger, seed: int) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._key = base64.b64decode(self.secret.removeprefix("whsec_"))
        self._show = show
        self._ledger = ledger
        self._chance = stream(seed, "pagers")

    def routes(self) -> list[Route]:
        """Return the receiver, to be mounted."""
        return [Route(PATH, self._receive, methods=["POST"])]

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        if not signed(self._key, request.headers, body):
            self._ledger.pages_forged += 1
            return Response("the signature does not hold", 401)
        luck = self._chance.random()
        if luck < ERROR_SHARE + SILENCE_SHARE:
            self._ledger.pages_dropped += 1
            if luck < SILENCE_SHARE:
                await trio.sleep(SILENCE_S)
            return Response("the radio network is busy", 503)
        page = msgspec.json.decode(body, type=_Envelope).data
        self._ledger.pages[page.alert] += 1
        self._show(page)
        return Response(status_code=204)


def signed(key: bytes, headers: Any, body: bytes) -> bool:
    """Tell whether one of the signatures is that of this key (Standard Webhooks 1.0)."""
    content = b".".join((headers.get("webhook-id", "").encode(), headers.get("webhook-timestamp", "").encode(), body))
    wanted = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)
