"""Which device rides on which unit: the list (a file, or one device a unit), and above it what operators have said since.

Rule: an operator's word stands over the list, also over a restart, until the list itself says something new about that
device: then the list, being the later word, counts again. A device that changes vehicles takes its own track along (it is
the same receiver); who leads on a unit, and how long a unit has been standing somewhere, is known anew on both.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import trio
from msgspec import Struct

from engine.journal.disk import Disk
from gateways.log import logger
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Changes
from gateways.upkeep import DeviceView, NotDone
from gateways.upkeep.views import StrangerView

FILE: Final = "devices-moved.msgpack"
MOVED_MAX: Final = 10_000
"""Devices that may stand otherwise than listed. Beyond it the list has to be mended."""
_log = logger("telematics")


class Moved(Struct, frozen=True):
    """An operator's word about one device."""

    unit: str | None
    """None: it moves nothing."""
    listed: str | None
    """What the list said then."""
    by: str
    reason: str
    at_ms: int


class MovedDamaged(Exception):
    """The file is not what was written. The message says what to do."""


class Devices:
    """The list and the words above it. One per process."""

    def __init__(self, listed: Mapping[str, str], units: Iterable[str], data: Path | None) -> None:
        """Take over what was said before. Without a data folder nothing is kept. Raises MovedDamaged, OSError."""
        self._units = frozenset(units)
        self._listed = dict(listed)
        self._path = None if data is None else data / FILE
        self._moved = self._standing(_load(self._path))
        self._turn = trio.Lock()
        self._intake: Intake | None = None
        self.on_changed: list[Callable[[Iterable[str]], None]] = []
        """Called with the units whose devices have changed."""

    def bind(self, intake: Intake) -> None:
        """Tell this intake of changes."""
        self._intake = intake

    def units_of(self) -> dict[str, str]:
        """Return what each device moves."""
        return self._over(self._listed, self._moved)

    async def take_list(self, listed: Mapping[str, str]) -> Changes:
        """Take a new list; words about devices of which it says something new have had their time. Raises OSError."""
        async with self._turn:
            before, self._listed = self._listed, dict(listed)
            kept = self._standing(self._moved)
            try:
                await self._keep(kept)
            except OSError:
                self._listed = before
                raise
            return self._apply(kept)

    # ── what operators say ──────────────────────────────────────────────────────────────────────────────────

    async def move(self, device: str, unit: str | None, by: str, reason: str) -> DeviceView:
        """Put it on this unit, or on none, whatever the list says. Raises NotDone."""
        async with self._turn:
            if unit is not None and unit not in self._units:
                raise NotDone("unknown_unit", "unit", f"The place has no unit {unit[:80]!r}.")
            if unit is None and device not in self.units_of():
                raise NotDone("unknown_device", "device", f"{device} is on no roster: it moves nothing.")
            if len(self._moved) >= MOVED_MAX and device not in self._moved:
                sentence = f"{MOVED_MAX} devices stand otherwise than listed: mend the list first."
                raise NotDone("too_many", "device", sentence)
            word = Moved(unit, self._listed.get(device), by, reason, round(time.time() * 1_000))
            return await self._say(device, {**self._moved, device: word})

    async def restore(self, device: str) -> DeviceView:
        """Let the list say again what it rides on. Raises NotDone."""
        async with self._turn:
            if device not in self._moved:
                raise NotDone("not_moved", "device", f"{device} stands as it is listed.")
            return await self._say(device, {name: word for name, word in self._moved.items() if name != device})

    def views(self) -> list[DeviceView]:
        """Return every device, in the order of its name."""
        now = self.units_of()
        return [self._view(device, now) for device in sorted({*now, *self._moved})]

    def strangers(self) -> list[StrangerView]:
        """Return those that send and are on no roster, latest first."""
        return [
            StrangerView(
                device=each.device,
                first_seen_ms=each.first_seen_ms,
                last_seen_ms=each.last_seen_ms,
                times=each.count,
            )
            for each in self._bound().unknown_devices()
        ]

    # ── the inside ──────────────────────────────────────────────────────────────────────────────────────────

    async def _say(self, device: str, moved: dict[str, Moved]) -> DeviceView:
        try:
            await self._keep(moved)
        except OSError as error:
            sentence = f"It could not be written down ({error.strerror}), so the device stays where it was."
            raise NotDone("not_written", "", sentence) from error
        self._apply(moved)
        return self._view(device, self.units_of())

    def _apply(self, moved: dict[str, Moved]) -> Changes:
        """Let it be so. No await: the list, the words and the intake never disagree."""
        before = dict(self._bound().roster.devices)
        self._moved = moved
        after = self.units_of()
        changes = self._bound().reassign(after)
        touched = {
            unit
            for device in (*changes.added, *changes.moved, *changes.removed)
            for unit in (before.get(device), after.get(device))
            if unit is not None
        }
        for told in self.on_changed:
            told(sorted(touched))
        return changes

    def _bound(self) -> Intake:
        assert self._intake is not None, "devices change once there is an intake"
        return self._intake

    def _over(self, listed: Mapping[str, str], moved: Mapping[str, Moved]) -> dict[str, str]:
        found = dict(listed)
        for device, word in moved.items():
            if word.unit is None:
                found.pop(device, None)
            else:
                found[device] = word.unit
        return found

    def _standing(self, moved: Mapping[str, Moved]) -> dict[str, Moved]:
        """Return the words that still count: the list says of the device what it said then, and the unit is there."""
        standing = {}
        for device, word in moved.items():
            if self._listed.get(device) != word.listed:
                _log.warning("the list says something new of a device that was moved by word", device=device)
            elif word.unit is not None and word.unit not in self._units:
                _log.warning("a device was moved to a unit that the place no longer has", device=device, unit=word.unit)
            else:
                standing[device] = word
        return standing

    def _view(self, device: str, now: Mapping[str, str]) -> DeviceView:
        word = self._moved.get(device)
        return DeviceView(
            device=device,
            unit=now.get(device),
            listed=self._listed.get(device),
            moved_by="" if word is None else word.by,
            reason="" if word is None else word.reason,
            moved_ms=None if word is None else word.at_ms,
            seen_ms=self._bound().last_seen_ms(device),
        )

    async def _keep(self, moved: dict[str, Moved]) -> None:
        if self._path is not None and moved != self._moved:
            await trio.to_thread.run_sync(Disk().replace, self._path, msgspec.msgpack.encode(moved))


def _load(path: Path | None) -> dict[str, Moved]:
    try:
        return {} if path is None else msgspec.msgpack.decode(path.read_bytes(), type=dict[str, Moved])
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError as error:
        raise MovedDamaged(
            f"{path} cannot be read ({error}). Remove it: then every device stands as listed."
        ) from error
