"""The file of devices is read again while we run; one that does not hold changes nothing."""

from pathlib import Path

import msgspec
import pytest
import trio

from gateways import feeds as opening
from gateways.auth import Credential, Gatekeeper, Role
from gateways.config import Config, ConfigRefused
from gateways.feeds import Feeds
from gateways.telematics import Taip
from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from tests.telematics_kit import per_fix
from tests.unit.engine_place import engine_place

NOW = 1_770_000_000_000
KEEPER = Gatekeeper((Credential(name="crew", role=Role.CREW, secret_sha256=()),))


class Feed(msgspec.Struct, frozen=True):
    name: str = "fleet"
    units: frozenset[str] | None = None


async def test_a_device_moves_to_another_vehicle_by_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again when it changes; a unit that there is not, or what is no table at all, is complained of, and the old list stands."""
    monkeypatch.setattr(opening, "LOOK_EVERY_S", 0.02)
    first, second = (unit.id for unit in engine_place().units[:2])
    file = tmp_path / "devices.csv"
    file.write_text(f"device,unit\nphone,{first}\n")
    feeds = Feeds(engine_place(), Config(devices=str(file), feeds=()), KEEPER)
    moves: list[str] = []
    sink = per_fix(feeds._roster, lambda unit, _: moves.append(unit))
    intake = Intake(feeds._roster, HygieneSettings(), sink, lambda: NOW)
    feeds.devices.bind(intake)

    async def until(event: str, times: int = 1) -> None:
        with trio.fail_after(120):
            while intake.statistics().events.get(event, 0) < times:  # noqa: ASYNC110 - a plain counter
                await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(feeds._follow_file, file, intake)
        intake.take([Fix("phone", 52.0, 5.0, NOW - 9_000)], Feed())
        file.write_text("device,unit\nphone,dragon-cart\n")
        await until("devices_refused")
        file.write_bytes(f"device,unit\nphon\xe9,{second}\n".encode("latin-1"))
        await until("devices_refused", 2)
        file.write_text(f"device,unit\n{'x' * 200_000},{second}\n")
        await until("devices_refused", 3)
        intake.take([Fix("phone", 52.0, 5.0, NOW - 8_000)], Feed())
        file.write_text(f"device,unit\nphone,{second}\nnew,{first}\n")
        await until("device_moved")
        intake.take([Fix("phone", 52.0, 5.0, NOW - 7_000)], Feed())
        nursery.cancel_scope.cancel()
    assert moves == [first, first, second]
    assert intake.statistics().events["device_added"] == 1


def test_a_door_s_principal_must_be_one_that_feeds_positions() -> None:
    """Neither somebody unknown nor a crew: said before anything starts."""
    for name in ("nobody", "crew"):
        with pytest.raises(ConfigRefused, match=f"Taip: principal '{name}'"):
            Feeds(engine_place(), Config(feeds=(Taip(principal=name),)), KEEPER)
