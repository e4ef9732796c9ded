"""The four routes that machines ask. Open to whoever reaches the listener: counts only, nobody's data."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.metrics.exposition import Rendered
from gateways.metrics.health import Readiness


def metrics_routes(
    render: Callable[[str], Awaitable[Rendered]],
    readiness: Callable[[], Readiness],
    build: Mapping[str, str],
    beat: Callable[[], tuple[int, float]],
) -> list[Route]:
    """Return the routes. `beat` tells how often the loop was blocked, and the longest block in seconds."""

    async def metrics(request: Request) -> Response:
        rendered = await render(request.headers.get("accept", ""))
        return Response(rendered.body, headers={"content-type": rendered.content_type, **_FRESH})

    async def healthz(_: Request) -> Response:
        # That this is answered is the proof: the loop that answers is the loop that dispatches.
        blocked, longest_s = beat()
        return _json({"alive": True, "loop_blocked": blocked, "loop_longest_block_s": round(longest_s, 3)})

    async def readyz(_: Request) -> Response:
        found = readiness()
        return _json(found, 200 if found.ready else 503)

    async def version(_: Request) -> Response:
        return _json({"name": "turnout", **build})

    return [
        Route("/metrics", metrics),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/version", version),
    ]


_FRESH = {"cache-control": "no-store"}


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, _FRESH, "application/json")
