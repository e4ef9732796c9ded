"""Messages about the course of a response: alarm levels, holds, stacks, second thoughts. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from gateways.vocabulary.words import Command, Name, Said, Text, Whole

Level = Annotated[int, Meta(ge=2, le=20)]


class Accept(Command, frozen=True, gc=False, kw_only=True):
    """Do what was recommended. If it no longer holds nothing is done, and the refusal names the new best."""

    incident: Name
    decision: Whole
    """`seq` of the delta that brought the recommendation, or the incident's `decided_seq`."""


class Supersede(Command, frozen=True, gc=False, kw_only=True):
    """Let this unit go in the place of that one, which has not arrived."""

    incident: Name
    unit: Name
    """The one that is relieved."""
    replacement: Name
    reason: Text = ""
    """Asked for where it was not recommended."""


class StrikeAlarm(Command, frozen=True, gc=False, kw_only=True):
    """The first alarm's units are not enough: send what the plan adds."""

    incident: Name
    level: Level | None = None
    """None: the next one."""
    reason: Text = ""


class Hold(Command, frozen=True, gc=False, kw_only=True):
    """Nobody more is to be sent before then."""

    incident: Name
    until_ms: Whole
    reason: Said


class EndHold(Command, frozen=True, gc=False, kw_only=True):
    """Send somebody now."""

    incident: Name


class Stack(Command, frozen=True, gc=False, kw_only=True):
    """This busy unit goes there next, as soon as it is clear."""

    incident: Name
    unit: Name
    reason: Text = ""


class Unstack(Command, frozen=True, gc=False, kw_only=True):
    """It need not be that unit."""

    incident: Name
    reason: Text = ""


class Reopen(Command, frozen=True, gc=False, kw_only=True):
    """It was not over."""

    incident: Name
    reason: Said


class SplitIncident(Command, frozen=True, gc=False, kw_only=True):
    """The merged incident was an occurrence of its own after all."""

    incident: Name
    reason: Said


class UnlinkIncidents(Command, frozen=True, gc=False, kw_only=True):
    """They do not belong together."""

    incident: Name
    other: Name


AnyResponseMessage: TypeAlias = (
    Accept | Supersede | StrikeAlarm | Hold | EndHold | Stack | Unstack | Reopen | SplitIncident | UnlinkIncidents
)
