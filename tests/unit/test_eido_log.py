"""The log of exchanges: a file a day, bounded, readable by its owner, gone in time; a full disk stops nothing."""

import json
from pathlib import Path

from gateways.daybook import WAITING_MAX
from gateways.eido.config import Statistics
from gateways.eido.log import ExchangeLog

DAY_MS = 86_400_000
NOON_MS = 1_772_452_800_000
"""2 March 2026."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_day_has_its_file_and_old_ones_are_removed(tmp_path: Path) -> None:
    log = ExchangeLog(tmp_path, 1 << 16, Statistics(), days=2)
    (tmp_path / "eido-next.json").touch()
    for day in range(4):
        log.write(NOON_MS + day * DAY_MS, "tested", who="x", number=day)
        log._flush()
    assert names(tmp_path) == ["eido-2026-03-03.log", "eido-2026-03-04.log", "eido-2026-03-05.log", "eido-next.json"]
    line = json.loads((tmp_path / "eido-2026-03-05.log").read_text())
    assert line == {"at": "2026-03-05T12:00:00.000Z", "what": "tested", "who": "x", "number": 3}
    assert (tmp_path / "eido-2026-03-05.log").stat().st_mode & 0o077 == 0


def test_a_day_never_takes_more_than_two_files(tmp_path: Path) -> None:
    log = ExchangeLog(tmp_path, 2_000, Statistics())
    for number in range(50):
        log.write(NOON_MS, "tested", text="x" * 500, number=number)
        log._flush()
    assert names(tmp_path) == ["eido-2026-03-02.log", "eido-2026-03-02.log.1"]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())


def test_what_cannot_be_written_is_counted(tmp_path: Path) -> None:
    statistics = Statistics()
    log = ExchangeLog(tmp_path / "absent", 2_000, statistics)
    for _ in range(WAITING_MAX + 5):
        log.write(NOON_MS, "tested")
    assert statistics.log_failed == 5
    log._flush()
    assert statistics.log_failed == WAITING_MAX + 5
