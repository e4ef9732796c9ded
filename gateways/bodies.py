"""What the entrances of other systems share: whose token it is, a body within its bounds, and a refusal that says why."""

from collections.abc import Callable
from contextlib import aclosing

import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateways.auth import Principal
from gateways.web import problem

BODY_WAIT_S = 5.0
"""A body that has not come by then is not waited for."""

Authorise = Callable[[str | None], Principal | None]
"""From a bearer token to whoever may come in here; None refuses it."""


class Refused(Exception):
    """Ends the request with this status; the message says what happened and what to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def answer_of(refused: Refused) -> Response:
    """Return the refusal as problem+json."""
    return problem(refused.status, str(refused), {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None)


def bearer(request: Request) -> str | None:
    """Return the token of `Authorization: Bearer`; None without one."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def admitted(request: Request, authorise: Authorise, what: str) -> Principal:
    """Return who asks. Raises Refused 401."""
    principal = authorise(bearer(request))
    if principal is None:
        raise Refused(401, f"The token is missing or not valid for {what}. Send `Authorization: Bearer name.secret`.")
    return principal


async def body_of(request: Request, most: int, wait_s: float = BODY_WAIT_S) -> bytes:
    """Return the body. Raises Refused 408, 413, or 400 where the client has left."""
    with trio.move_on_after(wait_s):
        return await _read(request, most)
    raise Refused(408, f"The body was not received within {wait_s:g} s. Send it again.")


async def _read(request: Request, most: int) -> bytes:
    body = b""
    try:
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > most:
                    raise Refused(413, f"The body has more than {most} bytes, the most that is taken here.")
    except ClientDisconnect:
        raise Refused(400, "The client left before its body had come.") from None
    return body
