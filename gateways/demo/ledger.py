"""What the city itself saw: every command and its answer, every page, every fix. Kept apart from the engine on purpose.

At the end the audit holds this book against the journal, so nothing in here may come from the engine's own counts.
"""

import math
from collections import Counter

from msgspec import Struct, field

CALL = "ReportIncident"
"""The kind of command that a call becomes."""


class Asked(Struct):
    """One command as its sender saw it."""

    kind: str
    by: str
    seq: int | None = None
    """Of the turn that the answer names; None while there is no answer, and where it was refused."""
    incident: str | None = None
    code: str | None = None
    """Of the refusal."""

    @property
    def answered(self) -> bool:
        """Tell whether the sender knows what became of it."""
        return self.seq is not None or self.code is not None


class Closing(Struct):
    """A street that the demo's operator closed, and what came of it. Real seconds since the board appeared."""

    street: str
    arcs: int
    share_percent: int
    """Of the ways of crews, and of those from stations to callers: how many led over it."""
    closed_s: float
    closure: str = ""
    """The engine's name for it; empty: it was refused."""
    epoch: int = 0
    """The first one whose travel times know of it."""
    in_force_ms: float | None = None
    """Real, from the command on the wire to that epoch on the screen; None: not seen."""
    opened_s: float | None = None


class Ledger(Struct):
    """Counts are since the demo began; latencies are real milliseconds."""

    commands: dict[str, Asked] = field(default_factory=dict)
    """By command id."""
    calls_made: int = 0
    calls_answered: int = 0
    answer_ms: list[float] = field(default_factory=list)
    """From the call's command on the wire to the answer, which is durable."""
    recommend_ms: list[float] = field(default_factory=list)
    """From the call's command on the wire to the update that says who should go."""
    refusals: Counter[str] = field(default_factory=Counter)
    """By code."""
    done: Counter[str] = field(default_factory=Counter)
    """Acknowledged commands by kind."""
    pages: Counter[str] = field(default_factory=Counter)
    """By alert: how often a pager has shown it."""
    pages_dropped: int = 0
    """Pages that the crews' pagers left unanswered or answered with an error, on purpose."""
    receipts: set[str] = field(default_factory=set)
    """Alerts that a crew has said it has read, and the engine has taken its word."""
    pages_forged: int = 0
    """Pages whose signature did not hold."""
    fixes_streamed: int = 0
    fixes_posted: int = 0
    feed_refusals: int = 0
    drives: int = 0
    drives_rerouted: int = 0
    """Crews under way that found another way because of a closure."""
    drives_through_closed: int = 0
    """Drives that led through a closed street all the same."""
    closures_heard: int = 0
    closing: Closing | None = None
    feed_errors: int = 0
    """Connections that were lost, and requests that came to nothing."""

    def open_commands(self) -> int:
        """Return how many commands have no answer (yet)."""
        return sum(not asked.answered for asked in self.commands.values())


def percentile(values: list[float], percent: float) -> float:
    """Return the nearest-rank percentile; NaN of nothing."""
    if not values:
        return float("nan")
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]
