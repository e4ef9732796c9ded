"""The one pipeline behind every telematics protocol: roster, then hygiene, then the unit's position.

Rule: whatever the protocol, fixes come through `Intake.take` or `take_columns` and nowhere else; each gets one verdict
and each verdict is counted. A feed moves only its own units. Of several devices on one unit one leads (`hygiene.py`).
A device may be put into another vehicle while we run: its track goes with it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from gateways.telematics.columns import Columns, Moves, Names, Rows, Times, columns_of
from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import Hygiene, HygieneSettings, Verdict
from gateways.telematics.roster import Changes, Roster, UnknownDevice

_VERDICTS: Final = tuple(Verdict)
_CLAMPED: Final = int(Verdict.CLAMPED)
_UNKNOWN: Final = int(Verdict.UNKNOWN_DEVICE)

Sink = Callable[[Moves], None]
"""Called with the positions that units have come to. Must not block."""
Clock = Callable[[], int]
"""Milliseconds since the epoch, UTC."""


class Principal(Protocol):
    """Who a feed is, as told by its token; `units` are those it may move, None for all."""

    @property
    def name(self) -> str:
        """The feed's name, for people."""

    @property
    def units(self) -> frozenset[str] | None:
        """The units it may move; None for all."""


Authorise = Callable[[str | None], Principal | None]
"""From the token a feed shows to who it is; None refuses it."""
Named = Callable[[str], Principal | None]
"""From the name of a principal, shown by a certificate or told by the door, to who it is; None refuses it."""


class Statistics(msgspec.Struct, frozen=True):
    """The counts since the start: fixes by verdict (all are there), and what befell the rest."""

    verdicts: Mapping[str, int]
    events: Mapping[str, int]
    offline: int = 0
    """Devices that said, or whose broker said, that they have gone, and that were not heard since."""


