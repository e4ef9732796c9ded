"""How long a sign-in of the console lasts, and from where it may be served."""

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]
TimeOfDay = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class ConsoleConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The console. It is served by the listener of `[web]`, which bounds bodies and heads."""

    enabled: bool = True
    session_s: Positive = 43_200
    """A browser that signed in is asked again after a shift. A secret that is taken away ends it at once."""
    sessions: Positive = 500
    """At once; beyond it the one that was used longest ago ends."""
    ticket_s: Positive = 30
    """From asking for a ticket to showing it on the WebSocket."""
    code_s: Positive = 600
    """A sign-in link that was not used is worth nothing after so long."""
    plain_http: bool = False
    """Let the browser keep its session over http:// as well; only for a network that is all yours. Loopback needs it not."""
    origins: tuple[str, ...] = ()
    """Origins (`https://dispatch.example`) from which the page may be served beside the listener's own host."""
    shifts: Annotated[tuple[TimeOfDay, ...], Meta(min_length=1)] = ("07:00", "19:00")
    """When the desk's shifts begin, local time: the supervisor's desk shows the present one."""
    simulations: str = ""
    """The folder of kept runs (`turnout sim … --keep`) that supervisors may open; "": `simulations` in the data folder."""
