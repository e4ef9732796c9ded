"""TAIP: frames of Traccar's public tests and of Trimble's reference, re-typed, and what they say."""

import pytest

from gateways.telematics import Taip
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.taip import MPS_PER_MPH, TaipDecoder

MIDNIGHT = 1_769_990_400_000
"""2026-02-02 00:00 UTC."""
NOON = MIDNIGHT + 43_200_000


def feed(frame: str, received_ms: int = NOON, device: str | None = None, ahead_of_utc_s: int = 0) -> list[Fix]:
    return TaipDecoder(device, ahead_of_utc_s).feed(frame.encode(), received_ms)


def refusal(frame: str) -> Refusal:
    decoder = TaipDecoder(None)
    assert decoder.feed(frame.encode(), NOON) == []
    (refused,) = decoder.take_refusals()
    return refused


@pytest.mark.parametrize(
    ("frame", "device", "second", "lat", "lon", "mph", "heading"),
    [
        (">RPV15714+3739438-1220384601512612;ID=1234;*7F<", "1234", 15_714, 37.39438, -122.03846, 15, 126),
        (">RPV03874+3477708-0923453100029212;ID=0017;*71<", "0017", 3_874, 34.77708, -92.34531, 0, 292),
        (">RPV46640+4197412-0752857900015802;ID=5102;*71<", "5102", 46_640, 41.97412, -75.28579, 0, 158),
        (">RPV02138+4555512-0735478000000032;ID=1005;*76<", "1005", 2_138, 45.55512, -73.54780, 0, 0),
        (">RPV19105+4538405-0739518900000012;ID=9999;*7A<\r\n", "9999", 19_105, 45.38405, -73.95189, 0, 0),
        (
            (
                ">RLN03874000+347770828-0923453071+000608270000+0000292309000000000000000000000000000000000000000000000012"
                ";ID=0017;*49<"
            ),
            "0017",
            3_874,
            34.7770828,
            -92.3453071,
            0,
            292.3,
        ),
        (
            (
                ">RLN25601000+297185103-0955755990+000059150000+0000000012"
                "000000000000000000000000000000000000000000000000000000000012;ID=3580;*48<"
            ),
            "3580",
            25_601,
            29.7185103,
            -95.575599,
            0,
            0,
        ),
    ],
)
def test_a_position(frame: str, device: str, second: int, lat: float, lon: float, mph: float, heading: float) -> None:
    """Degrees, miles an hour as metres a second, the second of the day on the day of its receipt."""
    (fix,) = feed(frame, MIDNIGHT + 50_000_000)
    assert fix == Fix(
        device, pytest.approx(lat), pytest.approx(lon), MIDNIGHT + second * 1_000, mph * MPS_PER_MPH, heading
    )


def test_an_event_carries_its_date() -> None:
    """Week and day of GPS, the event's own number before them: 2 September 2010, 17:29:42."""
    (fix,) = feed("\r\n>REV481599462982+2578391-0802945201228512;ID=Test<", 1_283_448_600_000)
    assert (fix.fix_ms, fix.lat, fix.lon) == (1_283_448_582_000, 25.78391, -80.29452)
    assert fix.speed_mps == pytest.approx(12 * MPS_PER_MPH)


@pytest.mark.parametrize("frame", [">RAL03874+00185+00012;ID=0017;*4A<", ">RCP03874+347771-092345312;ID=0017;*65<"])
def test_what_holds_no_position_is_passed_over(frame: str) -> None:
    """The same receiver sends its altitude and its status between positions."""
    decoder = TaipDecoder(None)
    assert decoder.feed(frame.encode(), NOON) == []
    assert decoder.refused == 0


def test_an_age_of_nothing_is_not_a_position() -> None:
    """The last digit 0 means that nothing is available: the fix says of itself that it is not valid."""
    (fix,) = feed(">RPV15714+3739438-1220384601512610;ID=1<")
    assert not fix.valid


@pytest.mark.parametrize(
    ("second", "received_ms", "at_ms"),
    [
        (86_399, MIDNIGHT + 1_000, MIDNIGHT - 1_000),  # sent a second before midnight, received after it
        (1, MIDNIGHT - 2_000, MIDNIGHT + 1_000),  # a clock a little ahead, over midnight
        (43_000, MIDNIGHT + 86_399_000, MIDNIGHT + 43_000_000),  # held back since noon
        (3_700, MIDNIGHT + 50_000, MIDNIGHT - 86_400_000 + 3_700_000),  # held back since yesterday morning
    ],
)
def test_the_day_is_that_of_the_receipt(second: int, received_ms: int, at_ms: int) -> None:
    """Of all days the latest that is not more than an hour ahead."""
    (fix,) = feed(f">RPV{second:05}+3739438-1220384601512612;ID=1<", received_ms)
    assert fix.fix_ms == at_ms


