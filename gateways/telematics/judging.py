"""The judge of fixes, compiled: `hygiene.py` says what it holds to, here it is done for a batch at once.

Both kernels go through the batch in its order, because each fix is judged by what came before it. They are the only
ones outside `engine/kernels`; a batch of one pays the same few microseconds to get in.
"""

from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.kernels.accelerate import helper, kernel

EARTH_RADIUS_M: Final = 6_371_008.8
_METRES_PER_DEGREE: Final = radians(1.0) * EARTH_RADIUS_M
_FASTEST_CREDIBLE_MPS: Final = 1_000.0

ACCEPTED: Final = 0
CLAMPED: Final = 1
DUPLICATE: Final = 2
LATE: Final = 3
FUTURE: Final = 4
NULL_ISLAND: Final = 5
OUT_OF_RANGE: Final = 6
INVALID: Final = 7
INACCURATE: Final = 8
SUSPECT: Final = 9
UNKNOWN_DEVICE: Final = 10
NOT_ALLOWED: Final = 11
OUTRANKED: Final = 12

TRACK: Final = np.dtype(
    [
        ("limit_mps", np.float64),
        ("seen_ms", np.int64),
        ("newest_ms", np.int64),
        ("stamp_ms", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("held", np.int64),
        ("held_ms", np.int64),
        ("held_lat", np.float64),
        ("held_lon", np.float64),
    ],
    align=True,
)
"""All that is remembered of one device; `hygiene.Track` says what is what."""

LEAD: Final = np.dtype(
    [
        ("device", np.int64),
        ("stamp_ms", np.int64),
        ("accuracy_m", np.float64),
        ("rival", np.int64),
        ("wins", np.int64),
    ],
    align=True,
)
"""All that is remembered of one unit: the device that leads, its newest stamp and accuracy; who may take its place,
and how often in a row that one has been better."""

Table = npt.NDArray[np.void]


@kernel
def judge(
    rows: npt.NDArray[np.int32],
    fix_ms: npt.NDArray[np.int64],
    lat: npt.NDArray[np.float64],
    lon: npt.NDArray[np.float64],
    speed_mps: npt.NDArray[np.float64],
    heading_deg: npt.NDArray[np.float64],
    accuracy_m: npt.NDArray[np.float64],
    valid: npt.NDArray[np.bool_],
    now_ms: int,
    tracks: Table,
    unit_of: npt.NDArray[np.int32],
    allowed: npt.NDArray[np.bool_],
    limits: tuple[int, int, float, float, float, int],
    verdicts: npt.NDArray[np.uint8],
    stamps: npt.NDArray[np.int64],
) -> None:
    """Write to verdicts, uint8[k], what becomes of each fix, and to stamps, int64[k], the time it is handed on with.

    k fixes: rows of their devices, -1 for one that nobody knows. By row: tracks, and unit_of, -1 for none; by unit:
    allowed. limits: ahead_clamped_ms, ahead_refused_ms, worst_accuracy_m, null_island_deg, noise_m, fixes_to_confirm.
    """
    for i in range(len(rows)):
        row = rows[i]
        stamps[i] = fix_ms[i]
        if row < 0 or unit_of[row] < 0:
            verdicts[i] = UNKNOWN_DEVICE
            continue
        if not allowed[unit_of[row]]:
            verdicts[i] = NOT_ALLOWED
            continue
        track = tracks[row]
        track["seen_ms"] = now_ms
        flaw = _flaw(fix_ms[i], lat[i], lon[i], speed_mps[i], heading_deg[i], accuracy_m[i], valid[i], now_ms, limits)
        if flaw >= 0:
            verdicts[i] = flaw
            continue
        verdicts[i] = _against_track(track, fix_ms[i], lat[i], lon[i], now_ms, limits)
        if verdicts[i] == CLAMPED:
            stamps[i] = track["stamp_ms"]


@helper
def _flaw(
    fix_ms: int,
    lat: float,
    lon: float,
    speed_mps: float,
    heading_deg: float,
    accuracy_m: float,
    valid: bool,
    now_ms: int,
    limits: tuple[int, int, float, float, float, int],
) -> int:
    """Find what is wrong with the fix by itself; -1: nothing. Of what was not reported (NaN) nothing is asked."""
    if not valid:
        return INVALID
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0 and fix_ms > 0):
        return OUT_OF_RANGE
    if speed_mps < 0.0 or speed_mps > _FASTEST_CREDIBLE_MPS or heading_deg < 0.0 or heading_deg > 360.0:
        return OUT_OF_RANGE
    if abs(lat) <= limits[3] and abs(lon) <= limits[3]:
        return NULL_ISLAND
    if accuracy_m < 0.0 or accuracy_m > limits[2]:
        return INACCURATE
    return FUTURE if fix_ms - now_ms > limits[1] else -1


