"""The one table of messages: what each needs to be allowed, and which input of the engine a command becomes.

Rule: a message that is not in the table cannot reach the engine. Degrees become whole metres here and nowhere else.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from engine.model import crew_inputs, forgetting, inputs, moves, response_inputs, roads, surroundings
from engine.model.geometry import Projection
from gateways.auth import Principal, Right
from gateways.vocabulary import (
    crew_messages,
    incident_messages,
    move_messages,
    response_messages,
    surroundings_messages,
)
from gateways.vocabulary.questions import (
    AskAddress,
    AskCover,
    AskLeft,
    AskPreview,
    AskSuspects,
    AskWay,
    AskWhy,
    Question,
)
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, ReportTraffic, ReportWeather, Stretch
from gateways.vocabulary.words import Command

Build = Callable[[Any, str, Projection], inputs.AnyCommand]
"""From the message, the principal's name and the place's projection."""


class Unfit(Exception):
    """The fields of a message do not fit together."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class Rule(Struct, frozen=True):
    """How one type of message is treated."""

    right: Right
    build: Build


def _as(kind: Callable[..., inputs.AnyCommand]) -> Build:
    """Return the builder of an input whose fields are those of the message."""

    def build(message: Command, by: str, projection: Projection) -> inputs.AnyCommand:
        del projection
        return kind(by=by, **asdict(message))

    return build


def _report(message: incident_messages.ReportIncident, by: str, projection: Projection) -> inputs.ReportIncident:
    x_m, y_m = projection.to_metres(message.lat, message.lon)
    return inputs.ReportIncident(
        id=message.id,
        by=by,
        line=message.line,
        type=message.incident_type,
        x_m=x_m,
        y_m=y_m,
        priority=message.priority,
        address=message.address,
        caller=message.caller,
        note=message.note,
        external=message.external,
        code=message.code,
        due_ms=message.due_ms,
    )


def foreseen(question: AskPreview, projection: Projection) -> inputs.ReportIncident:
    """Return the report that a call would be which is still being typed; it is judged, never made."""
    x_m, y_m = projection.to_metres(question.lat, question.lon)
    kind, priority, code = question.incident_type, question.priority, question.code
    return inputs.ReportIncident(id="", by="", type=kind, x_m=x_m, y_m=y_m, priority=priority, code=code)


def _amend(message: incident_messages.AmendIncident, by: str, projection: Projection) -> inputs.AmendIncident:
    x_m, y_m = _place_of(message, projection)
    return inputs.AmendIncident(
        id=message.id,
        by=by,
        line=message.line,
        incident=message.incident,
        type=message.incident_type,
        priority=message.priority,
        x_m=x_m,
        y_m=y_m,
        address=message.address,
        caller=message.caller,
        code=message.code,
    )


def _caution(message: surroundings_messages.Caution, by: str, projection: Projection) -> surroundings.RecordCaution:
    x_m, y_m = projection.to_metres(message.lat, message.lon)
    fields = {name: value for name, value in asdict(message).items() if name not in ("lat", "lon", "polygon")}
    ring = None if message.polygon is None else tuple(projection.to_metres(lat, lon) for lat, lon in message.polygon)
    return surroundings.RecordCaution(by=by, x_m=x_m, y_m=y_m, polygon=ring, **fields)


def _place_of(message: incident_messages.AmendIncident, projection: Projection) -> tuple[int, int] | tuple[None, None]:
    if message.lat is None and message.lon is None:
        return None, None
    if message.lat is None or message.lon is None:
        raise Unfit("lat" if message.lat is None else "lon", "A position needs both its latitude and its longitude.")
    return projection.to_metres(message.lat, message.lon)


def _stretch(message: Stretch, projection: Projection) -> roads.Stretch:
    ring = message.polygon
    polygon = None if ring is None else tuple(projection.to_metres(lat, lon) for lat, lon in ring)
    return roads.Stretch(message.streets, message.classes, polygon, message.arcs)


