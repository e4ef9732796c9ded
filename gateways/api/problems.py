"""Errors as problem+json (RFC 9457): what happened, what it means, what to do; and which field to mend.

Rule: the status says who has to act. 401 show a token; 403 ask somebody else; 404 there is no such thing; 409 look again,
the world has moved on; 412 somebody was faster; 422 mend the field that is named; 429 and 503 come back later.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.responses import Response

from engine.model.turn import Refusal
from gateways.vocabulary.commands import FIELDS
from gateways.web import problem

UNFIT: Final = frozenset(
    {
        "closes_everything",
        "id_reused",
        "missing",
        "no_streets",
        "out_of_range",
        "reason_required",
        "repeated",
        "same_incident",
        "too_long",
        "too_many",
        "touches_nothing",
    }
)
"""Codes of the engine for commands that are wrong whatever the World is like; all others lie in how it stands now."""


class Problem(Exception):
    """Ends a request with this answer."""

    def __init__(
        self, status: int, code: str, reason: str, field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason)
        self.status, self.code, self.reason, self.field = status, code, reason, field
        self.headers = dict(headers or {})


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """Why it was not done (RFC 9457). Nothing was changed, unless the status is 503: then ask again, under the same key."""

    type: str
    """`urn:turnout:problem:` and the code."""
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    """What happened, what it means, what to do."""
    code: str
    """For programs; codes are added, never changed."""
    field: str
    """Path of the field, parameter or header at fault; empty where it is the request as a whole."""


def render(found: Problem) -> Response:
    """Return the answer."""
    members = {"type": f"urn:turnout:problem:{found.code}", "code": found.code, "field": found.field}
    return problem(found.status, found.reason, found.headers, members)


def of_refusal(refusal: Refusal, named: frozenset[str]) -> Problem:
    """Return the problem of a command that the engine refused; `named` are the fields that the path gave."""
    field = FIELDS.get(refusal.field, refusal.field)
    if refusal.code.startswith("unknown_"):
        status = 404 if field in named else 422
    else:
        status = 422 if refusal.code in UNFIT else 409
    return Problem(status, refusal.code, refusal.reason, "Idempotency-Key" if field == "id" else field)
