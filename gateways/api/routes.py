"""The routes: one a path, with every method that it takes; and the documents that describe them."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateways.api.docs import page
from gateways.api.entrance import JSON, Api, tag_of
from gateways.api.operating import desk_operations
from gateways.api.operation import Operation
from gateways.api.reads import read_operations
from gateways.api.table import command_operations

SCHEMAS: Final = Path(__file__).parent.parent / "schema"
DOCUMENTS: Final = {"/v1/openapi.json": "api.v1.openapi.json", "/v1/asyncapi.json": "cad.v1.asyncapi.json"}
PAGES: Final = {"/docs": "api.v1.openapi.json", "/docs/websocket": "cad.v1.asyncapi.json"}
Answer = Callable[[Request], Awaitable[Response]]


def operations() -> tuple[Operation, ...]:
    """Return every operation, in the order in which it is documented."""
    return (*read_operations(), *command_operations(), *desk_operations())


def api_routes(api: Api, served: Sequence[Operation] | None = None) -> list[Route]:
    """Build the routes, to be mounted on the HTTP listener."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in operations() if served is None else served:
        paths.setdefault(operation.path, {})[operation.method] = operation
    # A fixed path is tried before one with a parameter in its place.
    ordered = sorted(paths, key=lambda path: [(part.startswith("{"), part) for part in path.split("/")])
    return [*(_route(api, path, paths[path]) for path in ordered), *_documents()]


def _route(api: Api, path: str, methods: dict[str, Operation]) -> Route:
    allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            patch = {"Accept-Patch": JSON} if "PATCH" in methods else {}
            return Response(status_code=204, headers={"Allow": ", ".join(allowed), **patch})
        if method not in methods:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        return await api.answer(methods[method], request)

    return Route(path, _Endpoint(answer))


class _Endpoint:
    """An ASGI application, so that starlette leaves the methods to us."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _documents() -> list[Route]:
    routes = []
    for path, name in DOCUMENTS.items():
        routes.append(Route(path, _Endpoint(_fixed((SCHEMAS / name).read_bytes(), JSON))))
    for path, name in PAGES.items():
        content = page((SCHEMAS / name).read_bytes(), path)
        routes.append(Route(path, _Endpoint(_fixed(content, "text/html; charset=utf-8"))))
    return routes


def _fixed(content: bytes, media: str) -> Answer:
    """Return what answers with the same bytes always. Anybody may read it: it holds nobody's data."""
    headers = {
        "ETag": tag_of(content),
        "Cache-Control": "public, max-age=300",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "X-Content-Type-Options": "nosniff",
    }
    allowed = "GET, HEAD, OPTIONS"

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": allowed})
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response = Response(content, 200, headers, media)
        if request.method == "HEAD":
            response.body = b""
        return response

    return answer
