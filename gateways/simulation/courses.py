"""Pictures of courses: how many are reached within which time, how late by hour of the day, how much is covered."""

from collections.abc import Sequence
from typing import Any

from gateways.simulation.choices import labelled
from gateways.simulation.drawing import (
    Frame,
    axes,
    drawing,
    figure,
    group,
    line,
    spanned,
    text,
    ticks,
    told,
)
from gateways.simulation.words import UNIT, clock, percent

HOURS = 24
VOLUME = 0.15
"""Part of the height that the busiest hour's bar takes."""
Entry = dict[str, Any]
Line = tuple[str, Sequence[float | None]]


def response_pictures(document: Entry) -> str:
    """Return one picture of response times for each group that had calls."""
    return "".join(_response(document, name) for name in document["run"]["groups"] if _has_calls(document, name))


def hour_pictures(document: Entry) -> str:
    """Return late share by hour for each group that had calls, then coverage."""
    late = [_late(document, name) for name in document["run"]["groups"] if _has_calls(document, name)]
    return "".join(late) + _cover(document)


def _has_calls(document: Entry, name: str) -> bool:
    return any(policy["groups"][name]["calls"] for policy in document["policies"])


def _response(document: Entry, name: str) -> str:
    policies = document["policies"]
    seconds = policies[0]["response_curve"]["seconds"]
    frame = Frame((0, 0), (seconds[-1], 1.0))
    minutes = [value * 60 for value in ticks(0, seconds[-1] / 60, 8)]
    inside = axes(
        frame,
        [(value, clock(value)) for value in minutes],
        [(value, percent(value, 0)) for value in (0, 0.25, 0.5, 0.75, 1)],
        "minutes from call to first arrival",
    )
    targets = document["run"]["targets_s"][name]
    for target in targets:
        x = frame.x(target)
        if target <= seconds[-1]:
            inside += f'<line class="target" x1="{x}" x2="{x}" y1="{frame.y(1)}" y2="{frame.y(0)}"/>'
            inside += text(x + 6, frame.y(0) - 8, f"target {clock(target)}", kind="name")
    lines = [(policy["name"], policy["response_curve"]["reached_share"][name]) for policy in policies]
    labels = [f"within {clock(second)}" for second in seconds]
    median = ", ".join(
        f"{policy['name']} {clock(policy['groups'][name]['median_response_s']['value'])}" for policy in policies[:4]
    )
    return figure(
        f"Reached within, {name} priority",
        f"Share of calls. Medians: {median}." if len(policies) <= 4 else "Share of calls reached within each time.",
        _lines(frame, seconds, labels, lines, inside, f"Share of calls reached within each time, {name} priority"),
    )


def _late(document: Entry, name: str) -> str:
    lines: list[Line] = [(policy["name"], policy["by_hour"]["late_share"][name]) for policy in document["policies"]]
    known = [value for _, values in lines for value in values if value is not None]
    low, high = spanned(0.0, max(known, default=1.0), floor_at=0.0)
    frame = Frame((0, low), (HOURS, min(1.0, high)))
    volume = document["policies"][0]["by_hour"]["calls"][name]
    return figure(
        f"Late by hour, {name} priority",
        "Share of the calls of each hour. Grey bars: when calls come.",
        _hours(frame, lines, f"Late share by hour of the day, {name} priority", volume=volume),
    )


def _cover(document: Entry) -> str:
    policies = document["policies"]
    both: dict[str, list[Line]] = {
        figure: [(policy["name"], policy["by_hour"][figure]) for policy in policies]
        for figure in ("cover_mean", "cover_p10")
    }
    known = [value for lines in both.values() for _, values in lines for value in values if value is not None]
    if not known:
        return ""
    low, high = spanned(min(known), max(known), floor_at=0.0)
    frame = Frame((0, low), (HOURS, min(1.0, high)))
    words = {
        "cover_mean": ("Coverage by hour, mean", "Share of demand with a free unit within reach."),
        "cover_p10": ("Coverage by hour, at its worst", "One time in ten it is less than this (10th percentile)."),
    }
    return "".join(figure(*words[name], _hours(frame, lines, words[name][0])) for name, lines in both.items())


def _hours(frame: Frame, lines: Sequence[Line], label: str, *, volume: Sequence[int] = ()) -> str:
    inside = _bars(frame, volume)
    inside += axes(
        frame,
        [(hour, f"{hour}:00") for hour in range(0, HOURS + 1, 4)],
        labelled(ticks(frame.low[1], frame.high[1]), 100, UNIT),
        "hour of the day",
    )
    middles = [hour + 0.5 for hour in range(HOURS)]
    labels = [f"{hour}:00 to {hour + 1}:00" for hour in range(HOURS)]
    return _lines(frame, middles, labels, lines, inside, label)


def _bars(frame: Frame, volume: Sequence[int]) -> str:
    most = max(volume, default=0)
    if not most:
        return ""
    floor_y = frame.y(frame.low[1])
    tall = (floor_y - frame.top) * VOLUME
    return "".join(
        f'<rect class="volume" x="{frame.x(hour) + 1:.1f}" y="{floor_y - tall * calls / most:.1f}" '
        f'width="{frame.x(hour + 1) - frame.x(hour) - 2:.1f}" height="{tall * calls / most:.1f}"/>'
        for hour, calls in enumerate(volume)
    )


def _lines(
    frame: Frame,
    xs: Sequence[float],
    labels: Sequence[str],
    lines: Sequence[Line],
    inside: str,
    label: str,
) -> str:
    top, floor_y = frame.y(frame.high[1]), frame.y(frame.low[1])
    rule = f'<line class="hover" x1="0" x2="0" y1="{top}" y2="{floor_y}"/>'
    drawn = []
    for row, (_, values) in reversed(list(enumerate(lines))):
        own = line(frame, xs, values) if len(values) else ""
        drawn.append(group(row, own))
    series = [(name, [percent(value) for value in values]) for name, values in lines if len(values)]
    attribute = told([frame.x(x) for x in xs], labels, series)
    return drawing(inside + rule + "".join(drawn), label, attributes=attribute)
