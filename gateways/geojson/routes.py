"""`GET /geojson/{layer}`: one FeatureCollection, with an ETag, so that a map that polls gets nothing while nothing changes.

Rule: a token that may watch; what its role may not see is left out. A layer is read, made and encoded part by part, so that
dispatch goes on between them: each feature is of one moment, and no part is older than the answer takes.
"""

import time
from hashlib import sha256
from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.live.service import Service
from gateways.auth import OnRead, Principal
from gateways.board import Board
from gateways.bodies import Authorise, Refused, admitted, answer_of
from gateways.geojson.geometry import Box, around, box_of, read_box
from gateways.geojson.layers import LAYERS, Feature
from gateways.move_views import view_coverage
from gateways.redaction import Kind, audience_of
from gateways.road_views import view_roads
from gateways.web import names_tag

MEDIA: Final = "application/geo+json"
STRETCH_S: Final = 0.002
"""A layer is built for so long before everybody else on the loop has a turn; a part takes a millisecond more at most."""
_HEADERS: Final = {"cache-control": "private, no-cache", "vary": "authorization"}


def geojson_routes(service: Service, board: Board, authorise: Authorise, on_read: OnRead | None = None) -> list[Route]:
    """Build the routes, to be mounted on the HTTP listener. `on_read` is told who was given where incidents are."""
    maps = _Maps(service, board, authorise, on_read)
    return [Route("/geojson/{layer}", maps.answer, methods=["GET"])]


class _Maps:
    """Answers one request after the other."""

    def __init__(self, service: Service, board: Board, authorise: Authorise, on_read: OnRead | None = None) -> None:
        self._on_read = on_read
        self._service = service
        self._board = board
        self._authorise = authorise

    async def answer(self, request: Request) -> Response:
        """Answer 200, or 304 where the caller has it already; 400, 401, 404 with the reason."""
        try:
            body = await self._body(request)
        except Refused as refused:
            return answer_of(refused)
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = {**_HEADERS, "etag": tag}
        if names_tag(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(body, 200, headers, MEDIA)

    async def _body(self, request: Request) -> bytes:
        principal = admitted(request, self._authorise, "watching the board")
        layer = LAYERS.get(request.path_params["layer"])
        if layer is None:
            raise Refused(404, f"There is no such layer. There are: {', '.join(LAYERS)}.")
        window = _window(request.query_params.get("bbox"))
        world, roads, asked = self._board.world, self._service.world.roads, request.path_params["layer"]
        parts: list[bytes] = []
        shown: list[str] = []
        whole: Box | None = None
        since_s = time.perf_counter()
        for part in layer(world, audience_of(principal), None if roads is None else roads.graph):
            features = [_feature(each) for each in part if _meets(each, window)]
            if features:
                parts.append(_inner(features))
                shown += (
                    each["id"] for each in features if Kind.PLACE.value not in each["properties"].get("redacted", ())
                )
                whole = around(whole, box_of([each["geometry"] for each in features]))
            if time.perf_counter() - since_s > STRETCH_S:
                await trio.lowlevel.checkpoint()
                since_s = time.perf_counter()
        self._note(principal, asked, shown)
        collection: dict[str, Any] = {"type": "FeatureCollection"}
        if whole is not None:
            collection["bbox"] = whole.numbers
        head = msgspec.json.encode({**collection, **self._beside(asked)})
        return b"".join((head[:-1], b',"features":[', b",".join(parts), b"]}"))

    def _note(self, principal: Principal, layer: str, shown: list[str]) -> None:
        """Tell whose places somebody was shown."""
        if self._on_read is not None and layer == "incidents" and shown:
            self._on_read(principal, "geojson.incidents", shown)

    def _beside(self, layer: str) -> dict[str, Any]:
        """Return what belongs to the layer as a whole (foreign members, RFC 7946 section 6.1)."""
        if layer == "coverage":
            return {"coverage": view_coverage(self._board.world)}
        return {"weather": view_roads(self._board.world).weather} if layer == "closures" else {}


def _feature(told: Feature) -> dict[str, Any]:
    name, shape, said = told
    return {"type": "Feature", "id": name, "geometry": shape, "properties": said}


def _meets(told: Feature, window: Box | None) -> bool:
    box = None if window is None else box_of([told[1]])
    return window is None or (box is not None and box.meets(window))


def _inner(features: list[dict[str, Any]]) -> bytes:
    """Return the list in JSON without its brackets, to be joined with others."""
    return msgspec.json.encode(features)[1:-1]


def _window(text: str | None) -> Box | None:
    try:
        return None if text is None else read_box(text)
    except ValueError as error:
        raise Refused(400, str(error)) from None
