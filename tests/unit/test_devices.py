"""Devices moved by word: over the list, until the list says something new; the track goes along, the lead does not."""

from pathlib import Path

import msgspec
import pytest

from gateways.devices import FILE, Devices, MovedDamaged
from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import HygieneSettings, Verdict
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from gateways.upkeep import NotDone
from tests.telematics_kit import per_fix

NOW = 1_770_000_000_000
UNITS = ("A", "B", "C")
LISTED = {"phone": "A", "modem": "A", "other": "B"}


class Feed(msgspec.Struct, frozen=True):
    name: str = "fleet"
    units: frozenset[str] | None = None


class Yard:
    """Devices with an intake."""

    def __init__(self, data: Path | None, listed: dict[str, str] | None = None) -> None:
        self.devices = Devices(LISTED if listed is None else listed, UNITS, data)
        self.moves: list[str] = []
        self.touched: list[list[str]] = []
        roster = Roster(self.devices.units_of(), units=UNITS)
        sink = per_fix(roster, lambda unit, _: self.moves.append(unit))
        self.intake = Intake(roster, HygieneSettings(), sink, lambda: NOW)
        self.devices.bind(self.intake)
        self.devices.on_changed.append(lambda units: self.touched.append(list(units)))

    def fix(self, device: str, age_s: int, lat: float = 52.0, accuracy_m: float | None = None) -> Verdict:
        (verdict,) = self.intake.take([Fix(device, lat, 5.0, NOW - age_s * 1_000, accuracy_m=accuracy_m)], Feed())
        return verdict


async def test_a_word_stands_over_the_list_and_over_a_restart(tmp_path: Path) -> None:
    """Until the list says something new of that device; words about others stand."""
    yard = Yard(tmp_path)
    await yard.devices.move("phone", "C", "desk", "spare")
    await yard.devices.move("other", None, "desk", "stolen")
    assert yard.fix("phone", 9) is Verdict.ACCEPTED
    assert yard.fix("other", 9) is Verdict.UNKNOWN_DEVICE
    assert yard.moves == ["C"]
    assert yard.touched == [["A", "C"], ["B"]]
    again = Yard(tmp_path)
    assert {view.device: view.unit for view in again.devices.views()} == {"phone": "C", "modem": "A", "other": None}
    await again.devices.take_list({**LISTED, "modem": "C"})
    assert again.devices.units_of() == {"phone": "C", "modem": "C"}
    await again.devices.take_list({**LISTED, "phone": "B"})
    assert again.devices.units_of()["phone"] == "B"
    assert Yard(tmp_path, {**LISTED, "phone": "B"}).devices.units_of() == {"phone": "B", "modem": "A"}


async def test_restored_it_rides_where_the_list_says(tmp_path: Path) -> None:
    """And a stranger that was put on a unit is one again."""
    yard = Yard(tmp_path)
    assert yard.fix("stranger", 9) is Verdict.UNKNOWN_DEVICE
    assert [each.device for each in yard.devices.strangers()] == ["stranger"]
    view = await yard.devices.move("stranger", "C", "desk", "new")
    assert (view.unit, view.listed, view.moved_by) == ("C", None, "desk")
    assert yard.fix("stranger", 8) is Verdict.ACCEPTED
    assert yard.devices.strangers() == []
    assert (await yard.devices.restore("stranger")).unit is None
    assert yard.fix("stranger", 7) is Verdict.UNKNOWN_DEVICE


async def test_its_track_goes_with_the_device(tmp_path: Path) -> None:
    """What is not newer, or cannot be reached, is not believed on the new unit either; nor is anything older than that unit."""
    yard = Yard(tmp_path)
    assert yard.fix("phone", 10) is Verdict.ACCEPTED
    assert yard.fix("other", 5) is Verdict.ACCEPTED
    await yard.devices.move("phone", "B", "desk", "swap")
    assert yard.fix("phone", 11) is Verdict.LATE
    assert yard.fix("phone", 9, lat=53.0) is Verdict.SUSPECT
    assert yard.fix("phone", 8) is Verdict.LATE, "its unit was seen later already"
    assert yard.moves == ["A", "B"]


async def test_the_lead_on_the_old_unit_passes_on_at_once(tmp_path: Path) -> None:
    """And who was about to take the lead begins anew where it comes back."""
    yard = Yard(tmp_path)
    assert yard.fix("phone", 20, accuracy_m=50) is Verdict.ACCEPTED
    for age_s in (19, 18):
        assert yard.fix("modem", age_s, accuracy_m=5) is Verdict.OUTRANKED
    await yard.devices.move("modem", "C", "desk", "loan")
    await yard.devices.move("modem", "A", "desk", "back")
    assert yard.fix("modem", 17, accuracy_m=5) is Verdict.OUTRANKED, "two of three wins were in its first stay"
    await yard.devices.move("phone", "C", "desk", "loan")
    assert yard.fix("modem", 16, accuracy_m=5) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("device", "unit", "code"), [("phone", "dragon-cart", "unknown_unit"), ("nobody", None, "unknown_device")]
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    tmp_path: Path, device: str, unit: str | None, code: str
) -> None:
    """A unit that there is not; off the roster what is not on it; as listed what stands as listed."""
    yard = Yard(tmp_path)
    with pytest.raises(NotDone) as refused:
        await yard.devices.move(device, unit, "desk", "x")
    assert refused.value.code == code
    with pytest.raises(NotDone, match="stands as it is listed"):
        await yard.devices.restore(device)
    assert not (tmp_path / FILE).exists()
    assert yard.touched == []


async def test_what_cannot_be_written_down_is_not_done(tmp_path: Path) -> None:
    """After a restart it would be forgotten."""
    yard = Yard(tmp_path / "absent")
    with pytest.raises(NotDone, match="stays where it was"):
        await yard.devices.move("phone", "B", "desk", "x")
    assert yard.devices.units_of() == LISTED


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    """And what to do."""
    (tmp_path / FILE).write_bytes(b"\xff\xff")
    with pytest.raises(MovedDamaged, match="Remove it"):
        Devices(LISTED, UNITS, tmp_path)


async def test_a_unit_that_the_place_no_longer_has_ends_the_word(tmp_path: Path) -> None:
    """The server starts all the same, and the list counts."""
    yard = Yard(tmp_path)
    await yard.devices.move("phone", "C", "desk", "x")
    assert Devices(LISTED, ("A", "B"), tmp_path).units_of() == LISTED
