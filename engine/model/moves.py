"""Moves of idle units between posts: the words of redeployment (move-up), and each move's reasons in two steps.

A *post* is any station of the place. Every unit belongs to one post at a time: its home station, until a move gives it
another. Shares of demand are told in parts per million of all demand of the unit's capability class.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from engine.model.fact import Fact
from engine.model.input import Command, Input
from engine.model.plans import Mode

MILLION = 1_000_000


class MoveRules(Struct, frozen=True):
    """What an agency asks of moves: the guard holds every one of them to it, whichever policy proposed it."""

    mode: Mode = Mode.ADVISE
    """Shadow: only record. Advise: a person accepts. Auto: the crew is told."""
    at_once: int = 1
    """So many idle units may be under way to a new post at the same time."""
    gain_min: int = 2_000
    """Parts per million of demand: a move that covers less than this more is not worth a crew's while."""
    drive_ms_max: int = 1_200_000
    """No move takes longer than this."""
    budget: int = 8
    """Idle moves of one crew in one tour of duty."""
    cool_down_ms: int = 1_200_000
    """A crew that has been moved stays for so long."""
    shift_end_ms: int = 1_800_000
    """Nobody is moved whose shift ends within this."""
    refused_ms: int = 1_800_000
    """A move that a person or a crew has refused is not proposed again for so long."""
    expires_ms: int = 300_000
    """A proposal that nobody has answered by then is withdrawn."""


class OtherMove(Struct, frozen=True, gc=False):
    """What else could have been done, and why it was not."""

    unit: str
    post: str
    travel_ms: int
    gain: int
    price: int


class MoveWhy(Struct, frozen=True):
    """Two steps, as dispatchers think: which post is to be filled, then which unit fills it."""

    policy: str
    cover_now: int
    cover_then: int
    """Share of demand that is covered now, and once the unit stands there."""
    gain: int
    """What the move adds, before its price."""
    price: int
    """What the drive and the burden of the crew count."""
    hole_ms: int
    """How long the hole would probably last without a move: until a busy unit can fill it; -1: nobody can tell."""
    fill: str
    """Which post, and why: a sentence."""
    choice: str
    """Which unit, and why: a sentence."""
    others: tuple[OtherMove, ...] = ()
    """The next best, at most three."""


class ProposedMove(Struct, frozen=True):
    """A unit that should stand elsewhere."""

    unit: str
    post: str
    travel_ms: int
    """Normal driving, from where it is now."""
    why: MoveWhy


class Cover(Struct, frozen=True, gc=False):
    """How well one class of demand is covered, in parts per million."""

    layer: str
    now: int
    then: int
    """If all that is proposed is done; the same as `now` where nothing is."""


# ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────


class ProposeMoves(Input, frozen=True, gc=False):
    """The planner beside the engine has thought about the World of turn `seq`. It replaces what it proposed before."""

    seq: int
    policy: str
    moves: tuple[ProposedMove, ...]
    cover: tuple[Cover, ...] = ()


class AcceptMove(Command, frozen=True, gc=False):
    """Tell the crew."""

    move: str


class RejectMove(Command, frozen=True, gc=False):
    """A person, or the crew itself, says no. A crew that is under way stays at its old post."""

    move: str
    reason: str
    unit: str = ""
    """The unit that the speaker has in mind: if the move is another's, nothing is done. Empty: whosever it is."""


class SnoozeMove(Command, frozen=True, gc=False):
    """Not now: ask again after this."""

    move: str
    for_ms: int


class OrderMove(Command, frozen=True, gc=False):
    """A person sends an idle unit to a post, proposed or not."""

    unit: str
    post: str
    reason: str


class RecallUnit(Command, frozen=True, gc=False):
    """The unit belongs to its home station again."""

    unit: str
    reason: str


AnyMoveCommand: TypeAlias = AcceptMove | RejectMove | SnoozeMove | OrderMove | RecallUnit


# ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────


class MoveOutcome(StrEnum):
    """How a move ended."""

    ARRIVED = "arrived"
    DISPATCHED = "dispatched"
    """It was sent to an incident on the way."""
    REPLACED = "replaced"
    """It was sent to another post instead."""
    RECALLED = "recalled"
    REFUSED = "refused"
    """By its crew or a person, on the way."""
    OUT = "out"
    """The unit went out of service or off duty."""


class PlanProposed(Fact, frozen=True, gc=False):
    """The planner has spoken; its proposals follow as facts of their own."""

    seq: int
    policy: str
    cover: tuple[Cover, ...]


class MoveProposed(Fact, frozen=True, gc=False, kw_only=True):
    """A unit should stand elsewhere."""

    move: str
    unit: str
    source: str
    """The post that it belongs to now."""
    post: str
    travel_ms: int
    mode: Mode
    idle: bool
    """It stands idle, or was on its way home for a while; else it has just become free and only drives home elsewhere."""
    why: MoveWhy


class MoveHeldBack(Fact, frozen=True, gc=False):
    """The guard has kept a proposal from a crew, for this reason."""

    unit: str
    post: str
    code: str
    reason: str


class MoveWithdrawn(Fact, frozen=True, gc=False):
    """The proposal no longer stands."""

    move: str
    reason: str


class MoveRefused(Fact, frozen=True, gc=False):
    """Somebody said no to a proposal, or not now; it is not proposed again before then."""

    move: str
    unit: str
    post: str
    reason: str
    until_ms: int
    by: str


class MoveOrdered(Fact, frozen=True, gc=False, kw_only=True):
    """The unit belongs to that post now, and its crew is told to drive there."""

    move: str
    unit: str
    source: str
    post: str
    travel_ms: int
    idle: bool
    by: str
    reason: str = ""


class MoveEnded(Fact, frozen=True, gc=False):
    """The unit is no longer on its way to the post that it was moved to."""

    move: str
    unit: str
    outcome: MoveOutcome
    post: str
    """Where it belongs from now on."""
    by: str


AnyMoveFact: TypeAlias = (
    PlanProposed | MoveProposed | MoveHeldBack | MoveWithdrawn | MoveRefused | MoveOrdered | MoveEnded
)
