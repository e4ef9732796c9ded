"""What a unit's position suggests about its status: a word for a person, or for the rung itself where rules say so.

Rule: a position is not a crew. What the crew reports stands, before and after; a suggestion only fills a silence.
"""

from typing import TypeAlias

from engine.model.fact import Fact
from engine.model.input import Input
from engine.model.lifecycle import Status

BY_POSITION = "position"
"""Who has advanced a unit whose crew has said nothing."""


class SuggestStatus(Input, frozen=True, gc=False, kw_only=True):
    """The unit has stood there for a while: at its incident, or in quarters."""

    unit: str
    status: Status
    """`on_scene` or `available` (in quarters)."""
    incident: str | None = None
    since_ms: int
    """Of the first of the fixes that say so."""
    fixes: int
    metres: int
    """How far from the middle the farthest of them was."""


class StatusSuggested(Fact, frozen=True, gc=False):
    """By its position the unit is there, and its crew has not said so."""

    unit: str
    incident: str | None
    status: Status
    since_ms: int
    reason: str
    applied: bool = False
    """The rules take it for true until the crew says otherwise; what that changes follows in the turn."""


AnySuggestionFact: TypeAlias = StatusSuggested
