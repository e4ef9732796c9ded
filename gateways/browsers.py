"""What the doors for browsers share, the crews' and the console's: a JSON body within its bounds, a refusal that says why.

And who may not come in: a page of another site, and whoever guesses.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
import trio
from starlette.requests import HTTPConnection, Request

from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.unreadable import UNREADABLE, what_is_wrong

JSON: Final = "application/json"
BODY_WAIT_S: Final = 5.0
WRONG_PER_S: Final = 2.0
WRONG_BURST: Final = 20.0


class Unwelcome(Exception):
    """Ends the request with this answer."""

    def __init__(self, status: int, code: str, reason: str, **members: Any) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.members: dict[str, Any] = members


async def body_of(request: Request, kind: type[Any]) -> Any:
    """Return the body as that type. Raises Unwelcome."""
    with trio.move_on_after(BODY_WAIT_S):
        content = await request.body()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise Unwelcome(415, "unknown_media_type", f"The body is to be {JSON}, said so by its Content-Type.")
        try:
            return msgspec.json.decode(content, type=kind)
        except UNREADABLE as error:
            code, field, sentence = what_is_wrong(error)
            raise Unwelcome(400, code, f"{field}: {sentence}" if field else sentence) from None
    raise Unwelcome(408, "slow_body", f"The body was not received within {BODY_WAIT_S:g} s. Send it again.")


def own_origin(request: HTTPConnection, others: Collection[str], page: str) -> str:
    """Return the origin of the page that asks: the listener's own, or one of the others. Raises Unwelcome."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    if origin not in others and not (host and origin.partition("://")[2] == host):
        raise Unwelcome(403, "wrong_origin", f"This was sent by a page of another site. Open {page} itself.")
    return origin


class Guesses:
    """The allowance of wrong tokens and codes, shared by everybody at one door.

    A token is too long to be guessed, so one that is right counts whatever others do. A code that is read aloud is
    not: once the allowance is used up, none is looked at (`check`), or it would slow nobody down.
    """

    def __init__(self) -> None:
        self._left = Bucket(WRONG_PER_S, WRONG_BURST)

    def check(self) -> None:
        """Raise Unwelcome if there were too many."""
        if self._left.left(trio.current_time()) < 1:
            raise _guessed()

    def wrong(self) -> None:
        """Count one more. Raises Unwelcome if there were too many."""
        if self._left.take(trio.current_time()) > 0:
            raise _guessed()


def _guessed() -> Unwelcome:
    reason = "There are too many wrong tokens and codes at this moment. Try again later, with the right one."
    return Unwelcome(429, "rate_limited", reason)
