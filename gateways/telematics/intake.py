"""The one pipeline behind every telematics protocol: roster, then hygiene, then the unit's position.

Rule: whatever the protocol, fixes come through `Intake.take` and nowhere else; each gets one verdict and each
verdict is counted. A feed moves only its own units. Of several devices on one unit the newest position wins.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import msgspec

from gateways.telematics.fix import Fix
from gateways.telematics.hygiene import Hygiene, HygieneSettings, Verdict
from gateways.telematics.roster import Roster, UnknownDevice

_CLAMPED: Final = Verdict.CLAMPED  # looked up once: on Python 3.11 a member is slow to find

Sink = Callable[[str, Fix], None]
"""Called with the unit's id and its new position. Must not block."""
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


class Statistics(msgspec.Struct, frozen=True):
    """The counts since the start: fixes by verdict (all are there), and what befell the rest."""

    verdicts: Mapping[str, int]
    events: Mapping[str, int]


class Intake:
    """Takes fixes of any protocol from one task at a time and hands positions to the sink."""

    __slots__ = ("_clock", "_counts", "_events", "_hygiene", "_lead", "_sink", "roster")

    def __init__(self, roster: Roster, settings: HygieneSettings, sink: Sink, clock: Clock) -> None:
        self.roster = roster
        self._sink = sink
        self._clock = clock
        self._counts = [0] * len(Verdict)
        self._events: Counter[str] = Counter()
        self._lead: dict[str, tuple[int, str]] = {}
        self._hygiene = Hygiene(settings)
        for device, unit in roster.devices.items():
            self._hygiene.enrol(device, airborne=unit in roster.airborne)

    def take(self, fixes: Iterable[Fix], principal: Principal) -> list[Verdict]:
        """Judge the fixes in order and move their units; one verdict for each."""
        now_ms = self._clock()
        allowed = principal.units
        verdicts = [self._take_one(fix, now_ms, allowed) for fix in fixes]
        for verdict in verdicts:
            self._counts[verdict] += 1
        return verdicts

    def count(self, event: str, times: int = 1) -> None:
        """Count what a protocol met before there was a fix: `malformed`, `connection_reset` and the like."""
        self._events[event] += times

    def now_ms(self) -> int:
        """Read the clock by which fixes are judged."""
        return self._clock()

    def statistics(self) -> Statistics:
        """Take a snapshot of all counts."""
        verdicts = {verdict.name.lower(): self._counts[verdict] for verdict in Verdict}
        return Statistics(verdicts, dict(self._events))

    def unknown_devices(self) -> tuple[UnknownDevice, ...]:
        """List the devices that send but are not on the roster, latest first."""
        return self.roster.unknown()

    def last_seen_ms(self, device: str) -> int | None:
        """Say when anything last came from a device, believed or not; None if nothing did."""
        track = self._hygiene.track(device)
        return track.seen_ms or None if track else None

    def _take_one(self, fix: Fix, now_ms: int, allowed: frozenset[str] | None) -> Verdict:
        unit = self.roster.unit_of(fix.device)
        if unit is None:
            self.roster.note_unknown(fix.device, now_ms)
            return Verdict.UNKNOWN_DEVICE
        if allowed is not None and unit not in allowed:
            return Verdict.NOT_ALLOWED
        verdict = self._hygiene.admit(fix, now_ms)
        if verdict > _CLAMPED:
            return verdict
        if verdict is _CLAMPED:
            fix = self._hygiene.clamped(fix)
        if unit in self.roster.shared and not self._leads(unit, fix):
            return Verdict.LATE
        self._sink(unit, fix)
        return verdict

    def _leads(self, unit: str, fix: Fix) -> bool:
        """Whether the fix is the newest of all devices on the unit; equal times go by the device's name."""
        lead = self._lead.get(unit)
        if lead is not None and (fix.fix_ms, fix.device) < lead:
            return False
        self._lead[unit] = (fix.fix_ms, fix.device)
        return True
