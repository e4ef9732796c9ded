"""`POST /asap` for alarm companies, and `POST /asap/{incident}/query` for the dispatcher who asks one of them something.

Rule: 200 is an answer of the agency, also where it is no; 4xx says that the message itself is wrong, 503 to ask again.
"""

from typing import Annotated, Final

import msgspec
import trio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.live.service import Service
from engine.model.inputs import AddNote
from gateways.asap.intake import ASK_S, PREFIX, Intake, NotDurable
from gateways.asap.messages import Answer, AnyMessage
from gateways.asap.notices import QUESTION
from gateways.bodies import Authorise, Refused, admitted, answer_of, body_of

BODY_MAX: Final = 32_768
LATE: Final = "The engine has not made this durable in time. Send the same again."
_decoder = msgspec.json.Decoder(AnyMessage)


class _Question(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=1_000)]
    id: Annotated[str, Meta(min_length=1, max_length=64)]


class Entrance:
    """Reads what comes in and hands it to the intake."""

    def __init__(self, service: Service, intake: Intake, companies: Authorise, dispatchers: Authorise) -> None:
        self._service = service
        self._intake = intake
        self._companies = companies
        self._dispatchers = dispatchers

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted on the HTTP listener."""
        return [
            Route("/asap", self.message, methods=["POST"]),
            Route("/asap/{incident}/query", self.question, methods=["POST"]),
        ]

    async def message(self, request: Request) -> Response:
        """Answer one message of a company."""
        try:
            return _json(await self._message(request))
        except Refused as refused:
            self._intake.counts[f"refused_{refused.status}"] += 1
            return answer_of(refused)

    async def question(self, request: Request) -> Response:
        """Write a dispatcher's question down; the company is sent it once that is durable."""
        try:
            return _json(await self._question(request))
        except Refused as refused:
            return answer_of(refused)

    async def _message(self, request: Request) -> Answer:
        principal = admitted(request, self._companies, "alarms of alarm companies")
        company = self._intake.company(principal.name)
        if company is None:
            raise Refused(403, f"{principal.name} is not among the alarm companies of the configuration.")
        message = read_message(await body_of(request, BODY_MAX))
        try:
            return await self._intake.take(company, message)
        except NotDurable:
            raise Refused(503, LATE) from None

    async def _question(self, request: Request) -> dict[str, str]:
        principal = admitted(request, self._dispatchers, "asking alarm companies")
        asked = _question(await body_of(request, BODY_MAX))
        incident = request.path_params["incident"]
        alarm = self._intake.alarm_of(incident)
        if not alarm:
            raise Refused(404, f"{incident[:80]} is no open incident that an alarm company has reported.")
        note = AddNote(
            id=f"{PREFIX}/query/{asked.id}", by=principal.name, incident=incident, text=f"{QUESTION}{asked.text}"
        )
        with trio.move_on_after(ASK_S):
            answer = await self._service.ask(note)
            if answer.refusal is not None:
                raise Refused(409, answer.refusal.reason)
            return {"alarm": alarm, "asked": asked.text}
        raise Refused(503, LATE)


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def read_message(body: bytes) -> AnyMessage:
    """Return the message. Raises Refused 400 naming the field."""
    try:
        message: AnyMessage = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f"This is no message of an alarm company: {error}.") from None
    return message


def _question(body: bytes) -> _Question:
    try:
        return msgspec.json.decode(body, type=_Question)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f'The body is to be {{"id": "…", "text": "…"}}: {error}.') from None
