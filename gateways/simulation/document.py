"""The JSON of simulations: every figure of every policy, its interval, and what differs on the same calls.

Shares are between 0 and 1, half-widths are those of 95 percent intervals, and what there is none of is null. The
first keys of a policy (`name` to `moves_per_call`) stay as they are; what is added stands behind them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field, to_builtins

from engine.clocks.student import Estimate
from engine.model.place import Hospital, Station
from engine.sim.curves import cover_by_hour, late_by_hour, reached_within
from engine.sim.outcome import Outcome
from engine.sim.parts import ALL, GROUPS, named
from engine.sim.readings import OF_CALLS, OF_RUN, of_priorities
from engine.sim.statistics import Difference, Differences, Summary, UnitSummary, paired, summary_of
from gateways.simulation.pareto import frontier
from gateways.simulation.possible import Possible

CURVE_STEPS = 120
TARGETS_MAX = 3
"""Targets named for one group; with more of them a line in a picture says nothing."""
Document = dict[str, Any]


class Sites(Protocol):
    """What a map shows beside the calls: a place has it, and a run that was kept."""

    @property
    def stations(self) -> tuple[Station, ...]:
        """Where units stand."""

    @property
    def hospitals(self) -> tuple[Hospital, ...]:
        """Where patients go."""


class Run(Struct, frozen=True):
    """What was simulated, and how to do it again."""

    place: str
    preset: str | None
    days: int
    reps: int
    seed: int
    command: str = ""
    """The line that makes this run again."""
    version: str = ""
    rules: tuple[str, ...] = ()
    """Sentences: what the preset means, where calls came from."""
    warm_up_days: int = 0
    stations: tuple[Station, ...] = ()
    hospitals: tuple[Hospital, ...] = ()
    possible: tuple[Possible, ...] = ()
    """What no policy can do better than, if that was asked for."""
    groups: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {name: tuple(own) for name, own in GROUPS.items()}
    )
    """Priorities that are told together; the first group is the one that policies are judged by."""


def document_of(run: Run, by_policy: Mapping[str, Sequence[Outcome]]) -> Document:
    """Return the document of these policies, the first being the one that the others are held against.

    Raises OutcomesRefused if there is no policy, or if they did not meet the same calls.
    """
    summaries = {name: summary_of(outcomes, run.groups) for name, outcomes in by_policy.items()}
    until_s = _until_s(list(summaries.values()))
    names = list(by_policy)
    return {
        "place": run.place,
        "preset": run.preset,
        "days": run.days,
        "reps": run.reps,
        "seed": run.seed,
        "policies": [_policy(name, summary, run, by_policy[name], until_s) for name, summary in summaries.items()],
        "differences": [
            _differences(name, names[0], paired(by_policy[name], by_policy[names[0]], run.groups)) for name in names[1:]
        ],
        "pareto": _pareto(summaries, next(iter(run.groups))),
        "possible": [to_builtins(bound) for bound in run.possible],
        "speed": _speed(summaries),
        "run": {
            "command": run.command,
            "version": run.version,
            "rules": list(run.rules),
            "warm_up_days": run.warm_up_days,
            "groups": {name: list(priorities) for name, priorities in run.groups.items()},
            "targets_s": _targets_s(run, by_policy),
        },
    }


def _policy(name: str, summary: Summary, run: Run, outcomes: Sequence[Outcome], until_s: int) -> Document:
    own, groups = list(run.groups), summary.groups

    def each(figure: str, part: str, *more: str) -> dict[str, float | None]:
        return {group: getattr(groups[group].figures[figure], part) for group in (*own, *more)}

    return {
        "name": name,
        "calls": summary.calls,
        "late_share": each("late_share", "value"),
        "half_width": each("late_share", "half_width"),
        "mean_response_s": each("mean_response_s", "value", ALL),
        "moves_per_call": summary.figures["moves_per_call"].value,
        "reps": summary.reps,
        "days": summary.days,
        "intervals": {"basis": summary.basis.value, "samples": summary.samples, "confidence": 0.95},
        "groups": {
            group: {"calls": told.calls, "never_reached": told.never}
            | {figure: _estimate(told.figures[figure]) for figure in OF_CALLS}
            for group, told in groups.items()
        },
        "fleet": {figure: _estimate(summary.figures[figure]) for figure in OF_RUN},
        "units": [_unit(unit) for unit in summary.units],
        "by_hour": _by_hour(run, outcomes),
        "response_curve": _curve(run, outcomes, until_s),
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "half_width": estimate.half_width}


def _unit(unit: UnitSummary) -> Document:
    return {name: getattr(unit, name) for name in UnitSummary.__struct_fields__}


def _by_hour(run: Run, outcomes: Sequence[Outcome]) -> Document:
    cover = cover_by_hour(outcomes)
    hours = {group: late_by_hour(outcomes, priorities) for group, priorities in named(run.groups).items()}
    return {
        "calls": {group: list(told.calls) for group, told in hours.items()},
        "late_share": {
            group: [late / calls if calls else None for late, calls in zip(told.late, told.calls, strict=True)]
            for group, told in hours.items()
        },
        "cover_mean": list(cover.mean),
        "cover_p10": list(cover.p10),
        "free_mean": list(cover.free),
    }


def _curve(run: Run, outcomes: Sequence[Outcome], until_s: int) -> Document:
    seconds = [until_s * step // CURVE_STEPS for step in range(CURVE_STEPS + 1)]
    every = {**run.groups, ALL: named(run.groups)[ALL]}
    return {
        "seconds": seconds,
        "reached_share": {group: reached_within(outcomes, own, seconds) for group, own in every.items()},
    }


def _until_s(summaries: Sequence[Summary]) -> int:
    """Return a time by which nearly all have been reached, in whole steps of the curves."""
    p90_s = [each.groups[ALL].figures["p90_response_s"].value or 0.0 for each in summaries]
    return max(1, -(-int(max(p90_s, default=0.0) * 1.6) // CURVE_STEPS)) * CURVE_STEPS


def _differences(name: str, against: str, found: Differences) -> Document:
    return {
        "policy": name,
        "against": against,
        "intervals": {"basis": found.basis.value, "samples": found.samples, "confidence": 0.95},
        "groups": {
            group: {figure: told_apart(apart) for figure, apart in figures.items()}
            for group, figures in found.groups.items()
        },
        "fleet": {figure: told_apart(apart) for figure, apart in found.figures.items()},
    }


def told_apart(apart: Difference) -> dict[str, float | None]:
    """Return one difference as the document has it."""
    return {
        "difference": apart.value,
        "half_width": apart.half_width,
        "relative": apart.relative,
        "relative_half_width": apart.relative_half_width,
    }


def _pareto(summaries: Mapping[str, Summary], group: str) -> list[Document]:
    """Return late share of the first group against idle moves per call, and whom nobody beats in both."""
    known: list[tuple[str, Estimate, Estimate]] = []
    points: list[tuple[float, float]] = []
    for name, summary in summaries.items():
        late, moves = summary.groups[group].figures["late_share"], summary.figures["moves_per_call"]
        if late.value is not None and moves.value is not None:
            known.append((name, late, moves))
            points.append((moves.value, late.value))
    best = frontier(points)
    return [
        {
            "name": name,
            "moves_per_call": moves.value,
            "moves_half_width": moves.half_width,
            "late_share": late.value,
            "half_width": late.half_width,
            "on_frontier": row in best,
        }
        for row, (name, late, moves) in enumerate(known)
    ]


def _speed(summaries: Mapping[str, Summary]) -> Document:
    calls = sum(summary.calls for summary in summaries.values())
    wall_s = sum(summary.wall_s for summary in summaries.values())
    return {
        "calls_per_s": calls / wall_s if wall_s else None,
        "by_policy": {
            name: summary.calls / summary.wall_s if summary.wall_s else None for name, summary in summaries.items()
        },
        "calls": calls,
        "core_s": wall_s,
    }


def _targets_s(run: Run, by_policy: Mapping[str, Sequence[Outcome]]) -> dict[str, list[float]]:
    """Return the targets that calls of each group had, none where there are many."""
    found: dict[str, set[int]] = {group: set() for group in run.groups}
    for outcome in next(iter(by_policy.values()), ()):
        for group, priorities in run.groups.items():
            chosen = of_priorities(outcome.calls, priorities)
            found[group].update(set(outcome.calls.target_ms[chosen].tolist()))
    return {
        group: [ms / 1000 for ms in sorted(targets)] if len(targets) <= TARGETS_MAX else []
        for group, targets in found.items()
    }
