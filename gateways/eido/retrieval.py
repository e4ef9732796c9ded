"""Retrieval (NENA-STA-024.1a, 2.7): one incident by its identifier, over HTTP.

GET /incidents/eidos/{id}      Authorization: Bearer …      Accept: application/emergency.eido+json; version="1"
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.auth import OnRead, Principal
from gateways.bodies import bearer
from gateways.eido.config import Listen, count
from gateways.eido.documents import MEDIA_TYPE, accepts
from gateways.eido.filters import Filter
from gateways.eido.log import ExchangeLog
from gateways.eido.socket import may_follow
from gateways.eido.source import Source
from gateways.web import problem

Authenticate = Callable[[str | None], Principal | None]


def retrieval_routes(
    source: Source, authenticate: Authenticate, log: ExchangeLog, on_read: OnRead | None = None
) -> list[Route]:
    """Build the routes, to be mounted on the HTTP listener. `on_read` is told who was given which incident."""
    desk = _Desk(source, authenticate, log, on_read)
    return [
        Route("/incidents/eidos/{incident:path}", desk.answer, methods=["GET"]),
        Route("/EIDO/{incident:path}", desk.answer, methods=["GET"]),
    ]


class _Desk:
    """Hands documents out."""

    def __init__(
        self, source: Source, authenticate: Authenticate, log: ExchangeLog, on_read: OnRead | None = None
    ) -> None:
        self._on_read = on_read
        self._source = source
        self._authenticate = authenticate
        self._log = log
        self._listen = source.config.listen or Listen()
        self._limits = {name: Filter(text) for name, text in self._listen.limits.items()}

    async def answer(self, request: Request) -> Response:
        """Answer 200 with the document, or 401, 403, 404, 406, 500 with the reason."""
        name = request.path_params["incident"]
        principal = self._authenticate(bearer(request))
        response = self._answer(name, principal, request.headers.get("accept"))
        count(self._source.statistics.retrievals, str(response.status_code))
        who = principal.name if principal is not None else None
        self._log.write(self._source.now(), "retrieval", who=who, incident=name[:200], status=response.status_code)
        return response

    def _answer(self, name: str, principal: Principal | None, accept: str | None) -> Response:
        if principal is None:
            return problem(401, "Show a bearer token.", {"WWW-Authenticate": "Bearer"})
        if not may_follow(principal, self._listen):
            return problem(403, f"A {principal.role} may not read whole incidents.")
        if not accepts(accept):
            return problem(406, f"Accept: only {MEDIA_TYPE} is written here.")
        incident = self._source.find(name)
        if incident is None:
            return problem(404, "There is no such incident, or it ended so long ago that only the journal has it.")
        document = self._source.document(incident.id, callers=principal.name in self._listen.callers_for)
        if document is None:
            return problem(500, "The incident cannot be written at this moment; that is our fault, and logged.")
        limit = self._limits.get(principal.name)
        if limit is not None and not limit.passes(document.tree):
            return problem(403, "You may not be told of this incident.")
        if self._on_read is not None:
            self._on_read(principal, "eido.retrieval", (incident.id,))
        return Response(bytes(document.raw), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
