"""Commands about the course of a response: alarm levels, held and stacked incidents, second thoughts."""

from typing import TypeAlias

from engine.model.input import Command


class StrikeAlarm(Command, frozen=True, gc=False):
    """The first alarm's units are not enough: send what the plan adds."""

    incident: str
    level: int | None = None
    """None: the next one."""
    reason: str = ""


class HoldIncident(Command, frozen=True, gc=False):
    """Nobody is to be sent before then."""

    incident: str
    until_ms: int
    reason: str


class EndHold(Command, frozen=True, gc=False):
    """Send somebody now."""

    incident: str


class StackIncident(Command, frozen=True, gc=False):
    """This busy unit goes there next, as soon as it is clear."""

    incident: str
    unit: str
    reason: str = ""


class UnstackIncident(Command, frozen=True, gc=False):
    """It need not be that unit."""

    incident: str
    reason: str = ""


class ReopenIncident(Command, frozen=True, gc=False):
    """It was not over."""

    incident: str
    reason: str


class SplitIncident(Command, frozen=True, gc=False):
    """The merged incident was an occurrence of its own after all."""

    incident: str
    reason: str


class UnlinkIncidents(Command, frozen=True, gc=False):
    """They do not belong together."""

    incident: str
    other: str


class SupersedeUnit(Command, frozen=True, gc=False):
    """Let this unit go in the place of that one."""

    incident: str
    unit: str
    """The one that is relieved."""
    replacement: str
    reason: str = ""


class AcceptRecommendation(Command, frozen=True, gc=False):
    """Do what was recommended. If it no longer holds, nothing is done and the new best is told."""

    incident: str
    decision: int
    """The `seq` of the recommendation that the person has seen."""


AnyResponseCommand: TypeAlias = (
    StrikeAlarm
    | HoldIncident
    | EndHold
    | StackIncident
    | UnstackIncident
    | ReopenIncident
    | SplitIncident
    | UnlinkIncidents
    | SupersedeUnit
    | AcceptRecommendation
)
