"""The HTTP entrance for trackers that speak OsmAnd, and for a Traccar that forwards positions.

Rule: 200 with an empty body means "do not send this again". It answers every message that was understood,
even when hygiene drops the fix: a tracker that is told 400 keeps that position at the head of its queue and
tries it for ever. 400 says in plain text which field to mend, 401 that the token is missing or wrong.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final
from urllib.parse import parse_qs

import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.hygiene import Verdict
from gateways.telematics.intake import Authorise, Intake, Principal
from gateways.telematics.osmand import OsmAnd
from gateways.telematics.traccar import Traccar

NOT_OURS: Final = frozenset({Verdict.UNKNOWN_DEVICE, Verdict.NOT_ALLOWED})
Answer = tuple[int, str]
"""Status and text; the text is for people and empty where all is well."""
UNLISTED: Final[Answer] = (400, "id: this device is not on the roster of this feed")
Read = Callable[[int], Awaitable[bytes]]
"""Reads the body, up to so many bytes. Raises TooLarge, or ClientDisconnect if the sender has left."""


class TooLarge(Exception):
    """The body is over the limit."""


def http_routes(config: OsmAnd | Traccar, intake: Intake, authorise: Authorise) -> list[Route]:
    """Build the routes of the protocol, to be mounted on the HTTP listener."""
    entrance = Entrance(config, intake, authorise)

    async def answer(request: Request) -> Response:
        async def read(limit: int) -> bytes:
            body = b""
            async with aclosing(request.stream()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > limit:
                        raise TooLarge
            return body

        query: bytes = request.scope["query_string"]
        status, text = await entrance.decide(request.headers.get("authorization", ""), query, read)
        if status == 200:
            return Response()
        return PlainTextResponse(text, status, {"WWW-Authenticate": "Bearer"} if status == 401 else None)

    methods = ["GET", "POST"] if isinstance(config, OsmAnd) else ["POST"]
    return [Route(config.path, answer, methods=methods)]


class Entrance:
    """One tracker's request at a time: who is it, what does it say, what becomes of it."""

    def __init__(self, config: OsmAnd | Traccar, intake: Intake, authorise: Authorise) -> None:
        self._config = config
        self._intake = intake
        self._authorise = authorise
        self._decoder = config.decoder()

    async def decide(self, authorization: str, query: bytes, read: Read) -> Answer:
        """Return 200 taken, 400 field at fault, 401 no or wrong token, 408 too slow, 413 too large."""
        principal = self.who(authorization, query)
        if principal is None:
            return self.refuse_token()
        try:
            decoded = await self._decode(query, read)
        except trio.TooSlowError:
            return self._refuse(408, "slow_body", f"body: not received within {self._config.body_wait_s:g} s")
        except TooLarge:
            return self._refuse(413, "oversized", f"body: more than {self._config.limit_bytes} bytes")
        except ClientDisconnect:
            return self._refuse(400, "connection_reset", "")  # nobody is there to read it
        if isinstance(decoded, Refusal):
            return self._refuse_field(decoded)
        if NOT_OURS.isdisjoint(self._intake.take(decoded, principal)):
            return 200, ""
        return UNLISTED

    def who(self, authorization: str, query: bytes = b"") -> Principal | None:
        """Return whose token the header shows, or else the query; None where that is none, or nobody's."""
        return self._authorise(_token(authorization, query))

    def read_query(self, query: bytes) -> Fix | Answer:
        """Return the one fix that a query holds, or what is answered instead. Nothing is judged."""
        if len(query) > self._config.limit_bytes:
            return self._refuse(413, "oversized", f"body: more than {self._config.limit_bytes} bytes")
        decoded = self._decoder.decode_query(query, self._intake.now_ms())
        return self._refuse_field(decoded) if isinstance(decoded, Refusal) else decoded[0]

    def refuse_token(self) -> Answer:
        """Return what is answered to whoever shows no token that is valid here; counted."""
        return self._refuse(401, "bad_token", "token: missing or not valid for this feed")

    def refuse_slow_head(self, within_s: float) -> Answer:
        """Return what is answered to whoever does not come to the end of a request's head; counted."""
        return self._refuse(408, "slow_head", f"head: not received within {within_s:g} s")

    def _refuse_field(self, refusal: Refusal) -> Answer:
        return self._refuse(400, "malformed", f"{refusal.field}: {refusal.reason}")

    async def _decode(self, query: bytes, read: Read) -> list[Fix] | Refusal:
        """Read the query if there is one (trackers post to it with an empty body), else the body."""
        limit = self._config.limit_bytes
        if len(query) > limit:
            raise TooLarge
        if holds_a_fix(query):
            return self._decoder.decode_query(query, self._intake.now_ms())
        with trio.fail_after(self._config.body_wait_s):
            body = await read(limit)
        return self._decoder.decode_body(body, self._intake.now_ms())

    def _refuse(self, status: int, event: str, text: str) -> Answer:
        self._intake.count(event)
        return status, text


def holds_a_fix(query: bytes) -> bool:
    """Tell whether a query is more than a token: then the body is not looked at."""
    return bool(query) and not (query.startswith(b"token=") and b"&" not in query)


def _token(authorization: str, query: bytes) -> str | None:
    """From `Authorization: Bearer`, or from the query for trackers that cannot set a header."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if b"token=" not in query:
        return None
    try:
        found = parse_qs(query.decode("ascii"), max_num_fields=100).get("token")
    except ValueError:  # not ASCII, or too many keys
        return None
    return found[0] if found else None
