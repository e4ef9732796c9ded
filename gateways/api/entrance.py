"""The pipeline of every request: who is it, may they, what do they say, and what became of it.

    token → pace → right → precondition → parameters, body → handler or engine → durable → answer

Rule: nothing reaches a handler that has not passed all of these, and nothing leaves that was not redacted for its reader.
"""

import re
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from hashlib import blake2b
from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from engine.live.lanes import Lane
from engine.live.service import Service, Stage
from engine.model.inputs import AnyCommand
from engine.state.world import World
from gateways.api.config import ApiConfig, Statistics
from gateways.api.operation import Call, Operation, Reply
from gateways.api.problems import Problem, of_refusal, render
from gateways.api.reads import shown
from gateways.api.table import Done
from gateways.auth import Gatekeeper, Principal
from gateways.board import Board
from gateways.bodies import bearer
from gateways.geocoding import Geocoder
from gateways.inquiries import Inquiries
from gateways.redaction import audience_of
from gateways.upkeep import Desk
from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.commands import NotAllowed, Unfit, admitted
from gateways.vocabulary.incident_messages import UnitEmergency
from gateways.vocabulary.unreadable import UNREADABLE, what_is_wrong
from gateways.vocabulary.words import Name
from gateways.web import allow_time, names_tag

JSON: Final = "application/json"
BODY_WAIT_S: Final = 5.0
KEY_MAX: Final = 128
_TAGS: Final = re.compile(r'\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*')
_encoder: Final = msgspec.json.Encoder()


