"""The log file channel on a real disk."""

import os
from pathlib import Path

import msgspec
import pytest

from engine.model.alert_facts import Purpose
from gateways.alerts.channel import Outcome
from gateways.alerts.logfile import LogFile
from gateways.alerts.message import Message

DELIVERED = Outcome(delivered=True)


def message(number: int = 1) -> Message:
    return Message(
        place="riverside",
        alert=f"A{number}",
        purpose=Purpose.DISPATCH,
        created_ms=1_770_000_000_123,
        unit="E7",
        unit_kind="engine",
        incident="I1",
        incident_type="fire",
        type_name="Structure fire",
        priority=1,
        address="12 Quay",
        lat=52.1,
        lon=4.9,
        text="E7 GO I1 P1 Structure fire, 12 Quay",
        rung=0,
        attempt=1,
    )


async def send(config: LogFile, folder: Path, *messages: Message) -> list[Outcome]:
    async with config.open(folder) as sender:
        return [await sender.send(each) for each in messages]


def alerts_in(path: Path) -> list[str]:
    return [msgspec.json.decode(line)["data"]["alert"] for line in path.read_bytes().splitlines()]


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_each_alert_is_a_line(tmp_path: Path) -> None:
    """Complete JSON, readable by the owner only, in the data folder; the file is continued."""
    config = LogFile(path="alerts.log")
    assert await send(config, tmp_path, message(1), message(2)) == [DELIVERED, DELIVERED]
    assert await send(config, tmp_path, message(3)) == [DELIVERED]
    path = tmp_path / "alerts.log"
    assert alerts_in(path) == ["A1", "A2", "A3"]
    assert path.stat().st_mode & 0o777 == 0o600
    first = msgspec.json.decode(path.read_bytes().splitlines()[0])
    assert (first["type"], first["timestamp"]) == ("alert.dispatch", "2026-02-02T02:40:00.123Z")


async def test_it_is_synced_before_it_is_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sync of the file a line, and one of the folder where the file is new; a failing sync is a failed attempt."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    assert await send(LogFile(path="a"), tmp_path, message(1), message(2)) == [DELIVERED, DELIVERED]
    assert len(synced) == 3

    def broken(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    (outcome,) = await send(LogFile(path="a"), tmp_path, message(3))
    assert not outcome.delivered
    assert outcome.detail == f"{tmp_path / 'a'} cannot be written: Input/output error"


async def test_a_line_torn_by_a_crash_is_closed_off(tmp_path: Path) -> None:
    """The next alert begins a line of its own."""
    path = tmp_path / "alerts.log"
    path.write_bytes(b'{"type":"alert.disp')
    await send(LogFile(path="alerts.log"), tmp_path, message(2))
    torn, whole = path.read_bytes().splitlines()
    assert torn == b'{"type":"alert.disp'
    assert msgspec.json.decode(whole)["data"]["alert"] == "A2"


async def test_it_rotates_by_size_and_keeps_some(tmp_path: Path) -> None:
    """No file grows beyond the limit, the newest are kept, in order."""
    config = LogFile(path="alerts.log", rotate_bytes=4096, keep=2)
    assert all(outcome.delivered for outcome in await send(config, tmp_path, *map(message, range(1, 61))))
    names = ["alerts.log.2", "alerts.log.1", "alerts.log"]
    assert {path.name for path in files(tmp_path)} == set(names)
    assert all((tmp_path / name).stat().st_size <= 4096 for name in names)
    kept = [alert for name in names for alert in alerts_in(tmp_path / name)]
    assert kept == [f"A{number}" for number in range(61 - len(kept), 61)]


async def test_a_folder_that_is_not_there_is_a_failed_attempt(tmp_path: Path) -> None:
    """It says which file and why."""
    (outcome,) = await send(LogFile(path="no/alerts.log"), tmp_path, message())
    assert outcome.detail == f"{tmp_path / 'no/alerts.log'} cannot be written: No such file or directory"
