"""The tables of the page: every policy with its intervals, and each priority by itself."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from gateways.simulation.choices import key
from gateways.simulation.drawing import Frame, look, mark
from gateways.simulation.words import (
    NOTHING,
    clock,
    clock_within,
    count,
    is_clear,
    number,
    percent,
    percent_within,
    points,
    relative,
)

Entry = dict[str, Any]
Column = tuple[str, str, Callable[[Entry], tuple[float | None, str]]]
"""Title, a small line under it, and what a row shows: the value that it is sorted by, and HTML."""


def policy_table(document: Entry) -> str:
    """Return the table of policies."""
    groups = list(document["run"]["groups"])
    first = groups[0]
    limits = _limits(document, first)
    apart = {each["policy"]: each for each in document["differences"]}
    columns: list[Column] = [(f"late, {first}", "95 % interval", lambda row: _late_drawn(document, row, first, limits))]
    if apart:
        columns.append(("change", "points", lambda row: _apart(apart, row["name"], first, points)))
        columns.append(("change", "relative", lambda row: _apart(apart, row["name"], first, relative)))
    columns += [_late(group) for group in groups[1:]]
    columns += [
        (f"mean, {first}", "m:ss", lambda row: _time(row, first, "mean_response_s")),
        ("median", "m:ss", lambda row: _plain_time(row, first, "median_response_s")),
        ("p90", "m:ss", lambda row: _plain_time(row, first, "p90_response_s")),
        ("waited", "all calls", lambda row: _share(row["groups"]["all"]["waited_share"]["value"])),
        ("moves", "per call", lambda row: (row["moves_per_call"], number(row["moves_per_call"]))),
        ("busy", "of duty", lambda row: _share(row["fleet"]["utilisation"]["value"])),
    ]
    return _table(document["policies"], columns)


def priority_table(document: Entry) -> str:
    """Return late share and mean response of each policy, by priority; only those that had calls."""
    own = [
        priority
        for priority in ("1", "2", "3", "4", "5")
        if any(policy["groups"][priority]["calls"] for policy in document["policies"])
    ]
    columns: list[Column] = []
    for priority in own:
        calls = document["policies"][0]["groups"][priority]["calls"]
        columns.append((f"late, priority {priority}", f"{count(calls)} calls", _late(priority)[2]))
        columns.append(("mean", "m:ss", _mean(priority)))
        columns.append(("p90", "m:ss", _p90(priority)))
    return _table(document["policies"], columns)


def _late(group: str) -> Column:
    def cell(row: Entry) -> tuple[float | None, str]:
        estimate = row["groups"][group]["late_share"]
        return estimate["value"], _split(percent_within(estimate))

    return f"late, {group}", "95 % interval", cell


def _mean(group: str) -> Callable[[Entry], tuple[float | None, str]]:
    return lambda row: _time(row, group, "mean_response_s")


def _p90(group: str) -> Callable[[Entry], tuple[float | None, str]]:
    return lambda row: _plain_time(row, group, "p90_response_s")


def _table(rows: Sequence[Entry], columns: Sequence[Column]) -> str:
    heads = "".join(
        f'<th scope="col"><button type="button">{escape(title)}</button><br><small>{escape(under)}</small></th>'
        for title, under, _ in columns
    )
    body = []
    for at, row in enumerate(rows):
        cells = [cell(row) for _, _, cell in columns]
        told = "".join(f'<td data-v="{-1e18 if value is None else value}">{shown}</td>' for value, shown in cells)
        body.append(f'<tr><th scope="row">{key(at)}{escape(row["name"])}</th>{told}</tr>')
    head = f'<thead><tr><th scope="col">policy</th>{heads}</tr></thead>'
    return f'<div class="scroll" tabindex="0"><table>{head}<tbody>{"".join(body)}</tbody></table></div>'


def _limits(document: Entry, group: str) -> tuple[float, float]:
    estimates = [policy["groups"][group]["late_share"] for policy in document["policies"]]
    ends = [
        each["value"] + side * (each["half_width"] or 0.0)
        for each in estimates
        if each["value"] is not None
        for side in (-1, 1)
    ]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _late_drawn(document: Entry, row: Entry, group: str, limits: tuple[float, float]) -> tuple[float | None, str]:
    estimate = row["groups"][group]["late_share"]
    if estimate["value"] is None:
        return None, NOTHING
    at = [policy["name"] for policy in document["policies"]].index(row["name"])
    frame = Frame((limits[0], 0), (limits[1], 1), 80, 16, 6, 0, 0, 6)
    half = estimate["half_width"] or 0.0
    x, low, high = (frame.x(estimate["value"] + side * half) for side in (0, -1, 1))
    drawn = (
        f'<svg class="whisker" viewBox="0 0 80 16" aria-hidden="true"><line class="gridline" x1="0" x2="80" y1="8" y2="8"/>'
        f'<g data-policy="{at}" class="{look(at)}"><line class="error" x1="{low}" x2="{high}" y1="8" y2="8"/>{mark(at, x, 8, size=3.6)}</g></svg>'
    )
    return estimate["value"], _split(percent_within(estimate)) + drawn


def _apart(apart: dict[str, Entry], name: str, group: str, told: Callable[[Entry], str]) -> tuple[float | None, str]:
    if name not in apart:
        return 0.0, f"<small>{NOTHING}</small>"
    found = apart[name]["groups"][group]["late_share"]
    shown = _split(told(found))
    kind = "" if not is_clear(found) else "good" if found["difference"] < 0 else "bad"
    return found["difference"], f'<span class="{kind}">{shown}</span>' if kind else shown


def _time(row: Entry, group: str, figure: str) -> tuple[float | None, str]:
    estimate = row["groups"][group][figure]
    return estimate["value"], _split(clock_within(estimate))


def _plain_time(row: Entry, group: str, figure: str) -> tuple[float | None, str]:
    value = row["groups"][group][figure]["value"]
    return value, clock(value)


def _share(value: float | None) -> tuple[float | None, str]:
    return value, percent(value)


def _split(told: str) -> str:
    """Return a figure with its half-width in smaller print."""
    value, sign, half = told.partition(" ± ")
    return f"{escape(value)} <small>± {escape(half)}</small>" if sign else escape(value)
