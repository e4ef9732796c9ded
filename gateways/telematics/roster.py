"""The roster: which device rides on which unit, and who knocked without being on it.

Rule: a device moves exactly one unit, a unit may carry several devices, and a device may be put into another vehicle
while we run. Devices not on the roster move nothing; they are counted and the latest are kept, so that an installer
sees the tracker nobody entered.
"""

from collections.abc import Collection, Iterable, Mapping
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


class Changes(msgspec.Struct, frozen=True):
    """What a new list of devices has changed; each in the order of the list."""

    added: tuple[str, ...]
    moved: tuple[str, ...]
    removed: tuple[str, ...]


class Roster:
    """Device to unit. `units` are all that devices may ride on, `airborne` those that may fly."""

    __slots__ = ("_devices", "_unknown", "airborne", "devices", "rows", "units")

    def __init__(
        self, devices: Mapping[str, str], *, units: Iterable[str] = (), airborne: Collection[str] = ()
    ) -> None:
        self._devices = dict(devices)
        self.devices: Mapping[str, str] = MappingProxyType(self._devices)
        self.airborne = frozenset(airborne)
        self.units = tuple(dict.fromkeys([*units, *devices.values()]))
        self.rows: Mapping[str, int] = MappingProxyType({unit: row for row, unit in enumerate(self.units)})
        """The place of each unit in `units`."""
        self._unknown: dict[str, UnknownDevice] = {}

    def unit_of(self, device: str) -> str | None:
        """Look up the unit the device rides on; None if it is not on the roster."""
        return self._devices.get(device)

    def replace(self, devices: Mapping[str, str]) -> Changes:
        """Take another list of devices. Raises ValueError, and changes nothing, where it names an unknown unit."""
        for device, unit in devices.items():
            if unit not in self.rows:
                raise ValueError(f"device {device!r}: there is no unit {unit!r}")
        before = self._devices
        added = tuple(device for device in devices if device not in before)
        moved = tuple(device for device, unit in devices.items() if before.get(device, unit) != unit)
        removed = tuple(device for device in before if device not in devices)
        self._devices = dict(devices)
        self.devices = MappingProxyType(self._devices)
        for device in added:
            self._unknown.pop(device, None)
        return Changes(added, moved, removed)

    def note_unknown(self, device: str, now_ms: int, times: int = 1) -> None:
        """Remember that an unknown device was heard; the one silent for longest gives way."""
        seen = self._unknown.pop(device, None) or UnknownDevice(device, now_ms, now_ms, 0)
        if len(self._unknown) >= _KEPT_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[device] = UnknownDevice(device, seen.first_seen_ms, now_ms, seen.count + times)

    def unknown(self) -> tuple[UnknownDevice, ...]:
        """List the unknown devices heard of, latest first; at most 256."""
        return tuple(reversed(self._unknown.values()))
