"""When a busy unit will be clear: the mean rest of its work, given how far it is and how long it has been there.

The rest is E[T - t | T > t] of a fitted distribution, kept as a table of whole milliseconds: a decision reads it in
integers, so the same bytes come out on every machine. The longer a crew has been at it, the more its rest differs
from the usual time minus the time gone: a fire that has burnt for two hours will burn for hours more.
"""

import re
from bisect import bisect_right
from enum import StrEnum
from functools import cache

from msgspec import Struct

from engine.model.lifecycle import RUNGS, Status
from engine.model.place import IncidentType


class Group(StrEnum):
    """Kinds of work that take alike times."""

    MEDICAL = "medical"
    FIRE = "fire"
    OTHER = "other"


class Stage(StrEnum):
    """Parts of the work; each counts from the rung that begins it to clear."""

    SCENE = "scene"
    TRANSPORT = "transport"
    HOSPITAL = "hospital"


STAGE_OF: dict[Status, Stage] = {
    Status.ON_SCENE: Stage.SCENE,
    Status.AT_PATIENT: Stage.SCENE,
    Status.TRANSPORTING: Stage.TRANSPORT,
    Status.AT_HOSPITAL: Stage.HOSPITAL,
}
STAGES = tuple(Stage)


_FIRE = re.compile(r"fire|smoke|smell|explosion|gas|hazmat|hazard|dangerous substance|alarm")
_MEDICAL = re.compile(
    r"medic|cardiac|breath|chest|stroke|overdose|poison|\bfall\b|sick|injur|hurt|bleed|unconscious|birth|pain|trauma"
    r"|seizure|diabet|allerg|burns|chok|drown|collision|patient|transfer|\bals\b|\bbls\b"
)
_EMD = re.compile(r"\d{1,2}-?[a-eo]")


class ClearTable(Struct, frozen=True):
    """The mean rest by the time gone. Between its points it is a straight line, beyond the last it stays."""

    elapsed_ms: tuple[int, ...]
    """Rising, from 0."""
    remaining_ms: tuple[int, ...]
    log_mean: int
    """Mean of ln(T in ms), in thousandths: what learning compares with."""

    def rest_ms(self, elapsed_ms: int, permille: int = 1000) -> int:
        """Return the mean rest after so much time, where work takes `permille` of the table's time."""
        at_ms = max(0, elapsed_ms) * 1000 // permille
        place = bisect_right(self.elapsed_ms, at_ms) - 1
        rest_ms = self.remaining_ms[place]
        if place + 1 < len(self.elapsed_ms):
            span_ms = self.elapsed_ms[place + 1] - self.elapsed_ms[place]
            rise_ms = self.remaining_ms[place + 1] - rest_ms
            rest_ms += rise_ms * (at_ms - self.elapsed_ms[place]) // span_ms
        return rest_ms * permille // 1000


class Pace(Struct, frozen=True):
    """How one type of incident differs from its group: permille of the group's time, by stage in their order."""

    group: Group = Group.OTHER
    permille: tuple[int, int, int] = (1000, 1000, 1000)


class ServiceTimes(Struct, frozen=True):
    """What the work of each type of incident takes."""

    scene: tuple[tuple[Group, tuple[ClearTable, ...]], ...]
    """By group: tables for priority 1, 2 and so on; the last stands for all less urgent ones."""
    transport: ClearTable
    hospital: ClearTable
    paces: dict[str, Pace]
    """By incident type; one that is not named takes its group's time."""

    def table(self, stage: Stage, group: Group, priority: int) -> ClearTable:
        """Return the table that holds for this stage of this work."""
        if stage is Stage.TRANSPORT:
            return self.transport
        if stage is Stage.HOSPITAL:
            return self.hospital
        tables = next(tables for own, tables in self.scene if own is group)
        return tables[min(priority, len(tables)) - 1]


@cache
def _usual(group: Group) -> Pace:
    return Pace(group)


@cache
def group_of(kind: IncidentType) -> Group:
    """Return the group whose times a type starts from, by its code or its words; a wrong guess costs until evidence."""
    words = f"{kind.id} {kind.name}".lower().replace("_", " ")
    if _EMD.match(kind.id.lower()) or _MEDICAL.search(words):
        return Group.MEDICAL
    return Group.FIRE if _FIRE.search(words) else Group.OTHER


def clear_in_ms(
    times: ServiceTimes,
    incident_type: IncidentType,
    priority: int,
    rung: Status,
    elapsed_ms: int,
    arrive_in_ms: int = 0,
) -> int:
    """Return the mean time until the unit is clear.

    `elapsed_ms` counts from the rung that began the stage: on scene (also for `AT_PATIENT`), transporting, at
    hospital. Before arrival it does not matter; `arrive_in_ms` is then the rest of the unit's ETA.
    Raises ValueError for a status that is no rung of an assignment.
    """
    if rung not in RUNGS:
        raise ValueError(f"rung: a unit that is {rung} has nothing to come clear of")
    pace = times.paces.get(incident_type.id) or _usual(group_of(incident_type))
    stage = STAGE_OF.get(rung, Stage.SCENE)
    table = times.table(stage, pace.group, priority)
    permille = pace.permille[STAGES.index(stage)]
    if rung not in STAGE_OF:
        return max(0, arrive_in_ms) + table.rest_ms(0, permille)
    return table.rest_ms(elapsed_ms, permille)
