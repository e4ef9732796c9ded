"""What a simulated stretch of days was like: columns, one row a call, a unit, an hour. Nothing here is judged."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Wide = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
NEVER = -1


class Calls(Struct, frozen=True):
    """n calls in the order in which they came in. Times are ms since the start of the measured days; NEVER: not yet."""

    came_ms: Wide
    """The call came in: clocks start here."""
    known_ms: Wide
    """The engine was told, once the call had been taken."""
    sent_ms: Wide
    """The unit that arrived first was dispatched for the last time."""
    reached_ms: Wide
    """The first unit arrived."""
    complete_ms: Wide
    """Everybody whom the plan asks for had arrived."""
    cleared_ms: Wide
    target_ms: Ints
    """Call to arrival, by its plan."""
    priority: npt.NDArray[np.int8]
    x_m: Ints
    y_m: Ints
    unit: Ints
    """Row of the unit that arrived first."""
    waited: npt.NDArray[np.uint8]
    """1: nobody could be sent at once."""
    bumped: npt.NDArray[np.int16]
    """How often its unit was diverted, superseded or broke down."""


class Units(Struct, frozen=True):
    """m units, by row of the fleet. Durations in ms, ways in metres."""

    ids: tuple[str, ...]
    on_duty_ms: Wide
    busy_ms: Wide
    """Dispatch to clear."""
    responding_ms: Wide
    jobs: Ints
    idle_moves: Ints
    moves: Ints
    """Idle moves, and free units that were sent elsewhere than to their old post."""
    refused_moves: Ints
    declined: Ints
    """Dispatches to which its crew said no."""
    driven_m: Wide
    moved_m: Wide
    """Of it, on idle moves."""


class CoverSamples(Struct, frozen=True):
    """k samples of coverage, one every so often."""

    at_ms: Wide
    free: Ints
    """Units that could be sent."""
    cover: Ints
    """Share of demand with a free unit within reach, in parts per million."""


class Outcome(Struct, frozen=True):
    """One replication of one policy."""

    policy: str
    """Its name, as in `late_share` tables: dispatch policy + redeployment policy."""
    seed: int
    rep: int
    days: int
    calls: Calls
    units: Units
    cover: CoverSamples
    turns: int
    state_hash: str
    """Of the World at the end: two runs agree, or they do not."""
    wall_s: float = 0.0
    """How long it took. No part of what has to agree."""
