"""Maps: where calls were reached late, in squares; the larger a square, the more calls came in it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from msgspec import Struct

from engine.model.place import Hospital, Station
from engine.sim.curves import Cells, late_by_cell
from engine.sim.outcome import Outcome
from gateways.simulation.document import Sites
from gateways.simulation.drawing import drawing, figure, text, ticks
from gateways.simulation.words import UNIT, count, percent

CELL_M = 500
CELLS_MAX = 3_000
"""A place with more squares gets larger ones: nobody sees so many, and the page grows."""
MAPS_MAX = 6
SHADES = 6
SMALLEST = 0.35
"""Side of the square of a cell with hardly a call, in parts of the cell."""
TALL, MARGIN = 560.0, 10.0
WIDE_MAX, WIDE_MIN, NARROWEST = 760.0, 190.0, 230.0
Entry = dict[str, Any]


class View(Struct, frozen=True):
    """The part of the plane that all maps show, and how large."""

    west_m: float
    north_m: float
    scale: float
    """Units of the drawing for a metre."""
    width: float
    height: float

    def x(self, x_m: float) -> float:
        """Return how far right it lies."""
        return MARGIN + (x_m - self.west_m) * self.scale

    def y(self, y_m: float) -> float:
        """Return how far down it lies."""
        return MARGIN + (self.north_m - y_m) * self.scale


def map_pictures(document: Entry, by_policy: Mapping[str, Sequence[Outcome]], sites: Sites) -> str:
    """Return the legend and a map for the first policy and those that nobody beats; nothing without a call."""
    group, priorities = next(iter(document["run"]["groups"].items()))
    names = _shown(document)
    first = late_by_cell(by_policy[names[0]], CELL_M, priorities)
    cell_m = CELL_M
    while len(first.calls) > CELLS_MAX:
        cell_m *= 2
        first = late_by_cell(by_policy[names[0]], cell_m, priorities)
    if not len(first.calls):
        return ""
    cells = {name: late_by_cell(by_policy[name], cell_m, priorities) for name in names}
    step = _step(list(cells.values()))
    view = _view(first, sites)
    maps = "".join(_map(document, name, cells[name], step, view, sites, group) for name in names)
    return f'{_legend(step, cell_m, sites)}<div class="maps" style="--wide:{max(NARROWEST, view.width * 0.62):.0f}px">{maps}</div>'


def _shown(document: Entry) -> list[str]:
    """Return the first policy and those on the frontier, the least late first where they are too many."""
    first = document["policies"][0]["name"]
    best = sorted(
        (entry for entry in document["pareto"] if entry["on_frontier"] and entry["name"] != first),
        key=lambda entry: entry["late_share"],
    )
    chosen = {entry["name"] for entry in best[: MAPS_MAX - 1]} | {first}
    return [policy["name"] for policy in document["policies"] if policy["name"] in chosen]


def _step(cells: Sequence[Cells]) -> float:
    """Return how much late share one shade spans: nine of ten calls lie below the top one, in round steps."""
    shares = np.concatenate([each.late / each.calls for each in cells])
    weights = np.concatenate([each.calls for each in cells])
    order = np.argsort(shares)
    reach = np.searchsorted(np.cumsum(weights[order]), weights.sum() * 0.93)
    top = float(shares[order][min(reach, len(order) - 1)])
    for step in (0.01, 0.02, 0.05, 0.1):
        if top <= step * SHADES:
            return step
    return 0.15


def _view(cells: Cells, sites: Sites) -> View:
    points: list[Station | Hospital] = [*sites.stations, *sites.hospitals]
    xs = [*(cells.column * cells.cell_m).tolist(), *((cells.column + 1) * cells.cell_m).tolist()]
    ys = [*(cells.row * cells.cell_m).tolist(), *((cells.row + 1) * cells.cell_m).tolist()]
    xs += [point.x_m for point in points]
    ys += [point.y_m for point in points]
    wide, tall = max(xs) - min(xs) or 1, max(ys) - min(ys) or 1
    scale = min((TALL - 2 * MARGIN) / tall, (WIDE_MAX - 2 * MARGIN) / wide)
    return View(min(xs), max(ys), scale, max(WIDE_MIN, wide * scale + 2 * MARGIN), tall * scale + 2 * MARGIN + 22)


def _map(document: Entry, name: str, cells: Cells, step: float, view: View, sites: Sites, group: str) -> str:
    inside = _squares(cells, step, view) + _sites(sites, view) + _scale_bar(view)
    policy = next(policy for policy in document["policies"] if policy["name"] == name)
    words = f"{percent(policy['late_share'][group])} late"
    label = f"Map of late share, {group} priority, under {name}"
    return figure(name, words, drawing(inside, label, view.width, view.height))


def _squares(cells: Cells, step: float, view: View) -> str:
    side = cells.cell_m * view.scale
    usual = float(np.percentile(cells.calls, 80))
    parts = []
    for column, row, calls, late in zip(
        cells.column.tolist(), cells.row.tolist(), cells.calls.tolist(), cells.late.tolist(), strict=True
    ):
        own = side * min(1.0, max(SMALLEST, (calls / usual) ** 0.5)) * 0.96
        x = view.x((column + 0.5) * cells.cell_m) - own / 2
        y = view.y((row + 0.5) * cells.cell_m) - own / 2
        shade = min(SHADES - 1, int(late / calls / step))
        tip = f"{percent(late / calls, 0)} of {count(calls)} calls late"
        parts.append(
            f'<rect class="cell m{shade}" x="{x:.1f}" y="{y:.1f}" width="{own:.1f}" height="{own:.1f}" data-tip="{tip}"/>'
        )
    return "".join(parts)


def _sites(sites: Sites, view: View) -> str:
    parts = [_hospital(view.x(site.x_m), view.y(site.y_m), site.name) for site in sites.hospitals]
    parts += [_station(view.x(site.x_m), view.y(site.y_m), site.name) for site in sites.stations]
    return "".join(parts)


def _station(x: float, y: float, name: str) -> str:
    corners = f"{x:.1f},{y - 6:.1f} {x + 5.5:.1f},{y + 4:.1f} {x - 5.5:.1f},{y + 4:.1f}"
    return f'<polygon class="station" points="{corners}" data-tip="{escape(name)}"/>'


def _hospital(x: float, y: float, name: str) -> str:
    return (
        f'<g data-tip="{escape(name)}"><rect class="hospital" x="{x - 5.5:.1f}" y="{y - 5.5:.1f}" width="11" height="11" rx="2"/>'
        f'<path class="cross" d="M{x:.1f} {y - 3.2:.1f}v6.4M{x - 3.2:.1f} {y:.1f}h6.4"/></g>'
    )


def _scale_bar(view: View) -> str:
    metres = [value for value in ticks(0, 120 / view.scale, 2) if value][-1]
    y, x = view.height - 8, MARGIN
    long = metres * view.scale
    told = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return f'<path class="scalebar" d="M{x} {y - 4}v4h{long:.1f}v-4"/>' + text(x + long + 7, y + 1, told)


def _legend(step: float, cell_m: int, sites: Sites) -> str:
    spans = []
    for shade in range(SHADES):
        last = shade == SHADES - 1
        words = (
            f"over {shade * step * 100:.0f}{UNIT}"
            if last
            else f"{shade * step * 100:.0f}\u2013{(shade + 1) * step * 100:.0f}{UNIT}"
        )
        spans.append(f'<span><i class="m{shade}"></i>{words}</span>')
    signs = f'<span><svg viewBox="0 0 16 16" aria-hidden="true">{_station(8, 9, "")}</svg>station</span>'
    if sites.hospitals:
        signs += f'<span><svg viewBox="0 0 16 16" aria-hidden="true">{_hospital(8, 8, "")}</svg>hospital</span>'
    return (
        f'<div class="scale"><span class="steps">{"".join(spans)}</span>'
        f"<span>cells of {cell_m} m; the larger the square, the more calls</span>{signs}</div>"
    )
