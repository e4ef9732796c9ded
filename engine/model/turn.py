"""A turn: one input, its time, and the facts it made true. The unit of the journal, of replay and of every screen."""

from msgspec import Struct

from engine.model.facts import AnyFact
from engine.model.inputs import AnyInput


class Turn(Struct, frozen=True, gc=False):
    """What happened at one instant."""

    seq: int
    now: int
    """Milliseconds since the epoch, UTC; never less than that of the turn before."""
    input: AnyInput
    facts: tuple[AnyFact, ...]


class Refusal(Struct, frozen=True, gc=False):
    """Why a command changed nothing: the field at fault, and a sentence that says what to do."""

    code: str
    field: str
    reason: str


class Answer(Struct, frozen=True, gc=False):
    """What the sender of a command is told, the same each time it asks."""

    seq: int
    incident: str | None = None
    """The incident that the command created."""
    refusal: Refusal | None = None
    digest: bytes = b""
    """Of the command: the same id with other contents is a mistake of the sender."""
    road: str | None = None
    """The closure or slowing that the command made or replaced."""
    caution: str | None = None
    """The caution that the command made or replaced."""
