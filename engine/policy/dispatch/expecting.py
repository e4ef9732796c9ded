"""What is expected of one unit that goes to one incident, whoever chose it and for whatever reason."""

import numpy as np

from engine.policy.dispatch.solution import Estimate
from engine.policy.honesty import spreads_ms
from engine.policy.travel import travel_model
from engine.state.records import Incident
from engine.state.world import World


def expected(world: World, row: int, incident: Incident, *, with_route: bool = True) -> Estimate:
    """Return when the unit would be there, and by which way unless nobody wants to see it."""
    travel = travel_model(world)
    rows = np.array([row], np.int32)
    travel_ms = travel.times_ms(world.fleet, rows, incident).astype(np.int64)
    if travel_ms[0] < 0:
        return Estimate(-1, -1, None)
    eta_ms = int(travel_ms[0]) + int(world.fleet.turnout_ms[row])
    spread_ms = int(spreads_ms(world, rows, travel_ms, straight=travel.is_straight(incident))[0])
    return Estimate(eta_ms, spread_ms, travel.route(world.fleet, row, incident) if with_route else None)
