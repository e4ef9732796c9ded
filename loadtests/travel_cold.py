"""Cold starts: fresh processes from the start of the interpreter to the first answer, and what memory they take."""

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.journal.shelf import Shelf
from loadtests.peers import Ints
from loadtests.report import Row
from loadtests.travel_cities import City

PATIENCE_S = 300


def start(city: City, order: Ints, runs: int = 3) -> list[Row]:
    """Return the middle one of several starts, as installed and beside scipy, and the memory of the first."""
    case = f"{city.name}: cold start with kept order"
    with TemporaryDirectory() as name:
        folder = Path(name)
        fresh = partial(_fresh, folder, Shelf(folder).keep(city.graph, order).stem)
        memory = fresh("memory")  # it also fills the cache of compiled kernels, if that is empty
        alone, beside = (_middle([fresh(what) for _ in range(runs)]) for what in ("first", "beside"))
    sizes = {name: value for name, value in memory.items() if name.endswith("_per_node")}
    return [
        {"case": case, "method": "turnout", **alone, **sizes},
        {"case": case, "method": "turnout, scipy installed too", **beside},
    ]


def _middle(told: list[dict[str, float]]) -> dict[str, float]:
    return sorted(told, key=lambda each: each["cold_start_s"])[len(told) // 2]


def _fresh(folder: Path, digest: str, what: str) -> dict[str, float]:
    """Run a process and return what it tells, with the wall clock from its start to its answer."""
    command = [sys.executable, "-m", "loadtests.travel_fresh", str(folder), digest, what]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took_s = time.perf_counter() - begun
        told = process.stdout.read()
        status = process.wait(PATIENCE_S)
    assert status == 0, f"the fresh process ended with status {status}"
    steps = json.loads(told)
    inside_s = sum(value for name, value in steps.items() if name.endswith("_s"))
    return {"cold_start_s": round(took_s, 3), "imports_s": round(took_s - inside_s, 3), **steps}
