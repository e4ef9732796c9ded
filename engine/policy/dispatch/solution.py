"""What a dispatch policy answers, and what it is asked."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.facts import Choice, Shortage
from engine.model.route import Route
from engine.model.why import Proof, WayWhy, Why
from engine.state.records import Incident
from engine.state.world import World


class Reviewed(Struct, frozen=True):
    """A unit under way whose place may go to a better one."""

    incident: Incident
    unit: str


class Proposal(Struct, frozen=True):
    """What one incident would get. A reviewed unit that keeps its place is not among the choices."""

    choices: tuple[Choice, ...]
    """A choice with a `source` or with one that it `replaces` changes what a crew was told; one with a `clear_ms`
    is waited for."""
    short: tuple[Shortage, ...]
    option: str = ""
    """Which of the plan's ways to answer."""


class Soft(NamedTuple):
    """Soft prices by part: rows, ascending, and of each part its name and the price of each row, int32[n]."""

    rows: npt.NDArray[np.int32]
    parts: tuple[tuple[str, npt.NDArray[np.int32]], ...]

    def of(self, rows: npt.NDArray[np.int32]) -> list[tuple[tuple[str, int], ...]]:
        """Return what each of these rows costs, by name; nothing for one that was not looked at."""
        if not (self.parts and len(self.rows)):
            return [()] * len(rows)
        at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        there = self.rows[at] == rows
        columns = [(name, np.where(there, part_ms[at], 0).tolist()) for name, part_ms in self.parts]
        return [tuple((name, part[each]) for name, part in columns if part[each]) for each in range(len(rows))]


class Solution(Struct, frozen=True):
    """What all the waiting incidents would get together."""

    proposals: dict[str, Proposal]
    """By incident: those asked about, and those that would lose a unit to one of them."""
    taken: dict[int, str]
    """Row of a chosen unit, and the incident it would go to."""
    barred: tuple[int, ...] = ()
    """Rows left out because their crew would be out with a unit that was chosen."""
    proof: Proof = Proof()
    """That no answer to the same problem costs less."""
    place_ms: dict[str, dict[str, int]] = {}
    """By incident and slot: the dual price of its places, see `SlotWhy.place_ms`."""
    saves_ms: dict[str, int] = {}
    """By chosen unit: what the answer would cost more without it, in ms of its incident."""
    backfills: dict[str, Proposal] = {}
    """By incident asked about or reviewed that would lose a unit as well: what it would get in that unit's place. Holds
    only once the diversion has been carried out, so it is no part of its proposal."""
    spoken_for: dict[int, int] = {}
    """By row the priority of the incident that a unit was advised to and that was not asked about."""
    soft: dict[int, Soft] = {}
    """By priority: what the candidates' prices consist of."""
    ways: dict[str, tuple[WayWhy, ...]] = {}
    """By incident whose plan has several ways to answer: those that were weighed."""


class Estimate(Struct, frozen=True):
    """What is expected of one unit that goes to one incident."""

    eta_ms: int
    """Dispatch to arrival; -1 if there is no way."""
    spread_ms: int
    """Two arrivals of three lie within this much of it."""
    route: Route | None
    """None where no streets were used."""


class DispatchPolicy(Protocol):
    """A pure judgement: it proposes, and changes nothing."""

    @property
    def name(self) -> str:
        """What a why calls it."""

    @property
    def relieves(self) -> bool:
        """May it put another unit in the place of one that is under way? If not, nobody looks for such places."""

    def solve(
        self,
        world: World,
        incidents: list[Incident],
        reviewed: tuple[Reviewed, ...] = (),
        *,
        take: bool = True,
        spoken_for: Mapping[int, int] | None = None,
    ) -> Solution:
        """Match what these incidents lack to the units that may go; the first ones rank first.

        `reviewed`: units under way that may be superseded. With `take` units may be diverted from less urgent
        incidents, which then are part of the problem; without, only free units are looked at (shadow plans). Units that
        are `spoken_for`, by row the priority of the incident that they were advised to, go to more urgent ones only.
        """

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say what the proposal for the incident rests on. Called before anything of it is carried out.

        With a row: judge that unit alone, against all others.
        """

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there and by which way, whether it would be chosen or not."""
