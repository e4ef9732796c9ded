"""Roster and intake: which unit moves, who may move it, and what is counted."""

from collections.abc import Collection

import msgspec
import pytest

from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import HygieneSettings, Verdict
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster, UnknownDevice
from tests.telematics_kit import per_fix

NOW = 1_770_000_000_000


class Feed(msgspec.Struct, frozen=True):
    name: str = "feed"
    units: frozenset[str] | None = None


class Board:
    """An intake with its clock in hand and its sink in view."""

    def __init__(self, devices: dict[str, str], **roster: Collection[str]) -> None:
        self.now_ms = NOW
        self.moves: list[tuple[str, Fix]] = []
        listed = Roster(devices, **roster)
        self.intake = Intake(listed, HygieneSettings(), per_fix(listed, self.move), lambda: self.now_ms)

    def move(self, unit: str, fix: Fix) -> None:
        self.moves.append((unit, fix))

    def take(self, *fixes: Fix, feed: Feed | None = None) -> list[Verdict]:
        return self.intake.take(fixes, feed or Feed())


def at(device: str, at_ms: int = NOW, lat: float = 52.0) -> Fix:
    return Fix(device, lat, 5.0, at_ms)


def test_a_device_moves_its_unit() -> None:
    """The sink gets the unit's id and the fix; each verdict is counted."""
    board = Board({"phone-1": "AMB-1"})
    assert board.take(at("phone-1"), at("phone-1")) == [Verdict.ACCEPTED, Verdict.DUPLICATE]
    assert board.moves == [("AMB-1", at("phone-1"))]
    counts = board.intake.statistics().verdicts
    assert (counts["accepted"], counts["duplicate"], counts["late"]) == (1, 1, 0)
    assert len(counts) == len(Verdict)


def test_a_clamped_fix_is_handed_on_with_our_time() -> None:
    """The sink never sees a stamp from the future."""
    board = Board({"phone-1": "AMB-1"})
    assert board.take(at("phone-1", NOW + 60_000)) == [Verdict.CLAMPED]
    assert board.moves == [("AMB-1", at("phone-1", NOW))]


def test_of_two_devices_on_a_unit_one_leads() -> None:
    """Two receivers on one roof disagree by metres: the unit follows one, and never goes back in time."""
    board = Board({"gps": "AMB-1", "phone": "AMB-1", "other": "AMB-2"})
    verdicts = board.take(at("gps", NOW - 10), at("phone", NOW - 20), at("phone", NOW - 10), at("gps", NOW - 5))
    assert verdicts == [Verdict.ACCEPTED, Verdict.LATE, Verdict.OUTRANKED, Verdict.ACCEPTED]
    assert [fix.device for _, fix in board.moves] == ["gps", "gps"]
    assert board.take(at("other")) == [Verdict.ACCEPTED]


def test_the_lead_passes_on_when_its_device_falls_silent() -> None:
    """More than ten seconds fresher, the other one takes over, and keeps the lead when the first one comes back."""
    board = Board({"gps": "AMB-1", "phone": "AMB-1"})
    verdicts = board.take(at("gps", NOW - 20_000), at("phone", NOW - 10_000), at("phone", NOW - 9_999), at("gps", NOW))
    assert verdicts == [Verdict.ACCEPTED, Verdict.OUTRANKED, Verdict.ACCEPTED, Verdict.OUTRANKED]


def test_the_lead_passes_to_one_that_is_better_three_times_in_a_row() -> None:
    """Half the accuracy counts as better; once in between it is not, and the count begins anew."""
    board = Board({"gps": "AMB-1", "phone": "AMB-1"})
    board.take(Fix("phone", 52.0, 5.0, NOW - 9_000, accuracy_m=40.0))
    accuracies = (10.0, 10.0, 30.0, 10.0, 10.0, 10.0)
    fixes = [Fix("gps", 52.0, 5.0, NOW - 8_000 + 100 * i, accuracy_m=accuracy) for i, accuracy in enumerate(accuracies)]
    assert board.take(*fixes) == [Verdict.OUTRANKED] * 5 + [Verdict.ACCEPTED]


