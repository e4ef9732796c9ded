"""Feed hygiene: what is believed, what is not, and why."""

import msgspec
import pytest

from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import Hygiene, HygieneSettings, Verdict

NOW = 1_770_000_000_000
NORTH_100_M = 100 / 111_195


def fresh(**settings: float) -> Hygiene:
    hygiene = Hygiene(msgspec.structs.replace(HygieneSettings(), **settings))
    hygiene.enrol("a")
    hygiene.enrol("helicopter", airborne=True)
    return hygiene


def fix(at_ms: int = NOW, lat: float = 52.0, lon: float = 5.0, **rest: object) -> Fix:
    return msgspec.structs.replace(Fix("a", lat, lon, at_ms), **rest)


def judge(hygiene: Hygiene, *fixes: Fix, now_ms: int = NOW) -> list[Verdict]:
    return [hygiene.admit(one, now_ms) for one in fixes]


@pytest.mark.parametrize(
    ("bad", "verdict"),
    [
        (fix(valid=False), Verdict.INVALID),
        (fix(lat=90.0001), Verdict.OUT_OF_RANGE),
        (fix(lon=-180.0001), Verdict.OUT_OF_RANGE),
        (fix(lat=float("nan")), Verdict.OUT_OF_RANGE),
        (fix(lon=float("inf")), Verdict.OUT_OF_RANGE),
        (fix(at_ms=0), Verdict.OUT_OF_RANGE),
        (fix(at_ms=-1), Verdict.OUT_OF_RANGE),
        (fix(speed_mps=-1.0), Verdict.OUT_OF_RANGE),
        (fix(heading_deg=360.5), Verdict.OUT_OF_RANGE),
        (fix(lat=0.001, lon=-0.001), Verdict.NULL_ISLAND),
        (fix(accuracy_m=500.1), Verdict.INACCURATE),
        (fix(at_ms=NOW + 600_001), Verdict.FUTURE),
        (fix(device="stranger"), Verdict.UNKNOWN_DEVICE),
    ],
)
def test_a_fix_bad_in_itself_changes_nothing(bad: Fix, verdict: Verdict) -> None:
    """It gets its verdict, and the next good fix finds everything as it was."""
    hygiene = fresh()
    assert judge(hygiene, bad, fix(NOW - 9_000)) == [verdict, Verdict.ACCEPTED]


@pytest.mark.parametrize(
    "good",
    [
        fix(lat=90.0, lon=180.0),
        fix(lat=0.002, lon=0.0),
        fix(accuracy_m=500.0, speed_mps=0.0, heading_deg=360.0),
        fix(at_ms=NOW + 5_000),
        fix(at_ms=1),
    ],
)
def test_at_the_limit_is_within_it(good: Fix) -> None:
    """Each limit itself is still believed."""
    assert judge(fresh(), good) == [Verdict.ACCEPTED]


def test_a_unit_never_moves_backwards() -> None:
    """The same stamp is a duplicate, an older one is late; neither moves anything."""
    hygiene = fresh()
    verdicts = judge(hygiene, fix(NOW - 100), fix(NOW - 100), fix(NOW - 101), fix(NOW - 99))
    assert verdicts == [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.LATE, Verdict.ACCEPTED]


def test_a_stamp_ahead_is_clamped_to_now() -> None:
    """A clock that runs a minute ahead all the time still moves the unit, in its own order, stamped by ours."""
    hygiene = fresh()
    for second in range(3):
        now_ms = NOW + second * 1000
        ahead = fix(now_ms + 60_000)
        assert hygiene.admit(ahead, now_ms) is Verdict.CLAMPED
        assert hygiene.clamped(ahead).fix_ms == now_ms
        assert hygiene.admit(fix(now_ms + 59_500), now_ms) is Verdict.LATE


def test_a_clamped_stamp_never_goes_back() -> None:
    """After a stamp within the tolerance, a clamped one is not handed on as older than it."""
    hygiene = fresh()
    ahead = fix(NOW + 60_000)
    assert judge(hygiene, fix(NOW + 4_000), ahead) == [Verdict.ACCEPTED, Verdict.CLAMPED]
    assert hygiene.clamped(ahead).fix_ms == NOW + 4_000


