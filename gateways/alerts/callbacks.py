"""The way in for those who bring alerts: a provider's report that a message arrived, a pager's answer, a reply.

    POST or GET /alerts/endpoints/{name}     in the endpoint's own form

Rule: answered with 200 only when what was said is durable, or is about an alert that is over: then nothing is left to
do, and a provider that is refused would ask for ever. Providers that can send no header put the token into a user and
password (Basic), or into `?token=`.
"""

import base64
import binascii
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateways.alerts.channel import Posted
from gateways.alerts.courier import Courier
from gateways.bodies import Authorise, Refused, bearer, body_of

BODY_MAX: Final = 65_536
NEWS_MAX: Final = 100
"""Reports in one request."""


def callback_routes(courier: Courier, authorise: Authorise) -> list[Route]:
    """Build the routes, to be mounted on the HTTP listener."""
    entrance = _Entrance(courier, authorise)
    return [Route("/alerts/endpoints/{name}", entrance.answer, methods=["POST", "GET"])]


class _Entrance:
    """One request at a time: who says so, about which alerts, and is it durable?"""

    def __init__(self, courier: Courier, authorise: Authorise) -> None:
        self._courier = courier
        self._authorise = authorise

    async def answer(self, request: Request) -> Response:
        """Answer 200, or 400, 401, 403, 404, 408, 413, 503 with the reason."""
        try:
            return await self._hear(request)
        except Refused as refused:
            headers = {"WWW-Authenticate": "Basic"} if refused.status == 401 else None
            return PlainTextResponse(f"{refused}\n", refused.status, headers)

    async def _hear(self, request: Request) -> Response:
        principal = self._authorise(_token(request))
        if principal is None:
            raise Refused(401, "token: missing, or not valid for receipts of alerts")
        name = request.path_params["name"]
        receiver = self._courier.receiver(name)
        if receiver is None:
            raise Refused(404, "endpoint: there is none of this name that is called back")
        body = await body_of(request, BODY_MAX)
        query = {key: value for key, value in request.query_params.items() if key != "token"}
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            heard = receiver.hear(Posted(body, media_type, query))
        except ValueError as error:
            raise Refused(400, f"body: {error}") from None
        if len(heard.news) > NEWS_MAX:
            raise Refused(413, f"body: more than {NEWS_MAX} reports; nothing was taken, send fewer at a time")
        for news in heard.news:
            unit = self._courier.unit_of(name, news)
            if unit is not None and not principal.speaks_for(unit):
                raise Refused(403, "alert: it is not for a unit that this token speaks for")
            if not await self._courier.tell(name, news):
                raise Refused(503, "the engine has not made this durable in time; send it again")
        return Response(heard.body, 200, media_type=heard.media_type)


def _token(request: Request) -> str | None:
    shown = bearer(request)
    if shown is not None:
        return shown
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return f"{user}.{password}"
    return request.query_params.get("token")
