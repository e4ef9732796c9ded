"""House numbers: how fast a list of half a million is read, what it takes, and how long a keystroke waits for its answer.

The list is made up: 12,500 streets in 25 towns, every tenth name known in several of them, 40 houses a street, a third of
the numbers not listed. Each address that is asked for is typed letter by letter, from the second word on, number before
and behind; every prefix is one question, as the console puts it. Processor time, so that others on the machine count little.
"""

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from gateways.geocoding import Geocoder
from gateways.places import load
from gateways.places.addresses import Collector, write_addresses
from gateways.places.city.chance import Dice, dice
from gateways.places.city.words import district_names, street_names
from loadtests.report import Row, emit, quantile, wants_json

PLACE: Final = Path(__file__).parents[1] / "config" / "riverside"
TOWNS: Final = 25
STREETS: Final = 500
"""In each town."""
HOUSES: Final = 40
SHARED: Final = 50
"""Names that every town has."""
ASKED: Final = 400
SIDE_DEGREES: Final = 0.08


def names(chance: Dice) -> list[list[str]]:
    """Return the streets of each town."""
    own = STREETS - SHARED
    all_names = street_names(chance, SHARED + TOWNS * own)
    return [all_names[:SHARED] + all_names[SHARED + own * town : SHARED + own * (town + 1)] for town in range(TOWNS)]


def make_list(folder: Path) -> list[tuple[str, str, str]]:
    """Write 500,000 addresses into the place; return (number, street, town) of each."""
    chance, found, made = dice(1, "load"), Collector(), []
    south, west = 41.497 - SIDE_DEGREES / 2, -90.512 - SIDE_DEGREES / 2
    for town, streets in zip(district_names(chance, TOWNS), names(chance), strict=True):
        for street in streets:
            lat, lon = south + chance.random() * SIDE_DEGREES, west + chance.random() * SIDE_DEGREES
            listed = np.sort(chance.permutation(60)[:HOUSES])
            for number in listed.tolist():
                found.add((str(number + 1), street, "", town, ""), lat, lon + number * 1e-4, len(made) + 2)
                made.append((str(number + 1), street, town))
    write_addresses(folder, found.addresses())
    return made


def keystrokes(made: list[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Give (how it is typed, what stands in the line so far) for each key."""
    chance = dice(2, "typing")
    for row in chance.integers(0, len(made), ASKED).tolist():
        number, street, town = made[row]
        other = str(int(chance.integers(1, 61)))
        for way, text, begin in (
            ("number first", f"{number} {street}", len(number) + 1),
            ("number last", f"{street} {number}", len(street) + 1),
            ("any number", f"{other} {street}", len(other) + 1),
            ("with its town", f"{number} {street}, {town}", len(f"{number} {street},")),
        ):
            for end in range(begin, len(text)):
                yield way, text[: end + 1].lower()


def resident_mb() -> float:
    """Return what this process holds in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    try:
        place = shutil.copytree(PLACE, folder / "place")
        load(place)  # what is imported and cached on the way does not count
        asked = list(keystrokes(make_list(place)))
        before, begun = resident_mb(), time.process_time()
        loaded = load(place)
        read = time.process_time()
        assert loaded.addresses is not None
        count = len(loaded.addresses)
        geocoder = Geocoder(loaded.addresses, loaded.place)
        built = time.process_time()
        del loaded
        rows: list[Row] = [
            {
                "case": f"{count:,} addresses",
                "method": "turnout",
                "read_s": round(read - begun, 2),
                "index_s": round(built - read, 2),
                "columns_mb": round(geocoder.houses.nbytes / 1e6, 1),
                "memory_mb": round(resident_mb() - before, 1),
            }
        ]
    finally:
        shutil.rmtree(folder)
    taken: dict[str, list[float]] = {}
    for way, text in asked:
        begun = time.process_time()
        geocoder.find(text)
        taken.setdefault(way, []).append(1000 * (time.process_time() - begun))
    for way, each in taken.items():
        figures = {"median_ms": round(quantile(each, 0.5), 3), "p99_ms": round(quantile(each, 0.99), 3)}
        rows.append({"case": way, "method": "turnout", "keys": len(each), **figures, "most_ms": round(max(each), 3)})
    emit("addresses", rows, as_json=wants_json())


if __name__ == "__main__":
    main()