def _on_stretch(kind: Callable[..., inputs.AnyCommand]) -> Build:
    """Return the builder of an input about a stretch, whose other fields are those of the message."""

    def build(message: CloseRoad | ReportTraffic, by: str, projection: Projection) -> inputs.AnyCommand:
        fields = asdict(message)
        return kind(by=by, **{**fields, "stretch": _stretch(message.stretch, projection)})

    return build


RULES: Final[dict[type[Command], Rule]] = {
    incident_messages.ReportIncident: Rule(Right.REPORT, _report),
    incident_messages.AmendIncident: Rule(Right.REPORT, _amend),
    incident_messages.Note: Rule(Right.REPORT, _as(inputs.AddNote)),
    incident_messages.ForgetIncident: Rule(Right.FORGET, _as(forgetting.ForgetIncident)),
    incident_messages.CancelIncident: Rule(Right.ORDER, _as(inputs.CancelIncident)),
    incident_messages.CloseIncident: Rule(Right.ORDER, _as(inputs.CloseIncident)),
    incident_messages.LinkIncidents: Rule(Right.ORDER, _as(inputs.LinkIncidents)),
    incident_messages.MergeIncident: Rule(Right.ORDER, _as(inputs.MergeIncident)),
    incident_messages.Recommend: Rule(Right.ORDER, _as(inputs.RecommendUnits)),
    incident_messages.Reserve: Rule(Right.ORDER, _as(inputs.ReserveUnits)),
    incident_messages.Dispatch: Rule(Right.ORDER, _as(inputs.DispatchUnits)),
    incident_messages.Divert: Rule(Right.ORDER, _as(inputs.DivertUnit)),
    incident_messages.Release: Rule(Right.ORDER, _as(inputs.ReleaseUnit)),
    incident_messages.UnitStatus: Rule(Right.STATUS, _as(inputs.ReportStatus)),
    incident_messages.UnitEmergency: Rule(Right.STATUS, _as(inputs.DeclareEmergency)),
    # Whoever holds a unit's radio may not say that it is safe: that is for somebody who has spoken to the crew.
    incident_messages.ResolveEmergency: Rule(Right.ORDER, _as(inputs.ResolveEmergency)),
    incident_messages.AcknowledgeAlarm: Rule(Right.ORDER, _as(inputs.AcknowledgeAlarm)),
    incident_messages.AcknowledgeAlert: Rule(Right.ORDER, _as(inputs.AcknowledgeAlert)),
    CloseRoad: Rule(Right.ROADS, _on_stretch(inputs.CloseRoad)),
    OpenRoad: Rule(Right.ROADS, _as(inputs.OpenRoad)),
    ReportTraffic: Rule(Right.ROADS, _on_stretch(inputs.ReportTraffic)),
    ReportWeather: Rule(Right.ROADS, _as(inputs.ReportWeather)),
    response_messages.Accept: Rule(Right.ORDER, _as(response_inputs.AcceptRecommendation)),
    response_messages.Supersede: Rule(Right.ORDER, _as(response_inputs.SupersedeUnit)),
    response_messages.StrikeAlarm: Rule(Right.ORDER, _as(response_inputs.StrikeAlarm)),
    response_messages.Hold: Rule(Right.ORDER, _as(response_inputs.HoldIncident)),
    response_messages.EndHold: Rule(Right.ORDER, _as(response_inputs.EndHold)),
    response_messages.Stack: Rule(Right.ORDER, _as(response_inputs.StackIncident)),
    response_messages.Unstack: Rule(Right.ORDER, _as(response_inputs.UnstackIncident)),
    response_messages.Reopen: Rule(Right.ORDER, _as(response_inputs.ReopenIncident)),
    response_messages.SplitIncident: Rule(Right.ORDER, _as(response_inputs.SplitIncident)),
    response_messages.UnlinkIncidents: Rule(Right.ORDER, _as(response_inputs.UnlinkIncidents)),
    crew_messages.Staffing: Rule(Right.STATUS, _as(crew_inputs.ReportStaffing)),
    crew_messages.CallRoll: Rule(Right.ORDER, _as(crew_inputs.CallRoll)),
    crew_messages.AnswerRoll: Rule(Right.STATUS, _as(crew_inputs.AnswerRoll)),
    crew_messages.AnswerAid: Rule(Right.ORDER, _as(crew_inputs.AnswerAid)),
    crew_messages.Decline: Rule(Right.STATUS, _as(crew_inputs.DeclineDispatch)),
    crew_messages.Delay: Rule(Right.STATUS, _as(crew_inputs.ReportDelay)),
    crew_messages.AskForHelp: Rule(Right.STATUS, _as(crew_inputs.RequestHelp)),
    crew_messages.TellUnit: Rule(Right.ORDER, _as(crew_inputs.TellUnit)),
    crew_messages.TellDispatch: Rule(Right.STATUS, _as(crew_inputs.TellDispatch)),
    surroundings_messages.Caution: Rule(Right.REPORT, _caution),
    surroundings_messages.EndCaution: Rule(Right.REPORT, _as(surroundings.EndCaution)),
    surroundings_messages.HospitalStatus: Rule(Right.REPORT, _as(surroundings.ReportHospital)),
    surroundings_messages.RankDestinations: Rule(Right.STATUS, _as(surroundings.RankDestinations)),
    surroundings_messages.ChooseDestination: Rule(Right.STATUS, _as(surroundings.ChooseDestination)),
    move_messages.AcceptMove: Rule(Right.ORDER, _as(moves.AcceptMove)),
    # A crew may say no to a move of its own: the message names the unit, and the engine holds the two together.
    move_messages.RejectMove: Rule(Right.STATUS, _as(moves.RejectMove)),
    move_messages.SnoozeMove: Rule(Right.ORDER, _as(moves.SnoozeMove)),
    move_messages.OrderMove: Rule(Right.ORDER, _as(moves.OrderMove)),
    move_messages.RecallUnit: Rule(Right.ORDER, _as(moves.RecallUnit)),
}

