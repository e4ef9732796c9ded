"""What every tracker says in the end: one position at one time, or a refusal that names the field.

Rule: whatever the protocol, a decoder hands on `Fix` in SI units and WGS84 degrees. A quantity the
device does not know is None, never -1 or 0. This file also turns msgspec's errors into refusals.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_REASON: Final = 200

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises on bytes it cannot take; nesting too deep is a RecursionError."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
DeviceName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Fix(
    msgspec.Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    rename={"fix_ms": "time_ms", "heading_deg": "heading"},
):
    """One position of one device, as measured by the device.

    Positions are WGS84 degrees, `heading_deg` is clockwise from true north in 0..360, `fix_ms` the
    device's own time in milliseconds since the epoch (UTC), `accuracy_m` the radius it claims. The wire
    names are those of the JSON-lines protocol, so that a line decodes straight into a fix.
    """

    device: DeviceName
    lat: float
    lon: float
    fix_ms: Int64
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    valid: bool = True


class Refusal(msgspec.Struct, frozen=True):
    """Why a frame was not understood: the field at fault (a dotted path) and a sentence about it."""

    reason: str
    field: str


def refusal_of(error: Exception, whole: str) -> Refusal:
    """Turn one of `UNREADABLE` into a refusal; `whole` names the frame when no single field is at fault."""
    if isinstance(error, RecursionError):
        return Refusal("nested too deeply", whole)
    if isinstance(error, UnicodeDecodeError):
        return Refusal("is not UTF-8 text", whole)
    text, _, path = str(error).partition(" - at `")
    path = path.rstrip("`").removeprefix("$").removeprefix(".")
    named = text.split("`")[1] if "field `" in text else ""
    field = ".".join(part for part in (path, named) if part)
    return Refusal(text[:_LONGEST_REASON], field or whole)


def epoch_ms(moment: datetime) -> int:
    """Give milliseconds since the epoch; a moment without an offset is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND


def known(value: float | None, most: float = float("inf")) -> float | None:
    """Give the value, or None where a device writes a number outside 0..most because it does not know."""
    return value if value is not None and 0.0 <= value <= most else None
