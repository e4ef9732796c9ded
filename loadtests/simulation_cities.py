"""What the simulator's tables have in common: the cities, their options, and one city simulated under some policies.

Rule: nothing is simulated or judged here in a way of its own; it is what `turnout sim` does. The cities come from the
JEMSS project and are not part of this one: without the data they are skipped, in words.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gateways.simulation import document_of
from gateways.simulation.asking import Asked, simulate

CITIES = ("manhattan", "auckland")
PRESET = "jemss"


def options(parser: argparse.ArgumentParser, *, days: int, reps: int, seed: int) -> None:
    """Add what every table may be asked for."""
    parser.add_argument("--city", nargs="+", choices=CITIES, default=list(CITIES))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the JEMSS cities")
    parser.add_argument("--days", type=int, default=days, help="measured days of a replication")
    parser.add_argument("--reps", type=int, default=reps, help="replications")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--cores", type=int, default=None, help="processes side by side (default: all cores)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def folders(chosen: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Yield the cities that are there, and say which are not."""
    for city in chosen.city:
        folder = chosen.data / city
        if folder.is_dir():
            yield city, folder
        else:
            print(
                f"{city} is skipped: {folder} is not there; --data names the folder of the JEMSS cities",
                file=sys.stderr,
            )


def document(
    folder: Path, policies: Sequence[str], chosen: argparse.Namespace, *, bound: bool = False
) -> dict[str, Any]:
    """Return the document of `turnout sim` for these policies, by their full names, under the rules of JEMSS."""
    asked = Asked(
        place=folder,
        policies=tuple(policies),
        days=chosen.days,
        reps=chosen.reps,
        seed=chosen.seed,
        warm_up=1,
        preset=PRESET,
        divert=False,
        cores=chosen.cores,
        bound=bound,
    )
    return document_of(*simulate(asked))


def percent(share: float | None) -> float | str:
    """Return a share of 1 in percent; a dash where there is none."""
    return "-" if share is None else round(100 * share, 2)


def over(value: float | None, divisor: float = 1.0, digits: int = 3) -> float | str:
    """Return a figure in another unit; a dash where there is none."""
    return "-" if value is None else round(value / divisor, digits)
