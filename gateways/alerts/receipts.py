"""The way in for acknowledgements: whoever brings alerts to a crew says here that the crew knows.

    POST /alerts/A7/acknowledge   Authorization: Bearer …   {"by": "E7"}

Rule: 200 only when the acknowledgement is durable; a refusal says in one line what is wrong. Asking again is harmless.
"""

import re
from typing import Annotated, Final

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.live.service import Service
from engine.model.facts import CommandRefused
from engine.model.inputs import ReportReceipt
from gateways.auth import Principal
from gateways.bodies import Authorise, Refused, bearer, body_of

BODY_MAX: Final = 4_096
WAIT_S: Final = 5.0
_ALERT: Final = re.compile(r"A([1-9][0-9]{0,17})", re.ASCII)


class _Body(Struct, frozen=True, forbid_unknown_fields=True):
    """Who acknowledges; the principal itself if it names nobody."""

    by: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


def receipt_routes(service: Service, authorise: Authorise) -> list[Route]:
    """Build the routes, to be mounted on the HTTP listener."""
    entrance = _Entrance(service, authorise)
    return [Route("/alerts/{alert}/acknowledge", entrance.answer, methods=["POST"])]


class _Entrance:
    """One receipt at a time: who says so, about what, and has it become true?"""

    def __init__(self, service: Service, authorise: Authorise) -> None:
        self._service = service
        self._authorise = authorise

    async def answer(self, request: Request) -> Response:
        """Answer 200, or 400, 401, 403, 404, 408, 409, 413, 503 with the reason."""
        try:
            return await self._acknowledge(request)
        except Refused as refused:
            headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
            return PlainTextResponse(f"{refused}\n", refused.status, headers)

    async def _acknowledge(self, request: Request) -> Response:
        principal = self._authorise(bearer(request))
        if principal is None:
            raise Refused(401, "token: missing, or not valid for receipts of alerts")
        alert = self._known(request.path_params["alert"], principal)
        body = _understood(await body_of(request, BODY_MAX))
        by = principal.name if body.by in (None, principal.name) else f"{body.by} via {principal.name}"
        await self._tell(alert, by)
        return JSONResponse({"alert": alert, "acknowledged_by": by})

    def _known(self, alert: str, principal: Principal) -> str:
        """Return the alert's id if the principal may speak for its unit.

        The World is ahead of the disk, so nothing is answered from it but what cannot turn out otherwise.
        """
        world = self._service.world
        form = _ALERT.fullmatch(alert)
        if form is None or int(form[1]) > world.alert_number:
            raise Refused(404, "alert: there has never been one of this id")
        record = world.alerts.get(alert)
        if record is not None and not principal.speaks_for(record.unit):
            raise Refused(403, f"alert: {alert} is not for a unit that this token speaks for")
        return alert

    async def _tell(self, alert: str, by: str) -> None:
        with trio.move_on_after(WAIT_S):
            turn = await self._service.tell(ReportReceipt(alert, by))
            if any(isinstance(fact, CommandRefused) for fact in turn.facts):
                reason = "it was acknowledged before, withdrawn, or handed to a person"
                raise Refused(409, f"alert: {alert} is not open any more: {reason}")
            return
        raise Refused(503, "the engine has not made this durable in time; ask again")


def _understood(content: bytes) -> _Body:
    try:
        return msgspec.json.decode(content, type=_Body) if content else _Body()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f'body: {error}; it is to be {{"by": "…"}}') from None
