"""How every benchmark measures and reports.

`python -m loadtests.<name>` prints a table, with `--json` one object:

    {"bench": ..., "machine": {...}, "rows": [{"case": ..., "method": ..., "median_ms": ..., "p99_ms": ...}]}

The method named `turnout` is ours; every other does the same work in the same run. A row may hold further figures.
"""

import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

Row = dict[str, str | int | float]


def timed(call: Callable[[], object], rounds: int = 200, warmup: int = 20) -> tuple[float, float]:
    """Call `warmup` times unmeasured and `rounds` times measured; return (median_ms, p99_ms) of one call."""
    for _ in range(warmup):
        call()
    taken_ns = []
    for _ in range(rounds):
        begun_ns = time.perf_counter_ns()
        call()
        taken_ns.append(time.perf_counter_ns() - begun_ns)
    return quantile(taken_ns, 0.5) / 1e6, quantile(taken_ns, 0.99) / 1e6


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def wants_json() -> bool:
    """Whether the command line asks for one JSON object instead of a table."""
    return "--json" in sys.argv[1:]


def emit(bench: str, rows: Sequence[Row], *, as_json: bool) -> None:
    """Print the result of a benchmark, as one JSON object on one line or as a table."""
    if as_json:
        print(json.dumps({"bench": bench, "machine": machine(), "rows": list(rows)}))
        return
    described = ", ".join(f"{name} {value}" for name, value in machine().items())
    show(f"{bench} ({described})", rows)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print rows as a table, a column for each name that any of them has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name in {"case", "method"} else "right", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row.get(name, "")) for name in columns))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def machine() -> dict[str, str | int]:
    """Return what a figure depends on, and nothing that names the machine: cores, CPU model, Python, system."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _shown(value: str | float) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
