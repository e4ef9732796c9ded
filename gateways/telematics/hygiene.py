"""Feed hygiene: which fixes of a device to believe. Pure and sans-IO: the caller brings the time.

Rule: a fix is judged on its own first (valid, in range, not at (0,0), accurate enough, not from the future),
then against the newest accepted one of the same device. Positions never move backwards in the device's own
time, so a burst after an outage, in any order and with repeats, ends where the device really is. A jump that
no vehicle can make is held until several fixes agree with it; the last good position stands meanwhile.
Of several devices on one unit one leads, and gives way only to one that is clearly better or when it falls silent.
"""

from enum import IntEnum
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from gateways.telematics import judging
from gateways.telematics.columns import Columns, Rows, Times, columns_of
from gateways.telematics.fix import Fix

_FIRST_ROWS: Final = 64


class Verdict(IntEnum):
    """What became of one fix. The first two moved the unit; nothing else did."""

    ACCEPTED = judging.ACCEPTED
    CLAMPED = judging.CLAMPED
    """Accepted, but stamped with the time of arrival: the device's clock runs ahead."""
    DUPLICATE = judging.DUPLICATE
    LATE = judging.LATE
    """Older than the newest accepted position."""
    FUTURE = judging.FUTURE
    NULL_ISLAND = judging.NULL_ISLAND
    """At (0,0): what receivers say before they know."""
    OUT_OF_RANGE = judging.OUT_OF_RANGE
    INVALID = judging.INVALID
    """The device itself says that it has no fix."""
    INACCURATE = judging.INACCURATE
    SUSPECT = judging.SUSPECT
    """Implies an impossible speed; held until enough others agree with it."""
    UNKNOWN_DEVICE = judging.UNKNOWN_DEVICE
    NOT_ALLOWED = judging.NOT_ALLOWED
    """The feed that brought it may not move that unit."""
    OUTRANKED = judging.OUTRANKED
    """Believed, but another device of the unit leads."""

    @property
    def moved(self) -> bool:
        """Whether the fix became the unit's position."""
        return self <= Verdict.CLAMPED


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
    lead_silent_ms: int = 10_000
    """Of several devices on a unit, the leading one gives way to another that is fresher by more than this …"""
    lead_better_by: float = 0.5
    """… or whose accuracy is less than this share of its own …"""
    lead_wins: int = 3
    """… so many times in a row."""


class Track(msgspec.Struct, frozen=True):
    """All that is remembered of one device: the newest accepted fix and the jump being held, if any."""

    limit_mps: float
    seen_ms: int
    newest_ms: int
    """Device time of the newest accepted fix; 0 before the first."""
    stamp_ms: int
    """The time it was handed on with; earlier than `newest_ms` when it was clamped."""
    lat: float
    lon: float
    held: int
    held_ms: int
    held_lat: float
    held_lon: float


