"""What was aimed at, and whether it was reached in this run.

The times in milliseconds were aimed at for Auckland; the ratios and the cold start for every city.
"""

from collections.abc import Sequence
from typing import Final

from loadtests.report import Row
from loadtests.travel_building import HIERARCHY_ONLY
from loadtests.travel_ours import OURS, OURS_MOVED

AIMED_AT: Final = "auckland"
SWEEP_MS: Final = 0.3
CUSTOMISE_MS: Final = 5.0
COLD_S: Final = 1.0
BEST_PEER: Final = 2.5
NUMBA: Final = 12.0
LIMITED: Final = "only within"
"""In the name of a peer that was asked less."""


def verdicts(city: str, rows: Sequence[Row]) -> list[Row]:
    """Return a row for each aim that this run has figures for."""
    nodes, arcs = (_medians(rows, f"{city}: {word}") for word in ("units at nodes", "units along arcs"))
    new = _medians(rows, f"{city}: new times")
    cold = [row for row in rows if str(row["case"]).startswith(f"{city}: cold start")]
    found: list[Row] = []
    if city == AIMED_AT:
        found = [
            _at_most(city, "one incident, units along arcs, ms", arcs[OURS], SWEEP_MS),
            _at_most(city, "the same, all units moved since, ms", arcs[OURS_MOVED], SWEEP_MS),
            _at_most(city, "new times, from factors to answers, ms", new[OURS], CUSTOMISE_MS),
            _at_most(city, "new times, the hierarchy alone, ms", new[HIERARCHY_ONLY], CUSTOMISE_MS),
        ]
    for row in cold:
        found.append(
            _at_most(city, f"cold start with kept order, s ({row['method']})", float(row["cold_start_s"]), COLD_S)
        )
    return [*found, *_ratios(city, nodes)]


def _ratios(city: str, medians: dict[str, float]) -> list[Row]:
    own = {name: ms for name, ms in medians.items() if name.startswith("numba dijkstra")}
    peers = {name: ms for name, ms in medians.items() if name not in own and not name.startswith(OURS)}
    groups = (
        ("best library that answers for all", {n: ms for n, ms in peers.items() if LIMITED not in n}, BEST_PEER),
        ("best library, those asked less included", peers, BEST_PEER),
        ("numba dijkstra", own, NUMBA),
    )
    rows: list[Row] = []
    for words, group, wanted in groups:
        if group:
            best = min(group, key=lambda name: group[name])
            rows.append(_at_least(city, f"{words} / {OURS} ({best})", group[best] / medians[OURS], wanted))
    return rows


def _medians(rows: Sequence[Row], case: str) -> dict[str, float]:
    return {str(row["method"]): float(row["median_ms"]) for row in rows if str(row["case"]).startswith(case)}


def _at_most(city: str, aim: str, figure: float, most: float) -> Row:
    return _verdict(city, aim, figure, f"at most {most:g}", figure <= most)


def _at_least(city: str, aim: str, figure: float, least: float) -> Row:
    return _verdict(city, aim, figure, f"at least {least:g}", figure >= least)


def _verdict(city: str, aim: str, figure: float, wanted: str, reached: bool) -> Row:
    told = "reached" if reached else "NOT reached"
    return {"case": f"{city}: aims", "method": aim, "figure": round(figure, 3), "wanted": wanted, "verdict": told}