def test_a_device_is_put_into_another_vehicle() -> None:
    """From then on it moves that one; what the list no longer names moves nothing; changes are counted."""
    board = Board({"a": "AMB-1", "b": "AMB-2"}, units=("AMB-1", "AMB-2", "AMB-3"))
    board.take(at("a", NOW - 2_000), at("b", NOW - 2_000))
    board.intake.reassign({"a": "AMB-3", "c": "AMB-2"})
    verdicts = board.take(at("a", NOW - 1_000), at("b", NOW - 1_000), at("c", NOW - 1_000))
    assert verdicts == [Verdict.ACCEPTED, Verdict.UNKNOWN_DEVICE, Verdict.ACCEPTED]
    assert [unit for unit, _ in board.moves] == ["AMB-1", "AMB-2", "AMB-3", "AMB-2"]
    assert board.take(at("a", NOW - 2_000)) == [Verdict.LATE]  # its track goes with it
    events = board.intake.statistics().events
    assert (events["device_moved"], events["device_added"], events["device_removed"]) == (1, 1, 1)
    with pytest.raises(ValueError, match="there is no unit 'AMB-9'"):
        board.intake.reassign({"a": "AMB-9"})
    assert board.take(at("a")) == [Verdict.ACCEPTED]


def test_a_device_that_has_gone_is_offline_until_it_sends() -> None:
    """Its last will is counted; whatever comes from it afterwards takes that back."""
    board = Board({"a": "AMB-1"})
    board.intake.mark_offline("a")
    board.intake.mark_offline("stranger")
    assert board.intake.offline() == ("a",)
    assert board.intake.statistics().offline == 1
    board.take(at("a"))
    assert board.intake.statistics().offline == 0
    assert board.intake.statistics().events == {"device_offline": 2}


def test_a_feed_moves_only_its_own_units() -> None:
    """A device of another feed's unit is refused, and leaves no trace in that device's track."""
    board = Board({"phone-1": "AMB-1", "phone-2": "AMB-2"})
    mine = Feed("mine", frozenset({"AMB-1"}))
    assert board.take(at("phone-1"), at("phone-2"), feed=mine) == [Verdict.ACCEPTED, Verdict.NOT_ALLOWED]
    assert board.intake.last_seen_ms("phone-2") is None
    assert board.take(at("phone-2", NOW - 1_000)) == [Verdict.ACCEPTED]


def test_airborne_units_may_be_faster() -> None:
    """The roster tells hygiene which units fly."""
    fixes = [at("h", NOW - 10_000), at("h", NOW, 52.0095)]
    assert Board({"h": "HELI"}).take(*fixes)[1] is Verdict.SUSPECT
    assert Board({"h": "HELI"}, airborne=frozenset({"HELI"})).take(*fixes)[1] is Verdict.ACCEPTED


def test_unknown_devices_are_counted_and_shown() -> None:
    """The one heard last comes first, with its count and times."""
    board = Board({})
    board.take(at("x"), at("y"))
    board.now_ms += 500
    assert board.take(at("x")) == [Verdict.UNKNOWN_DEVICE]
    assert board.intake.unknown_devices() == (
        UnknownDevice("x", NOW, NOW + 500, 2),
        UnknownDevice("y", NOW, NOW, 1),
    )
    assert board.intake.statistics().verdicts["unknown_device"] == 3


def test_a_flood_of_unknown_devices_is_bounded() -> None:
    """256 are kept, the latest; a device heard again is not forgotten for one heard once."""
    board = Board({})
    board.take(at("steady"), *[at(f"d{i}") for i in range(255)], at("steady"), *[at(f"e{i}") for i in range(255)])
    kept = board.intake.unknown_devices()
    assert len(kept) == 256
    assert kept[-1] == UnknownDevice("steady", NOW, NOW, 2)


def test_last_seen_is_kept_per_device() -> None:
    """It is the time of arrival, whatever the verdict; never heard of is None."""
    board = Board({"phone-1": "AMB-1", "phone-2": "AMB-2"})
    board.take(at("phone-1", NOW - 60_000))
    assert board.intake.last_seen_ms("phone-1") == NOW
    assert board.intake.last_seen_ms("phone-2") is None
    assert board.intake.last_seen_ms("stranger") is None


def test_events_are_counted_beside_the_verdicts() -> None:
    """What a protocol meets before there is a fix has its own counts; a snapshot does not change afterwards."""
    board = Board({})
    board.intake.count("malformed", 3)
    before = board.intake.statistics()
    board.intake.count("malformed")
    assert before.events == {"malformed": 3}
    assert board.intake.statistics().events == {"malformed": 4}
