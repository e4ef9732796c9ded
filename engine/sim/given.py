"""Calls that really came, from a list or a journal: what somebody wrote down stands, and only the rest is drawn.

What is not known of a call (how long the work took, whether there was a patient to bring in, the handover) comes from
what is known of other calls of its kind, one of them by lot (bootstrap, Efron 1979); where too few are known, from the
place's usual times. Each call has its own number in each purpose's stream, so what is drawn for one call does not depend
on how much is known of the others, and replications differ in what was drawn and in nothing else.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from engine.model.clearing import Group, Stage, group_of
from engine.model.demand import CareTimes
from engine.model.hours import DAY_MS, day_began_ms
from engine.model.place import Place
from engine.model.priors import SERVICE_TIMES
from engine.sim.callers import CallList
from engine.sim.chance import stream
from engine.sim.nature import Nature

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
UNKNOWN = -1
"""A duration that nobody wrote down."""
PERHAPS = 2
"""In the place of `transport`: nobody wrote down whether there was a patient to bring in."""
ENOUGH = 8
"""So many known calls of a kind say more of it than the place's usual times."""
LONGEST_MS = DAY_MS // 2


class Given(Struct, frozen=True):
    """n calls in order of time, and what is usual where they say nothing."""

    calls: CallList
    """With UNKNOWN in `taking_ms`, `work_ms` and `handover_ms`, and PERHAPS in `transport`."""
    scene_ms: Ints
    """Mean time on scene by call, where too few of its kind are known."""
    transport_share: float
    handover_ms: int

    def __len__(self) -> int:
        return len(self.calls)


class Missing(Struct, frozen=True):
    """How many calls lack what."""

    work: int
    transport: int
    handover: int


def given_of(calls: CallList, place: Place, care: CareTimes | None = None) -> Given:
    """Put a list together with what is usual in the place: its own care times, or what is fitted (`model/priors`)."""
    if care is not None:
        scene_ms = np.full(len(calls), care.on_scene_ms, np.int32)
        return Given(calls, scene_ms, care.transport_share, care.handover_ms)
    kinds = {each.id: group_of(each) for each in place.types}
    groups = [kinds.get(name, Group.OTHER) for name in calls.type]
    usual_ms = [
        SERVICE_TIMES.table(Stage.SCENE, groups[kind], priority).rest_ms(0)
        for kind, priority in zip(calls.kind.tolist(), calls.priority.tolist(), strict=True)
    ]
    known = calls.transport[calls.transport != PERHAPS]
    share = float(known.mean()) if len(known) else 0.0
    return Given(calls, np.array(usual_ms, np.int32), share, SERVICE_TIMES.hospital.rest_ms(0))


def missing(given: Given) -> Missing:
    """Count what nobody wrote down; a handover is missing only where there was a patient to bring in."""
    calls = given.calls
    count = np.count_nonzero
    return Missing(
        int(count(calls.work_ms == UNKNOWN)),
        int(count(calls.transport == PERHAPS)),
        int(count((calls.handover_ms == UNKNOWN) & (calls.transport == 1))),
    )


def complete(given: Given, nature: Nature, seed: int, rep: int) -> CallList:
    """Return the calls of one replication: what is known, and by seeded chance what is not."""
    calls, count = given.calls, len(given)
    taking = nature.taking_ms * np.exp(nature.taking_spread * stream(seed, rep, "taking").standard_normal(count))
    even, transport = stream(seed, rep, "transport").random(count), calls.transport.copy()
    for rows in _kinds(calls):
        transport[rows] = _carried(transport[rows], given.transport_share, even[rows])
    return replace(
        calls,
        taking_ms=np.where(calls.taking_ms == UNKNOWN, np.rint(taking), calls.taking_ms).astype(np.int32),
        transport=transport,
        work_ms=_durations(calls, calls.work_ms, given.scene_ms, stream(seed, rep, "work")),
        handover_ms=_durations(
            calls, calls.handover_ms, np.full(count, given.handover_ms, np.int32), stream(seed, rep, "handover")
        ),
    )


def days_of(place: Place, calls: CallList) -> int:
    """Return how many local days the calls lie in, from the midnight before the first."""
    if not len(calls):
        return 0
    return int(calls.came_ms[-1] - day_began_ms(place, int(calls.came_ms[0]))) // DAY_MS + 1


def _kinds(calls: CallList) -> list[npt.NDArray[np.intp]]:
    return [np.flatnonzero(calls.kind == kind) for kind in range(len(calls.type))]


def _carried(transport: npt.NDArray[np.uint8], usual: float, even: Floats) -> npt.NDArray[np.uint8]:
    """Decide for the calls of one kind of which nobody knows."""
    known = transport[transport != PERHAPS]
    share = float(known.mean()) if len(known) >= ENOUGH else usual
    return np.where(transport == PERHAPS, even < share, transport).astype(np.uint8)


def _durations(calls: CallList, told_ms: Ints, usual_ms: Ints, chance: np.random.Generator) -> Ints:
    even = chance.random(len(calls))
    found = told_ms.copy()
    for rows in _kinds(calls):
        lacking = rows[told_ms[rows] == UNKNOWN]
        known = np.sort(told_ms[rows][told_ms[rows] != UNKNOWN])
        if len(known) >= ENOUGH:
            found[lacking] = known[(even[lacking] * len(known)).astype(np.intp)]
        else:
            drawn = -np.log1p(-even[lacking]) * usual_ms[lacking]
            found[lacking] = np.rint(np.minimum(drawn, LONGEST_MS)).astype(np.int32)
    return found
