"""A batch of positions as columns: the one message that comes ten thousand times a second."""

import struct

import numpy as np
import numpy.typing as npt

_HEADER = struct.Struct("<I")
_COLUMNS = (
    ("unit", "<i4"),
    ("x_m", "<i4"),
    ("y_m", "<i4"),
    ("fix_ms", "<i8"),
    ("speed_dm_s", "<i2"),
    ("heading", "<i2"),
)

_TYPES = tuple(np.dtype(dtype) for _, dtype in _COLUMNS)

UNKNOWN = -1
"""Speed or heading that the device did not report."""


class Fixes:
    """Positions of n units, at most one each.

    `unit` is the row of the unit in the World (int32), `x_m` and `y_m` local metres (int32), `fix_ms` the device's
    own time (int64), `speed_dm_s` decimetres a second and `heading` degrees (int16, -1 where unknown).
    """

    __slots__ = ("fix_ms", "heading", "speed_dm_s", "unit", "x_m", "y_m")

    unit: npt.NDArray[np.int32]
    x_m: npt.NDArray[np.int32]
    y_m: npt.NDArray[np.int32]
    fix_ms: npt.NDArray[np.int64]
    speed_dm_s: npt.NDArray[np.int16]
    heading: npt.NDArray[np.int16]

    def __init__(
        self,
        unit: npt.ArrayLike,
        x_m: npt.ArrayLike,
        y_m: npt.ArrayLike,
        fix_ms: npt.ArrayLike,
        speed_dm_s: npt.ArrayLike,
        heading: npt.ArrayLike,
    ) -> None:
        self.unit, self.x_m, self.y_m, self.fix_ms, self.speed_dm_s, self.heading = columns = tuple(
            np.ascontiguousarray(column, dtype=dtype)
            for dtype, column in zip(_TYPES, (unit, x_m, y_m, fix_ms, speed_dm_s, heading), strict=True)
        )
        if {len(column) for column in columns} != {len(self.unit)}:
            raise ValueError("the columns of a batch of positions must be equally long")

    def __len__(self) -> int:
        return len(self.unit)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fixes) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"Fixes({len(self)} units)"

    def pick(self, wanted: npt.NDArray[np.bool_]) -> "Fixes":
        """Return the rows where the mask is true."""
        return Fixes(*(getattr(self, name)[wanted] for name, _ in _COLUMNS))

    def to_bytes(self) -> bytes:
        """Encode: a count, then column after column, little endian."""
        return _HEADER.pack(len(self)) + b"".join(getattr(self, name).tobytes() for name, _ in _COLUMNS)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fixes":
        """Decode what `to_bytes` made. Raises ValueError if the length does not fit the count."""
        count = _HEADER.unpack_from(data)[0]
        columns = []
        offset = _HEADER.size
        for _, dtype in _COLUMNS:
            columns.append(np.frombuffer(data, dtype=dtype, count=count, offset=offset))
            offset += count * np.dtype(dtype).itemsize
        if offset != len(data):
            raise ValueError(f"a batch of {count} positions has {offset} bytes, not {len(data)}")
        return cls(*columns)

    @classmethod
    def empty(cls) -> "Fixes":
        """Return a batch of none."""
        return cls(*([] for _ in _COLUMNS))