class Api:
    """Answers requests. One per process."""

    def __init__(
        self,
        service: Service,
        board: Board,
        keeper: Gatekeeper,
        config: ApiConfig,
        inquiries: Inquiries | None,
        desk: Desk | None = None,
    ) -> None:
        self.desk = desk
        self.service = service
        self.board = board
        self.config = config
        self.inquiries = inquiries
        self.geocoder: Geocoder | None = None
        self.statistics = Statistics()
        self._keeper = keeper
        self._paces: dict[str, Bucket] = {}
        self._guesses = Bucket(config.wrong_tokens_per_s, config.wrong_tokens_burst)

    async def answer(self, operation: Operation, request: Request) -> Response:
        """Answer one request; only HTTPException of the door's own bounds is raised."""
        self.statistics.requests += 1
        headers: dict[str, str] = dict(_notice(operation))
        try:
            principal = self._authenticate(request)
            self._pace(operation, principal, headers)
            call = await self._understand(operation, request, principal)
            if operation.slow:
                allow_time(request.scope, self.config.reading_s)
            reply = await (self.order(call, operation) if operation.handle is None else operation.handle(self, call))
        except Problem as found:
            self.statistics.count_refusal(found.code)
            found.headers = {**headers, **found.headers}
            return render(found)
        return _response(request, reply, headers)

    def read(self, call: Call, how: str, incidents: Iterable[str] = ()) -> None:
        """Write down that the caller was shown these incidents' people."""
        if self.desk is not None:
            self.desk.books.read(call.principal, how, incidents)

    # ── who is it, and how often ────────────────────────────────────────────────────────────────────────────

    def _authenticate(self, request: Request) -> Principal:
        token = bearer(request)
        principal = None if token is None else self._keeper.authenticate(token)
        if principal is not None:
            return principal
        wait_s = 0.0 if token is None else self._guesses.take(trio.current_time())
        if wait_s > 0:
            reason = "There are too many wrong tokens at this moment. Try again later, with the right one."
            raise Problem(429, "rate_limited", reason, "Authorization", {"Retry-After": str(int(wait_s) + 1)})
        reason = "Nobody has this token. Send `Authorization: Bearer name.secret`; ask your administrator for a token."
        raise Problem(401, "unauthenticated", reason, "Authorization", {"WWW-Authenticate": "Bearer"})

    def _pace(self, operation: Operation, principal: Principal, headers: dict[str, str]) -> None:
        """Count the request against its principal. A crew that calls for help is never told to wait."""
        per_s, burst = self.config.requests_per_s, self.config.burst
        pace = self._paces.setdefault(principal.name, Bucket(per_s, burst))
        now_s = trio.current_time()
        wait_s = pace.take(now_s)
        left = pace.left(now_s)
        headers["RateLimit-Policy"] = f'"principal";q={burst};w={max(1, round(burst / per_s))}'
        headers["RateLimit"] = f'"principal";r={int(left)};t={int((burst - left) / per_s) + 1}'
        if wait_s > 0 and operation.command is not UnitEmergency:
            reason = "You ask more often than one principal may. Ask again later; a command under the same key."
            raise Problem(429, "rate_limited", reason, "", {"Retry-After": str(int(wait_s) + 1)})

    # ── what do they say ────────────────────────────────────────────────────────────────────────────────────

    async def _understand(self, operation: Operation, request: Request, principal: Principal) -> Call:
        if operation.right is not None and not principal.may(operation.right):
            reason = f"A {principal.role} may not do this: it needs the right to {operation.right}."
            raise Problem(403, "unauthorised", reason)
        path = {name: _path_value(name, value) for name, value in request.path_params.items()}
        query = _query(operation, request)
        key = _key(operation, request)
        body = None if operation.body is None else await _body(operation.body, request)
        if_match = _if_match(request) if operation.conditional else ""
        return Call(principal, audience_of(principal), path, query, body, key, if_match)

    # ── commands ────────────────────────────────────────────────────────────────────────────────────────────

    async def order(self, call: Call, operation: Operation) -> Reply:
        """Give the command to the engine; return what has become durable. Raises Problem."""
        assert operation.command is not None, f"{operation.name} has neither a handler nor a command"
        message: Any = operation.command(id=call.key, **call.path, **_fields(call.body))
        world = self.service.world
        try:
            command = admitted(message, call.principal, world.settled.projection)
        except NotAllowed as refused:
            raise Problem(403, "unauthorised", refused.reason, refused.field) from refused
        except Unfit as unfit:
            raise Problem(422, "missing", unfit.reason, unfit.field) from unfit
        if self.service.stage is not Stage.READY:
            raise Problem(503, "unavailable", "The engine is not ready; /readyz says why.", "", {"Retry-After": "2"})
        await self._precondition(call, world, command)
        return await self._ask(command, operation)

    async def _precondition(self, call: Call, world: World, command: AnyCommand) -> None:
        """Hold the incident, as it is decided now, against what the caller saw. The order is next in its lane then."""
        if not call.if_match:
            return
        with trio.move_on_after(self.config.durable_s):
            while self.service.lanes.depth(Lane.ORDERS):
                await trio.lowlevel.checkpoint()
        if world.answer(command) is None and not names_tag(call.if_match, tag_of(_encoder.encode(shown(world, call)))):
            reason = "The incident has changed since you saw it. Read it again, and decide again."
            raise Problem(412, "changed_meanwhile", reason, "If-Match")

    async def _ask(self, command: AnyCommand, operation: Operation) -> Reply:
        self.statistics.commands += 1
        with trio.move_on_after(self.config.durable_s):
            answer = await self.service.ask(command)
            if answer.refusal is not None:
                raise of_refusal(answer.refusal, frozenset(operation.named))
            done = Done(seq=answer.seq, incident=answer.incident, road=answer.road, caution=answer.caution)
            headers = {} if answer.incident is None else {"Location": f"/v1/incidents/{answer.incident}"}
            return Reply(done, 201 if operation.creates else 200, headers)
        reason = "It has not become durable in time; it may yet. Ask again with the same Idempotency-Key."
        raise Problem(503, "not_durable", reason, "", {"Retry-After": "1"})


# ── parts of a request ──────────────────────────────────────────────────────────────────────────────────────────


