"""One station, c units, no ways, exponential work: the simulated city is then M/M/c, and Erlang (1917) knows the answer."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.hours import DAY_MS
from engine.model.place import Unit
from engine.policy import Quiet, dispatch_named
from engine.sim.callers import draw
from engine.sim.city import City
from engine.sim.outcome import Calls
from engine.sim.replicate import MONDAY_MS
from gateways.simulation.presets import jemss
from tests.unit.engine_place import ALS, engine_place

WORK_MS = 1_800_000
DAYS, WARM = 10, 1
REPS = 8
T_95 = 2.365
"""Student's t, seven degrees of freedom."""


def erlang_c(servers: int, load: float) -> float:
    """Return the share of calls that wait."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def met(servers: int, load: float, policy: str, rep: int) -> Calls:
    """Simulate a replication of the queue."""
    town = engine_place()
    units = tuple(Unit(f"A{n}", "als ambulance", ALS, "Central", turnout_ms=0) for n in range(servers))
    made = jemss(replace(town, units=units, crews=(), shifts=()))
    demand = Demand(
        calls_per_day=load * DAY_MS / WORK_MS,
        hourly=(1.0,) * 24,
        shares=(TypeShare("medical", 1, 1.0),),
        zones=(Zone(0, 0, 0, 1.0),),
        care=CareTimes(WORK_MS, 0.0, 0),
    )
    dispatch, _ = dispatch_named(policy)
    end_ms = MONDAY_MS + (WARM + DAYS) * DAY_MS
    calls = draw(made.place, demand, made.nature, MONDAY_MS, end_ms, 4, rep)
    span = MONDAY_MS + WARM * DAY_MS, end_ms
    city = City(
        made.place, None, calls, made.nature, Quiet(dispatch), seed=4, rep=rep, begin_ms=MONDAY_MS, measured_ms=span
    )
    city.run(end_ms + DAY_MS)
    return city.cases.measured(*span)


@pytest.mark.parametrize(
    ("servers", "load", "policy"),
    [
        (2, 1.2, "nearest"),
        pytest.param(4, 3.0, "nearest", marks=pytest.mark.slow),
        pytest.param(3, 2.0, "joint", marks=pytest.mark.slow),
    ],
)
def test_waiting_is_that_of_erlang(servers: int, load: float, policy: str) -> None:
    """The share that waits and the mean wait lie within twice the 95 % half-width of replications."""
    shares, waits = [], []
    for rep in range(REPS):
        calls = met(servers, load, policy, rep)
        waited_ms = calls.reached_ms - calls.came_ms
        assert (waited_ms >= 0).all()
        assert np.array_equal(calls.waited == 1, waited_ms > 0)
        shares.append(float((waited_ms > 0).mean()))
        waits.append(float(waited_ms.mean()))
    share = erlang_c(servers, load)
    for found, expected in ((shares, share), (waits, share * WORK_MS / (servers - load))):
        half = T_95 * float(np.std(found, ddof=1)) / math.sqrt(REPS)
        assert half < 0.3 * expected, "too wide to tell anything"
        assert abs(float(np.mean(found)) - expected) < 2 * half
