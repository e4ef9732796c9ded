"""Turnout and service times of a real fire service: cleaned, fitted, and printed as what `engine/model/priors.py` ships.

    python -m loadtests.fit_ross_valley [--json] [--ship]

Source: mccright/emerg-call-data-review (MIT), 22,829 unit responses 2010-2020. Of each: unit, EMD code, time of
dispatch, en route and arrival, and the span from dispatch to back in service. Travel is left out: it belongs to the
streets. Three families are fitted by maximum likelihood; the likeliest makes the tables of time to clear. Turnouts
are shipped as they are, medians and shape: no family fits presses of a button well. `--ship` prints the constants.
"""

import csv
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.model.clearing import ClearTable, Group
from loadtests.report import Row, emit, wants_json

DATA: Final = Path(os.environ.get("TURNOUT_DATA") or Path(__file__).parents[2] / "shared" / "data")
SHEET: Final = DATA / "ross-valley-fd" / "emerg_data_organized.csv"
DAY_S: Final = 86_400
TURNOUT_S: Final = (5, 600)
"""The same window as the learner's: outside, the button was pressed for tidiness or forgotten."""
LEG_S_MAX: Final = 2 * 3600
"""A leg longer than this went back in time: a clock was corrected between two presses."""
SCENE_S: Final = (60, 12 * 3600)
ROWS_MIN: Final = 150
"""Fewer rows than this make no distribution of their own."""
FAMILIES: Final = {"log-normal": stats.lognorm, "Weibull": stats.weibull_min, "gamma": stats.gamma}
QUANTILES: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
EMD: Final = re.compile(r"^\d+([A-EO])")
URGENCY: Final = {"E": 1, "D": 1, "C": 2, "B": 3, "A": 4, "O": 5}
"""EMD determinants as priorities: echo and delta need lights and sirens, omega hardly anybody."""
MEDICAL: Final = {"ALS", "MED", "MEDFD", "MEDLE", "MEDOA", "MEDSD", "NOEMD"}
FIRE: Final = {"AMMO", "ARSON", "CARFIRE", "DUMPFIRE", "FIREA", "FIREB", "FIREC", "GASLEAK", "GRASFIRE", "GRASSFIR"} | {
    "HAZ2", "HAZ3", "HAZPKG", "ODOR", "RSALARM", "STILL", "WIRES"
}  # fmt: skip
ALARM: Final = {"FIREC": 1, "FIREB": 2}
"""Alarm classes of fires as priorities: C is a working fire; every other code of a fire counts as 3."""
SHAPE_BINS: Final = 32
"""The shape of turnouts: bins of a tenth in ln(turnout / median of its part of the day), the middle at 0."""

Seconds = NDArray[np.float64]


class Response(NamedTuple):
    """One unit's response, clean."""

    hour: int
    turnout_s: int
    scene_s: int
    """Arrival to back in service."""
    group: str
    priority: int
    """0: the code tells none."""


class Fit(NamedTuple):
    """One family held against the rows."""

    family: str
    params: tuple[float, ...]
    log_likelihood: float
    ks: float

    def quantile_s(self, share: float) -> float:
        """Return the quantile in seconds."""
        return float(FAMILIES[self.family].ppf(share, *self.params))


def group_of(code: str) -> tuple[str, int]:
    """Return the group and the priority of a call code."""
    emd = EMD.match(code)
    if emd:
        return "medical", URGENCY[emd.group(1)]
    if code == "ECHO":
        return "medical", 1
    if code in MEDICAL:
        return "medical", 0
    return ("fire", ALARM.get(code, 3)) if code in FIRE else ("other", 0)


def seconds(clock: str) -> int:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def read(sheet: Path) -> tuple[list[Response], Counter[str]]:
    """Return the clean rows, and how many were left out for which reason."""
    kept: list[Response] = []
    left_out: Counter[str] = Counter()
    seen: set[tuple[str, ...]] = set()
    with sheet.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = tuple(row.values())
            if key in seen:
                left_out["the same row twice"] += 1
                continue
            seen.add(key)
            response = clean(row)
            if isinstance(response, str):
                left_out[response] += 1
            else:
                kept.append(response)
    return kept, left_out