class Hygiene:
    """The judge of all feeds. Knows the enrolled devices and no others, so its memory is bounded.

    Devices and units go by their rows; the first call compiles (or loads) the kernels.
    """

    __slots__ = ("_allowed_all", "_leads", "_limits", "_rows", "_tracks", "_unit_of", "settings")

    def __init__(self, settings: HygieneSettings) -> None:
        self.settings = settings
        self._rows: dict[str, int] = {}
        self._tracks = np.zeros(0, judging.TRACK)
        self._unit_of = np.zeros(0, np.int32)
        self._leads = np.zeros(0, judging.LEAD)
        self._allowed_all = np.zeros(0, np.bool_)
        self._limits = (
            settings.ahead_clamped_ms,
            settings.ahead_refused_ms,
            float(settings.worst_accuracy_m),
            float(settings.null_island_deg),
            float(settings.noise_m),
            settings.fixes_to_confirm,
        )
        self.judge(columns_of([]), np.empty(0, np.int32), 0)

    def enrol(self, device: str, *, airborne: bool = False, unit: int | None = None) -> int:
        """Begin to remember a device and return its row; one already enrolled keeps its row and track.

        `unit` is the row of what it rides on; None: on something of its own, of the same row.
        """
        row = self._rows.setdefault(device, len(self._rows))
        rides_on = row if unit is None else unit
        self._make_room(max(row, rides_on) + 1)
        self._tracks["limit_mps"][row] = self.settings.air_mps if airborne else self.settings.ground_mps
        if self._unit_of[row] != rides_on:
            self._give_up_lead(row)
        self._unit_of[row] = rides_on
        return row

    def _make_room(self, rows: int) -> None:
        more = max(_FIRST_ROWS, rows) - len(self._tracks)
        if more > 0:
            more = max(more, len(self._tracks))
            leads = np.zeros(more, judging.LEAD)
            leads["device"] = leads["rival"] = -1
            self._leads = np.concatenate([self._leads, leads])
            self._tracks = np.concatenate([self._tracks, np.zeros(more, judging.TRACK)])
            self._unit_of = np.concatenate([self._unit_of, np.full(more, -1, np.int32)])
            self._allowed_all = np.ones(len(self._tracks), np.bool_)

    def dismiss(self, device: str) -> None:
        """Let a device move nothing any more; it counts as unknown until it is enrolled again."""
        row = self._rows[device]
        self._give_up_lead(row)
        self._unit_of[row] = -1

    def _give_up_lead(self, row: int) -> None:
        """Let the next device lead where this one did, and nobody be in its place on the way to lead.

        When the unit was last seen stays known.
        """
        self._leads["device"][self._leads["device"] == row] = -1
        rival = self._leads["rival"] == row
        self._leads["rival"][rival] = -1
        self._leads["wins"][rival] = 0

    def row_of(self, device: str) -> int:
        """Return the row of a device, -1 for one that was never enrolled."""
        return self._rows.get(device, -1)

    def units_of(self, rows: Rows) -> Rows:
        """Return the units of devices by their rows."""
        return self._unit_of[rows]

    def track(self, device: str) -> Track | None:
        """Give what is remembered of a device; None if it is not enrolled."""
        row = self._rows.get(device)
        return None if row is None else Track(*self._tracks[row].tolist())

    def judge(
        self, fixes: Columns, rows: Rows, now_ms: int, allowed: npt.NDArray[np.bool_] | None = None
    ) -> tuple[npt.NDArray[np.uint8], Times]:
        """Judge fixes of these device rows at the time of their arrival; return verdicts and stamps.

        `allowed` says by unit which the feed may move; None: all.
        """
        verdicts, stamps = np.empty(len(rows), np.uint8), np.empty(len(rows), np.int64)
        mine = self._allowed_all if allowed is None else allowed
        judging.judge(
            rows,
            fixes.fix_ms,
            fixes.lat,
            fixes.lon,
            fixes.speed_mps,
            fixes.heading_deg,
            fixes.accuracy_m,
            fixes.valid,
            now_ms,
            self._tracks,
            self._unit_of,
            mine,
            self._limits,
            verdicts,
            stamps,
        )
        settings = self.settings
        how = (settings.lead_silent_ms, settings.lead_wins, float(settings.lead_better_by))
        judging.fuse(rows, self._unit_of, fixes.accuracy_m, stamps, self._leads, how, verdicts)
        return verdicts, stamps

    def admit(self, fix: Fix, now_ms: int) -> Verdict:
        """Judge one fix."""
        verdicts, _ = self.judge(columns_of([fix]), np.array([self.row_of(fix.device)], np.int32), now_ms)
        return Verdict(int(verdicts[0]))

    def clamped(self, fix: Fix) -> Fix:
        """Restamp the fix just judged CLAMPED with the time it is to be handed on with."""
        return msgspec.structs.replace(fix, fix_ms=int(self._tracks["stamp_ms"][self._rows[fix.device]]))
