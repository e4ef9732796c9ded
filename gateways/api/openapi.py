"""The OpenAPI 3.1 document, made from the operations that are served and the types that they decode and encode."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import Struct

from gateways.api.operation import Operation
from gateways.api.problems import ProblemDetails
from gateways.api.shapes import Told
from gateways.api.verbs import letters_of, verb_sheet
from gateways.vocabulary.words import Name

VERSION: Final = "1.0.0"
REF: Final = "#/components/schemas/{name}"
PROBLEM: Final = "application/problem+json"
ABOUT: Final = """\
Watch the board and give orders over HTTP. The commands are those of the WebSocket, with the same bounds and the same
answers; a screen that follows the board should take the WebSocket (`/docs/websocket`).

**Tokens.** `Authorization: Bearer name.secret`. What is personal and not for your role is left out, and `redacted` says so.

**Commands** bear an `Idempotency-Key`: asked again under the same key, a command happens once and gets the same answer;
the same key with other contents is refused (422). An answer comes when what it tells is durable. Keys share their
names with the ids of the WebSocket.

**Lost updates.** `GET` bears an `ETag`. A command about an incident that bears it as `If-Match` is refused (412) if the
incident has changed since.

**Lists** come in pages: `next` is the `cursor` of the following one.

**Errors** are `application/problem+json` (RFC 9457) and name the `field` and a `code`.

**How often.** `RateLimit-Policy` and `RateLimit` say what is left to your principal; 429 and 503 say when to come back
(`Retry-After`). A crew that calls for help is never told to wait.

**Versions.** Fields are added to what is answered; pass over those that you do not know. What is taken is never changed
within /v1. An operation that will go says so for at least twelve months: `Deprecation`, `Sunset`, and a `Link` to what
to use instead.

**Verbs.** `/v1/verbs` is the registry from which the console's command line is made (`x-verbs` here): what is typed there
becomes these same commands."""

_TOKEN_OR_PACE: Final = (401, 403, 429, 503)
_MEANS: Final = {
    400: "It could not be read, or a header is missing.",
    401: "Nobody has this token.",
    403: "The token's role may not, or not for this unit.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "It does not fit how things stand now. Look again.",
    412: "The incident has changed since it was seen.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field, parameter or key does not fit; `field` names it.",
    429: "Too often. `Retry-After` says when to come back.",
    503: "Not in time, or not ready. Ask again, under the same key.",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document."""
    served = tuple(operations)
    kinds = list(dict.fromkeys(kind for each in served for kind in (each.answers, each.body) if _is_told(kind)))
    refs, components = msgspec.json.schema_components([*kinds, ProblemDetails], ref_template=REF)
    schemas = dict(zip(kinds, refs, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for each in served:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Turnout", "version": VERSION, "description": ABOUT, "license": _LICENCE},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in served)],
        "paths": paths,
        "x-verbs": verb_sheet(served),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "name.secret"}},
            "schemas": dict(sorted(components.items())),
            "responses": {f"Problem{status}": _problem(status) for status in _MEANS},
        },
    }


_LICENCE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _is_told(kind: Any) -> bool:
    return kind is not None and kind is not Told


def _operation(each: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": each.name,
        "tags": [each.tag],
        "summary": each.summary,
        "parameters": _parameters(each),
        "responses": _responses(each, schemas),
    }
    if each.right is not None:
        found["description"] = f"Needs the right to {each.right}.{_typed(each)}"
    if each.body is not None:
        required = any(field.required for field in msgspec.structs.fields(each.body))
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": schemas[each.body]}}}
    if each.deprecated is not None:
        found["deprecated"] = True
    return found


def _typed(each: Operation) -> str:
    """Say how it is typed at the console."""
    letters = ", ".join(f"`{verb}`" for verb in letters_of(each.says))
    return f" On the console's command line: {letters}." if letters else ""


def _parameters(each: Operation) -> list[dict[str, Any]]:
    named = [_parameter("path", name, Name, required=True) for name in each.named]
    asked = [] if each.query is None else _query(each.query)
    if each.command is not None:
        schema = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}
        asked.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema})
    if each.conditional:
        asked.append({"name": "If-Match", "in": "header", "required": False, "schema": _ETAG})
    return named + asked


_ETAG: Final = {"type": "string", "pattern": '^([*]|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'}


def _query(kind: type[Struct]) -> list[dict[str, Any]]:
    types = get_type_hints(kind, include_extras=True)
    return [_parameter("query", field.name, types[field.name]) for field in msgspec.structs.fields(kind)]


def _parameter(where: str, name: str, kind: Any, *, required: bool = False) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)
    for definition in schema.pop("$defs", {}).values():
        # Enumerations of the engine are written out: a parameter is a word, not an object.
        schema = {"type": "string", "enum": definition["enum"]}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    schema = choices[0] if len(choices) == 1 else schema
    return {"name": name, "in": where, "required": required, "schema": schema}


def _responses(each: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    status = 201 if each.creates else 200
    content = schemas.get(each.answers, {"type": "object"})
    told: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": dict(_PACE)}
    told["content"] = {"application/json": {"schema": content}}
    if each.method == "GET":
        told["headers"]["ETag"] = {"schema": {"type": "string"}}
    statuses = {*_TOKEN_OR_PACE, *each.statuses}
    if each.query is not None or each.named or each.body is not None or each.method == "GET":
        statuses.add(422)
    if each.body is not None:
        statuses |= {400, 408, 413, 415}
    if each.command is not None:
        statuses.add(400)
    if each.conditional:
        statuses.add(412)
    found: dict[str, Any] = {str(status): told}
    if each.method == "GET":
        found["304"] = {"description": "As it was: `If-None-Match` held."}
    return found | {str(each): {"$ref": f"#/components/responses/Problem{each}"} for each in sorted(statuses)}


_PACE: Final = {name: {"schema": {"type": "string"}} for name in ("RateLimit-Policy", "RateLimit")}


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": _MEANS[status],
        "content": {PROBLEM: {"schema": {"$ref": REF.format(name=ProblemDetails.__name__)}}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found
