"""Where what we publish is ordered and read: `POST` and `GET /cap/published`, `GET /cap/feed`.

Rule: an alert goes out by a person's order only (a dispatcher's or supervisor's token). A Public one may be read by whoever
reaches the listener; Restricted and Private ones by those who may watch the board.
"""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.bodies import Authorise, Refused, admitted, answer_of, bearer, body_of
from gateways.cap.alert import CapAlert, Scope
from gateways.cap.orders import Order
from gateways.cap.outlet import CAP
from gateways.cap.press import NoSubject, Press
from gateways.cap.writing import time_of, writable, write_alert

BODY_MAX: Final = 32_768
PATH: Final = "/cap/published"
ATOM: Final = "http://www.w3.org/2005/Atom"


class Published(Struct, frozen=True, kw_only=True):
    """An alert of ours in a list."""

    identifier: str
    kind: str
    status: str
    scope: str
    sent: str
    expires: str
    event: str
    headline: str
    url: str


class Window:
    """Takes orders and shows what is out."""

    def __init__(self, press: Press, orders: Authorise, watchers: Authorise) -> None:
        self._press = press
        self._orders = orders
        self._watchers = watchers

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted on the HTTP listener."""
        return [
            Route(PATH, self.order, methods=["POST"]),
            Route(PATH, self.shown, methods=["GET"]),
            Route(f"{PATH}/{{identifier}}", self.one, methods=["GET"]),
            Route("/cap/feed", self.feed, methods=["GET"]),
        ]

    async def order(self, request: Request) -> Response:
        """Publish: 201, or 200 where it was published before; 400, 401, 404, 413, 503 with the reason."""
        try:
            return await self._order(request)
        except Refused as refused:
            return answer_of(refused)

    async def shown(self, request: Request) -> Response:
        """List what is in force, as far as the caller may read it."""
        shown = [_published(alert) for alert in self._press.in_force() if self._may_read(request, alert)]
        return Response(msgspec.json.encode(shown), media_type="application/json")

    async def one(self, request: Request) -> Response:
        """Give one message as CAP 1.2."""
        alert = self._press.find(request.path_params["identifier"])
        if alert is None or not self._may_read(request, alert):
            return answer_of(Refused(404, "Nothing of this identifier was published, or it is not for you."))
        return Response(write_alert(alert), media_type=CAP)

    async def feed(self, _: Request) -> Response:
        """Give what is in force for everybody, as an Atom feed that aggregators poll."""
        alerts = [alert for alert in self._press.recent() if alert.scope is Scope.PUBLIC]
        return Response(_atom(self._press.config.sender, alerts), media_type="application/atom+xml")

    async def _order(self, request: Request) -> Response:
        principal = admitted(request, self._orders, "publishing alerts")
        order = read_order(await body_of(request, BODY_MAX))
        try:
            publication, new = await self._press.publish(order, principal.name)
        except NoSubject:
            raise Refused(404, "What it is to be about is not there, or is over: nothing was published.") from None
        except OSError as error:
            raise Refused(503, f"It could not be written down ({error.strerror}): nothing was published.") from None
        told = _published(publication.messages[-1])
        return Response(msgspec.json.encode(told), 201 if new else 200, {"location": told.url}, "application/json")

    def _may_read(self, request: Request, alert: CapAlert) -> bool:
        return alert.scope is Scope.PUBLIC or self._watchers(bearer(request)) is not None


def read_order(body: bytes) -> Order:
    """Return the order. Raises Refused 400 naming the field."""
    try:
        return msgspec.json.decode(body, type=Order)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f"This cannot be published: {error}.") from None


def _published(alert: CapAlert) -> Published:
    info = alert.infos[0]
    return Published(
        identifier=alert.identifier,
        kind=alert.kind,
        status=alert.status,
        scope=alert.scope,
        sent=time_of(alert.sent_ms),
        expires="" if info.expires_ms is None else time_of(info.expires_ms),
        event=info.event,
        headline=info.headline,
        url=f"{PATH}/{alert.identifier}",
    )


def _atom(sender: str, alerts: list[CapAlert]) -> bytes:
    register_namespace("", ATOM)
    root = Element(f"{{{ATOM}}}feed")
    for name, text in (
        ("id", f"urn:cap:{sender}"),
        ("title", f"Alerts of {sender}"),
        ("updated", time_of(max((alert.sent_ms for alert in alerts), default=0))),
    ):
        SubElement(root, f"{{{ATOM}}}{name}").text = text
    for alert in alerts:
        entry = SubElement(root, f"{{{ATOM}}}entry")
        for name, text in (
            ("id", f"urn:cap:{alert.identifier}"),
            ("title", writable(alert.infos[0].headline)),
            ("updated", time_of(alert.sent_ms)),
        ):
            SubElement(entry, f"{{{ATOM}}}{name}").text = text
        SubElement(entry, f"{{{ATOM}}}link", {"type": CAP, "href": f"{PATH}/{alert.identifier}"})
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
