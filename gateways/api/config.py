"""What one principal may ask of the HTTP API, and how long an answer may take. Plain numbers of what went on."""

from typing import Annotated

from msgspec import Meta, Struct, field

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class ApiConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HTTP API. It is served by the listener of `[web]`, which bounds bodies and heads."""

    requests_per_s: Annotated[float, Meta(gt=0)] = 50.0
    """Of one principal, in the long run …"""
    burst: Positive = 200
    """… and at once."""
    wrong_tokens_per_s: Annotated[float, Meta(gt=0)] = 5.0
    """Of everybody together; beyond it they are answered 429. A right one counts all the same: it is too long to be guessed."""
    wrong_tokens_burst: Positive = 50
    durable_s: Seconds = 5.0
    """A command is answered within that time, or told to ask again under its key."""
    reading_s: Seconds = 65.0
    """Questions to the journal, which a process of its own reads."""


class Statistics(Struct):
    """Counts since the start."""

    requests: int = 0
    commands: int = 0
    """Given to the engine."""
    refused: dict[str, int] = field(default_factory=dict)
    """By code."""

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1
