"""The HTTP entrance for trackers that speak OsmAnd.

Rule: 200 with an empty body means "do not send this again". It answers every message that was understood,
even when hygiene drops the fix: a tracker that is told 400 keeps that position at the head of its queue and
tries it for ever. 400 says in plain text which field to mend, 401 that the token is missing or wrong.
"""

from contextlib import aclosing
from typing import Final

import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.hygiene import Verdict
from gateways.telematics.intake import Authorise, Intake
from gateways.telematics.osmand import OsmAnd

_NOT_OURS: Final = frozenset({Verdict.UNKNOWN_DEVICE, Verdict.NOT_ALLOWED})


class _TooLargeError(Exception):
    """The body is over the limit."""


def osmand_routes(config: OsmAnd, intake: Intake, authorise: Authorise) -> list[Route]:
    """Build the routes of the OsmAnd protocol, to be mounted on the HTTP listener."""
    entrance = _Entrance(config, intake, authorise)
    return [Route(config.path, entrance.answer, methods=["GET", "POST"])]


class _Entrance:
    """One tracker's request at a time: who is it, what does it say, what becomes of it."""

    def __init__(self, config: OsmAnd, intake: Intake, authorise: Authorise) -> None:
        self._config = config
        self._intake = intake
        self._authorise = authorise
        self._decoder = config.decoder()

    async def answer(self, request: Request) -> Response:
        """Answer 200 taken, 400 field at fault, 401 no or wrong token, 408 too slow, 413 too large."""
        principal = self._authorise(_token(request))
        if principal is None:
            return self._refuse(401, "bad_token", "token: missing or not valid for this feed")
        try:
            with trio.fail_after(self._config.body_wait_s):
                decoded = await self._decode(request)
        except trio.TooSlowError:
            return self._refuse(408, "slow_body", f"body: not received within {self._config.body_wait_s:g} s")
        except _TooLargeError:
            return self._refuse(413, "oversized", f"body: more than {self._config.limit_bytes} bytes")
        except ClientDisconnect:
            self._intake.count("connection_reset")
            return Response(status_code=400)  # nobody is there to read it
        if isinstance(decoded, Refusal):
            return self._refuse(400, "malformed", f"{decoded.field}: {decoded.reason}")
        if _NOT_OURS.isdisjoint(self._intake.take(decoded, principal)):
            return Response()
        return PlainTextResponse("id: this device is not on the roster of this feed", 400)

    async def _decode(self, request: Request) -> list[Fix] | Refusal:
        """Read the query if there is one (trackers post to it with an empty body), else the body."""
        query: bytes = request.scope["query_string"]
        if len(query) > self._config.limit_bytes:
            raise _TooLargeError
        now_ms = self._intake.now_ms()
        if request.query_params.keys() - {"token"}:
            return self._decoder.decode_query(query, now_ms)
        return self._decoder.decode_body(await self._body(request), now_ms)

    async def _body(self, request: Request) -> bytes:
        body = b""
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self._config.limit_bytes:
                    raise _TooLargeError
        return body

    def _refuse(self, status: int, event: str, text: str) -> Response:
        self._intake.count(event)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return PlainTextResponse(text, status, headers)


def _token(request: Request) -> str | None:
    """From `Authorization: Bearer`, or from the query for trackers that cannot set a header."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.query_params.get("token")
