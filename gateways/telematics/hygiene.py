"""Feed hygiene: which fixes of a device to believe. Pure and sans-IO: the caller brings the time.

Rule: a fix is judged on its own first (valid, in range, not at (0,0), accurate enough, not from the future),
then against the newest accepted one of the same device. Positions never move backwards in the device's own
time, so a burst after an outage, in any order and with repeats, ends where the device really is. A jump that
no vehicle can make is held until several fixes agree with it; the last good position stands meanwhile.
"""

from enum import IntEnum
from math import asin, cos, radians, sin, sqrt
from typing import Final

import msgspec

from gateways.telematics.fix import Fix

_EARTH_RADIUS_M: Final = 6_371_008.8
_METRES_PER_DEGREE: Final = radians(1.0) * _EARTH_RADIUS_M
_FASTEST_CREDIBLE_MPS: Final = 1_000.0


class Verdict(IntEnum):
    """What became of one fix. The first two moved the unit; nothing else did."""

    ACCEPTED = 0
    CLAMPED = 1
    """Accepted, but stamped with the time of arrival: the device's clock runs ahead."""
    DUPLICATE = 2
    LATE = 3
    """Older than the newest accepted position."""
    FUTURE = 4
    NULL_ISLAND = 5
    """At (0,0): what receivers say before they know."""
    OUT_OF_RANGE = 6
    INVALID = 7
    """The device itself says that it has no fix."""
    INACCURATE = 8
    SUSPECT = 9
    """Implies an impossible speed; held until enough others agree with it."""
    UNKNOWN_DEVICE = 10
    NOT_ALLOWED = 11
    """The feed that brought it may not move that unit."""

    @property
    def moved(self) -> bool:
        """Whether the fix became the unit's position."""
        return self <= Verdict.CLAMPED


_ACCEPTED: Final = Verdict.ACCEPTED  # on Python 3.11 looking a member up costs as much as judging a field
_CLAMPED: Final = Verdict.CLAMPED


class HygieneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of belief; the defaults are those of the fault table in the design."""

    ahead_clamped_ms: int = 5_000
    ahead_refused_ms: int = 600_000
    worst_accuracy_m: float = 500.0
    null_island_deg: float = 0.001
    ground_mps: float = 70.0
    air_mps: float = 110.0
    noise_m: float = 100.0
    """What two fixes of a standing device may differ by; added to the distance a speed allows."""
    fixes_to_confirm: int = 3


class Track(msgspec.Struct, gc=False):
    """All that is remembered of one device: the newest accepted fix and the jump being held, if any."""

    limit_mps: float
    seen_ms: int = 0
    newest_ms: int = 0
    """Device time of the newest accepted fix; 0 before the first."""
    stamp_ms: int = 0
    """The time it was handed on with; earlier than `newest_ms` when it was clamped."""
    lat: float = 0.0
    lon: float = 0.0
    held: int = 0
    held_ms: int = 0
    held_lat: float = 0.0
    held_lon: float = 0.0


class Hygiene:
    """The judge of all feeds. Knows the enrolled devices and no others, so its memory is bounded."""

    __slots__ = ("_tracks", "settings")

    def __init__(self, settings: HygieneSettings) -> None:
        self.settings = settings
        self._tracks: dict[str, Track] = {}

    def enrol(self, device: str, *, airborne: bool = False) -> None:
        """Begin to remember a device; one already enrolled keeps its track."""
        limit_mps = self.settings.air_mps if airborne else self.settings.ground_mps
        self._tracks.setdefault(device, Track(limit_mps)).limit_mps = limit_mps

    def track(self, device: str) -> Track | None:
        """Give what is remembered of a device, to be read only; None if it is not enrolled."""
        return self._tracks.get(device)

    def admit(self, fix: Fix, now_ms: int) -> Verdict:
        """Judge one fix at the time of its arrival and remember it if it is believed."""
        track = self._tracks.get(fix.device)
        if track is None:
            return Verdict.UNKNOWN_DEVICE
        track.seen_ms = now_ms
        flaw = self._flaw(fix, now_ms)
        if flaw is not None:
            return flaw
        ahead = fix.fix_ms - now_ms > self.settings.ahead_clamped_ms
        if fix.fix_ms <= track.newest_ms and (ahead or not self._clock_was_set_right(track, fix)):
            return Verdict.DUPLICATE if fix.fix_ms == track.newest_ms else Verdict.LATE
        if self._jumped(track, fix, now_ms, ahead=ahead) and not self._confirmed(track, fix):
            return Verdict.SUSPECT
        track.newest_ms = fix.fix_ms
        track.stamp_ms = max(now_ms, track.stamp_ms) if ahead else fix.fix_ms
        track.lat = fix.lat
        track.lon = fix.lon
        track.held = track.held_ms = 0
        return _CLAMPED if ahead else _ACCEPTED

    def clamped(self, fix: Fix) -> Fix:
        """Restamp the fix just judged CLAMPED with the time it is to be handed on with."""
        return msgspec.structs.replace(fix, fix_ms=self._tracks[fix.device].stamp_ms)

    def _flaw(self, fix: Fix, now_ms: int) -> Verdict | None:
        """Find what is wrong with the fix by itself. Comparisons are written so that NaN fails them."""
        limits = self.settings
        if not fix.valid:
            return Verdict.INVALID
        if not (-90.0 <= fix.lat <= 90.0 and -180.0 <= fix.lon <= 180.0 and fix.fix_ms > 0):
            return Verdict.OUT_OF_RANGE
        if fix.speed_mps is not None and not 0.0 <= fix.speed_mps <= _FASTEST_CREDIBLE_MPS:
            return Verdict.OUT_OF_RANGE
        if fix.heading_deg is not None and not 0.0 <= fix.heading_deg <= 360.0:
            return Verdict.OUT_OF_RANGE
        if abs(fix.lat) <= limits.null_island_deg and abs(fix.lon) <= limits.null_island_deg:
            return Verdict.NULL_ISLAND
        if fix.accuracy_m is not None and not 0.0 <= fix.accuracy_m <= limits.worst_accuracy_m:
            return Verdict.INACCURATE
        return Verdict.FUTURE if fix.fix_ms - now_ms > limits.ahead_refused_ms else None

    def _clock_was_set_right(self, track: Track, fix: Fix) -> bool:
        """Whether an older device time is newer in truth, because the newest one was ahead and clamped.

        Without this a single stamp from the future would freeze the unit until that time has come.
        """
        clamped = track.newest_ms > track.stamp_ms
        return clamped and track.stamp_ms + self.settings.ahead_clamped_ms < fix.fix_ms < track.newest_ms

    def _jumped(self, track: Track, fix: Fix, now_ms: int, *, ahead: bool) -> bool:
        if track.newest_ms == 0:
            return False
        if ahead == (track.newest_ms > track.stamp_ms):
            elapsed_ms = fix.fix_ms - track.newest_ms  # one clock measured both
        else:  # the device's clock changed in between: ours is the better one, within the tolerance
            elapsed_ms = (now_ms if ahead else fix.fix_ms) - track.stamp_ms
            elapsed_ms = max(elapsed_ms, self.settings.ahead_clamped_ms)
        allowed_m = track.limit_mps * elapsed_ms / 1000.0 + self.settings.noise_m
        return farther_than(allowed_m, track.lat, track.lon, fix.lat, fix.lon)

    def _confirmed(self, track: Track, fix: Fix) -> bool:
        """Hold a jump; true once enough fixes in a row, each newer, could be one vehicle's."""
        if fix.fix_ms <= track.held_ms:
            return False
        allowed_m = track.limit_mps * (fix.fix_ms - track.held_ms) / 1000.0 + self.settings.noise_m
        agrees = track.held > 0 and not farther_than(allowed_m, track.held_lat, track.held_lon, fix.lat, fix.lon)
        track.held = track.held + 1 if agrees else 1
        track.held_ms, track.held_lat, track.held_lon = fix.fix_ms, fix.lat, fix.lon
        return track.held >= self.settings.fixes_to_confirm


def farther_than(limit_m: float, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> bool:
    """Whether two points (degrees) are more than `limit_m` metres apart on the sphere.

    Along the meridian and then along the equator is never shorter than the great circle, so for nearly every
    fix one addition answers; only then is the exact distance worked out.
    """
    if (abs(lat_a - lat_b) + abs(lon_a - lon_b)) * _METRES_PER_DEGREE <= limit_m:
        return False
    return great_circle_m(lat_a, lon_a, lat_b, lon_b) > limit_m


def great_circle_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Metres between two points (degrees) on the mean sphere, by the haversine formula."""
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    across = sin((phi_b - phi_a) / 2.0) ** 2
    along = sin(radians(lon_b - lon_a) / 2.0) ** 2
    return 2.0 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(across + cos(phi_a) * cos(phi_b) * along)))
