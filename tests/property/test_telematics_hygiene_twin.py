"""Hygiene against a slow, obvious twin, and the claim about bursts: any order, any repeats, one end."""

from math import acos, cos, radians, sin

from hypothesis import given
from hypothesis import strategies as st

from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import Hygiene, HygieneSettings, Verdict

NOW = 1_770_000_000_000
MOVED = {Verdict.ACCEPTED, Verdict.CLAMPED}


def metres(a: Fix, b: Fix) -> float:
    """By the spherical law of cosines: another formula than the one under test; good to a metre."""
    phi_a, phi_b = radians(a.lat), radians(b.lat)
    between = sin(phi_a) * sin(phi_b) + cos(phi_a) * cos(phi_b) * cos(radians(b.lon - a.lon))
    return 6_371_008.8 * acos(max(-1.0, min(1.0, between)))


class Twin:
    """Keeps every accepted fix and every one held since, and reads the rules off those lists."""

    def __init__(self) -> None:
        self.accepted: list[tuple[Fix, int, bool]] = []  # the fix, the stamp it was handed on with, clamped
        self.held: list[Fix] = []

    def admit(self, fix: Fix, now_ms: int) -> Verdict:
        if abs(fix.lat) < 0.001 and abs(fix.lon) < 0.001:
            return Verdict.NULL_ISLAND
        if fix.fix_ms > now_ms + 600_000:
            return Verdict.FUTURE
        clamped = fix.fix_ms > now_ms + 5_000
        if self.accepted:
            verdict = self._against_last(fix, now_ms, clamped=clamped)
            if verdict is not None:
                return verdict
        stamps = [stamp for _, stamp, _ in self.accepted]
        self.accepted.append((fix, max([now_ms, *stamps[-1:]]) if clamped else fix.fix_ms, clamped))
        self.held = []
        return Verdict.CLAMPED if clamped else Verdict.ACCEPTED

    def _against_last(self, fix: Fix, now_ms: int, *, clamped: bool) -> Verdict | None:
        last, stamp, last_clamped = self.accepted[-1]
        if fix.fix_ms == last.fix_ms:
            return Verdict.DUPLICATE
        put_right = last_clamped and not clamped and fix.fix_ms > stamp + 5_000
        if fix.fix_ms < last.fix_ms and not put_right:
            return Verdict.LATE
        if clamped == last_clamped:
            elapsed_ms = fix.fix_ms - last.fix_ms
        else:
            elapsed_ms = max((now_ms if clamped else fix.fix_ms) - stamp, 5_000)
        if metres(last, fix) <= 70 * elapsed_ms / 1000 + 100:
            return None
        if self.held and fix.fix_ms <= self.held[-1].fix_ms:
            return Verdict.SUSPECT
        if self.held and metres(self.held[-1], fix) > 70 * (fix.fix_ms - self.held[-1].fix_ms) / 1000 + 100:
            self.held = []
        self.held.append(fix)
        return None if len(self.held) == 3 else Verdict.SUSPECT


# Places on a coarse grid, so that no distance comes within a metre of what a whole number of
# seconds allows except by chance; times around now, some ahead.
places = st.tuples(
    st.sampled_from([52.0, 52.00013, 52.0019, 52.013, 52.13, 53.3]), st.sampled_from([5.0, 5.00017, 5.021])
)
arrivals = st.lists(
    st.tuples(
        places | st.just((0.0, 0.0)),
        st.integers(-20, 30).map(lambda s: s * 1000) | st.sampled_from([5_000, 5_001, 600_000, 600_001]),
        st.integers(0, 4).map(lambda s: s * 1000),
    ),
    max_size=30,
)


@given(arrivals)
def test_hygiene_agrees_with_its_twin(steps: list[tuple[tuple[float, float], int, int]]) -> None:
    """Verdict for verdict, over streams that are late, repeated, ahead of time, jumping and at (0,0)."""
    hygiene, twin, now_ms = Hygiene(HygieneSettings()), Twin(), NOW
    hygiene.enrol("a")
    for (lat, lon), offset_ms, waited_ms in steps:
        now_ms += waited_ms
        fix = Fix("a", lat, lon, now_ms + offset_ms)
        assert hygiene.admit(fix, now_ms) is twin.admit(fix, now_ms)
        track = hygiene.track("a")
        assert track is not None
        if twin.accepted:
            last, stamp, _ = twin.accepted[-1]
            assert (track.lat, track.lon, track.newest_ms, track.stamp_ms) == (last.lat, last.lon, last.fix_ms, stamp)


@st.composite
def bursts(draw: st.DrawFn) -> tuple[list[Fix], list[Fix]]:
    """A drive no faster than 70 m/s, and its fixes in any order with repeats."""
    gaps_s = draw(st.lists(st.integers(1, 60), min_size=1, max_size=15))
    drive, at_ms, lat = [], NOW - 3_600_000, 52.0
    for gap_s in gaps_s:
        at_ms += gap_s * 1000
        lat += draw(st.integers(-60, 60)) * gap_s / 111_195
        drive.append(Fix("a", lat, 5.0, at_ms))
    repeats = draw(st.lists(st.sampled_from(drive), max_size=10))
    return drive, draw(st.permutations(drive + repeats))


@given(bursts())
def test_any_order_and_any_repeats_end_in_the_newest_position(burst: tuple[list[Fix], list[Fix]]) -> None:
    """After an outage a device sends its hour at once: the unit ends where it is and never moves back."""
    drive, arrived = burst
    hygiene = Hygiene(HygieneSettings())
    hygiene.enrol("a")
    moved = [fix for fix in arrived if hygiene.admit(fix, NOW) in MOVED]
    assert moved[-1] == drive[-1]
    assert moved == sorted(moved, key=lambda fix: fix.fix_ms)


@given(bursts())
def test_a_clock_ahead_does_not_change_the_end(burst: tuple[list[Fix], list[Fix]]) -> None:
    """The same for a device whose clock runs ahead by more than the tolerance: in its own order, stamped by ours."""
    drive, arrived = burst
    hygiene = Hygiene(HygieneSettings())
    hygiene.enrol("a")
    now_ms = drive[0].fix_ms - 5_001
    if drive[-1].fix_ms - now_ms > 600_000:
        return
    stamps = {hygiene.clamped(fix).fix_ms for fix in arrived if hygiene.admit(fix, now_ms) in MOVED}
    track = hygiene.track("a")
    assert track is not None
    assert (track.lat, track.newest_ms) == (drive[-1].lat, drive[-1].fix_ms)
    assert stamps == {now_ms}