class Intake:
    """Takes fixes of any protocol from one task at a time and hands positions to the sink."""

    __slots__ = (
        "_allowed",
        "_clock",
        "_counts",
        "_events",
        "_generation",
        "_hygiene",
        "_offline_ms",
        "_sink",
        "roster",
    )

    def __init__(self, roster: Roster, settings: HygieneSettings, sink: Sink, clock: Clock) -> None:
        self.roster = roster
        self._sink = sink
        self._clock = clock
        self._counts = np.zeros(len(Verdict), np.int64)
        self._events: Counter[str] = Counter()
        self._offline_ms: dict[str, int] = {}
        self._allowed: dict[frozenset[str], npt.NDArray[np.bool_]] = {}
        self._generation = 0
        self._hygiene = Hygiene(settings)
        for device, unit in roster.devices.items():
            self._enrol(device, unit)

    def take(self, fixes: Sequence[Fix], principal: Principal) -> list[Verdict]:
        """Judge the fixes in order and move their units; one verdict for each."""
        if not fixes:
            return []
        verdicts = self.take_columns(columns_of(fixes), principal)
        return [_VERDICTS[verdict] for verdict in verdicts.tolist()]

    def take_columns(self, fixes: Columns, principal: Principal) -> npt.NDArray[np.uint8]:
        """Judge the fixes in order and move their units; return one `Verdict` for each, as uint8[k]."""
        now_ms = self._clock()
        rows = self._rows_of(fixes.names)[fixes.device]
        verdicts, stamps = self._hygiene.judge(fixes, rows, now_ms, self._allowed_to(principal))
        if self._offline_ms:
            heard = set(rows.tolist())
            back = [device for device in self._offline_ms if self._hygiene.row_of(device) in heard]
            for device in back:
                del self._offline_ms[device]
        counts = np.bincount(verdicts, minlength=len(Verdict))
        self._counts += counts
        if counts[_UNKNOWN]:
            self._note_unknown(fixes.names, fixes.device[verdicts == _UNKNOWN], now_ms)
        moved = verdicts <= _CLAMPED
        if moved.any():
            self._hand_on(fixes if moved.all() else fixes.pick(moved), rows[moved], stamps[moved])
        return verdicts

    def reassign(self, devices: Mapping[str, str]) -> Changes:
        """Take another list of devices and their units. Raises ValueError, and changes nothing, for an unknown unit."""
        changes = self.roster.replace(devices)
        for device in (*changes.added, *changes.moved):
            self._enrol(device, devices[device])
        for device in changes.removed:
            self._hygiene.dismiss(device)
            self._offline_ms.pop(device, None)
        self._generation += 1
        for event, names in zip(("device_added", "device_moved", "device_removed"), _parts(changes), strict=True):
            self.count(event, len(names))
        return changes

    def takes_from(self, device: str, principal: Principal) -> bool:
        """Tell whether the device is on the roster, and the feed may move what it rides on."""
        unit = self.roster.unit_of(device)
        return unit is not None and (principal.units is None or unit in principal.units)

    def mark_offline(self, device: str) -> None:
        """Note that a device has gone, as its last will says; whatever it sends later takes that back."""
        self.count("device_offline")
        if device in self.roster.devices:
            self._offline_ms[device] = self._clock()

    def count(self, event: str, times: int = 1) -> None:
        """Count what a protocol met before there was a fix: `malformed`, `connection_reset` and the like."""
        self._events[event] += times

    def now_ms(self) -> int:
        """Read the clock by which fixes are judged."""
        return self._clock()

    def statistics(self) -> Statistics:
        """Take a snapshot of all counts."""
        verdicts = {verdict.name.lower(): int(self._counts[verdict]) for verdict in Verdict}
        events = {name: times for name, times in self._events.items() if times}
        return Statistics(verdicts, events, len(self._offline_ms))

    def offline(self) -> tuple[str, ...]:
        """List the devices that have gone and were not heard since."""
        return tuple(self._offline_ms)

    def unknown_devices(self) -> tuple[UnknownDevice, ...]:
        """List the devices that send but are not on the roster, latest first."""
        return self.roster.unknown()

    def last_seen_ms(self, device: str) -> int | None:
        """Say when anything last came from a device, believed or not; None if nothing did."""
        track = self._hygiene.track(device)
        return track.seen_ms or None if track else None

    def _note_unknown(self, names: Names, strangers: Rows, now_ms: int) -> None:
        """Remember who knocked, in the order in which each was heard last."""
        places, back, times = np.unique(strangers[::-1], return_index=True, return_counts=True)
        for nth in np.argsort(-back).tolist():
            self.roster.note_unknown(names.names[places[nth]], now_ms, int(times[nth]))

    def _hand_on(self, fixes: Columns, rows: Rows, stamps: Times) -> None:
        units = self._hygiene.units_of(rows)
        places = (fixes.lat, fixes.lon, fixes.speed_mps, fixes.heading_deg, fixes.accuracy_m)
        self._sink(Moves(fixes.names, fixes.device, units, stamps, *places))

    def _enrol(self, device: str, unit: str) -> None:
        self._hygiene.enrol(device, airborne=unit in self.roster.airborne, unit=self.roster.rows[unit])

    def _rows_of(self, names: Names) -> Rows:
        """Return the rows of a feed's devices: those of new names, and all anew where the roster has changed since."""
        if names.generation != self._generation:
            names.rows, names.generation = names.rows[:0], self._generation
        new = names.names[len(names.rows) :]
        if new:
            row_of = self._hygiene.row_of
            names.rows = np.concatenate([names.rows, np.array([row_of(name) for name in new], np.int32)])
        return names.rows

    def _allowed_to(self, principal: Principal) -> npt.NDArray[np.bool_] | None:
        units = principal.units
        if units is None:
            return None
        allowed = self._allowed.get(units)
        if allowed is None:
            allowed = self._allowed[units] = np.array([unit in units for unit in self.roster.units], np.bool_)
        return allowed


def _parts(changes: Changes) -> tuple[tuple[str, ...], ...]:
    return changes.added, changes.moved, changes.removed
