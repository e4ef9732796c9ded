"""Messages about moves of units between posts. Part of the vocabulary that all gateways share."""

from typing import TypeAlias

from gateways.vocabulary.words import Command, Name, Said, Whole


class AcceptMove(Command, frozen=True, gc=False, kw_only=True):
    """Tell the crew."""

    move: Name


class RejectMove(Command, frozen=True, gc=False, kw_only=True):
    """A dispatcher, or the crew itself, says no: to a proposal, or on the way."""

    move: Name
    unit: Name
    """The unit that it moves: a crew speaks for its own."""
    reason: Said


class SnoozeMove(Command, frozen=True, gc=False, kw_only=True):
    """Not now: it may be proposed again after this."""

    move: Name
    for_ms: Whole


class OrderMove(Command, frozen=True, gc=False, kw_only=True):
    """Send an idle unit to a post, proposed or not."""

    unit: Name
    post: Name
    reason: Said


class RecallUnit(Command, frozen=True, gc=False, kw_only=True):
    """The unit belongs to its home station again."""

    unit: Name
    reason: Said


AnyMoveMessage: TypeAlias = AcceptMove | RejectMove | SnoozeMove | OrderMove | RecallUnit
