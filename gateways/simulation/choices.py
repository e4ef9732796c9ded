"""The picture of the choice: how late against how many moves, whom nobody beats, and what differs on the same calls."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gateways.simulation.drawing import Frame, axes, digits_of, drawing, figure, group, look, mark, spanned, text, ticks
from gateways.simulation.labels import Box, placed
from gateways.simulation.words import UNIT, is_clear, listed, number, percent, points, relative, seconds

HEIGHT = 470.0
ROW_MIN, ROW_MAX, ROWS_HEIGHT = 23.0, 40.0, 150.0
NAME_LETTERS, LETTER = 26, 8.0
WORDS_WIDTH = 220.0
"""Of what stands over the line of a bound."""
ARROW = "\u2190"
Entry = dict[str, Any]


def pareto_picture(document: Entry) -> str:
    """Return late share of the first group against idle moves per call, with intervals and the frontier."""
    entries = document["pareto"]
    name = next(iter(document["run"]["groups"]))
    if not entries:
        return ""
    possible = document["possible"]
    frame = _frame(entries, possible)
    inside = axes(
        frame,
        labelled(ticks(*_span(frame, 0), 6)),
        labelled(ticks(*_span(frame, 1)), 100, UNIT),
        f"idle moves per call  ({ARROW} less to ask of crews)",
    )
    inside += _bounds(frame, possible) + _frontier(frame, entries) + _points(frame, document, entries)
    best = [entry["name"] for entry in entries if entry["on_frontier"]]
    words = f"Down and to the left is better. Nobody beats {listed(best)} in both; hollow marks are beaten."
    picture = drawing(inside, f"Late share, {name} priority, against idle moves per call", height=HEIGHT)
    return figure(f"Late share, {name} priority, against idle moves", words, picture)


def differences_pictures(document: Entry) -> str:
    """Return what each policy changes against the first, with paired intervals; nothing for a single policy."""
    name = next(iter(document["run"]["groups"]))
    return _differences(
        document, name, "late_share", (f"Change in late share, {name} priority", "percentage points", 100)
    ) + (_differences(document, name, "mean_response_s", (f"Change in mean response, {name} priority", "seconds", 1)))


def _differences(document: Entry, name: str, measure: str, words: tuple[str, str, float]) -> str:
    """Return a row for each policy; `words`: title, unit, and how many of the unit make one of the figure."""
    title, unit, factor = words
    told = [(each["policy"], each["groups"][name][measure]) for each in document["differences"]]
    known = [apart for _, apart in told if apart["difference"] is not None]
    ends = [apart["difference"] + side * (apart["half_width"] or 0.0) for apart in known for side in (-1, 1)]
    low, high = spanned(min([*ends, 0.0]), max([*ends, 0.0]))
    row_height = min(ROW_MAX, max(ROW_MIN, ROWS_HEIGHT / max(1, len(told))))
    height = 58 + row_height * len(told)
    left = 24 + LETTER * min(NAME_LETTERS, max((len(policy) for policy, _ in told), default=1))
    frame = Frame((low, 0), (high, len(told)), height=height, left=left, right=112, top=4)
    across = labelled(ticks(low, high), factor)
    inside = axes(frame, across, (), unit)
    zero = frame.x(0)
    inside += f'<line class="target" x1="{zero}" x2="{zero}" y1="{frame.y(len(told))}" y2="{frame.y(0)}"/>'
    for row, (policy, apart) in enumerate(told, 1):
        inside += _difference(frame, row, (policy, apart, factor), len(told))
    under = f"Against {document['policies'][0]['name']}, on the same calls; 95{UNIT} intervals."
    return figure(title, under, drawing(inside, title, height=height))


def _difference(frame: Frame, row: int, told: tuple[str, Entry, float], rows: int) -> str:
    policy, apart, factor = told
    y = frame.y(rows - row + 0.5)
    inside = text(frame.left - 14, y + 4.5, shortened(policy), anchor="end", kind="value")
    if apart["difference"] is not None:
        half = apart["half_width"] or 0.0
        from_x, to_x = frame.x(apart["difference"] - half), frame.x(apart["difference"] + half)
        inside += _bar(from_x, y, to_x, y)
        inside += mark(row, frame.x(apart["difference"]), y, size=5, hollow=not is_clear(apart))
    shown = points(apart) if factor == 100 else seconds(apart)
    inside += text(frame.width, y + 4.5, shown, anchor="end", kind="value")
    return group(row, inside, f"{policy}: {shown}, {relative(apart)} relative")


def _frame(entries: Sequence[Entry], possible: Sequence[Entry]) -> Frame:
    lates = [entry["late_share"] + side * (entry["half_width"] or 0.0) for entry in entries for side in (-1, 1)]
    lates += [bound["late_share"] for bound in possible]
    moves = [entry["moves_per_call"] + (entry["moves_half_width"] or 0.0) for entry in entries]
    low, high = spanned(min(lates), max(lates), floor_at=0.0)
    farthest = max(moves) * 1.12 or 1.0
    return Frame((-farthest * 0.03, low), (farthest, high), height=HEIGHT)


def _span(frame: Frame, axis: int) -> tuple[float, float]:
    return max(0.0, frame.low[axis]), frame.high[axis]


def _bounds(frame: Frame, possible: Sequence[Entry]) -> str:
    """Return a dashed line for each share that no policy gets below."""
    left, right = frame.x(frame.low[0]), frame.x(frame.high[0])
    parts = []
    for bound in possible:
        y = frame.y(bound["late_share"])
        parts.append(f'<line class="target" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
        words = f"nobody can, {bound['name']}: {percent(bound['late_share'])}"
        parts.append(text(right, y - 5, words, anchor="end"))
    return "".join(parts)


def _bound_boxes(frame: Frame, possible: Sequence[Entry]) -> list[Box]:
    """Return where those lines and their words are, so that no name is written over them."""
    left, right = frame.x(frame.low[0]), frame.x(frame.high[0])
    lines = [frame.y(bound["late_share"]) for bound in possible]
    return [Box(left, y - 2, right, y + 2) for y in lines] + [Box(right - WORDS_WIDTH, y - 16, right, y) for y in lines]


def _frontier(frame: Frame, entries: Sequence[Entry]) -> str:
    """Return the steps below which nobody is, and shade what is beaten."""
    best = sorted((entry["moves_per_call"], entry["late_share"]) for entry in entries if entry["on_frontier"])
    right, top = frame.x(frame.high[0]), frame.y(frame.high[1])
    path = f"M{frame.x(best[0][0])} {top}V{frame.y(best[0][1])}"
    for moves, late in best[1:]:
        path += f"H{frame.x(moves)}V{frame.y(late)}"
    path += f"H{right}"
    return f'<path class="beaten" d="{path}V{top}Z"/><path class="frontier" d="{path}"/>'


def _steps(frame: Frame, entries: Sequence[Entry]) -> list[Box]:
    """Return where the frontier runs between its points, so that no name is struck through."""
    best = sorted((entry["moves_per_call"], entry["late_share"]) for entry in entries if entry["on_frontier"])
    corners = [(frame.x(moves), frame.y(late)) for moves, late in [*best, (frame.high[0], best[-1][1])]]
    boxes = [Box(corners[0][0] - 2, frame.top, corners[0][0] + 2, corners[0][1])]
    for (x, y), (next_x, next_y) in pairwise(corners):
        boxes += [Box(x, y - 2, next_x, y + 2), Box(next_x - 2, y, next_x + 2, next_y)]
    return boxes


def _points(frame: Frame, document: Entry, entries: Sequence[Entry]) -> str:
    rows = {policy["name"]: row for row, policy in enumerate(document["policies"])}
    at = [(frame.x(entry["moves_per_call"]), frame.y(entry["late_share"])) for entry in entries]
    bars = [_error_box(frame, entry) for entry in entries]
    inside = Box(frame.left, frame.top, frame.width - frame.right, frame.y(frame.low[1]) - 2)
    labels = placed(
        at,
        [shortened(entry["name"]) for entry in entries],
        inside,
        [*bars, *_steps(frame, entries), *_bound_boxes(frame, document["possible"])],
    )
    parts = []
    for entry, (x, y), bar, label in zip(entries, at, bars, labels, strict=True):
        own = _bar(x, bar.top, x, bar.bottom) + _bar(bar.left, y, bar.right, y)
        if label.leads:
            end = min(max(x, label.box.left), label.box.right)
            own += f'<line class="leader" x1="{x}" y1="{y}" x2="{end:.1f}" y2="{label.y:.1f}"/>'
        own += mark(rows[entry["name"]], x, y, size=6, hollow=not entry["on_frontier"])
        own += text(label.x, label.y + 4.5, shortened(entry["name"]), anchor=label.anchor, kind="name")
        tip = f"{entry['name']}: {percent(entry['late_share'])} late, {number(entry['moves_per_call'])} moves a call"
        parts.append(group(rows[entry["name"]], own, tip))
    return "".join(parts)


def _error_box(frame: Frame, entry: Entry) -> Box:
    late, moves = entry["late_share"], entry["moves_per_call"]
    up, side = entry["half_width"] or 0.0, entry["moves_half_width"] or 0.0
    return Box(frame.x(moves - side), frame.y(late + up), frame.x(moves + side), frame.y(late - up))


def _bar(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="error" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def labelled(values: Sequence[float], factor: float = 1, unit: str = "") -> list[tuple[float, str]]:
    """Return places on an axis with what stands at them."""
    digits = digits_of([value * factor for value in values])
    return [(value, number(value * factor, digits) + unit) for value in values]


def shortened(name: str) -> str:
    """Return a name that fits into a picture."""
    return name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "\u2026"


def key(row: int) -> str:
    """Return the sign of a policy in legends and tables: its line and its mark."""
    path = '<path class="line" d="M1 7H29"/>'
    return (
        f'<svg class="key {look(row)}" viewBox="0 0 30 14" aria-hidden="true">{path}{mark(row, 15, 7, size=4.4)}</svg>'
    )
