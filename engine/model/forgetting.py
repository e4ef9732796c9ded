"""Forgetting an incident's people: the input, and the fact that it has happened. What was decided stays."""

from engine.model.fact import Fact
from engine.model.input import Command


class ForgetIncident(Command, frozen=True, gc=False):
    """Who called, what they said and where they live is to be erased. The incident must be over."""

    incident: str
    reason: str
    """Kept: do not name people in it."""


class IncidentForgotten(Fact, frozen=True, gc=False):
    """Its people's data are erased: here, and wherever they were sealed under its key."""

    incident: str
    reason: str
    by: str
