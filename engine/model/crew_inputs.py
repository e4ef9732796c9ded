"""Commands about crews: who is on board, whether they are well, and what a neighbour answers."""

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


AnyCrewCommand: TypeAlias = ReportStaffing | CallRoll | AnswerRoll | AnswerAid
