"""A sink that hears of one fix at a time, for tests that look at each."""

from collections.abc import Callable
from math import isnan

from gateways.telematics.columns import Moves
from gateways.telematics.fix import Fix
from gateways.telematics.intake import Sink
from gateways.telematics.roster import Roster


def told(value: float) -> float | None:
    return None if isnan(value) else float(value)


def per_fix(roster: Roster, take: Callable[[str, Fix], object]) -> Sink:
    def sink(moves: Moves) -> None:
        for row in range(len(moves)):
            fix = Fix(
                moves.names.names[moves.device[row]],
                float(moves.lat[row]),
                float(moves.lon[row]),
                int(moves.fix_ms[row]),
                told(moves.speed_mps[row]),
                told(moves.heading_deg[row]),
                told(moves.accuracy_m[row]),
            )
            take(roster.units[moves.unit[row]], fix)

    return sink
