"""A real server for the load tests: a generated city, `turnout run` in a process of its own, ports of its choosing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from msgspec import Struct
from msgspec.structs import replace

from gateways.places import generate, load, save

CONFIG = """
[cad]
port = 0
commands_per_s = 5000
burst = 10000
[web]
port = 0
[[feeds]]
protocol = "JsonLines"
port = 0
"""


class Server(Struct):
    """A running server."""

    cad: str
    web: str
    lines: tuple[str, int]
    tokens: dict[str, str]
    process: psutil.Process
    place: Path


def make_city(folder: Path, units: int, seed: int = 7) -> Path:
    """Generate a city and say where it is."""
    place = folder / f"city-{units}"
    generate(place, seed, units, lambda *_: None)
    return place


def man_place(source: Path, folder: Path, units: int) -> Path:
    """Copy a place with so many units at its stations, of the kinds that it has, and say where the copy is."""
    loaded = load(source)
    kinds, stations = loaded.place.units, loaded.place.stations
    crowd = tuple(
        replace(kinds[row % len(kinds)], id=f"U{row + 1}", station=stations[row % len(stations)].id, crew=None)
        for row in range(units)
    )
    place = folder / f"place-{units}"
    save(place, replace(loaded.place, units=crowd), loaded.demand, loaded.streets)
    return place


@contextmanager
def running(place: Path, folder: Path, settings: str = CONFIG) -> Iterator[Server]:
    """Serve the place for as long as the block lasts; SIGTERM at its end, and its exit status must be 0."""
    config = folder / "turnout.toml"
    config.write_text(settings)
    command = [sys.executable, "-m", "gateways.cli", "run", str(place), "--data", str(folder / "data")]
    with subprocess.Popen(
        [*command, "--config", str(config), "--announce"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        doors = json.loads(process.stdout.readline())
        host, port = doors["lines"][0].split(":")
        try:
            yield Server(
                doors["cad"],
                doors["web"],
                (host, int(port)),
                doors["access"]["tokens"],
                psutil.Process(process.pid),
                place,
            )
        finally:
            process.terminate()
            status = process.wait(60)
    assert status == 0, f"the server ended with status {status}"
