"""Commands of the API: which path each has. What a command holds, needs and becomes is said in the shared vocabulary.

Rule: every command of the vocabulary has exactly one path. What the path does not name is the body, with the same
bounds; `id` is the header Idempotency-Key.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateways.api.operation import Operation
from gateways.vocabulary import crew_messages as crew
from gateways.vocabulary import incident_messages as incidents
from gateways.vocabulary import move_messages as moves
from gateways.vocabulary import response_messages as response
from gateways.vocabulary import road_messages as roads
from gateways.vocabulary import surroundings_messages as surroundings
from gateways.vocabulary.commands import RULES
from gateways.vocabulary.words import Command

INCIDENT: Final = "/v1/incidents/{incident}"
UNIT: Final = "/v1/units/{unit}"
_PATHS: Final[tuple[tuple[str, str, type[Command]], ...]] = (
    ("POST", "/v1/incidents", incidents.ReportIncident),
    ("PATCH", INCIDENT, incidents.AmendIncident),
    ("POST", f"{INCIDENT}/notes", incidents.Note),
    ("POST", f"{INCIDENT}/cancel", incidents.CancelIncident),
    ("POST", f"{INCIDENT}/close", incidents.CloseIncident),
    ("POST", f"{INCIDENT}/reopen", response.Reopen),
    ("POST", f"{INCIDENT}/links", incidents.LinkIncidents),
    ("POST", f"{INCIDENT}/unlink", response.UnlinkIncidents),
    ("POST", f"{INCIDENT}/merge", incidents.MergeIncident),
    ("POST", f"{INCIDENT}/split", response.SplitIncident),
    ("POST", f"{INCIDENT}/forget", incidents.ForgetIncident),
    ("POST", f"{INCIDENT}/recommend", incidents.Recommend),
    ("POST", f"{INCIDENT}/accept", response.Accept),
    ("POST", f"{INCIDENT}/reserve", incidents.Reserve),
    ("POST", f"{INCIDENT}/dispatch", incidents.Dispatch),
    ("POST", f"{INCIDENT}/divert", incidents.Divert),
    ("POST", f"{INCIDENT}/release", incidents.Release),
    ("POST", f"{INCIDENT}/supersede", response.Supersede),
    ("POST", f"{INCIDENT}/strike", response.StrikeAlarm),
    ("POST", f"{INCIDENT}/hold", response.Hold),
    ("POST", f"{INCIDENT}/end-hold", response.EndHold),
    ("POST", f"{INCIDENT}/stack", response.Stack),
    ("POST", f"{INCIDENT}/unstack", response.Unstack),
    ("POST", f"{INCIDENT}/call-roll", crew.CallRoll),
    ("POST", f"{INCIDENT}/answer-aid", crew.AnswerAid),
    ("POST", f"{UNIT}/status", incidents.UnitStatus),
    ("POST", f"{UNIT}/emergency", incidents.UnitEmergency),
    ("POST", f"{UNIT}/resolve-emergency", incidents.ResolveEmergency),
    ("POST", f"{UNIT}/staffing", crew.Staffing),
    ("POST", f"{UNIT}/answer-roll", crew.AnswerRoll),
    ("POST", f"{UNIT}/decline", crew.Decline),
    ("POST", f"{UNIT}/delay", crew.Delay),
    ("POST", f"{UNIT}/ask-for-help", crew.AskForHelp),
    ("POST", f"{UNIT}/tell", crew.TellUnit),
    ("POST", f"{UNIT}/say", crew.TellDispatch),
    ("POST", f"{UNIT}/rank-destinations", surroundings.RankDestinations),
    ("POST", f"{UNIT}/choose-destination", surroundings.ChooseDestination),
    ("POST", f"{UNIT}/move", moves.OrderMove),
    ("POST", f"{UNIT}/recall", moves.RecallUnit),
    ("POST", "/v1/moves/{move}/accept", moves.AcceptMove),
    ("POST", "/v1/moves/{move}/reject", moves.RejectMove),
    ("POST", "/v1/moves/{move}/snooze", moves.SnoozeMove),
    ("POST", "/v1/alarms/{alarm}/acknowledge", incidents.AcknowledgeAlarm),
    ("POST", "/v1/alerts/{alert}/acknowledge", incidents.AcknowledgeAlert),
    ("POST", "/v1/roads/closures", roads.CloseRoad),
    ("POST", "/v1/roads/closures/{closure}/open", roads.OpenRoad),
    ("POST", "/v1/roads/traffic", roads.ReportTraffic),
    ("POST", "/v1/roads/weather", roads.ReportWeather),
    ("POST", "/v1/cautions", surroundings.Caution),
    ("POST", "/v1/cautions/{caution}/end", surroundings.EndCaution),
    ("POST", "/v1/hospitals/{hospital}/report", surroundings.HospitalStatus),
)
_CREATES: Final = (incidents.ReportIncident, roads.CloseRoad, surroundings.Caution)


class Done(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The command happened, and is durable. Asked again under the same key, the same answer comes."""

    seq: int
    """The turn in which it happened: `/v1/incidents` and the WebSocket's deltas count by it."""
    incident: str | None = None
    """The incident that it created."""
    road: str | None = None
    """The closure or slowing that it made or replaced."""
    caution: str | None = None
    """The caution that it made or replaced."""


def command_operations() -> tuple[Operation, ...]:
    """Return an operation for every command."""
    return tuple(_operation(method, path, kind) for method, path, kind in _PATHS)


def _operation(method: str, path: str, kind: type[Command]) -> Operation:
    named = frozenset(re.findall(r"{(\w+)}", path))
    return Operation(
        method=method,
        path=path,
        name=_words(kind.__name__),
        tag=path.split("/")[2],
        summary=(kind.__doc__ or "").strip().splitlines()[0],
        right=RULES[kind].right,
        answers=Done,
        body=_body(kind, named),
        command=kind,
        creates=kind in _CREATES,
        conditional="incident" in named,
        statuses=(404, 409) if named else (409,),
    )


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _body(kind: type[Command], named: frozenset[str]) -> type[Struct]:
    """Return what of the command is left for the body, with the same types and defaults."""
    fields: list[Any] = []
    for each in msgspec.structs.fields(kind):
        if each.name == "id" or each.name in named:
            continue
        field = (each.name, each.type) if each.required else (each.name, each.type, each.default)
        fields.append(field)
    return msgspec.defstruct(
        f"{kind.__name__}Body",
        fields,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        module=__name__,
        namespace={"__doc__": kind.__doc__},
    )
