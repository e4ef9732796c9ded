"""Agreement: each policy of the published table, simulated under the same rules, beside what was published.

The published figures were measured with the JEMSS core (Ridler, Mason, Raith: github.com/uoa-ems-research/JEMSS.jl), run
unmodified on Julia 1.5.3 with its cities Manhattan and Auckland: 10 replications of 100 days, 456,000 and 283,000 calls.
Late: reached more than 8 minutes after the call came in, with low priority 10.5 (Manhattan) or 20 (Auckland). High pools
high and medium. Its random streams are others than ours, so figures agree within what chance leaves open, or not at all.
"""

import argparse
from math import hypot
from typing import Any

from loadtests.report import Row
from loadtests.simulation_cities import document, folders, over

PUBLISHED = {
    ("nearest/home",): ((48.35, 8.80, 42.35), (50.04, 9.66, 17.42)),
    ("nearest/dmexclp:q=200",): ((46.03, 8.62, 40.00), (47.78, 9.48, 16.38)),
    ("nearest/dmexclp:q=500",): ((46.11, 8.63, 40.14), (48.65, 9.54, 16.73)),
    ("nearest/compliance:q=0", "nearest/compliance:q=300"): ((41.45, 8.35, 35.53), (44.09, 8.95, 13.44)),
    ("nearest+divert/home",): ((33.70, 7.41, 48.54), (47.68, 9.46, 24.25)),
    ("nearest+divert/dmexclp:q=300",): ((31.69, 7.32, 46.30), (45.63, 9.31, 23.26)),
    ("nearest+divert/compliance:q=0", "nearest+divert/compliance:q=300"): (
        (28.46, 7.17, 41.92),
        (42.23, 8.82, 19.33),
    ),
}
"""By policy, for Manhattan (12 units) and Auckland (16): late % high, mean minutes high, late % low. Where there are two
policies the better of them was published, so the better of ours is what is held against it."""
COLUMN = {"manhattan": 0, "auckland": 1}
HALF_WIDTH = 0.6
"""Percentage points: the widest of the 95 percent intervals given with the table (0.4 to 0.6)."""


def agreement(chosen: argparse.Namespace) -> list[Row]:
    """Simulate the table; a row for each figure of each policy that was published."""
    rows: list[Row] = []
    names = tuple(name for alike in PUBLISHED for name in alike)
    for city, folder in folders(chosen):
        ours = {policy["name"]: policy for policy in document(folder, names, chosen)["policies"]}
        for alike, published in PUBLISHED.items():
            better = min((ours[name] for name in alike), key=_late_high)
            rows += _compared(city, better, published[COLUMN[city]])
    return rows


def _late_high(policy: dict[str, Any]) -> float:
    late: float = policy["groups"]["high"]["late_share"]["value"]
    return late


def _compared(city: str, policy: dict[str, Any], published: tuple[float, float, float]) -> list[Row]:
    high, low = policy["groups"]["high"], policy["groups"]["low"]
    late_high, mean_min, late_low = published
    mean = high["mean_response_s"]
    return [
        _row(city, policy, "late high, %", _scaled(high["late_share"], 100), late_high, HALF_WIDTH),
        _row(city, policy, "mean high, min", _scaled(mean, 1 / 60), mean_min, None),
        _row(city, policy, "late low, %", _scaled(low["late_share"], 100), late_low, HALF_WIDTH),
    ]


def _scaled(estimate: dict[str, float | None], factor: float) -> tuple[float, float | None]:
    value, half = estimate["value"], estimate["half_width"]
    return (value or 0.0) * factor, None if half is None else half * factor


def _row(
    city: str,
    policy: dict[str, Any],
    figure: str,
    ours: tuple[float, float | None],
    published: float,
    their_half: float | None,
) -> Row:
    """Return the comparison. No interval was published for means: there theirs is taken to be as wide as ours."""
    value, half = ours
    apart = value - published
    allowed = None if half is None else hypot(half, half if their_half is None else their_half)
    return {
        "case": city,
        "method": policy["name"],
        "figure": figure,
        "ours": round(value, 2),
        "published": published,
        "apart": round(apart, 2),
        "half_width": over(half),
        "allowed": over(allowed),
        "within": "-" if allowed is None else ("yes" if abs(apart) <= allowed else "no"),
        "moves": over(policy["moves_per_call"], digits=2),
    }


def agreed(rows: list[Row]) -> Row:
    """Return how many figures lie within the half-widths."""
    judged = [row for row in rows if row["within"] != "-"]
    late = [row for row in judged if str(row["figure"]).startswith("late")]
    return {
        "figures": len(judged),
        "within": sum(row["within"] == "yes" for row in judged),
        "late_shares": len(late),
        "late_shares_within": sum(row["within"] == "yes" for row in late),
        "farthest_late_points": max((abs(float(row["apart"])) for row in late), default=0.0),
    }