QUESTIONS: Final[dict[type[Question], Right]] = {
    AskWhy: Right.WATCH,
    # Judged against where incidents are and who called, which are not for everybody who may watch: whoever could ask
    # from several places would learn them.
    AskSuspects: Right.REPORT,
    AskPreview: Right.REPORT,
    AskAddress: Right.WATCH,
    AskCover: Right.WATCH,
    AskLeft: Right.WATCH,
    AskWay: Right.WATCH,
}
"""What each question needs."""

FIELDS: Final = {"type": "incident_type", "position": "lat"}
"""Fields of the engine's refusals that have another name on the wire."""


def units_of(message: Command) -> tuple[str, ...]:
    """Return the units that the message speaks for."""
    unit = getattr(message, "unit", None)
    return getattr(message, "units", ()) if unit is None else (unit,)


class NotAllowed(Exception):
    """The principal may not send this. `field` names what stands in the way: the type, or a unit."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def may_ask(question: Question, principal: Principal) -> None:
    """Raise NotAllowed if this principal may not ask that."""
    right = QUESTIONS[type(question)]
    if not principal.may(right):
        raise NotAllowed("type", f"A {principal.role} may not ask this: it needs the right to {right}.")


def admitted(message: Command, principal: Principal, projection: Projection) -> inputs.AnyCommand:
    """Return the engine's input of a message that this principal may send. Raises NotAllowed, Unfit."""
    rule = RULES[type(message)]
    if not principal.may(rule.right):
        raise NotAllowed("type", f"A {principal.role} may not send this: it needs the right to {rule.right}.")
    if isinstance(message, incident_messages.ForgetIncident) and message.incident in principal.holds:
        raise NotAllowed("incident", f"{message.incident} is on hold ([retention] hold): it may not be forgotten now.")
    if principal.units is not None:
        for unit in units_of(message):
            if not principal.speaks_for(unit):
                field = "unit" if hasattr(message, "unit") else "units"
                raise NotAllowed(field, f"{principal.name} may not speak for {unit}.")
    return rule.build(message, principal.name, projection)
