"""Claims about a disk that hangs while it is written down how far a feed has come."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trio

from engine.journal.disk import Disk
from gateways.config import Config
from gateways.outward import position
from gateways.outward.position import FOLDER, Position, PositionFile
from tests.live.exchange_kit import serve_exchanges
from tests.live.sink_kit import sink
from tests.live.test_cloudevents import report


class Hanging:
    """Writes of positions do not come back until `released`."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.released = threading.Event()
        self.begun = 0
        replace = Disk.replace

        def hang(disk: Disk, path: Path, data: bytes) -> None:
            if path.parent.name == FOLDER:
                self.begun += 1
                self.released.wait()
            replace(disk, path, data)

        patched.setattr(Disk, "replace", hang)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr(position, "DISK_S", 0.05)
    made = Hanging(monkeypatch)
    yield made
    made.released.set()


async def test_who_keeps_a_position_waits_no_longer_than_that_and_nothing_older_comes_later(
    tmp_path: Path, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PositionFile(tmp_path, "feed")
    for seq in (1, 2):
        with trio.fail_after(120), pytest.raises(TimeoutError, match="has not answered"):
            await file.keep(msgspec.msgpack.encode(Position(seq)))
    assert hanging.begun == 1, "the second has waited for the first"
    monkeypatch.setattr(position, "DISK_S", 120)
    hanging.released.set()
    await file.keep(msgspec.msgpack.encode(Position(3)))
    found = file.load()
    assert found is not None
    assert found.seq == 3


async def test_a_feed_is_told_and_stops_while_its_disk_hangs(tmp_path: Path, hanging: Hanging) -> None:
    async with sink() as receiver:
        config = Config(subscriptions=(receiver.subscription(kinds=("incident_reported",)),))
        with trio.fail_after(240):
            async with serve_exchanges(tmp_path, config) as served:
                await report(served, 1)
                await served.until(lambda: receiver.events)
                counts = served.exchanges.numbers["subscription-sink"]
                await served.until(lambda: counts().get("unkept", 0) > 0)
    assert not hanging.released.is_set()
    assert not list((tmp_path / FOLDER).glob("*.msgpack"))
