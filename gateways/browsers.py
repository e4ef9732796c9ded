"""What the doors for browsers share, the crews' and the console's: a JSON body within its bounds, a refusal that says why."""

from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request

from gateways.vocabulary.unreadable import UNREADABLE, what_is_wrong

JSON: Final = "application/json"
BODY_WAIT_S: Final = 5.0


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