def test_receivers_that_count_in_gps_time_are_put_right() -> None:
    """18 s ahead of UTC; the first seconds of their day belong to the day before."""
    (fix,) = feed(">RPV00010+3739438-1220384601512612;ID=1<", MIDNIGHT, ahead_of_utc_s=18)
    assert fix.fix_ms == MIDNIGHT - 8_000


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (">RPV03874+3477708-0923453100029212;ID=0017;*72<", "checksum"),
        (">RPV03874+3477708-0923453100029212<", "ID"),
        (">RPV86400+3477708-0923453100029212;ID=1<", "second of day"),
        (">RPV03874+34777O8-0923453100029212;ID=1<", "PV"),
        (">RLN03874000+347770828;ID=1<", "LN"),
    ],
)
def test_a_refusal_names_the_field(frame: str, field: str) -> None:
    """Wrong checksum, no device, no such second, not a position."""
    assert refusal(frame).field == field


def test_a_frame_without_id_is_the_door_s_device() -> None:
    """An ID in the frame is stronger."""
    (mine,) = feed(">RPV03874+3477708-0923453100029212<", device="av-1")
    (told,) = feed(">RPV03874+3477708-0923453100029212;ID=av-2<", device="av-1")
    assert (mine.device, told.device) == ("av-1", "av-2")


def test_a_lost_end_costs_one_frame() -> None:
    """A frame begins anew at its `>`, whatever was before."""
    (fix,) = feed(">RPV03874+3477708-092>RPV46640+4197412-0752857900015802;ID=5102;*71<", NOON + 10_000_000)
    assert fix.device == "5102"


def test_nobody_comes_in_by_chance() -> None:
    """A door without a token must say who its senders are."""
    with pytest.raises(ValueError, match="anybody could come in"):
        Taip()
    assert Taip(principal="radios", devices={"10.0.0.7": "av-7"}).device_at("10.0.0.7", 99) == "av-7"


def answers(frame: str, device: str | None = None) -> list[bytes]:
    decoder = TaipDecoder(device)
    decoder.feed(frame.encode(), NOON)
    return [each.data for each in decoder.take_answers()]


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (
            (">RCY00020205000000-2778467-06425658000000-000090;DFFFFFF;IGN1;IN00;XP00;#0021;ID=1234;*59<"),
            b">ACK;#0021;ID=1234;*72<",
        ),
        (">RGP041120190000-3137454-064075520001883004D50;ID=8385;#IP0:0080;*19<", b">SAK;ID=8385;#IP0:0080<"),
        (">RCQ09000000000000-3460365-058381460000007F0000000000000115000FFFF1099;#0000;ID=555224;*05<", None),
        (">RPV46640+4197412-0752857900015802;ID=5102;*71<", b""),
    ],
)
def test_a_frame_with_a_number_is_acknowledged(frame: str, answer: bytes | None) -> None:
    """Frames and answers as their makers publish them; the number comes back whether or not it held a position."""
    found = answers(frame)
    if answer is None:
        assert found[0].startswith(b">ACK;#0000;ID=555224;*")
        assert len(found) == 1
    else:
        assert found == ([answer] if answer else [])


def test_what_may_come_better_the_next_time_is_not_acknowledged() -> None:
    """A wrong checksum; half a position without one. What holds by its checksum would only come again for ever."""
    assert answers(">RPV46640+4197412-0752857900015802;ID=5102;#0001;*00<") == []
    assert answers(">RPV46640+4197412-07528;ID=5102;#0001<") == []
    assert answers(">RPV46640+4197412-07528;ID=5102;#0001;*5D<") == [b">ACK;#0001;ID=5102;*72<"]


def test_without_a_name_nobody_can_be_answered() -> None:
    """The door's device is as good as one in the frame."""
    frame = ">RPV46640+4197412-0752857900015802;#7AD7<"
    assert answers(frame) == []
    assert answers(frame, "av-1")[0].startswith(b">ACK;#7AD7;ID=av-1;*")
    decoder = Taip(principal="radios", acknowledge=False).decoder("av-1")
    decoder.feed(frame.encode(), NOON)
    assert decoder.take_answers() == []