def test_one_stamp_from_the_future_does_not_freeze_the_unit() -> None:
    """When the device's clock is right again it is believed again, beyond the tolerance of 5 s."""
    hygiene = fresh()
    assert judge(hygiene, fix(NOW + 500_000)) == [Verdict.CLAMPED]
    assert judge(hygiene, fix(NOW + 3_000), now_ms=NOW + 3_000) == [Verdict.LATE]
    assert judge(hygiene, fix(NOW + 6_000), now_ms=NOW + 6_000) == [Verdict.ACCEPTED]
    assert judge(hygiene, fix(NOW + 5_500), now_ms=NOW + 6_000) == [Verdict.LATE]


def test_an_impossible_jump_is_held() -> None:
    """11 km in a second is not driven; the next good fix goes on from the last good place."""
    hygiene = fresh()
    verdicts = judge(hygiene, fix(NOW - 3_000), fix(NOW - 2_000, lat=52.1), fix(NOW - 1_000))
    assert verdicts == [Verdict.ACCEPTED, Verdict.SUSPECT, Verdict.ACCEPTED]
    track = hygiene.track("a")
    assert track is not None
    assert (track.lat, track.held) == (52.0, 0)


def test_three_fixes_that_agree_are_believed() -> None:
    """The vehicle was carried or the first position was wrong: the third in a row moves it."""
    hygiene = fresh()
    there = [fix(NOW - 5_000 + second * 1_000, lat=52.1) for second in range(3)]
    assert judge(hygiene, fix(NOW - 6_000), *there) == [
        Verdict.ACCEPTED,
        Verdict.SUSPECT,
        Verdict.SUSPECT,
        Verdict.ACCEPTED,
    ]


def test_repeats_and_other_places_do_not_confirm_a_jump() -> None:
    """The same fix thrice, or three different impossible places, stay suspect."""
    repeated = fresh()
    assert judge(repeated, fix(NOW - 9_000), *[fix(NOW - 5_000, lat=52.1)] * 5)[1:] == [Verdict.SUSPECT] * 5
    scattered = fresh()
    places = [fix(NOW - 5_000 + i * 1_000, lat=53.0 + i) for i in range(5)]
    assert judge(scattered, fix(NOW - 9_000), *places)[1:] == [Verdict.SUSPECT] * 5


def test_a_cloned_device_stays_where_it_was_first() -> None:
    """Two trackers with one id in two cities: the second never takes over, since the first keeps answering."""
    hygiene = fresh()
    verdicts = judge(hygiene, *[fix(NOW - 9_000 + i * 100, lat=52.0 + i % 2) for i in range(20)])
    assert verdicts == [Verdict.ACCEPTED, Verdict.SUSPECT] * 10


@pytest.mark.parametrize(("device", "verdict"), [("a", Verdict.SUSPECT), ("helicopter", Verdict.ACCEPTED)])
def test_a_helicopter_may_be_faster(device: str, verdict: Verdict) -> None:
    """1,000 m in 10 s are 100 m/s: more than a car does, less than a helicopter."""
    fixes = [fix(NOW - 10_000, device=device), fix(NOW, lat=52.0 + 10.5 * NORTH_100_M, device=device)]
    assert judge(fresh(), *fixes) == [Verdict.ACCEPTED, verdict]


def test_noise_of_a_standing_vehicle_is_no_jump() -> None:
    """Two fixes 90 m apart within a millisecond are noise."""
    assert judge(fresh(), fix(NOW - 1), fix(NOW, lat=52.0 + 0.9 * NORTH_100_M)) == [Verdict.ACCEPTED] * 2


def test_the_date_line_is_no_jump() -> None:
    """From 179.9999 E to 179.9999 W is 20 m."""
    fixes = [fix(NOW - 1_000, lat=-18.0, lon=179.9999), fix(NOW, lat=-18.0, lon=-179.9999)]
    assert judge(fresh(), *fixes) == [Verdict.ACCEPTED] * 2


def test_whatever_comes_shows_that_the_device_lives() -> None:
    """Last seen is the time of arrival, also of a fix that is not believed."""
    hygiene = fresh()
    hygiene.admit(fix(valid=False), NOW)
    track = hygiene.track("a")
    assert track is not None
    assert track.seen_ms == NOW
    hygiene.enrol("a")
    assert hygiene.track("a") == track