def clean(row: dict[str, str]) -> Response | str:
    """Return the response, or why it is none."""
    try:
        sent, gone, there, span_s = (
            seconds(row[name]) for name in ("dispatch_time", "enroute_time", "arrive_time", "time_in_service")
        )
    except ValueError:
        return "a time cannot be read"
    turnout_s, travel_s = (gone - sent) % DAY_S, (there - gone) % DAY_S
    if turnout_s > LEG_S_MAX:
        return "en route before dispatch, or hours after it"
    if travel_s > LEG_S_MAX:
        return "on scene before en route, or hours after it"
    scene_s = span_s - turnout_s - travel_s
    if scene_s < SCENE_S[0]:
        return "less than a minute on scene"
    if scene_s > SCENE_S[1]:
        return "more than twelve hours on scene"
    return Response(sent // 3600, turnout_s, scene_s, *group_of(row["call_type"].strip()))


def turnouts(rows: Sequence[Response], block: int | None = None) -> Seconds:
    """Return the turnouts within the window, of one three-hour block of the day or of all."""
    low, high = TURNOUT_S
    return np.array(
        [row.turnout_s for row in rows if low <= row.turnout_s <= high and block in (None, row.hour // 3)], float
    )


def scenes(rows: Sequence[Response], group: str, priority: int | None = None) -> Seconds:
    """Return the times on scene of a group, at one priority or at all."""
    return np.array([row.scene_s for row in rows if row.group == group and priority in (None, row.priority)], float)


def fits(values: Seconds) -> list[Fit]:
    """Fit all families; the likeliest first."""
    found = []
    for name, family in FAMILIES.items():
        params = tuple(float(value) for value in family.fit(values, floc=0))
        log_likelihood = float(family.logpdf(values, *params).sum())
        found.append(Fit(name, params, log_likelihood, float(stats.kstest(values, family.cdf, params).statistic)))
    return sorted(found, key=lambda fit: -fit.log_likelihood)


def log_mean(values: Seconds) -> int:
    """Return the mean of ln(ms), in thousandths."""
    return round(1000 * float(np.log(values * 1000).mean()))


def remaining(fit: Fit) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (elapsed_ms, remaining_ms): the mean rest E[T - t | T > t] at quantiles of the fitted family."""
    elapsed_s = [0.0, *(fit.quantile_s(share) for share in QUANTILES[1:])]
    family = FAMILIES[fit.family]
    far_s = fit.quantile_s(1 - 1e-7)
    rests = []
    for at_s in elapsed_s:
        grid_s = np.concatenate((np.linspace(at_s, elapsed_s[-1], 4001), np.geomspace(elapsed_s[-1], far_s, 4001)[1:]))
        survival = family.sf(np.unique(grid_s), *fit.params)
        rests.append(float(np.trapezoid(survival, np.unique(grid_s)) / survival[0]))
    return tuple(round(at_s * 1000) for at_s in elapsed_s), tuple(round(rest_s * 1000) for rest_s in rests)


def cases(rows: Sequence[Response]) -> dict[str, Seconds]:
    """Return what is fitted, by name."""
    found = {"turnout": turnouts(rows)}
    found |= {f"turnout {3 * block:02d}-{3 * block + 3:02d} h": turnouts(rows, block) for block in range(8)}
    for group in ("medical", "fire", "other"):
        found[f"on scene {group}"] = scenes(rows, group)
        for priority in range(1, 6):
            values = scenes(rows, group, priority)
            if len(values) >= ROWS_MIN:
                found[f"on scene {group} {priority}"] = values
    return found


def table(rows: Sequence[Response]) -> list[Row]:
    """Return one row for each case and family, the likeliest first."""
    return [
        {
            "case": case,
            "method": fit.family,
            "rows": len(values),
            "seen_ms": round(float(np.median(values)) * 1000),
            "median_ms": round(fit.quantile_s(0.5) * 1000),
            "p99_ms": round(fit.quantile_s(0.99) * 1000),
            "log_likelihood": round(fit.log_likelihood),
            "ks": round(fit.ks, 3),
        }
        for case, values in cases(rows).items()
        for fit in fits(values)
    ]


def turnout_profile(rows: Sequence[Response]) -> tuple[int, ...]:
    """Return the median turnout of each part of the day in permille of that of all."""
    whole_s = float(np.median(turnouts(rows)))
    return tuple(round(1000 * float(np.median(turnouts(rows, block))) / whole_s) for block in range(8))


def turnout_shape(rows: Sequence[Response]) -> tuple[int, ...]:
    """Return the share of turnouts in each bin, in permille."""
    blocks = [turnouts(rows, block) for block in range(8)]
    logs = np.concatenate([np.log(values / np.median(values)) for values in blocks])
    bins = np.clip(np.floor(logs * 10).astype(int) + SHAPE_BINS // 2, 0, SHAPE_BINS - 1)
    return tuple(round(1000 * count / len(logs)) for count in np.bincount(bins, minlength=SHAPE_BINS).tolist())


def clear_table(values: Seconds) -> ClearTable:
    """Return the table of the likeliest family."""
    return ClearTable(*remaining(fits(values)[0]), log_mean(values))


def shipped_tables(rows: Sequence[Response]) -> dict[Group, tuple[ClearTable, ...]]:
    """Return the tables of time on scene, by group and priority."""
    found: dict[Group, tuple[ClearTable, ...]] = {Group.OTHER: (clear_table(scenes(rows, "other")),)}
    for group, priorities in ((Group.MEDICAL, 4), (Group.FIRE, 3)):
        found[group] = tuple(clear_table(scenes(rows, group, priority + 1)) for priority in range(priorities))
    return found


def shipped(rows: Sequence[Response]) -> str:
    """Return the constants of `engine/model/priors.py`."""
    lines = [f"TURNOUT_PROFILE = {turnout_profile(rows)}", f"TURNOUT_SHAPE = {turnout_shape(rows)}"]
    for group, tables in shipped_tables(rows).items():
        body = "".join(f"ClearTable({each.elapsed_ms}, {each.remaining_ms}, {each.log_mean})," for each in tables)
        lines.append(f"{group.upper()} = ({body})")
    return "\n".join(lines)


def main() -> None:
    """Read, clean, fit, print."""
    if not SHEET.exists():
        raise SystemExit(f"{SHEET} is not there. Set TURNOUT_DATA to the folder that holds ross-valley-fd.")
    rows, left_out = read(SHEET)
    if "--ship" in sys.argv[1:]:
        print(shipped(rows))
        return
    result = table(rows)
    result += [{"case": f"left out: {reason}", "method": "-", "rows": count} for reason, count in left_out.items()]
    emit("fit_ross_valley", result, as_json=wants_json())


if __name__ == "__main__":
    main()