@helper
def _against_track(
    track: Any, fix_ms: int, lat: float, lon: float, now_ms: int, limits: tuple[int, int, float, float, float, int]
) -> int:
    """Judge a fix that is sound in itself by what is remembered of its device, and remember it if it is believed."""
    clamped_ms = limits[0]
    ahead = fix_ms - now_ms > clamped_ms
    newest_ms, stamp_ms = track["newest_ms"], track["stamp_ms"]
    was_ahead = newest_ms > stamp_ms
    if fix_ms <= newest_ms:
        # An older device time is newer in truth where the newest one was ahead and the clock has been set right since.
        set_right = was_ahead and not ahead and stamp_ms + clamped_ms < fix_ms < newest_ms
        if not set_right:
            return DUPLICATE if fix_ms == newest_ms else LATE
    if newest_ms != 0:
        if ahead == was_ahead:
            elapsed_ms = fix_ms - newest_ms  # one clock measured both
        else:  # the device's clock changed in between: ours is the better one, within the tolerance
            elapsed_ms = max((now_ms if ahead else fix_ms) - stamp_ms, clamped_ms)
        allowed_m = track["limit_mps"] * elapsed_ms / 1000.0 + limits[4]
        if _farther(allowed_m, track["lat"], track["lon"], lat, lon) and not _confirmed(
            track, fix_ms, lat, lon, limits
        ):
            return SUSPECT
    track["newest_ms"] = fix_ms
    track["stamp_ms"] = max(now_ms, stamp_ms) if ahead else fix_ms
    track["lat"] = lat
    track["lon"] = lon
    track["held"] = 0
    track["held_ms"] = 0
    return CLAMPED if ahead else ACCEPTED


@helper
def _confirmed(
    track: Any, fix_ms: int, lat: float, lon: float, limits: tuple[int, int, float, float, float, int]
) -> bool:
    """Hold a jump; true once enough fixes in a row, each newer, could be one vehicle's."""
    if fix_ms <= track["held_ms"]:
        return False
    agrees = False
    if track["held"] > 0:
        allowed_m = track["limit_mps"] * (fix_ms - track["held_ms"]) / 1000.0 + limits[4]
        agrees = not _farther(allowed_m, track["held_lat"], track["held_lon"], lat, lon)
    track["held"] = track["held"] + 1 if agrees else 1
    track["held_ms"] = fix_ms
    track["held_lat"] = lat
    track["held_lon"] = lon
    return bool(track["held"] >= limits[5])


@helper
def _farther(limit_m: float, lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> bool:
    """Whether two points are more than `limit_m` metres apart.

    Along the meridian and then along the equator is never shorter than the great circle, so for nearly every fix one
    addition answers; only then is the exact distance worked out (haversine).
    """
    if (abs(lat_a - lat_b) + abs(lon_a - lon_b)) * _METRES_PER_DEGREE <= limit_m:
        return False
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    across = sin((phi_b - phi_a) / 2.0) ** 2
    along = sin(radians(lon_b - lon_a) / 2.0) ** 2
    return 2.0 * EARTH_RADIUS_M * asin(min(1.0, sqrt(across + cos(phi_a) * cos(phi_b) * along))) > limit_m


@kernel
def fuse(
    rows: npt.NDArray[np.int32],
    unit_of: npt.NDArray[np.int32],
    accuracy_m: npt.NDArray[np.float64],
    stamps: npt.NDArray[np.int64],
    leads: Table,
    limits: tuple[int, int, float],
    verdicts: npt.NDArray[np.uint8],
) -> None:
    """Let one device of each unit lead: change the verdicts of believed fixes, uint8[k], that do not move the unit.

    The lead passes to another where it has been silent for longer than the other is fresh, or where the other has been
    clearly better several times in a row. limits: silent_ms, wins_to_lead, better_by (the share of the leader's
    accuracy that counts as clearly better).
    """
    silent_ms, wins_to_lead, better_by = limits
    for i in range(len(rows)):
        if verdicts[i] > CLAMPED:
            continue
        row = rows[i]
        lead = leads[unit_of[row]]
        if stamps[i] < lead["stamp_ms"]:
            verdicts[i] = LATE
            continue
        if lead["device"] >= 0 and lead["device"] != row:
            better = accuracy_m[i] < lead["accuracy_m"] * better_by  # false where one of the two is not known
            lead["wins"] = (lead["wins"] + 1 if lead["rival"] == row else 1) if better else 0
            lead["rival"] = row
            if stamps[i] - lead["stamp_ms"] <= silent_ms and lead["wins"] < wins_to_lead:
                verdicts[i] = OUTRANKED
                continue
        if lead["device"] != row:
            lead["device"] = row
            lead["wins"] = 0
            lead["rival"] = -1
        lead["stamp_ms"] = stamps[i]
        lead["accuracy_m"] = accuracy_m[i]
