"""The report on overrides: tables, and sentences that say where the rules are wrong.

A sentence is made where even the cautious estimate says that people passed the recommendation over often: the lower
end of the 95 percent interval is at least `OFTEN`. One dispatcher's bad night is no finding.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from engine.clocks.figures import nearest_rank, wilson
from engine.clocks.overrides import Group, Overrides, Passed, Verdict

OFTEN = 0.1
MOST = 20
"""Rows of units and reasons that are told."""
_PASSED_OVER = (Verdict.EDITED, Verdict.OVERRIDDEN)
_JUDGED = (Verdict.ACCEPTED, *_PASSED_OVER)


class Line(Struct, frozen=True):
    """One plan, slot or area."""

    name: str
    verdicts: dict[str, int]
    passed_over: float | None
    """Share of the judged orders in which somebody recommended was passed over; None: no order was judged."""
    low: float | None
    """The least that it probably is (Wilson, 95 percent)."""
    reasons: list[tuple[str, int]]


class Bypassed(Struct, frozen=True):
    """A unit that people would rather not send."""

    unit: str
    times: int
    later_ms: int
    """Median of how much later those arrive who went instead; less than 0: earlier."""


class OverrideReport(Struct, frozen=True):
    """What people made of the recommendations."""

    total: Line
    later_ms: int | None
    """Median over all who were passed over."""
    plans: list[Line]
    slots: list[Line]
    """By plan/slot; counts units."""
    areas: list[Line]
    units: list[Bypassed]
    findings: list[str]


def report_of(found: Overrides) -> OverrideReport:
    """Return what was found, the worst first."""
    plans = _lines(found.plans)
    slots = _lines({f"{plan}/{slot}": group for (plan, slot), group in found.slots.items()})
    areas = _lines(found.areas)
    units = _units(found.units)
    return OverrideReport(
        total=_line("all", found.total),
        later_ms=nearest_rank(sorted(found.later_ms), 50) if found.later_ms else None,
        plans=plans,
        slots=slots,
        areas=areas,
        units=units,
        findings=[
            *_sentences("In plan", plans, "orders"),
            *_sentences("For the slot", slots, "units"),
            *_sentences("In area", areas, "orders"),
            *(_of_unit(unit) for unit in units[:3] if unit.times > 1),
        ],
    )


def later(ms: int) -> str:
    """Say a difference of arrivals in words."""
    return f"{abs(ms) / 1000:.0f} s {'later' if ms >= 0 else 'earlier'}"


def _lines(groups: Mapping[str, Group]) -> list[Line]:
    lines = [_line(name, group) for name, group in groups.items()]
    return sorted(lines, key=lambda line: (-(line.low or 0.0), line.name))


def _line(name: str, group: Group) -> Line:
    judged = sum(group.verdicts.get(verdict, 0) for verdict in _JUDGED)
    passed = sum(group.verdicts.get(verdict, 0) for verdict in _PASSED_OVER)
    return Line(
        name=name,
        verdicts={verdict.value: group.verdicts[verdict] for verdict in Verdict if verdict in group.verdicts},
        passed_over=round(passed / judged, 4) if judged else None,
        low=round(wilson(passed, judged)[0], 4) if judged else None,
        reasons=_most(group.reasons.items()),
    )


def _most(reasons: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(reasons, key=lambda item: (-item[1], item[0]))[:MOST]


def _units(units: Mapping[str, Passed]) -> list[Bypassed]:
    found = [Bypassed(name, passed.times, nearest_rank(sorted(passed.later_ms), 50)) for name, passed in units.items()]
    return sorted(found, key=lambda unit: (-unit.times, unit.unit))[:MOST]


def _sentences(where: str, lines: Sequence[Line], what: str) -> list[str]:
    return [_sentence(where, line, what) for line in lines if line.low is not None and line.low >= OFTEN]


def _sentence(where: str, line: Line, what: str) -> str:
    judged = sum(line.verdicts.get(verdict, 0) for verdict in _JUDGED)
    passed = sum(line.verdicts.get(verdict, 0) for verdict in _PASSED_OVER)
    told = f'; most often because: "{line.reasons[0][0]}" ({line.reasons[0][1]} times)' if line.reasons else ""
    return f"{where} {line.name} people passed over what was recommended in {passed} of {judged} {what}{told}."


def _of_unit(unit: Bypassed) -> str:
    return f"{unit.unit} was passed over {unit.times} times; those who went instead arrive {later(unit.later_ms)}."
