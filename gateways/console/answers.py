"""What every answer of the console's door is: JSON that nobody keeps, or a refusal that says why."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateways.browsers import JSON, Unwelcome
from gateways.console.entrance import Console

NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Handler = Callable[[Console, Request], Awaitable[Response]]


def answered(console: Console, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a handler, which may raise Unwelcome."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(console, request)
        except Unwelcome as unwelcome:
            headers = {"WWW-Authenticate": "Bearer"} if unwelcome.status == 401 else {}
            return json_answer({"code": unwelcome.code, "reason": str(unwelcome)}, unwelcome.status, headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it

    return answer


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return the content as JSON."""
    return Response(msgspec.json.encode(content), status, {**NO_STORE, **(headers or {})}, JSON)
