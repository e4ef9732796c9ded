"""VROOM, a solver of vehicle routing problems: each unit a vehicle with skills for one job, each place a job.

It minimises the sum of the times and knows priorities only as an order of what to leave out, so it cannot weigh them.
It wants the times between all places it knows, so it gets the 16 nearest units of each place, as people do.
"""

import numpy as np
import vroom

from loadtests.matchers import Ints, Matcher, Scene

LISTED = 16


class VroomSkills:
    """One process, its own threads, the least exploration."""

    name = f"VROOM with skills, {LISTED} units a place"

    def prepare(self, scene: Scene) -> None:
        """Know what fits."""
        self._scene = scene
        self._fitting = [np.flatnonzero(scene.fits(place)) for place in range(len(scene.needs))]

    def choose(self) -> Ints:
        """Cut the lists, describe the problem, solve it."""
        scene = self._scene
        units = self._listed()
        places = len(scene.needs)
        size = len(units) + places
        seconds = np.full((size, size), 100_000, np.uint32)
        seconds[: len(units), len(units) :] = scene.times_ms[scene.incident][:, units].T // 1000
        np.fill_diagonal(seconds, 0)
        problem = vroom.Input()
        problem.set_durations_matrix("car", seconds)
        for seat, unit in enumerate(units.tolist()):
            problem.add_vehicle(vroom.Vehicle(unit + 1, start=seat, skills=_skills(int(scene.mask[unit])), max_tasks=1))
        urgency = np.searchsorted(np.array([1, 2, 4, 8, 16]), scene.weight)
        for place in range(places):
            skills, priority = _skills(int(scene.needs[place])), int(urgency[place])
            problem.add_job(vroom.Job(place + 1, location=len(units) + place, skills=skills, priority=priority))
        routes = problem.solve(exploration_level=0, nb_threads=2).routes
        jobs = routes[routes["type"] == "job"]
        chosen = np.full(places, -1, np.int32)
        chosen[jobs["id"].to_numpy(np.int64) - 1] = jobs["vehicle_id"].to_numpy(np.int64) - 1
        return chosen

    def _listed(self) -> Ints:
        found = []
        for place, fitting in enumerate(self._fitting):
            times = self._scene.times_ms[self._scene.incident[place], fitting]
            near = np.argpartition(times, LISTED)[:LISTED] if len(fitting) > LISTED else np.arange(len(fitting))
            found.append(fitting[near])
        return np.unique(np.concatenate(found)).astype(np.int32)

    def close(self) -> None:
        """Nothing to give back."""


def _skills(mask: int) -> set[int]:
    return {bit for bit in range(mask.bit_length()) if mask >> bit & 1}


def make() -> Matcher:
    """Return it."""
    return VroomSkills()