def _path_value(name: str, value: str) -> str:
    try:
        return msgspec.convert(value, Name)
    except msgspec.ValidationError as error:
        raise Problem(422, what_is_wrong(error)[0], f"{what_is_wrong(error)[2]}.", name) from error


def _query(operation: Operation, request: Request) -> Any:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Problem(422, "repeated", f"{name[:80]} is given twice. Give it once.", name[:80])
        given[name] = value
    if operation.query is None:
        if given:
            name = next(iter(given))[:80]
            raise Problem(422, "unknown_field", f"This takes no parameters, and no {name!r}.", name)
        return None
    try:
        query = msgspec.convert(given, operation.query, strict=False)
    except msgspec.ValidationError as error:
        code, field, sentence = what_is_wrong(error)
        raise Problem(422, code, f"{sentence}. /docs says which parameters there are.", field) from error
    for name in given:
        if getattr(query, name) is None:
            raise Problem(422, "wrong_type", "A parameter without a value is left out, not null.", name)
    return query


def _key(operation: Operation, request: Request) -> str:
    if operation.command is None:
        return ""
    key = request.headers.get("idempotency-key", "")
    if not key or len(key) > KEY_MAX or not key.isprintable():
        reason = (
            f"Every command bears a header Idempotency-Key, 1 to {KEY_MAX} printable characters of your choice, unique "
            "for ever among your own: asked again under the same key, it happens once."
        )
        raise Problem(400, "missing" if not key else "out_of_range", reason, "Idempotency-Key")
    return key


def _if_match(request: Request) -> str:
    given = request.headers.get("if-match")
    if given is None:
        return ""
    if not _TAGS.fullmatch(given):
        raise Problem(
            422, "malformed", 'If-Match bears the ETag that was told, with its quotes, or is "*".', "If-Match"
        )
    return given


async def _body(kind: type[Any], request: Request) -> Any:
    with trio.move_on_after(BODY_WAIT_S):
        content = await request.body()
        if not content and not any(field.required for field in msgspec.structs.fields(kind)):
            return kind()
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != JSON:
            reason = f"The body is to be {JSON}, said so by its Content-Type."
            raise Problem(415, "unknown_media_type", reason, "Content-Type", {"Accept": JSON})
        try:
            return msgspec.json.decode(content, type=kind)
        except UNREADABLE as error:
            code, field, sentence = what_is_wrong(error)
            status = 400 if code == "malformed" else 422
            raise Problem(
                status, code, f"{sentence}. Nothing was changed; /docs says what is expected.", field
            ) from error
    raise Problem(408, "slow_body", f"The body was not received within {BODY_WAIT_S:g} s. Send it again.")


def _fields(body: Any) -> dict[str, Any]:
    return {} if body is None else {name: getattr(body, name) for name in body.__struct_fields__}


# ── parts of an answer ──────────────────────────────────────────────────────────────────────────────────────────


def tag_of(content: bytes) -> str:
    """Return the ETag of an answer: equal only where the answer is."""
    return f'"{blake2b(content, digest_size=12).hexdigest()}"'


def _notice(operation: Operation) -> Mapping[str, str]:
    """Say that an operation will go (RFC 9745, RFC 8594)."""
    going = operation.deprecated
    if going is None:
        return {}
    return {
        "Deprecation": f"@{going.since_s}",
        "Sunset": formatdate(going.sunset_s, usegmt=True),
        "Link": f'<{going.successor}>; rel="successor-version"',
    }


def _response(request: Request, reply: Reply, headers: dict[str, str]) -> Response:
    content = _encoder.encode(reply.content)
    headers = {**headers, **reply.headers, "Cache-Control": "private, no-cache"}
    if request.method in ("GET", "HEAD"):
        headers["ETag"] = tag_of(content)
        if names_tag(request.headers.get("if-none-match", "-"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
    response = Response(content, reply.status, headers, JSON)
    if request.method == "HEAD":
        response.body = b""  # its length is told all the same
    return response
