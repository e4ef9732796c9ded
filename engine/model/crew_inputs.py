"""Commands about crews: who is on board, whether they are well, what they say and are told, what a neighbour answers."""

from enum import StrEnum
from typing import TypeAlias

from engine.model.input import Command


class ReportStaffing(Command, frozen=True, gc=False):
    """So many people are on the unit."""

    unit: str
    staff: int
    brings: tuple[str, ...] = ()
    """Capabilities that this crew adds to its vehicle's: a paramedic on the engine."""


class CallRoll(Command, frozen=True, gc=False):
    """Ask every unit on scene whether its people are well (PAR, personnel accountability report)."""

    incident: str


class AnswerRoll(Command, frozen=True, gc=False):
    """The unit's people are accounted for."""

    unit: str


class AnswerAid(Command, frozen=True, gc=False):
    """A neighbour's word on a request for one of its units."""

    unit: str
    incident: str
    committed: bool
    reason: str = ""


class Help(StrEnum):
    """What a crew asks for. Its own emergency is another command, and comes before everything else."""

    MORE_UNITS = "more_units"
    POLICE = "police"
    MEDICAL = "medical"
    FIRE = "fire"
    OTHER = "other"


class DeclineDispatch(Command, frozen=True, gc=False):
    """The crew does not go, or does not go on: somebody else has to."""

    unit: str
    incident: str
    reason: str
    at_ms: int | None = None
    """When it was said, by the reporter's clock; None is now."""


class ReportDelay(Command, frozen=True, gc=False):
    """The crew will arrive so much later than is expected now."""

    unit: str
    incident: str
    minutes: int
    reason: str = ""
    at_ms: int | None = None
    """When it was said, by the reporter's clock; None is now."""


class RequestHelp(Command, frozen=True, gc=False):
    """The crew asks for somebody to come as well."""

    unit: str
    what: Help
    text: str = ""
    at_ms: int | None = None
    """When it was said, by the reporter's clock; None is now."""


class TellUnit(Command, frozen=True, gc=False):
    """Bring the crew these words, as any alert is brought to it."""

    unit: str
    text: str


class TellDispatch(Command, frozen=True, gc=False):
    """The crew says this."""

    unit: str
    text: str
    at_ms: int | None = None
    """When it was said, by the reporter's clock; None is now."""


AnyCrewCommand: TypeAlias = (
    ReportStaffing
    | CallRoll
    | AnswerRoll
    | AnswerAid
    | DeclineDispatch
    | ReportDelay
    | RequestHelp
    | TellUnit
    | TellDispatch
)
