"""Messages about crews and neighbours. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from gateways.vocabulary.words import Command, Name, Text

Staff = Annotated[int, Meta(ge=0, le=100)]
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


AnyCrewMessage: TypeAlias = Staffing | CallRoll | AnswerRoll | AnswerAid
