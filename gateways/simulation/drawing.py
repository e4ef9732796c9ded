"""Pictures in SVG: frames with axes, lines, marks. Lengths are units of the drawing; how things look is in `page.css`."""

from collections.abc import Callable, Sequence
from html import escape
from math import ceil, floor, log10

import msgspec
from msgspec import Struct

HUES, DASHES = 8, 4
"""Ways to look that `page.css` knows; the first is for the policy that the others are held against."""
WIDTH, HEIGHT = 640.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 14.0, 12.0, 46.0
Point = tuple[float, float]


class Frame(Struct, frozen=True):
    """A rectangle of the drawing that shows values from low to high."""

    low: Point
    high: Point
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    bottom: float = BOTTOM
    top: float = TOP
    right: float = RIGHT

    def x(self, value: float) -> float:
        """Return how far right the value stands."""
        span = (self.high[0] - self.low[0]) or 1.0
        return round(self.left + (value - self.low[0]) / span * (self.width - self.left - self.right), 1)

    def y(self, value: float) -> float:
        """Return how far down the value stands."""
        span = (self.high[1] - self.low[1]) or 1.0
        return round(
            self.height - self.bottom - (value - self.low[1]) / span * (self.height - self.top - self.bottom), 1
        )


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values from low to high, about as many as wanted."""
    if high <= low:
        return [low]
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough))
    step = min((part * power for part in (1, 2, 2.5, 5, 10)), key=lambda step: (abs(step - rough), step))
    return [round(step * number, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def digits_of(values: Sequence[float]) -> int:
    """Return how many digits behind the point tell these values exactly; three at most."""
    return next((digits for digits in range(3) if all(abs(round(it, digits) - it) < 1e-9 for it in values)), 3)


def spanned(low: float, high: float, *, floor_at: float | None = None) -> Point:
    """Return round limits with room for the values."""
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    low, high = low - room, high + room
    if floor_at is not None:
        low = max(low, floor_at)
    return low, high


def axes(
    frame: Frame,
    across: Sequence[tuple[float, str]],
    upward: Sequence[tuple[float, str]],
    title_x: str = "",
) -> str:
    """Return grid lines and labels."""
    left, right = frame.x(frame.low[0]), frame.x(frame.high[0])
    floor_y = frame.y(frame.low[1])
    parts = []
    for value, label in upward:
        y = frame.y(value)
        parts.append(f'<line class="gridline" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(text(left - 8, y + 4, label, anchor="end"))
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{floor_y}" y2="{floor_y}"/>')
    for value, label in across:
        x = frame.x(value)
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{floor_y}" y2="{floor_y + 4}"/>')
        parts.append(text(x, floor_y + 18, label, anchor="middle"))
    if title_x:
        parts.append(text((left + right) / 2, floor_y + 38, title_x, anchor="middle"))
    return "".join(parts)


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    """Return words in the drawing."""
    own = f' class="{kind}"' if kind else ""
    return f'<text{own} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def line(frame: Frame, xs: Sequence[float], ys: Sequence[float | None], kind: str = "line") -> str:
    """Return a line through the points; it breaks where there is none."""
    path, pen = [], "M"
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            pen = "M"
            continue
        path.append(f"{pen}{frame.x(x):g} {frame.y(y):g}")
        pen = "L"
    return f'<path class="{kind}" d="{"".join(path)}"/>' if path else ""


def mark(row: int, x: float, y: float, *, size: float = 5.5, hollow: bool = False) -> str:
    """Return the mark of a policy: shape and hue both tell which."""
    kind = "mark open" if hollow else "mark"
    shapes: tuple[Callable[[], str], ...] = (
        lambda: f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}"/>',
        lambda: _polygon(kind, x, y, size, ((-1, -1), (1, -1), (1, 1), (-1, 1))),
        lambda: _polygon(kind, x, y, size * 1.25, ((0, -1), (1, 0.8), (-1, 0.8))),
        lambda: _polygon(kind, x, y, size * 1.3, ((0, -1), (1, 0), (0, 1), (-1, 0))),
        lambda: _polygon(kind, x, y, size * 1.25, ((0, 1), (1, -0.8), (-1, -0.8))),
        lambda: _polygon(kind, x, y, size * 1.2, ((0, -1), (0.95, -0.31), (0.59, 0.81), (-0.59, 0.81), (-0.95, -0.31))),
        lambda: _polygon(kind, x, y, size, ((-1, -0.55), (1, -0.55), (1, 0.55), (-1, 0.55))),
        lambda: _polygon(kind, x, y, size, ((-0.55, -1), (0.55, -1), (0.55, 1), (-0.55, 1))),
    )
    hue, turn = _hue(row)
    return shapes[(hue + 3 * turn) % len(shapes)]()


def look(row: int) -> str:
    """Return the classes that give a policy its hue and its dashes."""
    hue, turn = _hue(row)
    return f"s{hue} d{(hue + turn) % DASHES}"


def _hue(row: int) -> tuple[int, int]:
    """Return which hue a policy has, and how often all of them were used before; nobody else has that of the first."""
    if row < HUES:
        return row, 0
    turn, hue = divmod(row - HUES, HUES - 1)
    return hue + 1, turn + 1


def group(row: int, inside: str, tip: str = "") -> str:
    """Return what belongs to one policy, so that all of it can be lit at once."""
    told = f' data-tip="{escape(tip)}"' if tip else ""
    return f'<g data-policy="{row}" class="{look(row)}"{told}>{inside}</g>'


def told(xs: Sequence[float], labels: Sequence[str], series: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return the attribute that lets lines tell their values."""
    return f' data-told="{escape(msgspec.json.encode({"x": xs, "labels": labels, "series": series}).decode())}"'


def drawing(inside: str, label: str, width: float = WIDTH, height: float = HEIGHT, attributes: str = "") -> str:
    """Return the picture; the label says what it shows to those who do not see it."""
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}"{attributes}>{inside}</svg>'


def figure(title: str, words: str, picture: str) -> str:
    """Return a picture with its title and a sentence."""
    return f"<figure><figcaption><b>{escape(title)}</b>{escape(words)}</figcaption>{picture}</figure>"


def _polygon(kind: str, x: float, y: float, size: float, corners: Sequence[Point]) -> str:
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f'<polygon class="{kind}" points="{points}"/>'
