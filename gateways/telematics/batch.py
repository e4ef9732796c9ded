"""The batch frame: a fleet's positions as columns, for who sends tens of thousands a second.

Rule: the names of the devices are told once, then a fix is 26 bytes and nothing is looked at one by one. All numbers
are little endian. A frame is a head of 16 bytes and a body:

    offset  0  4 bytes  magic "TNFX"
            4  u8       version, 1
            5  u8       kind: 1 names, 2 fixes
            6  u16      0
            8  u32      count of names or fixes, at most 65,536
           12  u32      bytes of the body

Names: for each a u16 length and so many bytes of UTF-8; they are added behind those told before, counted from 0.
Fixes: column after column, each of `count` numbers:

    time      i64   milliseconds since the epoch, UTC
    latitude  i32   1e-7 degrees, WGS84
    longitude i32   1e-7 degrees
    device    u32   place of its name
    speed     u16   cm/s; 65535 not known
    heading   u16   hundredths of a degree, clockwise from north; 65535 not known
    accuracy  u16   decimetres; 65535 not known

A frame that does not hold is refused as a whole. One whose head does not hold ends the feed: nobody can say where the
next begins.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from gateways.telematics.columns import Columns, Floats, Names
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.listener import Listener
from gateways.telematics.refusals import Refusals

MAGIC: Final = b"TNFX"
VERSION: Final = 1
NAMES: Final = 1
FIXES: Final = 2
HEAD: Final = struct.Struct("<4sBBHII")
COUNT_MAX: Final = 65_536
NAMES_MAX: Final = 200_000
NAME_BYTES: Final = 512
_COLUMNS: Final = ("<i8", "<i4", "<i4", "<u4", "<u2", "<u2", "<u2")
FIX_BYTES: Final = sum(np.dtype(kind).itemsize for kind in _COLUMNS)
_BODY_MAX: Final = COUNT_MAX * FIX_BYTES
_UNKNOWN: Final = 0xFFFF


class Batch(Listener, frozen=True, kw_only=True, tag_field="protocol"):
    """The listener for batch frames. Tag it `protocol = "Batch"` in the configuration."""

    port: int = 7023

    def decoder(self, device: str | None = None) -> "BatchDecoder":
        """One per connection: it remembers the names. Frames name their devices themselves."""
        del device
        return BatchDecoder()


class BatchDecoder(Refusals):
    """Bytes in, columns out; sans-IO and never raising. Holds at most one unfinished frame (1.7 MB) and the names."""

    __slots__ = ("_names", "_rest")

    def __init__(self) -> None:
        super().__init__()
        self._names = Names(())
        self._rest = bytearray()

    def feed(self, data: bytes, received_ms: int = 0) -> list[Columns]:
        """Decode all frames that ended within `data`."""
        del received_ms
        if self.lost:
            return []
        self._rest += data
        begin, found = 0, list[Columns]()
        while len(self._rest) - begin >= HEAD.size:
            magic, version, kind, reserved, count, size = HEAD.unpack_from(self._rest, begin)
            flaw = _flaw_of_head(magic, version, kind, reserved, count, size)
            if flaw is not None:
                self._refuse(flaw)
                self.lost = True
                self._rest = bytearray()
                return found
            end = begin + HEAD.size + size
            if len(self._rest) < end:
                break
            body = bytes(memoryview(self._rest)[begin + HEAD.size : end])
            read = self._read_names(body, count) if kind == NAMES else self._read_fixes(body, count)
            if isinstance(read, Columns):
                found.append(read)
            elif read is not None:
                self._refuse(read)
            begin = end
        del self._rest[:begin]
        return found

    def _read_names(self, body: bytes, count: int) -> Refusal | None:
        if len(self._names.names) + count > NAMES_MAX:
            return Refusal(f"are more than {NAMES_MAX} together", "names")
        names: list[str] = []
        at = 0
        for _ in range(count):
            size = int.from_bytes(body[at : at + 2], "little")
            raw = body[at + 2 : at + 2 + size]
            at += 2 + size
            if not 1 <= size <= NAME_BYTES or at > len(body):
                return Refusal(
                    f"number {len(names)} has {size} bytes; from 1 to {NAME_BYTES}, within the body", "names"
                )
            try:
                names.append(raw.decode())
            except UnicodeDecodeError:
                return Refusal(f"number {len(names)} is not UTF-8", "names")
        if at != len(body):
            return Refusal(f"the body has {len(body) - at} bytes more than its {count} names", "names")
        self._names.names += names
        return None

    def _read_fixes(self, body: bytes, count: int) -> Columns | Refusal:
        if len(body) != count * FIX_BYTES:
            return Refusal(f"has {len(body)} bytes; {count} fixes have {count * FIX_BYTES}", "body")
        columns, at = [], 0
        for kind in _COLUMNS:
            columns.append(np.frombuffer(body, kind, count, at))
            at += columns[-1].nbytes
        time_ms, lat, lon, device, speed, heading, accuracy = columns
        if count and int(device.max()) >= len(self._names.names):
            return Refusal(f"{int(device.max())} has no name; {len(self._names.names)} were told", "device")
        return Columns(
            self._names,
            device.astype(np.int32),
            time_ms.astype(np.int64),
            lat / 1e7,
            lon / 1e7,
            _known(speed, 100.0),
            _known(heading, 100.0),
            _known(accuracy, 10.0),
            np.ones(count, np.bool_),
        )


def encode_names(names: Sequence[str]) -> bytes:
    """Return the frame that tells names. Raises ValueError for more than a frame holds, or one that is too long."""
    raws = [name.encode() for name in names]
    if len(raws) > COUNT_MAX or any(not 1 <= len(raw) <= NAME_BYTES for raw in raws):
        raise ValueError(f"at most {COUNT_MAX} names of 1 to {NAME_BYTES} bytes")
    body = b"".join(len(raw).to_bytes(2, "little") + raw for raw in raws)
    return HEAD.pack(MAGIC, VERSION, NAMES, 0, len(raws), len(body)) + body


def encode_fixes(places: Sequence[int], fixes: Sequence[Fix]) -> bytes:
    """Return the frame of fixes whose devices stand at these places of the names. What does not fit is cut to fit."""
    columns: tuple[npt.NDArray[np.number], ...] = (
        np.array([fix.fix_ms for fix in fixes], np.int64),
        np.rint([fix.lat * 1e7 for fix in fixes]),
        np.rint([fix.lon * 1e7 for fix in fixes]),
        np.array(places),
        _short([fix.speed_mps for fix in fixes], 100.0),
        _short([fix.heading_deg for fix in fixes], 100.0),
        _short([fix.accuracy_m for fix in fixes], 10.0),
    )
    body = b"".join(column.astype(kind).tobytes() for column, kind in zip(columns, _COLUMNS, strict=True))
    return HEAD.pack(MAGIC, VERSION, FIXES, 0, len(fixes), len(body)) + body


def _flaw_of_head(magic: bytes, version: int, kind: int, reserved: int, count: int, size: int) -> Refusal | None:
    if magic != MAGIC:
        return Refusal(f"is {magic!r}, not {MAGIC!r}; the feed is not read any further", "magic")
    if version != VERSION or reserved != 0:
        return Refusal(f"is {version} (and {reserved}); this server reads version {VERSION}", "version")
    if kind not in (NAMES, FIXES):
        return Refusal(f"is {kind}; there are names ({NAMES}) and fixes ({FIXES})", "kind")
    if count > COUNT_MAX or size > _BODY_MAX:
        return Refusal(f"{count} in {size} bytes; at most {COUNT_MAX} in {_BODY_MAX}", "count")
    return None


def _known(column: npt.NDArray[np.uint16], per_unit: float) -> Floats:
    values = column / per_unit
    values[column == _UNKNOWN] = np.nan
    return values


def _short(values: Sequence[float | None], per_unit: float) -> npt.NDArray[np.uint16]:
    fitting = np.clip(np.array(values, np.float64), 0, (_UNKNOWN - 1) / per_unit)
    return np.where(np.isnan(fitting), _UNKNOWN, np.rint(fitting * per_unit)).astype(np.uint16)
