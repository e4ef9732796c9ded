"""Figures as people read them: percent, points, minutes and seconds; intervals as ±. One way for tables and page."""

from collections.abc import Mapping, Sequence

NOTHING = "-"
UNIT = "\u00a0%"
"""Percent, never torn from its number."""
MINUS = "\u2212"
"""The sign, which is as wide as a plus."""
Figure = Mapping[str, float | None]


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 1 as percent."""
    return NOTHING if share is None else f"{share * 100:.{digits}f}{UNIT}"


def percent_within(estimate: Figure) -> str:
    """Return a share and its half-width, both in percent."""
    value, half = estimate["value"], estimate["half_width"]
    if value is None:
        return NOTHING
    return percent(value) if half is None else f"{value * 100:.1f} ± {_least(half * 100, 1)}{UNIT}"


def clock(seconds: float | None) -> str:
    """Return a duration as minutes and seconds."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(abs(seconds)), 60)
    return f"{MINUS if seconds < 0 and (minutes or rest) else ''}{minutes}:{rest:02d}"


def clock_within(estimate: Figure) -> str:
    """Return a duration and its half-width in seconds."""
    half = estimate["half_width"]
    told = clock(estimate["value"])
    return told if half is None or told == NOTHING else f"{told} ± {_least(half, 0)} s"


def number(value: float | None, digits: int = 2) -> str:
    """Return a plain number."""
    return NOTHING if value is None else signless(f"{value:.{digits}f}")


def count(value: int) -> str:
    """Return a count with thousands set apart."""
    return f"{value:,}".replace(",", "\u202f")


def signed(value: float | None, half: float | None, digits: int, unit: str = "") -> str:
    """Return a difference with its sign and its half-width."""
    if value is None:
        return NOTHING
    rounded = round(value, digits) or 0.0
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    told = f"{sign}{abs(rounded):.{digits}f}"
    if half is not None:
        told += f" ± {_least(half, digits)}"
    return told + unit


def points(apart: Figure) -> str:
    """Return a difference of shares in percentage points."""
    value, half = apart["difference"], apart["half_width"]
    return signed(None if value is None else value * 100, None if half is None else half * 100, 1)


def seconds(apart: Figure) -> str:
    """Return a difference in seconds."""
    return signed(apart["difference"], apart["half_width"], 1)


def relative(apart: Figure) -> str:
    """Return a difference in percent of what it is held against."""
    value, half = apart["relative"], apart["relative_half_width"]
    return signed(None if value is None else value * 100, None if half is None else half * 100, 1, UNIT)


def is_clear(apart: Figure) -> bool:
    """Tell whether the interval leaves out zero."""
    value, half = apart["difference"], apart["half_width"]
    return value is not None and half is not None and abs(value) > half


def signless(text: str) -> str:
    """Return the number with a real minus, and without one where it is zero."""
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def _least(half: float, digits: int) -> str:
    """Return a half-width, never rounded down to nothing."""
    least: float = 10.0**-digits
    return f"<{least:.{digits}f}" if 0 < half < least / 2 else f"{half:.{digits}f}"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"
