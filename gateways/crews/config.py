"""What one vehicle may ask of the crews' channel, how long a sign-in lasts. Plain numbers of what went on."""

from typing import Annotated, Final

from msgspec import Meta, Struct, field

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
PAGE_BATCH: Final = 32
"""What the page on board sends at once (`static/channel.js`). A smaller `batch` would refuse what it has stored for ever."""


class CrewsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The crews' channel. It is served by the listener of `[web]`, which bounds bodies and heads."""

    enabled: bool = True
    session_s: Positive = 43_200
    """A browser that signed in is asked again after a shift. A secret that is taken away ends it at once."""
    code_s: Positive = 600
    """A sign-in code that was not used is worth nothing after so long."""
    plain_http: bool = False
    """Let the browser keep its session over http:// as well; only for a network that is all yours. Loopback needs it not."""
    origins: tuple[str, ...] = ()
    """Origins (`https://dispatch.example`) from which the page may be served beside the listener's own host."""
    messages_per_s: Annotated[float, Meta(gt=0)] = 20.0
    """Of one unit, in the long run …"""
    burst: Positive = 200
    """… and at once: a vehicle that comes back has stored a shift."""
    batch: Positive = 64
    """Messages in one request; at least `PAGE_BATCH`."""
    oldest_s: Positive = 86_400
    """A message that was kept for longer is refused: nobody would know what to do with it."""
    ahead_ms: Annotated[int, Meta(ge=0, le=60_000)] = 5_000
    """By so much a device's clock may be ahead of ours."""
    durable_s: Seconds = 8.0
    """A batch is answered within that time, or is to be sent again."""
    feeds: Positive = 2_000
    """Followers in all …"""
    feeds_per_unit: Positive = 8
    """… and of one unit."""
    ping_s: Seconds = 5.0
    """A follower hears something this often: whoever hears nothing for three times as long has lost the connection."""

    def __post_init__(self) -> None:
        """Raise ValueError where the page on board could not work with it."""
        if self.batch < PAGE_BATCH:
            raise ValueError(
                f"batch: must be {PAGE_BATCH} or more, not {self.batch}: the crews' page sends up to {PAGE_BATCH} messages at a time"
            )


class Statistics(Struct):
    """Counts since the start."""

    messages: int = 0
    """Received, each time."""
    taken: int = 0
    """Answered with yes; a repeat is answered as the first time."""
    refused: dict[str, int] = field(default_factory=dict)
    """By code."""
    feeds: int = 0
    """Followers now."""
    sign_ins: int = 0

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1
