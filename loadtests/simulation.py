"""The simulator's tables, each by one command: what agrees, what beats what, and how fast it is.

    python -m loadtests.simulation agreement [--city manhattan auckland] [--days 100] [--reps 10] [--json]
    python -m loadtests.simulation pareto [--policy NAME …] [--seed 1001] [--json]
    python -m loadtests.simulation speed [--json]

The cities are imported from the JEMSS cities in `--data` (`../shared/data`), and simulated under that model's rules.
"""

import argparse
from itertools import groupby

from loadtests.report import Row, emit, machine, show
from loadtests.simulation_agreement import agreed, agreement
from loadtests.simulation_cities import options
from loadtests.simulation_pareto import SEED, pareto
from loadtests.simulation_speed import speed, where


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tables = parser.add_subparsers(dest="table", required=True)
    options(tables.add_parser("agreement", help="ours beside the published table"), days=100, reps=10, seed=1)
    against = tables.add_parser("pareto", help="late share against moves, on unseen calls")
    options(against, days=100, reps=10, seed=SEED)
    against.add_argument(
        "--policy", action="append", metavar="DISPATCH/REDEPLOY", help="others; the first is to be beaten"
    )
    against.add_argument("--no-bound", action="store_true", help="leave away what no policy can do better than")
    fast = tables.add_parser("speed", help="calls a second, and where the time goes")
    options(fast, days=20, reps=1, seed=1)
    fast.add_argument("--profile-days", type=int, default=3, help="days of which every function's time is taken")
    return parser.parse_args()


def main() -> None:
    chosen = asked()
    if chosen.table == "agreement":
        rows = agreement(chosen)
        tell(chosen, {"ours beside what was published": rows, "in all": [agreed(rows)] if rows else []})
    elif chosen.table == "pareto":
        tell(chosen, pareto(chosen))
    else:
        tell(chosen, {"calls a second": speed(chosen), "where the time goes": where(chosen)})


def tell(chosen: argparse.Namespace, tables: dict[str, list[Row]]) -> None:
    """Print the tables, or all their rows as one JSON object: each then says which table it is of."""
    run = {name: value for name, value in vars(chosen).items() if name in {"days", "reps", "seed"}}
    if chosen.json:
        rows = [{"table": title} | row | run for title, own in tables.items() for row in own]
        emit(f"simulation {chosen.table}", rows, as_json=True)
        return
    print(", ".join(f"{name} {value}" for name, value in (machine() | run).items()))
    for title, own in tables.items():
        for case, group in groupby(own, lambda row: row.get("case", "")):
            show(f"{title}: {case}" if case else title, [_without_case(row) for row in group])


def _without_case(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "case"}


if __name__ == "__main__":
    main()
