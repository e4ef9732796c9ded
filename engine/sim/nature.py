"""What simulated days are like: the habits of callers, crews, vehicles and devices. Data only; all of it has a default.

Durations in ms, shares in permille. `Nature()` is an ordinary city; the rules of other simulators are presets of it.
"""

from msgspec import Struct


class Crews(Struct, frozen=True):
    """How crews behave."""

    notice_ms: int = 8_000
    """From the page to the button, in the middle; 0: the crew leaves at once and does not acknowledge."""
    turnout_spread: float = 0.25
    """Of the turnout in quarters; two thirds lie within a factor of exp(spread)."""
    rolling_ms: int = 12_000
    """A crew on the road, or on a break outside, only has to turn round."""
    drive_spread: float = 0.12
    """Two thirds of all drives take within so much of what the map says."""
    work_least_ms: int = 60_000
    breaks: bool = True
    """Crews take the meal break that the place's rules give them."""
    refuse_moves_permille: int = 30
    """Moves to another post that the crew will not do."""
    decline_permille: int = 5
    """Dispatches to which the crew says no, with a reason; it does so once at most to a call."""
    breakdowns_per_month: float = 0.2
    """Of one vehicle, on the road."""
    repair_ms: int = 5_400_000


class Feeds(Struct, frozen=True):
    """What the engine gets to know of positions."""

    every_ms: int = 30_000
    """Each moving unit tells where it is this often; 0: the engine knows it whenever it decides."""
    standing_every_ms: int = 300_000
    """Units that stand still tell it as well, less often: what was lost on arrival is made good."""
    noise_m: int = 8
    """Standard deviation in x and in y."""
    delay_ms: int = 2_000
    lost_permille: int = 20
    """Reports that never come."""
    gaps_per_day: float = 1.0
    """How often in a day on the road a unit's device falls silent for a while …"""
    gap_ms: int = 240_000
    """… in the middle."""


class Nature(Struct, frozen=True):
    """One kind of days."""

    name: str = "city"
    taking_ms: int = 60_000
    """From the first ring until the engine knows of it: call-taking."""
    taking_spread: float = 0.35
    crews: Crews = Crews()
    feeds: Feeds = Feeds()
    tick_ms: int = 1_000
    """Reminders are looked at no later than so long after they are due."""
    planner_ms: int = 2_000
    """From a change to the plan of moves that answers it."""
    planner_learns: bool = True
    """Who plans moves reckons with what the hour has brought so far, as the live planner does; else with the same at all hours."""
    follow_advice: bool = True
    """Patients go where the engine advises; else to the nearest hospital."""
    travel_percent: int = 100
    """How long drives really take, in percent of what the map says."""


PERFECT = Nature(
    name="jemss",
    taking_ms=0,
    taking_spread=0.0,
    crews=Crews(
        notice_ms=0,
        turnout_spread=0.0,
        rolling_ms=0,
        drive_spread=0.0,
        work_least_ms=0,
        breaks=False,
        refuse_moves_permille=0,
        decline_permille=0,
        breakdowns_per_month=0.0,
    ),
    feeds=Feeds(every_ms=0, noise_m=0, delay_ms=0, lost_permille=0, gaps_per_day=0.0),
    tick_ms=300_000,
    planner_ms=0,
    planner_learns=False,
    follow_advice=False,
)
"""Nothing goes wrong, nobody needs time, and everybody knows everything: what most simulators of ambulances assume."""
