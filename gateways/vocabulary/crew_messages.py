"""Messages about crews and neighbours. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from engine.model.crew_inputs import Help
from gateways.vocabulary.words import Command, Name, Text, Whole

Staff = Annotated[int, Meta(ge=0, le=100)]
Words = Annotated[str, Meta(min_length=1, max_length=1_000)]
Capabilities = Annotated[tuple[Name, ...], Meta(max_length=63)]


class Staffing(Command, frozen=True, gc=False, kw_only=True):
    """So many people are on the unit."""

    unit: Name
    staff: Staff
    brings: Capabilities = ()
    """Capabilities that this crew adds to its vehicle's: a paramedic on the engine."""


class CallRoll(Command, frozen=True, gc=False, kw_only=True):
    """Ask every unit on scene whether its people are well (PAR, personnel accountability report)."""

    incident: Name


class AnswerRoll(Command, frozen=True, gc=False, kw_only=True):
    """The unit's people are accounted for. It speaks for no other unit."""

    unit: Name


class AnswerAid(Command, frozen=True, gc=False, kw_only=True):
    """A neighbour's word on a request for one of its units."""

    unit: Name
    incident: Name
    committed: bool
    reason: Text = ""


class Decline(Command, frozen=True, gc=False, kw_only=True):
    """The crew does not go, or does not go on. Its place is decided anew at once, and a person is told."""

    unit: Name
    incident: Name
    reason: Text
    at_ms: Whole | None = None
    """When it was said, by the reporter's clock; None is now."""


class Delay(Command, frozen=True, gc=False, kw_only=True):
    """The crew arrives so much later than is expected now."""

    unit: Name
    incident: Name
    minutes: Annotated[int, Meta(ge=1, le=240)]
    reason: Text = ""
    at_ms: Whole | None = None
    """When it was said, by the reporter's clock; None is now."""


class AskForHelp(Command, frozen=True, gc=False, kw_only=True):
    """The crew asks for somebody to come as well. If it is itself in danger: `unit_emergency`."""

    unit: Name
    what: Help
    text: Text = ""
    at_ms: Whole | None = None
    """When it was said, by the reporter's clock; None is now."""


class TellUnit(Command, frozen=True, gc=False, kw_only=True):
    """Words for a crew. They go the way of its alerts; if they cannot be brought, an alarm asks a person to say them."""

    unit: Name
    text: Words


class TellDispatch(Command, frozen=True, gc=False, kw_only=True):
    """Words of a crew."""

    unit: Name
    text: Words
    at_ms: Whole | None = None
    """When it was said, by the reporter's clock; None is now."""


AnyCrewMessage: TypeAlias = (
    Staffing | CallRoll | AnswerRoll | AnswerAid | Decline | Delay | AskForHelp | TellUnit | TellDispatch
)
