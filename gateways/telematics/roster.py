"""The roster: which device rides on which unit, and who knocked without being on it.

Rule: a device moves exactly one unit, a unit may carry several devices. Devices not on the roster move
nothing; they are counted and the latest are kept, so that an installer sees the tracker nobody entered.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

_KEPT_UNKNOWN: Final = 256


class UnknownDevice(msgspec.Struct, frozen=True):
    """A device that sends but is not on the roster. Times are ours, in milliseconds since the epoch."""

    device: str
    first_seen_ms: int
    last_seen_ms: int
    count: int


class Roster:
    """Device to unit, fixed at construction; `airborne` names the units that may fly."""

    __slots__ = ("_unknown", "airborne", "devices", "shared")

    def __init__(self, devices: Mapping[str, str], *, airborne: Collection[str] = ()) -> None:
        self.devices: Mapping[str, str] = MappingProxyType(dict(devices))
        self.airborne = frozenset(airborne)
        self.shared = _named_twice(self.devices.values())
        self._unknown: dict[str, UnknownDevice] = {}

    def unit_of(self, device: str) -> str | None:
        """Look up the unit the device rides on; None if it is not on the roster."""
        return self.devices.get(device)

    def note_unknown(self, device: str, now_ms: int) -> None:
        """Remember that an unknown device was heard; the one silent for longest gives way."""
        seen = self._unknown.pop(device, None) or UnknownDevice(device, now_ms, now_ms, 0)
        if len(self._unknown) >= _KEPT_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[device] = UnknownDevice(device, seen.first_seen_ms, now_ms, seen.count + 1)

    def unknown(self) -> tuple[UnknownDevice, ...]:
        """List the unknown devices heard of, latest first; at most 256."""
        return tuple(reversed(self._unknown.values()))


def _named_twice(units: Collection[str]) -> frozenset[str]:
    """Find the units with more than one device: theirs must be put in order among each other."""
    return frozenset(unit for unit, devices in Counter(units).items() if devices > 1)
